/* From protobuf-c's structs to ours: absent fields are zero there already. */
#include "criu/stats.h"

#include "base/attributes.h"
#include "criu/message.h"
#include "images.pb-c.h"

/* The message in `file`, as long as `memory` lives; NULL with *err set when there is none. */
static const Criu__Stats *stats_read(
	struct criu__message *memory, struct str file, const char *name, struct error *err)
{
	return criu__message_read_first(
		memory, &criu__stats__descriptor, file, CRIU_IMAGE_STATS, name, err);
}

int criu_dump_stats_read(struct str file, struct criu_dump_stats *ret_stats, struct error *err)
{
	automessage memory = {0};
	const Criu__Stats *message = stats_read(&memory, file, "stats-dump", err);
	const Criu__DumpStats *dump;

	if (message == NULL)
		return -1;
	dump = message->dump;
	if (dump == NULL)
		return error_set(err, ERROR_CORRUPT, "stats-dump is not of a dump");
	*ret_stats = (struct criu_dump_stats){
		.freezing_us = dump->freezing_time,
		.frozen_us = dump->frozen_time,
		.memdump_us = dump->memdump_time,
		.memwrite_us = dump->memwrite_time,
		.pages_scanned = dump->pages_scanned,
		.pages_skipped_parent = dump->pages_skipped_parent,
		.pages_written = dump->pages_written,
		.pages_lazy = dump->pages_lazy,
		.shared_pages_scanned = dump->shpages_scanned,
		.shared_pages_skipped_parent = dump->shpages_skipped_parent,
		.shared_pages_written = dump->shpages_written,
	};
	return 0;
}

int criu_restore_stats_read(
	struct str file, struct criu_restore_stats *ret_stats, struct error *err)
{
	automessage memory = {0};
	const Criu__Stats *message = stats_read(&memory, file, "stats-restore", err);
	const Criu__RestoreStats *restore;

	if (message == NULL)
		return -1;
	restore = message->restore;
	if (restore == NULL)
		return error_set(err, ERROR_CORRUPT, "stats-restore is not of a restore");
	*ret_stats = (struct criu_restore_stats){
		.pages_compared = restore->pages_compared,
		.pages_skipped_cow = restore->pages_skipped_cow,
		.pages_restored = restore->pages_restored,
		.forking_us = restore->forking_time,
		.restore_us = restore->restore_time,
	};
	return 0;
}
