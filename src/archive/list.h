/*
 * The entries of a tar that somebody wants to look into, one after the other: any tar, plain or
 * compressed by gzip or zstd (podman's), of which only headers are read where contents can be
 * skipped. For looking only: unlike scan.h nothing is hashed and nothing refused, so what it tells
 * is not to be restored from, and paths are not to be opened.
 */
#ifndef ARCHIVE_LIST_H
#define ARCHIVE_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "sys/reader.h"

enum archive_list_type {
	ARCHIVE_LIST_FILE,
	ARCHIVE_LIST_DIRECTORY,
	ARCHIVE_LIST_LINK, /* symbolic */
	ARCHIVE_LIST_HARD_LINK,
	ARCHIVE_LIST_DEVICE, /* also what overlayfs calls a whiteout: major and minor are 0 */
	ARCHIVE_LIST_OTHER,
};

/* Borrowed until the next entry. */
struct archive_list_entry {
	struct str path; /* terminated, as the tar has it; may hold anything */
	struct str target; /* of links */
	enum archive_list_type type;
	bool is_whiteout; /* a device without numbers */
	uint32_t mode; /* permissions */
	int64_t size_bytes;
	int64_t offset_bytes; /* of the content in a tar that is not compressed; else -1 */
};

struct archive_list;

/* The tar that `reader` has (borrowed). Fails with CORRUPT (no tar), SYSTEM. */
must_check int archive_list_open(
	struct reader *reader, struct archive_list **ret_list, struct error *err);

/* The tar that is the content of the current entry of `outer`, which stays there meanwhile. */
must_check int archive_list_open_inner(
	struct archive_list *outer, struct archive_list **ret_list, struct error *err);

void archive_list_free(struct archive_list *list); /* may be NULL */
define_clean_up(struct archive_list, archive_list_free, archive_list_free)
#define autolist clean_up(archive_list_free_clean) struct archive_list

/*
 * The next entry: 1, or 0 at the end. Fails with CORRUPT (damaged, cut short), TOO_BIG
 * (LIMIT_ARCHIVE_ENTRIES), SYSTEM.
 */
must_check int archive_list_next(
	struct archive_list *list, struct archive_list_entry *ret_entry, struct error *err);

/*
 * The next bytes of the current entry's content, fewer than `size` only at its end. Fails with
 * CORRUPT (damaged, cut short, a hole of a sparse file), SYSTEM.
 */
must_check int archive_list_read(
	struct archive_list *list, char *bytes, size_t size, size_t *ret_size, struct error *err);

#endif
