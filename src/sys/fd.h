/* File descriptors with one owner, and reading and writing them to the end. */
#ifndef SYS_FD_H
#define SYS_FD_H

#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"

/* Closes *fd unless it is negative and sets it to -1. */
void fd_close(int *fd);
#define autoclose clean_up(fd_close)

/* Moves ownership out of a variable: returns the descriptor and leaves -1 behind. */
int fd_take(int *fd);

/* Writes all of `bytes`; `what` names the target in the error. Fails with SYSTEM. */
must_check int fd_write_all(int fd, struct str bytes, const char *what, struct error *err);

/* Reads to the end of file, appending to `buf`. Fails with SYSTEM, TOO_BIG (buf's maximum). */
must_check int fd_read_all(int fd, struct buf *buf, const char *what, struct error *err);

/* Reads up to `size` bytes at `offset`, fewer only at the end of file. Fails with SYSTEM. */
must_check int fd_read_at(
	int fd, void *bytes, size_t size, off_t offset, size_t *ret_size, struct error *err);

/* Makes reads and writes return EAGAIN instead of waiting. Fails with SYSTEM. */
must_check int fd_set_nonblocking(int fd, struct error *err);

#endif
