/*
 * libarchive pulls blocks of a reader, or of the entry of another list, and skips what nobody asks
 * for: from a plain tar of 1 GiB some hundred KiB are read.
 */
#include "archive/list.h"

#include <archive.h>
#include <archive_entry.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

enum { LIST_BLOCK_BYTES = 32 * 1024 };

struct archive_list {
	struct archive *tar;
	struct reader *reader; /* borrowed; NULL: of `outer` */
	int64_t position; /* in the reader */
	struct archive_list *outer; /* borrowed */
	size_t entry_count;
	struct str path; /* of the current entry, borrowed of libarchive */
	struct str piece; /* of its content, not given yet */
	int64_t content_bytes; /* of it, `piece` included */
	struct error input_error; /* why the input failed; kind NONE: it did not */
	char block[LIST_BLOCK_BYTES];
};

/* libarchive's read callback. */
static la_ssize_t list_read(struct archive *tar, void *context, const void **ret_bytes)
{
	struct archive_list *list = context;
	size_t size = sizeof(list->block);

	(void)tar;
	*ret_bytes = list->block;
	if (list->outer != NULL)
		return archive_list_read(
			       list->outer, list->block, size, &size, &list->input_error) < 0
			? ARCHIVE_FATAL
			: (la_ssize_t)size;
	if (list->reader->size_bytes - list->position < (int64_t)size)
		size = (size_t)(list->reader->size_bytes - list->position);
	if (reader_read(list->reader, list->position, list->block, size, &list->input_error) < 0)
		return ARCHIVE_FATAL;
	list->position += (int64_t)size;
	return (la_ssize_t)size;
}

/* libarchive's skip callback: less than asked for is fine, it reads the rest. */
static la_int64_t list_skip(struct archive *tar, void *context, la_int64_t size)
{
	struct archive_list *list = context;
	int64_t left;

	(void)tar;
	if (list->outer != NULL)
		return 0;
	left = list->reader->size_bytes - list->position;
	if (size > left)
		size = left;
	list->position += size;
	return size;
}

static int list_fail(const struct archive_list *list, struct error *err)
{
	const char *text = archive_error_string(list->tar);

	if (list->input_error.kind != ERROR_NONE) {
		*err = list->input_error;
		return -1;
	}
	return error_set(err, ERROR_CORRUPT, "it is no tar, damaged or cut short: %s",
		text != NULL ? text : "unknown format");
}

void archive_list_free(struct archive_list *list)
{
	if (list == NULL)
		return;
	(void)archive_read_free(list->tar); /* reading only: nothing is lost */
	free(list);
}

static int list_open(struct reader *reader, struct archive_list *outer,
	struct archive_list **ret_list, struct error *err)
{
	autolist *list = new_zeroed(struct archive_list);
	struct archive *tar = archive_read_new();

	list->tar = tar;
	list->reader = reader;
	list->outer = outer;
	if (tar == NULL || archive_read_support_format_tar(tar) != ARCHIVE_OK ||
		archive_read_support_filter_gzip(tar) != ARCHIVE_OK ||
		archive_read_support_filter_zstd(tar) != ARCHIVE_OK ||
		archive_read_set_read_callback(tar, list_read) != ARCHIVE_OK ||
		archive_read_set_skip_callback(tar, list_skip) != ARCHIVE_OK ||
		archive_read_set_callback_data(tar, list) != ARCHIVE_OK)
		return error_set(err, ERROR_SYSTEM, "cannot start reading a tar: out of memory");
	if (archive_read_open1(tar) != ARCHIVE_OK)
		return list_fail(list, err);
	*ret_list = take_ptr(&list);
	return 0;
}

int archive_list_open(struct reader *reader, struct archive_list **ret_list, struct error *err)
{
	return list_open(reader, NULL, ret_list, err);
}

int archive_list_open_inner(
	struct archive_list *outer, struct archive_list **ret_list, struct error *err)
{
	return list_open(NULL, outer, ret_list, err);
}

static enum archive_list_type list_type(struct archive_entry *header)
{
	if (archive_entry_hardlink(header) != NULL)
		return ARCHIVE_LIST_HARD_LINK;
	switch (archive_entry_filetype(header)) {
	case AE_IFREG:
		return ARCHIVE_LIST_FILE;
	case AE_IFDIR:
		return ARCHIVE_LIST_DIRECTORY;
	case AE_IFLNK:
		return ARCHIVE_LIST_LINK;
	case AE_IFCHR:
	case AE_IFBLK:
		return ARCHIVE_LIST_DEVICE;
	default:
		return ARCHIVE_LIST_OTHER;
	}
}

/* In the locale that a program begins with a name beyond ASCII may have its UTF-8 only. */
static struct str list_path(struct archive_entry *header)
{
	const char *path = archive_entry_pathname(header);

	return str_of(path != NULL ? path : archive_entry_pathname_utf8(header));
}

static struct str list_target(struct archive_entry *header)
{
	const char *hard = archive_entry_hardlink(header);

	return str_of(hard != NULL ? hard : archive_entry_symlink(header));
}

int archive_list_next(
	struct archive_list *list, struct archive_list_entry *ret_entry, struct error *err)
{
	struct archive_entry *header;
	bool is_plain;
	int code = archive_read_next_header(list->tar, &header);

	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK && code != ARCHIVE_WARN)
		return list_fail(list, err);
	if (++list->entry_count > LIMIT_ARCHIVE_ENTRIES)
		return error_set(
			err, ERROR_TOO_BIG, "it has more than %d entries", LIMIT_ARCHIVE_ENTRIES);
	list->path = list_path(header);
	list->piece = (struct str){0};
	list->content_bytes = 0;
	/* Filters are counted with the one that only passes bytes on. */
	is_plain = list->outer == NULL && archive_filter_count(list->tar) == 1 &&
		archive_entry_sparse_count(header) == 0;
	*ret_entry = (struct archive_list_entry){
		.path = list->path,
		.target = list_target(header),
		.type = list_type(header),
		.is_whiteout = archive_entry_filetype(header) == AE_IFCHR &&
			archive_entry_rdev(header) == 0,
		.mode = (uint32_t)archive_entry_perm(header),
		.size_bytes = archive_entry_size(header),
		.offset_bytes = is_plain ? archive_filter_bytes(list->tar, 0) : -1,
	};
	return 1;
}

/* Empty at the end. No bytes stand for a hole, which may be as large as a number can say. */
static int list_next_piece(struct archive_list *list, struct error *err)
{
	const void *bytes;
	size_t size;
	la_int64_t offset;
	int code = archive_read_data_block(list->tar, &bytes, &size, &offset);

	if (code == ARCHIVE_EOF)
		return 0;
	if (code != ARCHIVE_OK)
		return list_fail(list, err);
	if (offset != list->content_bytes)
		return error_set(err, ERROR_CORRUPT,
			"'%.*s' is a sparse file, whose holes are not read", STR_ARG(list->path));
	list->piece = (struct str){bytes, size};
	list->content_bytes += (int64_t)size;
	return 0;
}

int archive_list_read(
	struct archive_list *list, char *bytes, size_t size, size_t *ret_size, struct error *err)
{
	size_t got = 0;

	while (got < size) {
		size_t taken;
		if (list->piece.size == 0 && list_next_piece(list, err) < 0)
			return -1;
		if (list->piece.size == 0)
			break;
		taken = list->piece.size < size - got ? list->piece.size : size - got;
		memcpy(bytes + got, list->piece.data, taken);
		list->piece = str_from(list->piece, taken);
		got += taken;
	}
	*ret_size = got;
	return 0;
}
