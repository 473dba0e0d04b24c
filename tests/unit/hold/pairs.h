/* TCP connections over loopback and files, to be handed over and held. */
#ifndef TESTS_UNIT_HOLD_PAIRS_H
#define TESTS_UNIT_HOLD_PAIRS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hold/message.h"
#include "sys/fd.h"

/* Both ends of a connection. */
struct ends {
	int ours;
	int peers;
};

static inline struct ends connect_ends(void)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t size = sizeof(address);
	autoclose int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct ends ends = {.ours = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)};

	assert_int_equal(bind(listening, (const struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(listening, 1), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&address, &size), 0);
	assert_int_equal(connect(ends.ours, (const struct sockaddr *)&address, size), 0);
	ends.peers = accept(listening, NULL, NULL);
	assert_true(ends.peers >= 0);
	return ends;
}

static inline void close_ends(struct ends *ends)
{
	fd_close(&ends->ours);
	fd_close(&ends->peers);
}

/* A regular file without a name. */
static inline int open_lock(void)
{
	int fd = memfd_create("lock", MFD_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static inline size_t count_descriptors(void)
{
	size_t count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

/* Whether the other end of `fd` hangs up within `timeout_ms`. */
static inline bool is_hung_up(int fd, int timeout_ms)
{
	struct pollfd polled = {.fd = fd, .events = POLLRDHUP};

	return poll(&polled, 1, timeout_ms) == 1;
}

#endif
