/*
 * The files of a checkpoint, wherever they lie: in a directory, in a plain tar or in a compressed
 * one. They are known by their names within the checkpoint ("checkpoint/core-1.img", "config.dump")
 * and read by ranges. Of a compressed tar the small ones are kept when it is opened, and for ranges
 * of the others it is read again. Internal to the room.
 */
#ifndef INSPECT_SOURCE_H
#define INSPECT_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/list.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/map.h"
#include "inspect/report.h"

enum {
	/* A file that is read whole or kept; others are the pages and the file system's changes. */
	INSPECT_FILE_BYTES = 16 * 1024 * 1024,
	/* All files kept of a compressed tar. */
	INSPECT_KEPT_BYTES = 48 * 1024 * 1024,
};

#define INSPECT_CHANGES "rootfs-diff.tar"
#define INSPECT_LAYER   "layer.tar" /* in an entry of a node's store */

/* Files of which one at least makes it a checkpoint; NULL behind the last. */
extern const char *const inspect__marks[];

struct inspect_file {
	struct str name;
	int64_t size_bytes;
	int64_t offset_bytes; /* in a plain tar */
	const char *kept; /* of a compressed one; NULL: not kept */
	bool is_visited; /* for who reads each file once */
};

struct inspect_source {
	struct arena *arena; /* borrowed */
	struct map files; /* of struct inspect_file by name, in the arena */
	int64_t size_bytes; /* of all files */
	struct reader *reader; /* the tar; NULL: a directory. Borrowed */
	int directory_fd; /* borrowed; -1: none */
	struct str prefix; /* of the images in the directory: "" where they lie alone */
	struct json_list changes; /* of struct inspect_change: kept from a compressed tar */
	struct error changes_error; /* kind NONE: they could be read */
};

#define INSPECT_SOURCE_INIT ((struct inspect_source){.files = MAP_INIT, .directory_fd = -1})

/* The tar of `reader`, which is borrowed as long as the source lives. As inspect_read(). */
must_check int inspect__source_open_tar(struct reader *reader, struct arena *arena,
	struct inspect_source *source, struct error *err);

/* The directory, which is borrowed as the reader is. As inspect_read(). */
must_check int inspect__source_open_directory(
	int directory_fd, struct arena *arena, struct inspect_source *source, struct error *err);

void inspect__source_done(struct inspect_source *source);

/* The file of this name, NULL when there is none. */
struct inspect_file *inspect__source_find(const struct inspect_source *source, struct str name);

/* The file that an entry of the tar is, NULL when it is none. */
const struct inspect_file *inspect__source_entry(
	const struct inspect_source *source, const struct archive_list_entry *entry);

/* From here on no file counts as visited. */
void inspect__source_forget(struct inspect_source *source);

/* A range of a file that is wanted. */
struct inspect_range {
	const struct inspect_file *file;
	int64_t offset_bytes;
	char *bytes; /* to be filled; stays as it is where the file does not have them */
	size_t size;
};

/*
 * Reads up to `size` bytes, fewer at the file's end. Not of files that were not kept: CORRUPT.
 * Fails with SYSTEM, ABSENT (gone meanwhile), CORRUPT.
 */
must_check int inspect__source_read(const struct inspect_source *source,
	const struct inspect_file *file, int64_t offset, char *bytes, size_t size, size_t *ret_size,
	struct error *err);

/* Fills ranges of any files, all at once. Fails as above. */
must_check int inspect__source_fetch(const struct inspect_source *source,
	struct inspect_range *ranges, size_t count, struct error *err);

/* Appends the whole file to `out`. Fails as above, TOO_BIG (the buffer's maximum). */
must_check int inspect__source_read_all(const struct inspect_source *source,
	const struct inspect_file *file, struct buf *out, struct error *err);

/* The changes of the file system; nothing where there are none. Fails as archive_list_next(). */
must_check int inspect__source_changes(
	const struct inspect_source *source, struct json_list *ret_changes, struct error *err);

#endif
