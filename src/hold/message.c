/*
 * Both ends of the one message there is. Who reads it does not trust who sent it: whatever came
 * along and is not what it should be is closed.
 */
#include "hold/message.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/str.h"
#include "sys/fd.h"

enum { HOLD_DESCRIPTORS = 2 /* a connection, a lock */ };

static const char hold_word[] = "kcr-hold/1";

/* Room for the descriptors of a message, aligned as its head has to be. */
union hold_control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(HOLD_DESCRIPTORS * sizeof(int))];
};

void hold_pair_close(struct hold_pair *pair)
{
	fd_close(&pair->connection);
	fd_close(&pair->lock);
}

static int hold_address(const char *path, struct sockaddr_un *ret_address, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return error_set(err, ERROR_INVALID, "'%s' is too long for a socket", path);
	memcpy(address.sun_path, path, strlen(path) + 1);
	*ret_address = address;
	return 0;
}

/* ---- Sending ---- */

/* Puts the descriptors into a message that has no other ancillary data. */
static void hold_attach(struct msghdr *message, const struct hold_pair *pair)
{
	const int fds[HOLD_DESCRIPTORS] = {pair->connection, pair->lock};
	size_t size = (pair->lock < 0 ? 1 : HOLD_DESCRIPTORS) * sizeof(int);
	struct cmsghdr *head = CMSG_FIRSTHDR(message);

	head->cmsg_level = SOL_SOCKET;
	head->cmsg_type = SCM_RIGHTS;
	head->cmsg_len = CMSG_LEN(size);
	memcpy(CMSG_DATA(head), fds, size);
	message->msg_controllen = CMSG_SPACE(size);
}

int hold_send(const char *path, const struct hold_pair *pair, struct error *err)
{
	char word[sizeof(hold_word)];
	union hold_control control = {0};
	struct sockaddr_un address;
	struct iovec bytes = {.iov_base = word, .iov_len = sizeof(word)};
	struct msghdr message = {
		.msg_name = &address,
		.msg_namelen = sizeof(address),
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	autoclose int fd = -1;

	memcpy(word, hold_word, sizeof(word));
	if (hold_address(path, &address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	hold_attach(&message, pair);
	if (sendmsg(fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return error_set_errno(err, "cannot hand a connection over at '%s'", path);
	return 0;
}

/* ---- Receiving ---- */

/* Takes the descriptors out of a message; those that are too many are closed, and it is no pair. */
static bool hold_detach(struct msghdr *message, struct hold_pair *pair)
{
	int *const places[HOLD_DESCRIPTORS] = {&pair->connection, &pair->lock};
	size_t count = 0;

	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head != NULL;
		head = CMSG_NXTHDR(message, head)) {
		if (head->cmsg_level != SOL_SOCKET || head->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t at = 0; CMSG_LEN(at + sizeof(int)) <= head->cmsg_len;
			at += sizeof(int), count++) {
			int fd;

			memcpy(&fd, CMSG_DATA(head) + at, sizeof(fd));
			if (count < HOLD_DESCRIPTORS)
				*places[count] = fd;
			else
				fd_close(&fd);
		}
	}
	return count <= HOLD_DESCRIPTORS;
}

static int hold_socket_option(int fd, int option)
{
	int value = -1;
	socklen_t size = sizeof(value);

	return getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

static bool hold_is_connection(int fd)
{
	int domain = hold_socket_option(fd, SO_DOMAIN);
	struct sockaddr_storage peer;
	socklen_t size = sizeof(peer);

	return (domain == AF_INET || domain == AF_INET6) &&
		hold_socket_option(fd, SO_PROTOCOL) == IPPROTO_TCP &&
		getpeername(fd, (struct sockaddr *)&peer, &size) == 0;
}

static bool hold_is_file(int fd)
{
	struct stat found;

	return fstat(fd, &found) == 0 && S_ISREG(found.st_mode);
}

static int hold_check(const struct hold_pair *pair, struct error *err)
{
	if (pair->connection < 0)
		return error_set(err, ERROR_INVALID, "there is no descriptor in it");
	if (!hold_is_connection(pair->connection))
		return error_set(err, ERROR_INVALID, "its first descriptor is no TCP connection");
	if (pair->lock >= 0 && !hold_is_file(pair->lock))
		return error_set(err, ERROR_INVALID, "its second descriptor is no regular file");
	return 0;
}

int hold_receive(int fd, struct hold_pair *ret_pair, struct error *err)
{
	char word[sizeof(hold_word)];
	union hold_control control;
	struct iovec bytes = {.iov_base = word, .iov_len = sizeof(word)};
	struct msghdr message = {
		.msg_iov = &bytes,
		.msg_iovlen = 1,
		.msg_control = control.bytes,
		.msg_controllen = sizeof(control.bytes),
	};
	autopair pair = HOLD_PAIR_NONE;
	ssize_t got = recvmsg(fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
	bool is_pair;

	if (got < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (got < 0)
		return error_set_errno(err, "cannot receive");
	is_pair = hold_detach(&message, &pair);
	if (!is_pair || (message.msg_flags & MSG_CTRUNC) != 0)
		return error_set(err, ERROR_INVALID, "its descriptors are too many");
	if ((message.msg_flags & MSG_TRUNC) != 0 ||
		!str_equal((struct str){word, (size_t)got},
			(struct str){hold_word, sizeof(hold_word)}))
		return error_set(err, ERROR_INVALID, "it does not say '%s'", hold_word);
	if (hold_check(&pair, err) < 0)
		return -1;
	*ret_pair = pair;
	pair = HOLD_PAIR_NONE;
	return 1;
}

/* ---- Listening ---- */

int hold_listen(const char *path, int *ret_fd, struct error *err)
{
	struct sockaddr_un address;
	autoclose int fd = -1;

	if (hold_address(path, &address, err) < 0)
		return -1;
	fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return error_set_errno(err, "cannot make a socket");
	if (unlink(path) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove '%s'", path);
	if (bind(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ||
		chmod(path, 0666) < 0) /* the agent is another user, root without capabilities */
		return error_set_errno(err, "cannot listen at '%s'", path);
	*ret_fd = fd_take(&fd);
	return 0;
}
