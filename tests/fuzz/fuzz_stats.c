/* CRIU's statistics: read or refused. */
#include <assert.h>

#include "criu/stats.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str file = {(const char *)data, size};
	struct criu_dump_stats dump;
	struct criu_restore_stats restore;
	struct error err;

	if (criu_dump_stats_read(file, &dump, &err) < 0)
		assert(err.kind == ERROR_CORRUPT);
	if (criu_restore_stats_read(file, &restore, &err) < 0)
		assert(err.kind == ERROR_CORRUPT);
	return 0;
}
