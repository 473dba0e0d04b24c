/* Descriptors: closed where they were born, read and written without short counts. */
#include "sys/fd.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

void fd_close(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		(void)close(*fd); /* nothing to be done: the descriptor is gone either way */
	*fd = -1;
	errno = saved;
}

int fd_take(int *fd)
{
	int taken = *fd;

	*fd = -1;
	return taken;
}

int fd_write_all(int fd, struct str bytes, const char *what, struct error *err)
{
	while (bytes.size > 0) {
		ssize_t written = write(fd, bytes.data, bytes.size);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return error_set_errno(err, "cannot write '%s'", what);
		bytes = str_from(bytes, (size_t)written);
	}
	return 0;
}

int fd_read_all(int fd, struct buf *buf, const char *what, struct error *err)
{
	enum { STEP = 16 * 1024 };
	char step[STEP];

	for (;;) {
		ssize_t size = read(fd, step, sizeof(step));
		if (size < 0 && errno == EINTR)
			continue;
		if (size < 0)
			return error_set_errno(err, "cannot read '%s'", what);
		if (size == 0)
			return buf_check(buf, what, err);
		buf_add(buf, (struct str){step, (size_t)size});
		if (buf->is_overflown)
			return buf_check(buf, what, err);
	}
}

int fd_read_at(int fd, void *bytes, size_t size, off_t offset, size_t *ret_size, struct error *err)
{
	size_t used = 0;

	while (used < size) {
		ssize_t got = pread(fd, (char *)bytes + used, size - used, offset + (off_t)used);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(
				err, "cannot read at offset %lld", (long long)offset);
		if (got == 0)
			break;
		used += (size_t)got;
	}
	*ret_size = used;
	return 0;
}

int fd_set_nonblocking(int fd, struct error *err)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
		return error_set_errno(err, "cannot make descriptor %d non-blocking", fd);
	return 0;
}
