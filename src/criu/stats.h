/*
 * What CRIU measured while it dumped or restored: the files stats-dump and stats-restore in its
 * work directory. A value that this version of CRIU did not write is 0. Fields that we do not know
 * are skipped. CRIU counts microseconds in 32 bits: more than 71 minutes wrap around.
 */
#ifndef CRIU_STATS_H
#define CRIU_STATS_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct criu_dump_stats {
	uint32_t freezing_us; /* until all processes stood still */
	uint32_t frozen_us; /* how long they stood still */
	uint32_t memdump_us; /* taking the memory's pages out of the processes */
	uint32_t memwrite_us; /* writing them */
	uint64_t pages_scanned;
	uint64_t pages_skipped_parent; /* unchanged since the parent checkpoint */
	uint64_t pages_written;
	uint64_t pages_lazy;
	uint64_t shared_pages_scanned;
	uint64_t shared_pages_skipped_parent;
	uint64_t shared_pages_written;
};

struct criu_restore_stats {
	uint64_t pages_compared;
	uint64_t pages_skipped_cow;
	uint64_t pages_restored;
	uint32_t forking_us;
	uint32_t restore_us;
};

/* Reads stats-dump. Fails with CORRUPT (no such file, cut short, no dump in it). */
must_check int criu_dump_stats_read(
	struct str file, struct criu_dump_stats *ret_stats, struct error *err);

/* Reads stats-restore. Fails with CORRUPT. */
must_check int criu_restore_stats_read(
	struct str file, struct criu_restore_stats *ret_stats, struct error *err);

#endif
