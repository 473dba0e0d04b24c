/* The mounts that the kernel tells, line by line: proc_pid_mountinfo(5). Internal to the room. */
#ifndef RUNTIME_MOUNTS_H
#define RUNTIME_MOUNTS_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum { RUNTIME_MOUNTINFO_BYTES = 64 * 1024 * 1024 }; /* ten thousands of mounts are some MB */

/* Borrowed from the text, and encoded as it is. */
struct runtime_mount {
	struct str root; /* what of the file system is mounted */
	struct str target;
	struct str options; /* of the mount */
	struct str type;
	struct str super; /* options of the file system */
};

/*
 * Takes the next line off `text`. False at its end. A line that is none of a mount gives empty
 * texts.
 */
bool runtime__mount_next(struct str *text, struct runtime_mount *ret_mount);

/* Space, tab, newline and backslash, which stand there as \ and three octal digits; terminated. */
struct str runtime__mount_decode(struct str text, struct arena *arena);

/* Appends the kernel's table. Fails with SYSTEM, TOO_BIG. */
must_check int runtime__mounts_read(struct buf *out, struct error *err);

#endif
