/*
 * libarchive reads the tar (its tar format only, no filter, no extraction) from blocks that are
 * unpacked and hashed on their way. It is lenient where a checkpoint must not be: it takes a file
 * that ends between two entries for complete, and stops at the end-of-archive marker whatever
 * follows. So the position of each entry is checked against the end of the one before, and the rest
 * of the file is read and must be zeros.
 */
#include "archive/scan.h"

#include <archive.h>
#include <archive_entry.h>

#include "archive/path.h"
#include "archive/source.h"
#include "base/buf.h"
#include "base/map.h"

enum {
	SCAN_RECORD_BYTES = 512,
	SCAN_MARKER_BYTES = 2 * SCAN_RECORD_BYTES, /* POSIX.1 pax: two records of zeros */
};

struct scan {
	const struct archive_scan_visitor *visitor;
	struct archive *reader;
	struct archive_source source;
	struct error read_error; /* why the source failed; kind NONE: it did not */
	struct map paths; /* of the entries so far, to &scan_is_file or &scan_is_directory */
	size_t path_bytes;
	size_t entry_count;
	struct buf current_path; /* of the entry at hand, to tell where a file ends early */
	int64_t current_offset;
};

static char scan_is_file;
static char scan_is_directory;

static void scan_done(struct scan *scan)
{
	(void)archive_read_free(scan->reader); /* reading only: nothing is lost */
	archive__source_done(&scan->source);
	map_done(&scan->paths);
	buf_done(&scan->current_path);
}

/* libarchive's read callback. */
static la_ssize_t scan_read(struct archive *reader, void *context, const void **ret_bytes)
{
	struct scan *scan = context;
	struct str block;

	(void)reader;
	if (archive__source_next(&scan->source, &block, &scan->read_error) < 0)
		return ARCHIVE_FATAL;
	*ret_bytes = block.data;
	return (la_ssize_t)block.size;
}

/* The archive ends inside the current entry, or inside the header of the one after it. */
static int scan_fail_truncated(const struct scan *scan, struct error *err)
{
	const struct archive_source *source = &scan->source;

	if (scan->entry_count == 0)
		return error_set(err, ERROR_CORRUPT,
			"archive ends after %lld bytes, before its first entry",
			(long long)source->position);
	if (source->position < source->content_end)
		return error_set(err, ERROR_CORRUPT,
			"archive ends %lld bytes into '%.*s': %lld bytes of it are missing",
			(long long)(source->position - scan->current_offset),
			ARCHIVE_PATH_SHOWN(scan->current_path),
			(long long)(source->content_end - source->position));
	return error_set(err, ERROR_CORRUPT,
		"archive ends after '%.*s' without an end-of-archive marker",
		ARCHIVE_PATH_SHOWN(scan->current_path));
}

/* libarchive has given up: finds out whose fault it was. */
static int scan_fail(const struct scan *scan, struct error *err)
{
	const char *text = archive_error_string(scan->reader);

	if (scan->read_error.kind != ERROR_NONE) {
		*err = scan->read_error;
		return -1;
	}
	if (scan->source.is_at_end &&
		scan->source.position < scan->source.content_end + SCAN_RECORD_BYTES)
		return scan_fail_truncated(scan, err);
	return error_set(err, ERROR_CORRUPT, "archive is damaged at byte %lld: %s",
		(long long)archive_filter_bytes(scan->reader, 0),
		text != NULL ? text : "unknown format");
}

static int scan_begin(struct scan *scan, int fd, int64_t unpacked_max, struct error *err)
{
	if (archive__source_init(&scan->source, fd, unpacked_max, err) < 0)
		return -1;
	scan->reader = archive_read_new();
	if (scan->reader == NULL || archive_read_support_format_tar(scan->reader) != ARCHIVE_OK)
		return error_set(err, ERROR_SYSTEM, "cannot start reading a tar: out of memory");
	if (archive_read_open(scan->reader, scan, NULL, scan_read, NULL) != ARCHIVE_OK)
		return scan_fail(scan, err);
	return 0;
}

/* Why an entry of this kind has no place in a checkpoint, or NULL. */
static const char *scan_type_fault(struct archive_entry *header, struct str path)
{
	if (archive_entry_hardlink(header) != NULL)
		return "is a hard link";
	if (archive_entry_sparse_count(header) > 0)
		return "is a sparse file";
	switch (archive_entry_filetype(header)) {
	case AE_IFREG:
		return path.size > 0 ? NULL : "is a file in place of the root directory";
	case AE_IFDIR:
		return archive_entry_size(header) == 0 ? NULL : "is a directory with content";
	case AE_IFLNK:
		return "is a symbolic link";
	case AE_IFIFO:
		return "is a FIFO";
	case AE_IFCHR:
	case AE_IFBLK:
		return "is a device";
	default:
		return "is neither a file nor a directory";
	}
}

/* Refuses a path that was there before, unless it is a directory both times. */
static int scan_remember_path(
	struct scan *scan, const struct archive_scan_entry *entry, struct error *err)
{
	char *type = entry->is_directory ? &scan_is_directory : &scan_is_file;
	const char *before;

	if (scan->entry_count >= LIMIT_ARCHIVE_ENTRIES)
		return error_set(err, ERROR_TOO_BIG, "archive has more than %d entries",
			LIMIT_ARCHIVE_ENTRIES);
	scan->entry_count++;
	scan->path_bytes += entry->path.size;
	if (scan->path_bytes > ARCHIVE_SCAN_PATH_BYTES)
		return error_set(err, ERROR_TOO_BIG, "archive has more than %d bytes of paths",
			ARCHIVE_SCAN_PATH_BYTES);
	before = map_set(&scan->paths, entry->path, type);
	if (before != NULL && (before == &scan_is_file || type == &scan_is_file))
		return error_set(err, ERROR_INVALID, "archive has more than one entry '%.*s'",
			ARCHIVE_PATH_SHOWN(entry->path));
	return 0;
}

/* Makes the entry the current one: where it begins and where the next header must stand. */
static int scan_place(struct scan *scan, const struct archive_scan_entry *entry, struct error *err)
{
	const int64_t padding = SCAN_RECORD_BYTES - 1;
	int64_t end;

	if (archive_read_header_position(scan->reader) != scan->source.content_end)
		return error_set(err, ERROR_CORRUPT,
			"archive entry '%.*s' does not begin where '%.*s' ends",
			ARCHIVE_PATH_SHOWN(entry->path), ARCHIVE_PATH_SHOWN(scan->current_path));
	if (entry->size_bytes < 0 ||
		__builtin_add_overflow(entry->offset_bytes, entry->size_bytes, &end) ||
		__builtin_add_overflow(end, padding, &end))
		return error_set(err, ERROR_CORRUPT, "archive entry '%.*s' has an impossible size",
			ARCHIVE_PATH_SHOWN(entry->path));
	archive__source_expect(&scan->source, end / SCAN_RECORD_BYTES * SCAN_RECORD_BYTES);
	buf_clear(&scan->current_path);
	buf_add(&scan->current_path, entry->path);
	scan->current_offset = entry->offset_bytes;
	return 0;
}

/* Shows the visitor the content of the current entry. */
static int scan_content(
	struct scan *scan, const struct archive_scan_entry *entry, struct error *err)
{
	const struct archive_scan_visitor *visitor = scan->visitor;
	int64_t shown = 0;
	const void *bytes;
	size_t size;
	la_int64_t offset;
	int code;

	while ((code = archive_read_data_block(scan->reader, &bytes, &size, &offset)) ==
		ARCHIVE_OK) {
		if (offset != shown)
			return error_set(err, ERROR_CORRUPT, "archive entry '%.*s' has holes",
				ARCHIVE_PATH_SHOWN(entry->path));
		shown += (int64_t)size;
		if (size > 0 &&
			visitor->content(visitor->context, (struct str){bytes, size}, err) < 0)
			return -1;
	}
	if (code != ARCHIVE_EOF)
		return scan_fail(scan, err);
	if (shown != entry->size_bytes)
		return error_set(err, ERROR_CORRUPT,
			"archive entry '%.*s' holds %lld bytes, its header says %lld",
			ARCHIVE_PATH_SHOWN(entry->path), (long long)shown,
			(long long)entry->size_bytes);
	return visitor->end != NULL ? visitor->end(visitor->context, err) : 0;
}

static int scan_entry(struct scan *scan, struct archive_entry *header, struct error *err)
{
	struct str raw = str_of(archive_entry_pathname(header));
	struct archive_scan_entry entry = {
		.is_directory = archive_entry_filetype(header) == AE_IFDIR,
		.size_bytes = archive_entry_size(header),
		.offset_bytes = archive_filter_bytes(scan->reader, 0),
	};
	const char *fault;
	int wanted;

	if (archive_path_check(raw, &entry.path, err) < 0)
		return -1;
	fault = scan_type_fault(header, entry.path);
	if (fault != NULL)
		return error_set(err, ERROR_INVALID, "archive entry '%.*s' is refused: it %s",
			ARCHIVE_PATH_SHOWN(raw), fault);
	if (scan_place(scan, &entry, err) < 0 || scan_remember_path(scan, &entry, err) < 0)
		return -1;
	if (entry.path.size == 0)
		return 0;
	entry.path = buf_str(&scan->current_path);
	wanted = scan->visitor->entry(scan->visitor->context, &entry, err);
	return wanted > 0 ? scan_content(scan, &entry, err) : wanted;
}

static int scan_entries(struct scan *scan, struct error *err)
{
	struct archive_entry *header;
	int code;

	while ((code = archive_read_next_header(scan->reader, &header)) == ARCHIVE_OK)
		if (scan_entry(scan, header, err) < 0)
			return -1;
	return code == ARCHIVE_EOF ? 0 : scan_fail(scan, err);
}

/* Hashes what libarchive did not ask for and makes sure that the archive was whole. */
static int scan_end(struct scan *scan, struct archive_scan_result *ret_result, struct error *err)
{
	struct archive_source *source = &scan->source;
	struct archive_scan_result result;
	struct str block;

	do {
		if (archive__source_next(source, &block, err) < 0)
			return -1;
	} while (block.size > 0);
	if (source->garbage_offset >= 0)
		return error_set(err, ERROR_CORRUPT,
			"archive has data behind its end, the last of it at byte %lld",
			(long long)source->garbage_offset);
	if (source->position < source->content_end + SCAN_MARKER_BYTES)
		return scan_fail_truncated(scan, err);
	if (archive__source_end(source, &result.digest, &result.file_digest, err) < 0)
		return -1;
	result.size_bytes = source->position;
	result.entry_count = scan->entry_count;
	*ret_result = result;
	return 0;
}

int archive_scan(int fd, int64_t unpacked_max, const struct archive_scan_visitor *visitor,
	struct archive_scan_result *ret_result, struct error *err)
{
	clean_up(scan_done) struct scan scan = {
		.visitor = visitor,
		.paths = MAP_INIT,
		.current_path = BUF_INIT(LIMIT_ARCHIVE_PATH),
	};

	if (scan_begin(&scan, fd, unpacked_max, err) < 0 || scan_entries(&scan, err) < 0)
		return -1;
	return scan_end(&scan, ret_result, err);
}
