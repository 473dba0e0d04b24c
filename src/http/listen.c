/* From an address or a path in text to a listening socket. */
#include "http/listen.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "sys/fd.h"

enum {
	BACKLOG = 128,
	SILENCE_SECONDS = 1, /* a connection without a byte is accepted after that */
};

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static socklen_t parse(const char *text, uint16_t port, union address *ret_address)
{
	*ret_address = (union address){.v6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)}};
	if (inet_pton(AF_INET6, text, &ret_address->v6.sin6_addr) == 1)
		return sizeof(ret_address->v6);
	*ret_address = (union address){.v4 = {.sin_family = AF_INET, .sin_port = htons(port)}};
	if (inet_pton(AF_INET, text, &ret_address->v4.sin_addr) == 1)
		return sizeof(ret_address->v4);
	return 0;
}

static int refuse(const char *address, uint16_t port, struct error *err)
{
	switch (errno) {
	case EADDRINUSE:
		return error_set(err, ERROR_BUSY,
			"cannot listen on %s, port %u: another program uses it (ss -ltnp shows "
			"which); stop that one or choose another port",
			address, port);
	case EADDRNOTAVAIL:
		return error_set(err, ERROR_INVALID,
			"cannot listen on %s, port %u: this machine does not have that address",
			address, port);
	case EACCES:
		return error_set(err, ERROR_DENIED,
			"cannot listen on %s, port %u: ports below 1024 need CAP_NET_BIND_SERVICE",
			address, port);
	default:
		return error_set_errno(err, "cannot listen on %s, port %u", address, port);
	}
}

int http__listen(
	const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port, struct error *err)
{
	union address bound;
	socklen_t size = parse(address, port, &bound);
	const int yes = 1;
	const int no = 0;
	const int silence = SILENCE_SECONDS;
	autoclose int fd = -1;

	if (size == 0)
		return error_set(
			err, ERROR_INVALID, "'%s' is not an IPv4 or IPv6 address", address);
	fd = socket(bound.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return refuse(address, port, err);
	/* A restart must not wait for the connections of before; failing that, bind tells. */
	(void)setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
	(void)setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &silence, sizeof(silence));
	if (bound.any.sa_family == AF_INET6)
		(void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &no, sizeof(no));
	if (bind(fd, &bound.any, size) < 0 || listen(fd, BACKLOG) < 0 ||
		getsockname(fd, &bound.any, &size) < 0)
		return refuse(address, port, err);
	*ret_port = ntohs(bound.any.sa_family == AF_INET ? bound.v4.sin_port : bound.v6.sin6_port);
	*ret_fd = fd_take(&fd);
	return 0;
}

int http__listen_at(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strlen(path) + 1;
	autoclose int fd = -1;

	if (size > sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "'%s' is too long for a socket", path);
	memcpy(address.sun_path, path, size);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	/* the process's umask has its say in bind(2) */
	if (fd < 0 || (unlink(path) < 0 && errno != ENOENT) ||
		bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(path, 0666) < 0 || listen(fd, BACKLOG) < 0)
		return error_set_errno(err, "cannot listen at '%s'", path);
	*ret_fd = fd_take(&fd);
	return 0;
}
