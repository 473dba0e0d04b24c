/* Nonblocking, and poll(2) where something has to come. */
#include "runtime/peer.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/clock.h"
#include "sys/fd.h"

int runtime__peer_connect(const char *path, const char *whom, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int fd = -1;

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "'%s' is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	/* without waiting: the full queue of a busy one is EAGAIN */
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0)
		return error_set_errno(err, "cannot reach %s", whom);
	*ret_fd = fd_take(&fd);
	return 0;
}

int runtime__peer_send(int fd, struct str bytes, const char *whom, struct error *err)
{
	if (send(fd, bytes.data, bytes.size, MSG_NOSIGNAL) != (ssize_t)bytes.size)
		return error_set_errno(err, "cannot ask %s", whom);
	return 0;
}

static int peer_wait(int fd, struct mono_time deadline, const char *whom, struct error *err)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	int64_t left_ms = (deadline.us - clock_mono().us + 999) / 1000;

	if (left_ms > 0 && poll(&ready, 1, (int)left_ms) == 1)
		return 0;
	return error_set(err, ERROR_TIMEOUT, "%s did not answer in time", whom);
}

int runtime__peer_receive(
	int fd, struct mono_time deadline, struct buf *out, const char *whom, struct error *err)
{
	char step[4096];
	ssize_t got;

	do {
		if (peer_wait(fd, deadline, whom, err) < 0)
			return -1;
		got = recv(fd, step, sizeof(step), 0);
	} while (got < 0 && (errno == EINTR || errno == EAGAIN));
	if (got < 0)
		return error_set_errno(err, "cannot hear %s", whom);
	if (got == 0)
		return error_set(err, ERROR_CORRUPT, "%s hung up", whom);
	buf_add(out, (struct str){step, (size_t)got});
	return buf_check(out, whom, err);
}
