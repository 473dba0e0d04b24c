/*
 * A table says which entries are read and by what; the rest is only counted. Contents are collected
 * up to a cap, except CRIU's log, which may be of any length and is read as it passes.
 */
#include "checkpoint/describe.h"

#include "archive/scan.h"
#include "checkpoint/metadata.h"
#include "criu/inventory.h"
#include "criu/log.h"
#include "criu/stats.h"

enum { DESCRIBE_FILE_COUNT = 5 };

struct describe {
	struct arena *arena;
	struct checkpoint_description *description;
	const struct describe_file *file; /* whose content is being shown */
	struct buf content; /* of it */
	struct criu_log log;
	bool is_seen[DESCRIBE_FILE_COUNT]; /* by place in describe_files */
};

static int describe_config(struct describe *describe, struct str content, struct error *err)
{
	return checkpoint__read_config(content, describe->arena, describe->description, err);
}

static int describe_spec(struct describe *describe, struct str content, struct error *err)
{
	return checkpoint__read_spec(content, describe->arena, describe->description, err);
}

static int describe_inventory(struct describe *describe, struct str content, struct error *err)
{
	struct criu_inventory inventory;

	if (criu_inventory_read(content, &inventory, err) < 0)
		return -1;
	describe->description->criu_image_version = inventory.image_version;
	return 0;
}

/* A restore does not need the statistics, so that unreadable ones are as good as none. */
static int describe_stats(struct describe *describe, struct str content, struct error *err)
{
	struct criu_dump_stats stats;
	struct error ignored;

	(void)err;
	if (criu_dump_stats_read(content, &stats, &ignored) == 0)
		describe->description->frozen_us = stats.frozen_us;
	return 0;
}

static int describe_log(struct describe *describe, struct str content, struct error *err)
{
	autobuf excerpt = BUF_INIT(LIMIT_ERROR_TEXT);

	(void)content; /* it was read in pieces */
	(void)err;
	criu_log_end(&describe->log);
	describe->description->criu_version =
		arena_str(describe->arena, str_of(describe->log.version));
	if (!describe->log.has_failed)
		return 0;
	criu_log_excerpt(&describe->log, &excerpt);
	describe->description->dump_error = arena_str(describe->arena, buf_str(&excerpt));
	return 0;
}

struct describe_file {
	const char *path;
	bool is_needed; /* by a restore */
	bool is_streamed; /* to the log's reader, piece by piece */
	int (*read)(struct describe *describe, struct str content, struct error *err);
};

static const struct describe_file describe_files[DESCRIBE_FILE_COUNT] = {
	{"checkpoint/inventory.img", true, false, describe_inventory},
	{"config.dump", true, false, describe_config},
	{"spec.dump", true, false, describe_spec},
	{"stats-dump", false, false, describe_stats},
	{"dump.log", false, true, describe_log},
};

static bool describe_is_memory(struct str path)
{
	return str_starts_with(path, STR("checkpoint/pages-")) && str_ends_with(path, STR(".img"));
}

/* The archive_scan_visitor's callbacks. */
static int describe_visit_entry(
	void *context, const struct archive_scan_entry *entry, struct error *err)
{
	struct describe *describe = context;

	if (entry->is_directory)
		return 0;
	if (describe_is_memory(entry->path))
		describe->description->memory_bytes += entry->size_bytes; /* within the file's */
	for (size_t i = 0; i < array_size(describe_files); i++) {
		const struct describe_file *file = &describe_files[i];
		if (!str_is(entry->path, file->path))
			continue;
		if (!file->is_streamed && entry->size_bytes > LIMIT_ARCHIVE_METADATA)
			return error_set(err, ERROR_TOO_BIG,
				"%s of the archive is larger than %d bytes", file->path,
				LIMIT_ARCHIVE_METADATA);
		describe->file = file;
		describe->is_seen[i] = true;
		buf_clear(&describe->content);
		return 1;
	}
	return 0;
}

static int describe_visit_content(void *context, struct str piece, struct error *err)
{
	struct describe *describe = context;

	if (describe->file->is_streamed)
		criu_log_add(&describe->log, piece);
	else
		buf_add(&describe->content, piece);
	return buf_check(&describe->content, describe->file->path, err);
}

static int describe_visit_end(void *context, struct error *err)
{
	struct describe *describe = context;

	return describe->file->read(describe, buf_str(&describe->content), err);
}

static void describe_missing(struct describe *describe)
{
	struct json_strings *missing = &describe->description->missing;

	missing->items =
		arena_zeroed(describe->arena, array_size(describe_files), sizeof(*missing->items));
	for (size_t i = 0; i < array_size(describe_files); i++)
		if (describe_files[i].is_needed && !describe->is_seen[i])
			missing->items[missing->count++] = str_of(describe_files[i].path);
}

static void describe_done(struct describe *describe)
{
	buf_done(&describe->content);
}

int checkpoint_describe(int fd, struct arena *arena, struct checkpoint_description *ret_description,
	struct error *err)
{
	struct checkpoint_description description = {0};
	clean_up(describe_done) struct describe describe = {
		.arena = arena,
		.description = &description,
		.content = BUF_INIT(LIMIT_ARCHIVE_METADATA),
	};
	const struct archive_scan_visitor visitor = {
		.entry = describe_visit_entry,
		.content = describe_visit_content,
		.end = describe_visit_end,
		.context = &describe,
	};
	struct archive_scan_result result;
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];

	if (archive_scan(fd, &visitor, &result, err) < 0)
		return -1;
	archive_digest_format(&result.digest, digest);
	description.digest = arena_str(arena, str_of(digest));
	description.size_bytes = result.size_bytes;
	description.entry_count = (int64_t)result.entry_count;
	describe_missing(&describe);
	*ret_description = description;
	return 0;
}
