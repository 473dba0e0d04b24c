/*
 * A plain tar is listed by its headers; a directory by its names. A compressed tar is read to its
 * end: what is small is kept, the file system's changes are read from the tar within the tar as it
 * passes, and the pages only pass.
 */
#include "inspect/source.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

#include "inspect/changes.h"
#include "sys/fd.h"
#include "sys/file.h"

#define SOURCE_IMAGES "checkpoint"

void inspect__source_done(struct inspect_source *source)
{
	map_done(&source->files);
}

struct inspect_file *inspect__source_find(const struct inspect_source *source, struct str name)
{
	return map_get(&source->files, name);
}

void inspect__source_forget(struct inspect_source *source)
{
	struct inspect_file *file;
	struct str name;
	size_t at = 0;

	while ((file = map_next(&source->files, &at, &name)) != NULL)
		file->is_visited = false;
}

/* Remembers the file; of a name that stands twice the first counts. NULL: it was there. */
static struct inspect_file *source_add(
	struct inspect_source *source, struct str name, int64_t size_bytes)
{
	struct inspect_file *file;

	if (map_get(&source->files, name) != NULL)
		return NULL;
	file = arena_zeroed(source->arena, 1, sizeof(*file));
	file->name = arena_str(source->arena, name);
	file->size_bytes = size_bytes;
	if (__builtin_add_overflow(source->size_bytes, size_bytes, &source->size_bytes))
		source->size_bytes = INT64_MAX;
	(void)map_set(&source->files, file->name, file);
	return file;
}

/* ---- A tar ---- */

/* The name within the checkpoint: without "./" in front. */
static struct str source_name(struct str path)
{
	return str_starts_with(path, STR("./")) ? str_from(path, 2) : path;
}

const struct inspect_file *inspect__source_entry(
	const struct inspect_source *source, const struct archive_list_entry *entry)
{
	return entry->type == ARCHIVE_LIST_FILE
		? inspect__source_find(source, source_name(entry->path))
		: NULL;
}

static bool source_is_pages(struct str name)
{
	return str_starts_with(name, STR(SOURCE_IMAGES "/pages-")) ||
		str_starts_with(name, STR("pages-"));
}

/* Keeps the content of the current entry of a compressed tar. */
static int source_keep(struct inspect_source *source, struct archive_list *list,
	struct inspect_file *file, int64_t *kept_bytes, struct error *err)
{
	size_t size = (size_t)file->size_bytes;
	size_t got;
	char *bytes;

	if (file->size_bytes > INSPECT_FILE_BYTES || source_is_pages(file->name))
		return 0;
	if (*kept_bytes > INSPECT_KEPT_BYTES - file->size_bytes)
		return error_set(err, ERROR_TOO_BIG,
			"the archive has more than %d bytes of images; unpack it and name the "
			"directory",
			INSPECT_KEPT_BYTES);
	*kept_bytes += file->size_bytes;
	bytes = arena_zeroed(source->arena, size + 1, 1);
	if (archive_list_read(list, bytes, size, &got, err) < 0)
		return -1;
	file->kept = bytes;
	return 0;
}

static void source_read_inner(struct inspect_source *source, struct archive_list *list)
{
	autolist *inner = NULL;
	struct error *err = &source->changes_error;

	if (archive_list_open_inner(list, &inner, err) == 0)
		(void)(inspect__changes_read(inner, source->arena, &source->changes, err) == 0);
}

static int source_add_entry(struct inspect_source *source, struct archive_list *list,
	const struct archive_list_entry *entry, int64_t *kept_bytes, struct error *err)
{
	struct str name = source_name(entry->path);
	struct inspect_file *file;

	if (arena_used(source->arena) > INSPECT_REPORT_BYTES)
		return error_set(err, ERROR_TOO_BIG, "the names in the archive take too much");
	if (entry->type == ARCHIVE_LIST_LINK)
		(void)source_add(source, name, 0);
	if (entry->type != ARCHIVE_LIST_FILE || entry->size_bytes < 0)
		return 0;
	file = source_add(source, name, entry->size_bytes);
	if (file == NULL)
		return 0;
	file->offset_bytes = entry->offset_bytes;
	if (entry->offset_bytes >= 0)
		return 0;
	if (str_is(name, INSPECT_CHANGES)) {
		source_read_inner(source, list);
		return 0;
	}
	return source_keep(source, list, file, kept_bytes, err);
}

int inspect__source_open_tar(struct reader *reader, struct arena *arena,
	struct inspect_source *source, struct error *err)
{
	struct archive_list_entry entry;
	autolist *list = NULL;
	int64_t kept_bytes = 0;
	int found;

	source->arena = arena;
	source->reader = reader;
	source->prefix = STR(SOURCE_IMAGES "/");
	if (archive_list_open(reader, &list, err) < 0)
		return -1;
	while ((found = archive_list_next(list, &entry, err)) > 0)
		if (source_add_entry(source, list, &entry, &kept_bytes, err) < 0)
			return -1;
	if (found < 0)
		return -1;
	if (inspect__source_find(source, STR(SOURCE_IMAGES "/inventory.img")) == NULL &&
		inspect__source_find(source, STR("inventory.img")) != NULL)
		source->prefix = STR("");
	return 0;
}

/* ---- A directory ---- */

struct source_walk {
	struct inspect_source *source;
	int fd;
	const char *prefix;
};

static int source_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct source_walk *walk = context;
	struct stat found;

	if (is_directory)
		return 0;
	if (map_get(&walk->source->files, str_of(name)) != NULL)
		return 0;
	if (fstatat(walk->fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot look at '%s'", name);
	if (S_ISREG(found.st_mode) || S_ISLNK(found.st_mode))
		(void)source_add(walk->source,
			arena_printf(walk->source->arena, "%s%s", walk->prefix, name),
			S_ISREG(found.st_mode) ? found.st_size : 0);
	return 0;
}

int inspect__source_open_directory(
	int directory_fd, struct arena *arena, struct inspect_source *source, struct error *err)
{
	struct source_walk walk = {source, directory_fd, ""};
	autoclose int images = -1;

	source->arena = arena;
	if (file_for_each(directory_fd, source_visit, &walk, err) < 0)
		return -1;
	if (file_open_beneath(
		    directory_fd, SOURCE_IMAGES, O_RDONLY | O_DIRECTORY, 0, &images, err) == 0) {
		walk = (struct source_walk){source, images, SOURCE_IMAGES "/"};
		source->prefix = STR(SOURCE_IMAGES "/");
		if (file_for_each(images, source_visit, &walk, err) < 0)
			return -1;
	} else if (err->kind != ERROR_ABSENT) {
		return -1;
	}
	source->directory_fd = directory_fd;
	return 0;
}

/* ---- Reading ---- */

/* The part of a range that the file has. */
static size_t source_cut(const struct inspect_file *file, int64_t offset, size_t size)
{
	if (offset < 0 || offset >= file->size_bytes)
		return 0;
	return (uint64_t)(file->size_bytes - offset) < size ? (size_t)(file->size_bytes - offset)
							    : size;
}

static int source_read_directory(const struct inspect_source *source,
	const struct inspect_file *file, int64_t offset, char *bytes, size_t size, size_t *ret_size,
	struct error *err)
{
	autoclose int fd = -1;

	if (file_open_beneath(
		    source->directory_fd, file->name.data, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0)
		return -1;
	return fd_read_at(fd, bytes, size, offset, ret_size, err);
}

int inspect__source_read(const struct inspect_source *source, const struct inspect_file *file,
	int64_t offset, char *bytes, size_t size, size_t *ret_size, struct error *err)
{
	size = source_cut(file, offset, size);
	*ret_size = size;
	if (size == 0)
		return 0;
	if (file->kept != NULL) {
		memcpy(bytes, file->kept + offset, size);
		return 0;
	}
	if (source->reader == NULL)
		return source_read_directory(source, file, offset, bytes, size, ret_size, err);
	if (file->offset_bytes < 0)
		return error_set(err, ERROR_CORRUPT, "it is too large for a file of its kind");
	if (file->offset_bytes > source->reader->size_bytes ||
		(int64_t)size > source->reader->size_bytes - file->offset_bytes - offset)
		return error_set(err, ERROR_CORRUPT, "the archive ends within it");
	return reader_read(source->reader, file->offset_bytes + offset, bytes, size, err);
}

int inspect__source_read_all(const struct inspect_source *source, const struct inspect_file *file,
	struct buf *out, struct error *err)
{
	size_t size = (size_t)file->size_bytes;
	char *room = file->size_bytes <= INSPECT_FILE_BYTES ? buf_room(out, size) : NULL;

	if (room == NULL)
		return error_set(
			err, ERROR_TOO_BIG, "it has %lld bytes", (long long)file->size_bytes);
	if (inspect__source_read(source, file, 0, room, size, &size, err) < 0)
		return -1;
	buf_claim(out, size);
	return 0;
}

/* Where in the file the last wanted range ends; 0: none of it is wanted. */
static int64_t source_wanted_end(
	const struct inspect_file *file, const struct inspect_range *ranges, size_t count)
{
	int64_t last = 0;

	for (size_t i = 0; i < count; i++) {
		int64_t end = ranges[i].offset_bytes + (int64_t)ranges[i].size;
		if (ranges[i].file == file && end > last)
			last = end;
	}
	return last;
}

/* Lets the content of the entry pass by and copies what is wanted of it. */
static int source_pass(struct archive_list *list, const struct inspect_file *file,
	struct inspect_range *ranges, size_t count, struct error *err)
{
	char block[16 * 1024];
	int64_t end = source_wanted_end(file, ranges, count);
	int64_t position = 0;
	size_t got = 1;

	while (got > 0 && position < end) {
		if (archive_list_read(list, block, sizeof(block), &got, err) < 0)
			return -1;
		for (size_t i = 0; i < count; i++) {
			struct inspect_range *range = &ranges[i];
			int64_t from =
				range->offset_bytes > position ? range->offset_bytes : position;
			int64_t to = range->offset_bytes + (int64_t)range->size;
			if (to > position + (int64_t)got)
				to = position + (int64_t)got;
			if (range->file == file && from < to)
				memcpy(range->bytes + (from - range->offset_bytes),
					block + (from - position), (size_t)(to - from));
		}
		position += (int64_t)got;
	}
	return 0;
}

static int source_fetch_compressed(const struct inspect_source *source,
	struct inspect_range *ranges, size_t count, struct error *err)
{
	struct archive_list_entry entry;
	autolist *list = NULL;
	int found;

	if (archive_list_open(source->reader, &list, err) < 0)
		return -1;
	while ((found = archive_list_next(list, &entry, err)) > 0) {
		const struct inspect_file *file = inspect__source_entry(source, &entry);
		if (file != NULL && source_is_pages(file->name) &&
			source_pass(list, file, ranges, count, err) < 0)
			return -1;
	}
	return found;
}

int inspect__source_fetch(const struct inspect_source *source, struct inspect_range *ranges,
	size_t count, struct error *err)
{
	bool is_compressed = false;

	for (size_t i = 0; i < count; i++) {
		size_t got;
		if (source->reader != NULL && ranges[i].file->offset_bytes < 0)
			is_compressed = true;
		else if (inspect__source_read(source, ranges[i].file, ranges[i].offset_bytes,
				 ranges[i].bytes, ranges[i].size, &got, err) < 0)
			return -1;
	}
	return is_compressed ? source_fetch_compressed(source, ranges, count, err) : 0;
}

/* ---- The file system's changes ---- */

/* A file of the source as a reader of its own. */
struct source_reader {
	struct reader reader;
	const struct inspect_source *source;
	const struct inspect_file *file;
};

static int source_reader_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct source_reader *of = container_of(reader, struct source_reader, reader);
	size_t got;

	if (inspect__source_read(of->source, of->file, offset, bytes, size, &got, err) < 0)
		return -1;
	if (got < size)
		return error_set(err, ERROR_CORRUPT, "the file ends too early");
	return 0;
}

int inspect__source_changes(
	const struct inspect_source *source, struct json_list *ret_changes, struct error *err)
{
	const struct inspect_file *file = inspect__source_find(source, STR(INSPECT_CHANGES));
	struct source_reader reader = {.source = source, .file = file};
	autolist *list = NULL;

	if (source->changes_error.kind != ERROR_NONE) {
		*err = source->changes_error;
		return -1;
	}
	if (file == NULL || (source->reader != NULL && file->offset_bytes < 0)) {
		*ret_changes = source->changes;
		return 0;
	}
	reader.reader = (struct reader){.size_bytes = file->size_bytes, .read = source_reader_read};
	if (archive_list_open(&reader.reader, &list, err) < 0)
		return -1;
	return inspect__changes_read(list, source->arena, ret_changes, err);
}
