/*
 * Files and directories named beneath a directory descriptor. Names that come from outside go
 * through file_open_beneath(), which follows no link and leaves no directory. What is written
 * becomes visible complete or not at all.
 */
#ifndef SYS_FILE_H
#define SYS_FILE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* Opens a directory by a path that we chose. Fails with ABSENT, SYSTEM. */
must_check int file_open_directory(const char *path, int *ret_fd, struct error *err);

/* As above beneath `directory_fd`, made with `mode` when it is missing. */
must_check int file_make_directory(
	int directory_fd, const char *name, mode_t mode, int *ret_fd, struct error *err);

/*
 * Opens `path` beneath `directory_fd` with openat2(2), RESOLVE_BENEATH and RESOLVE_NO_SYMLINKS.
 * `flags` as open(2); O_CLOEXEC is added. Fails with ABSENT, INVALID (leaves the directory or
 * passes a link), SYSTEM.
 */
must_check int file_open_beneath(
	int directory_fd, const char *path, int flags, mode_t mode, int *ret_fd, struct error *err);

/*
 * Opens `path` as a process with the root `root_fd` would: links are followed, but not out of it
 * (openat2(2), RESOLVE_IN_ROOT). Fails with ABSENT, SYSTEM.
 */
must_check int file_open_in_root(
	int root_fd, const char *path, int flags, int *ret_fd, struct error *err);

/* Appends the whole file to `buf`. `directory_fd` may be AT_FDCWD. ABSENT, TOO_BIG, SYSTEM. */
must_check int file_read(int directory_fd, const char *path, struct buf *buf, struct error *err);

/*
 * Writes `name` in `directory_fd` so that it is there whole after a crash, or as it was before:
 * a temporary file, fsync, rename, fsync of the directory. Fails with SYSTEM.
 */
must_check int file_write_atomically(
	int directory_fd, const char *name, struct str bytes, mode_t mode, struct error *err);

/*
 * As above without a flush: whoever reads it meanwhile sees all of it or what was there before, but
 * a crash of the machine may lose or empty it. For what can be done without, where waiting for the
 * disk costs more. Fails with SYSTEM.
 */
must_check int file_write_by_rename(
	int directory_fd, const char *name, struct str bytes, mode_t mode, struct error *err);

/* Renames within or between directories of one file system and syncs both. Fails with SYSTEM. */
must_check int file_rename(
	int from_fd, const char *from, int to_fd, const char *to, struct error *err);

/* Flushes a file or directory to the disk. Fails with SYSTEM. */
must_check int file_sync(int fd, const char *what, struct error *err);

/* Removes a file or a directory with all that is in it, without following links. Absent is fine. */
must_check int file_remove_tree(int directory_fd, const char *name, struct error *err);

/*
 * Calls `visit` for each entry except "." and ".."; stops when it returns -1 (and fails with the
 * error it set). The order is the file system's. Fails with SYSTEM.
 */
typedef int (*file_visit_fn)(void *context, const char *name, bool is_directory, struct error *err);
must_check int file_for_each(
	int directory_fd, file_visit_fn visit, void *context, struct error *err);

struct file_space {
	uint64_t total_bytes;
	uint64_t free_bytes; /* available to us */
};

/* The space of the file system that `fd` lies on. Fails with SYSTEM. */
must_check int file_system_space(int fd, struct file_space *ret_space, struct error *err);

#endif
