/* From protobuf-c's structs to ours: absent fields are zero there already. */
#include "criu/stats.h"

#include "base/attributes.h"
#include "criu/image.h"
#include "images.pb-c.h"

static void stats_message_free(Criu__Stats *message)
{
	criu__stats__free_unpacked(message, NULL); /* NULL is fine */
}
define_clean_up(Criu__Stats, stats_message, stats_message_free)

/* The message in `file`, owned by the caller; NULL with *err set when there is none. */
static Criu__Stats *stats_unpack(struct str file, const char *name, struct error *err)
{
	Criu__Stats *message;
	struct str payload;

	if (criu__image_first_entry(file, CRIU_IMAGE_STATS, name, &payload, err) < 0)
		return NULL;
	message = criu__stats__unpack(NULL, payload.size, (const uint8_t *)payload.data);
	if (message == NULL)
		(void)error_set(err, ERROR_CORRUPT, "%s holds no valid protobuf", name);
	return message;
}

int criu_dump_stats_read(struct str file, struct criu_dump_stats *ret_stats, struct error *err)
{
	clean_up(stats_message_clean) Criu__Stats *message = stats_unpack(file, "stats-dump", err);
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
	clean_up(stats_message_clean) Criu__Stats *message =
		stats_unpack(file, "stats-restore", err);
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
