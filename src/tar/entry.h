/*
 * Writing a tar, entry by entry: ustar's header (POSIX.1-2008, pax, "ustar Interchange Format")
 * and in front of it a pax header for what ustar's fields cannot hold (attributes as
 * SCHILY.xattr, as star, libarchive and Go have it). libarchive reads; for writing, its static
 * library would bring every format and compression there is. The same entry gives the same bytes.
 *
 *	header, content, padding, header, content, padding, ..., two blocks of zeros
 */
#ifndef TAR_ENTRY_H
#define TAR_ENTRY_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	TAR_BLOCK_BYTES = 512,
	TAR_END_BYTES = 2 * TAR_BLOCK_BYTES, /* the end of the archive: zeros */
	/* The pax header of one entry: every attribute that the kernel lets a file have. */
	TAR_PAX_BYTES = 4 * 1024 * 1024,
	/* What tar_entry_write appends at most. */
	TAR_HEADER_BYTES = TAR_PAX_BYTES + 4 * TAR_BLOCK_BYTES,
};

struct tar_entry {
	struct str path;
	struct str link; /* of a hard or symbolic link */
	bool is_hard_link; /* to `link`, whatever the mode says */
	const struct stat *status; /* mode, owner, size, time, device */
	const struct buf *xattrs; /* made by tar_xattr_add; may be NULL */
};

/* Appends an attribute for an entry. What does not fit is told when the entry is written. */
void tar_xattr_add(struct buf *xattrs, const char *name, struct str value);

/*
 * Appends the header of an entry to `out`, whole blocks. Behind that of a regular file its content
 * follows, st_size bytes, and then tar_padding() zeros. Fails with TOO_BIG.
 */
must_check int tar_entry_write(const struct tar_entry *entry, struct buf *out, struct error *err);

/* How many zeros fill up a content of `bytes` to whole blocks. */
size_t tar_padding(int64_t bytes);

/* TAR_END_BYTES zeros, for paddings and the end. */
extern const char tar_zeros[];

#endif
