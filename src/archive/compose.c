/*
 * The plan of a tar is a list of its entries with the places of their headers and contents. To read
 * a range is to find the entry that it begins in, by bisection, and to go on from there, piece by
 * piece: from a header, a file, or zeros. The end of the tar is one entry more, without a header.
 */
#include "archive/compose.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "archive/path.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "tar/entry.h"

enum { COMPOSE_BLOCK_BYTES = 128 * 1024 };

/* No tar is as large: sums of such sizes and some headers do not overflow. */
#define COMPOSE_BYTES_MAX (INT64_MAX / 2)

struct compose_entry {
	struct str path; /* terminated; of a directory with '/' behind */
	bool is_directory;
	int64_t offset; /* of the header */
	int64_t content_offset;
	int64_t bytes; /* of the content */
	int64_t end; /* behind the padding */
};

struct compose {
	struct reader reader;
	struct arena *arena; /* the paths */
	int directory_fd; /* borrowed by a scan, owned by a reader */
	struct compose_entry *entries; /* the end's last */
	size_t entry_count;
	size_t entry_capacity;
	size_t path_bytes;
	struct buf header; /* of the entry at hand */
	int file_fd; /* of file_entry; -1: none is open */
	const struct compose_entry *file_entry;
};

static void compose_free(struct compose *compose)
{
	if (compose == NULL)
		return;
	fd_close(&compose->file_fd);
	buf_done(&compose->header);
	free(compose->entries);
	arena_free(compose->arena);
	free(compose);
}

define_clean_up(struct compose, compose, compose_free)
#define autocompose clean_up(compose_clean) struct compose

/* ---- The plan ---- */

/* Makes the header of an entry anew: the same bytes each time. */
static int compose_make_header(
	struct compose *compose, const struct compose_entry *entry, struct error *err)
{
	const struct stat status = {
		.st_mode = entry->is_directory ? S_IFDIR | 0700 : S_IFREG | 0600,
		.st_size = entry->bytes,
	};

	buf_clear(&compose->header);
	return tar_entry_write(
		&(struct tar_entry){.path = entry->path, .status = &status}, &compose->header, err);
}

/* Appends an entry; it begins where the last one ends, `content_offset` and `end` are given. */
static void compose_append(struct compose *compose, const struct compose_entry *entry)
{
	compose->entries = alloc_room_for_one(compose->entries, compose->entry_count,
		&compose->entry_capacity, sizeof(*compose->entries));
	compose->entries[compose->entry_count++] = *entry;
	compose->reader.size_bytes = entry->end;
}

static int compose_add(struct compose *compose, struct str path, bool is_directory, int64_t bytes,
	struct error *err)
{
	struct compose_entry entry = {
		.path = arena_str(compose->arena, path),
		.is_directory = is_directory,
		.offset = compose->reader.size_bytes,
		.bytes = bytes,
	};

	compose->path_bytes += path.size;
	if (compose->entry_count >= LIMIT_ARCHIVE_ENTRIES ||
		compose->path_bytes > ARCHIVE_SCAN_PATH_BYTES)
		return error_set(err, ERROR_TOO_BIG,
			"there are more than %d files and directories, or %d bytes of paths",
			LIMIT_ARCHIVE_ENTRIES, ARCHIVE_SCAN_PATH_BYTES);
	if (compose_make_header(compose, &entry, err) < 0)
		return -1;
	entry.content_offset = entry.offset + (int64_t)compose->header.size;
	entry.end = entry.content_offset + bytes + (int64_t)tar_padding(bytes);
	compose_append(compose, &entry);
	return 0;
}

/* Adds the directories of `path` that `before`, the path in front of it, does not lie in. */
static int compose_add_directories(
	struct compose *compose, struct str path, struct str before, struct error *err)
{
	for (size_t i = 0; i < path.size; i++) {
		struct str directory = {path.data, i + 1};

		if (path.data[i] == '/' && !str_starts_with(before, directory) &&
			compose_add(compose, directory, true, 0, err) < 0)
			return -1;
	}
	return 0;
}

static int compose_add_file(struct compose *compose, const struct archive_compose_file *file,
	struct str before, struct error *err)
{
	struct str path;

	if (archive_path_check(file->path, &path, err) < 0)
		return -1;
	if (path.size == 0 || path.size != file->path.size)
		return error_set(err, ERROR_INVALID, "'%.*s' is not the plain path of a file",
			ARCHIVE_PATH_SHOWN(file->path));
	if (str_equal(path, before))
		return error_set(
			err, ERROR_INVALID, "file '%.*s' is named twice", ARCHIVE_PATH_SHOWN(path));
	if (file->bytes < 0 || file->bytes > COMPOSE_BYTES_MAX - compose->reader.size_bytes)
		return error_set(err, ERROR_INVALID, "file '%.*s' has an impossible size",
			ARCHIVE_PATH_SHOWN(path));
	if (compose_add_directories(compose, path, before, err) < 0)
		return -1;
	return compose_add(compose, path, false, file->bytes, err);
}

static int compose_compare(const void *a, const void *b)
{
	const struct archive_compose_file *left = a;
	const struct archive_compose_file *right = b;

	return str_compare(left->path, right->path);
}

/* Bytewise, so that all paths within one directory stand together. */
static struct archive_compose_file *compose_sort(
	const struct archive_compose_file *files, size_t count)
{
	struct archive_compose_file *sorted = alloc_zeroed(count, sizeof(*sorted));

	for (size_t i = 0; i < count; i++)
		sorted[i] = files[i];
	qsort(sorted, count, sizeof(*sorted), compose_compare);
	return sorted;
}

static int compose_plan(struct compose *compose, const struct archive_compose_file *files,
	size_t count, struct error *err)
{
	autofree struct archive_compose_file *sorted = compose_sort(files, count);
	struct compose_entry end = {0};
	struct str before = {0};

	for (size_t i = 0; i < count; i++) {
		if (compose_add_file(compose, &sorted[i], before, err) < 0)
			return -1;
		before = sorted[i].path;
	}
	end.offset = compose->reader.size_bytes;
	end.content_offset = end.offset;
	end.end = end.offset + TAR_END_BYTES;
	compose_append(compose, &end);
	return 0;
}

/* ---- Reading ---- */

/* The entry that byte `offset` belongs to. */
static const struct compose_entry *compose_find(const struct compose *compose, int64_t offset)
{
	size_t low = 0;
	size_t high = compose->entry_count;

	while (high - low > 1) {
		size_t middle = low + (high - low) / 2;

		if (compose->entries[middle].offset <= offset)
			low = middle;
		else
			high = middle;
	}
	return &compose->entries[low];
}

/* Opens the file of an entry, unless it is open. What has changed is no longer what was hashed. */
static int compose_open(
	struct compose *compose, const struct compose_entry *entry, struct error *err)
{
	autoclose int fd = -1;
	struct stat status;

	if (compose->file_entry == entry)
		return 0;
	if (file_open_beneath(compose->directory_fd, entry->path.data, O_RDONLY | O_NONBLOCK, 0,
		    &fd, err) < 0) {
		if (err->kind == ERROR_ABSENT || err->kind == ERROR_INVALID)
			err->kind = ERROR_CORRUPT;
		return -1;
	}
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot look at '%s'", entry->path.data);
	if (!S_ISREG(status.st_mode) || status.st_size != entry->bytes)
		return error_set(err, ERROR_CORRUPT,
			"'%s' is not a file of %lld bytes: it has %lld", entry->path.data,
			(long long)entry->bytes, (long long)status.st_size);
	fd_close(&compose->file_fd);
	compose->file_fd = fd_take(&fd);
	compose->file_entry = entry;
	return 0;
}

static int compose_read_content(struct compose *compose, const struct compose_entry *entry,
	int64_t offset, char *bytes, size_t size, struct error *err)
{
	size_t got;

	if (compose_open(compose, entry, err) < 0)
		return -1;
	if (fd_read_at(compose->file_fd, bytes, size, offset, &got, err) < 0)
		return error_wrap(err, "'%s'", entry->path.data);
	if (got < size)
		return error_set(err, ERROR_CORRUPT, "'%s' ends at byte %lld of %lld",
			entry->path.data, (long long)(offset + (int64_t)got),
			(long long)entry->bytes);
	return 0;
}

/* `size`, or what is left up to `end`. */
static size_t compose_clip(size_t size, int64_t offset, int64_t end)
{
	return (uint64_t)(end - offset) < size ? (size_t)(end - offset) : size;
}

/* Reads as far as it is of one kind: header, content or zeros. Tells how far. */
static int compose_read_piece(struct compose *compose, int64_t offset, char *bytes, size_t size,
	size_t *ret_size, struct error *err)
{
	const struct compose_entry *entry = compose_find(compose, offset);
	int64_t content_end = entry->content_offset + entry->bytes;

	if (offset < entry->content_offset) {
		size = compose_clip(size, offset, entry->content_offset);
		if (compose_make_header(compose, entry, err) < 0)
			return -1;
		memcpy(bytes, compose->header.data + (offset - entry->offset), size);
	} else if (offset < content_end) {
		size = compose_clip(size, offset, content_end);
		if (compose_read_content(
			    compose, entry, offset - entry->content_offset, bytes, size, err) < 0)
			return -1;
	} else {
		size = compose_clip(size, offset, entry->end);
		memset(bytes, 0, size);
	}
	*ret_size = size;
	return 0;
}

static int compose_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct compose *compose = container_of(reader, struct compose, reader);
	size_t got;

	for (; size > 0; offset += (int64_t)got, bytes += got, size -= got)
		if (compose_read_piece(compose, offset, bytes, size, &got, err) < 0)
			return -1;
	return 0;
}

static void compose_reader_free(struct reader *reader)
{
	struct compose *compose = container_of(reader, struct compose, reader);

	fd_close(&compose->directory_fd);
	compose_free(compose);
}

static int compose_new(const struct archive_compose_file *files, size_t count,
	struct compose **ret_compose, struct error *err)
{
	autocompose *compose = new_zeroed(struct compose);

	compose->reader.read = compose_read;
	compose->reader.free = compose_reader_free;
	compose->arena = arena_new(1024);
	compose->directory_fd = -1;
	compose->header = BUF_INIT(TAR_HEADER_BYTES);
	compose->file_fd = -1;
	if (compose_plan(compose, files, count, err) < 0)
		return -1;
	*ret_compose = take_ptr(&compose);
	return 0;
}

int archive_compose(int *directory_fd, const struct archive_compose_file *files, size_t count,
	struct reader **ret_reader, struct error *err)
{
	struct compose *compose;

	if (compose_new(files, count, &compose, err) < 0)
		return -1;
	compose->directory_fd = fd_take(directory_fd);
	*ret_reader = &compose->reader;
	return 0;
}

/* ---- One pass ---- */

struct compose_scan {
	struct compose *compose;
	struct archive_hasher *hasher;
	const struct archive_compose_visitor *visitor;
	char *block; /* COMPOSE_BLOCK_BYTES */
};

/* Hashes the bytes from `offset` to `end`, and shows them to the visitor if they are a content. */
static int compose_scan_range(
	struct compose_scan *scan, int64_t offset, int64_t end, bool is_content, struct error *err)
{
	while (offset < end) {
		struct str piece = {scan->block, compose_clip(COMPOSE_BLOCK_BYTES, offset, end)};

		if (reader_read(&scan->compose->reader, offset, scan->block, piece.size, err) < 0)
			return -1;
		archive_hasher_add(scan->hasher, piece);
		if (is_content && scan->visitor->content(scan->visitor->context, piece, err) < 0)
			return -1;
		offset += (int64_t)piece.size;
	}
	return 0;
}

static int compose_scan_entry(
	struct compose_scan *scan, const struct compose_entry *entry, struct error *err)
{
	const struct archive_compose_file file = {entry->path, entry->bytes};
	int64_t content_end = entry->content_offset + entry->bytes;
	bool is_file = entry->path.size > 0 && !entry->is_directory;

	if (is_file && compose_open(scan->compose, entry, err) < 0) /* also if it is empty */
		return -1;
	if (compose_scan_range(scan, entry->offset, entry->content_offset, false, err) < 0 ||
		compose_scan_range(scan, entry->content_offset, content_end, true, err) < 0 ||
		compose_scan_range(scan, content_end, entry->end, false, err) < 0)
		return -1;
	return is_file ? scan->visitor->end(scan->visitor->context, &file, err) : 0;
}

int archive_compose_scan(int directory_fd, const struct archive_compose_file *files, size_t count,
	const struct archive_compose_visitor *visitor, struct archive_scan_result *ret_result,
	struct error *err)
{
	autocompose *compose = NULL;
	autohasher *hasher = NULL;
	autofree char *block = alloc_zeroed(1, COMPOSE_BLOCK_BYTES);
	struct archive_scan_result result;
	struct compose_scan scan;

	if (compose_new(files, count, &compose, err) < 0 || archive_hasher_new(&hasher, err) < 0)
		return -1;
	compose->directory_fd = directory_fd;
	scan = (struct compose_scan){compose, hasher, visitor, block};
	for (size_t i = 0; i < compose->entry_count; i++)
		if (compose_scan_entry(&scan, &compose->entries[i], err) < 0)
			return -1;
	result.size_bytes = compose->reader.size_bytes;
	result.entry_count = compose->entry_count - 1; /* without the end */
	if (archive_hasher_end(hasher, &result.digest, err) < 0)
		return -1;
	result.file_digest = result.digest;
	*ret_result = result;
	return 0;
}
