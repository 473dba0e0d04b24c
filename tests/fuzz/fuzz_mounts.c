/* The kernel's table of mounts: paths in it are chosen by others. */
#include <stddef.h>
#include <stdint.h>

#include "runtime/overlay.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str text = {(const char *)data, size};
	struct arena *arena = arena_new(1024);
	struct runtime_overlay overlay;
	int found = runtime_overlay_read(text, STR("/r"), arena, &overlay);

	arena_free(arena);
	return found > 1 ? 1 : 0;
}
