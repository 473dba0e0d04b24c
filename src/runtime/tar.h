/*
 * Writing a tar, entry by entry: pax headers in front of ustar's (POSIX.1-2008, pax, "pax
 * Interchange Format"; attributes as SCHILY.xattr, as star, libarchive and Go have it). libarchive
 * reads; for writing, its static library would bring every format and compression there is.
 * Internal to the room.
 */
#ifndef RUNTIME_TAR_H
#define RUNTIME_TAR_H

#include <stdint.h>
#include <sys/stat.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	/* The pax header of one entry: every attribute that the kernel lets a file have. */
	RUNTIME_TAR_PAX_BYTES = 4 * 1024 * 1024,
};

struct runtime_tar_entry {
	struct str path;
	struct str link; /* of a hard or symbolic link */
	bool is_hard_link; /* to `link`, whatever the mode says */
	const struct stat *status; /* mode, owner, size, time, device */
	const struct buf *xattrs; /* made by runtime__tar_add_xattr; may be NULL */
};

/* Appends an attribute for an entry. What does not fit is told when the entry is written. */
void runtime__tar_add_xattr(struct buf *xattrs, const char *name, struct str value);

/*
 * Writes the header of an entry. Behind that of a regular file the caller writes its content,
 * st_size bytes, and then runtime__tar_pad. Fails with TOO_BIG, SYSTEM.
 */
must_check int runtime__tar_header(
	int fd, const struct runtime_tar_entry *entry, struct error *err);

/* Fills up behind a content of `bytes`, to whole blocks. */
must_check int runtime__tar_pad(int fd, int64_t bytes, struct error *err);

/* Ends the archive. */
must_check int runtime__tar_end(int fd, struct error *err);

#endif
