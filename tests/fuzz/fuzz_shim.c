/* What a shim leaves in a bundle, and what it answers. */
#include <stddef.h>
#include <stdint.h>

#include "runtime/shim.h"
#include "runtime/ttrpc.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct str bytes = {(const char *)data, size};
	struct arena *arena = arena_new(1024);
	struct runtime_ttrpc_answer answer;
	struct runtime_shim shim;
	struct error err;
	int found = runtime_ttrpc_answer_read(bytes, &answer, &err);

	if (runtime_shim_read(bytes, arena, &shim, &err) == 0 && shim.socket.data[0] != '/')
		__builtin_trap();
	if (runtime_shim_read_address(bytes, arena, &shim, &err) == 0 && shim.version != 2)
		__builtin_trap();
	arena_free(arena);
	return found > 1 ? 1 : 0;
}
