/*
 * A table says which entries are read and by what; the rest is only counted. Contents are collected
 * up to a cap, except CRIU's log, which may be of any length and is read as it passes.
 */
#include "checkpoint/describe.h"

#include <assert.h>

#include "archive/compose.h"
#include "archive/scan.h"
#include "checkpoint/directory.h"
#include "checkpoint/metadata.h"
#include "criu/inventory.h"
#include "criu/log.h"
#include "criu/stats.h"
#include "handover/sum.h"

enum { DESCRIBE_FILE_COUNT = 5 };

struct describe {
	struct arena *arena;
	struct checkpoint_description *description;
	const struct describe_file *file; /* whose content is being shown */
	struct buf content; /* of it */
	struct criu_log log;
	struct buf left_out;
	bool is_seen[DESCRIBE_FILE_COUNT]; /* by place in describe_files */
};

static int describe_config(struct describe *describe, struct str content, struct error *err)
{
	return checkpoint_read_config(content, describe->arena, describe->description, err);
}

static int describe_spec(struct describe *describe, struct str content, struct error *err)
{
	return checkpoint_read_spec(content, describe->arena, describe->description, err);
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

/* A file comes next: counts it, and finds who wants its content (describe->file). */
static int describe_begin(
	struct describe *describe, struct str path, int64_t bytes, struct error *err)
{
	describe->file = NULL;
	if (describe_is_memory(path))
		describe->description->memory_bytes += bytes; /* within the whole's */
	for (size_t i = 0; i < array_size(describe_files); i++) {
		const struct describe_file *file = &describe_files[i];
		if (!str_is(path, file->path))
			continue;
		if (!file->is_streamed && bytes > LIMIT_ARCHIVE_METADATA)
			return error_set(err, ERROR_TOO_BIG,
				"%s of the checkpoint is larger than %d bytes", file->path,
				LIMIT_ARCHIVE_METADATA);
		describe->file = file;
		describe->is_seen[i] = true;
		buf_clear(&describe->content);
	}
	return 0;
}

static int describe_piece(struct describe *describe, struct str piece, struct error *err)
{
	if (describe->file == NULL)
		return 0;
	if (describe->file->is_streamed)
		criu_log_add(&describe->log, piece);
	else
		buf_add(&describe->content, piece);
	return buf_check(&describe->content, describe->file->path, err);
}

static int describe_end(struct describe *describe, struct error *err)
{
	if (describe->file == NULL)
		return 0;
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
	buf_done(&describe->left_out);
}

static void describe_whole(struct describe *describe, const struct archive_scan_result *result)
{
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];

	archive_digest_format(&result->digest, digest);
	describe->description->digest = arena_str(describe->arena, str_of(digest));
	describe->description->size_bytes = result->size_bytes;
	describe->description->entry_count = (int64_t)result->entry_count;
	describe_missing(describe);
}

/* ---- An archive: the archive_scan_visitor's callbacks ---- */

static int describe_visit_entry(
	void *context, const struct archive_scan_entry *entry, struct error *err)
{
	struct describe *describe = context;

	if (entry->is_directory)
		return 0;
	checkpoint__note_left_out(entry->path, entry->size_bytes, &describe->left_out);
	if (describe_begin(describe, entry->path, entry->size_bytes, err) < 0)
		return -1;
	return describe->file != NULL ? 1 : 0;
}

static int describe_visit_content(void *context, struct str piece, struct error *err)
{
	return describe_piece(context, piece, err);
}

static int describe_visit_end(void *context, struct error *err)
{
	return describe_end(context, err);
}

int checkpoint_describe(int fd, int64_t unpacked_max, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	struct checkpoint_description description = {0};
	clean_up(describe_done) struct describe describe = {
		.arena = arena,
		.description = &description,
		.content = BUF_INIT(LIMIT_ARCHIVE_METADATA),
		.left_out = BUF_INIT(LIMIT_ERROR_TEXT),
	};
	const struct archive_scan_visitor visitor = {
		.entry = describe_visit_entry,
		.content = describe_visit_content,
		.end = describe_visit_end,
		.context = &describe,
	};
	struct archive_scan_result result;
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];

	if (archive_scan(fd, unpacked_max, &visitor, &result, err) < 0)
		return -1;
	describe_whole(&describe, &result);
	archive_digest_format(&result.file_digest, digest);
	description.file_digest = arena_str(arena, str_of(digest));
	description.left_out = arena_str(arena, buf_str(&describe.left_out));
	*ret_description = description;
	return 0;
}

/* ---- A directory ---- */

/* Its files in the order of the tar, with the sums that are built as they pass. */
struct describe_directory {
	struct describe describe;
	struct handover_sum *sum; /* of the file at hand; owned */
	struct handover_file *next; /* the file at hand */
	const struct handover_file *behind; /* the last one */
};

static void describe_directory_done(struct describe_directory *directory)
{
	describe_done(&directory->describe);
	handover_sum_free(directory->sum);
}

static int describe_directory_begin(struct describe_directory *directory, struct error *err)
{
	if (directory->next == directory->behind)
		return 0;
	return describe_begin(
		&directory->describe, directory->next->path, directory->next->bytes, err);
}

static int describe_directory_content(void *context, struct str piece, struct error *err)
{
	struct describe_directory *directory = context;

	handover_sum_add(directory->sum, piece);
	return describe_piece(&directory->describe, piece, err);
}

static int describe_directory_end(
	void *context, const struct archive_compose_file *file, struct error *err)
{
	struct describe_directory *directory = context;
	char text[HANDOVER_SUM_TEXT];

	assert(str_equal(file->path, directory->next->path));
	handover_sum_finish(directory->sum, text);
	directory->next->xxh3 = arena_str(directory->describe.arena, str_of(text));
	directory->next++;
	if (describe_end(&directory->describe, err) < 0)
		return -1;
	return describe_directory_begin(directory, err);
}

int checkpoint_describe_directory(int directory_fd, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	struct checkpoint_description description = {0};
	clean_up(describe_directory_done) struct describe_directory directory = {
		.describe = {.arena = arena,
			.description = &description,
			.content = BUF_INIT(LIMIT_ARCHIVE_METADATA)},
		.sum = handover_sum_new(),
	};
	const struct archive_compose_visitor visitor = {
		.content = describe_directory_content,
		.end = describe_directory_end,
		.context = &directory,
	};
	struct json_list *files = &description.files;
	struct archive_scan_result result;

	if (checkpoint__list_files(directory_fd, arena, files, err) < 0)
		return -1;
	directory.next = (struct handover_file *)(uintptr_t)files->items;
	directory.behind = directory.next + files->count;
	if (describe_directory_begin(&directory, err) < 0 ||
		archive_compose_scan(directory_fd, checkpoint_tar_files(files, arena), files->count,
			&visitor, &result, err) < 0)
		return -1;
	describe_whole(&directory.describe, &result);
	*ret_description = description;
	return 0;
}
