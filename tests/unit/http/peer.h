/*
 * A scripted peer on loopback, for what a real server cannot be made to do. Every connection that
 * is accepted plays the same steps in a thread of its own:
 *   "<"      read a request's head (kept in `heard`); the script ends when the connection does
 *   "<123"   read 123 bytes of a body (kept as well)
 *   ">..."   send the bytes
 *   "*9 ..." send the bytes behind the space 9 times
 *   "x1f8b"  send the bytes with these hexadecimal values
 *   "~50"    wait 50 ms
 *   "="      hold the connection open until the other side closes it
 *   "!"      end the connection by a reset
 * After the last step the connection is closed.
 */
#ifndef TESTS_UNIT_HTTP_PEER_H
#define TESTS_UNIT_HTTP_PEER_H

#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/number.h"

enum { PEER_CONNECTIONS = 16 };

struct peer {
	const char *const *steps; /* NULL-terminated */
	int listening_fd;
	int stop[2]; /* a pipe; closing its writing end stops all threads */
	pthread_t thread;
	uint16_t port;
	pthread_mutex_t lock;
	struct buf heard; /* under the lock */
	atomic_int accepted;
	struct peer_connection {
		struct peer *peer;
		int fd;
		pthread_t thread;
	} connections[PEER_CONNECTIONS];
};

/* Waits for `fd` to be readable; false when the peer is to stop. */
static inline bool peer_wait(struct peer *peer, int fd, int timeout_ms)
{
	struct pollfd polled[] = {
		{.fd = peer->stop[0], .events = POLLIN},
		{.fd = fd, .events = POLLIN},
	};

	(void)poll(polled, 2, timeout_ms);
	return polled[0].revents == 0;
}

static inline void peer_keep(struct peer *peer, const char *bytes, size_t size)
{
	(void)pthread_mutex_lock(&peer->lock);
	buf_add(&peer->heard, (struct str){bytes, size});
	(void)pthread_mutex_unlock(&peer->lock);
}

/* Byte by byte: simple, and never beyond the head. */
static inline bool peer_read_head(struct peer_connection *connection)
{
	char last[4] = "";
	char byte;

	while (memcmp(last, "\r\n\r\n", sizeof(last)) != 0) {
		if (!peer_wait(connection->peer, connection->fd, -1) ||
			recv(connection->fd, &byte, 1, 0) != 1)
			return false;
		peer_keep(connection->peer, &byte, 1);
		memmove(last, last + 1, sizeof(last) - 1);
		last[sizeof(last) - 1] = byte;
	}
	return true;
}

static inline bool peer_read_bytes(struct peer_connection *connection, uint64_t left)
{
	char bytes[4096];

	while (left > 0) {
		ssize_t got;
		if (!peer_wait(connection->peer, connection->fd, -1))
			return false;
		got = recv(connection->fd, bytes, left < sizeof(bytes) ? left : sizeof(bytes), 0);
		if (got <= 0)
			return false;
		peer_keep(connection->peer, bytes, (size_t)got);
		left -= (uint64_t)got;
	}
	return true;
}

static inline bool peer_send(struct peer_connection *connection, struct str bytes)
{
	while (bytes.size > 0) {
		ssize_t sent = send(connection->fd, bytes.data, bytes.size, MSG_NOSIGNAL);
		if (sent < 0)
			return false;
		bytes = str_from(bytes, (size_t)sent);
	}
	return true;
}

static inline bool peer_send_hex(struct peer_connection *connection, const char *digits)
{
	unsigned byte;

	for (; sscanf(digits, "%2x", &byte) == 1; digits += 2) {
		if (!peer_send(connection, (struct str){(const char[]){(char)byte}, 1}))
			return false;
	}
	return true;
}

static inline bool peer_send_often(struct peer_connection *connection, struct str text)
{
	struct str count;
	uint64_t left = 0;

	(void)str_cut(text, ' ', &count, &text);
	assert_true(number_parse_u64(count, &left));
	while (left > 0 && peer_send(connection, text))
		left--;
	return left == 0;
}

static inline bool peer_hold(struct peer_connection *connection)
{
	char bytes[4096];

	while (peer_wait(connection->peer, connection->fd, -1)) {
		if (recv(connection->fd, bytes, sizeof(bytes), 0) <= 0)
			break;
	}
	return false;
}

static inline bool peer_reset(struct peer_connection *connection)
{
	const struct linger none = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(connection->fd, SOL_SOCKET, SO_LINGER, &none, sizeof(none));
	return false;
}

static inline bool peer_step(struct peer_connection *connection, const char *step)
{
	uint64_t number = 0;
	bool has_number = number_parse_u64(str_of(step + 1), &number);

	switch (step[0]) {
	case '<':
		return has_number ? peer_read_bytes(connection, number)
				  : peer_read_head(connection);
	case '>':
		return peer_send(connection, str_of(step + 1));
	case '*':
		return peer_send_often(connection, str_of(step + 1));
	case 'x':
		return peer_send_hex(connection, step + 1);
	case '~':
		return peer_wait(connection->peer, -1, (int)number);
	case '=':
		return peer_hold(connection);
	default:
		return peer_reset(connection);
	}
}

static inline void *peer_play(void *context)
{
	struct peer_connection *connection = context;
	const char *const *step = connection->peer->steps;

	while (*step != NULL && peer_step(connection, *step))
		step++;
	(void)close(connection->fd);
	return NULL;
}

static inline void *peer_accept(void *context)
{
	struct peer *peer = context;

	while (peer_wait(peer, peer->listening_fd, -1)) {
		int number = atomic_load(&peer->accepted);
		struct peer_connection *connection = &peer->connections[number];
		if (number == PEER_CONNECTIONS)
			break;
		connection->peer = peer;
		connection->fd = accept(peer->listening_fd, NULL, NULL);
		(void)pthread_create(&connection->thread, NULL, peer_play, connection);
		atomic_store(&peer->accepted, number + 1);
	}
	return NULL;
}

/* What the peer has heard; to be used while it hears nothing more. */
static inline struct str peer_heard(struct peer *peer)
{
	struct str heard;

	(void)pthread_mutex_lock(&peer->lock);
	heard = buf_str(&peer->heard);
	(void)pthread_mutex_unlock(&peer->lock);
	return heard;
}

/* `steps` must outlive the peer. */
static inline void peer_start(struct peer *peer, const char *const *steps)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);

	*peer = (struct peer){.steps = steps, .heard = BUF_INIT(4 * 1024 * 1024)};
	(void)pthread_mutex_init(&peer->lock, NULL);
	(void)inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	peer->listening_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(pipe(peer->stop), 0);
	assert_int_equal(
		bind(peer->listening_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(peer->listening_fd, PEER_CONNECTIONS), 0);
	assert_int_equal(getsockname(peer->listening_fd, (struct sockaddr *)&address, &size), 0);
	peer->port = ntohs(address.sin_port);
	assert_int_equal(pthread_create(&peer->thread, NULL, peer_accept, peer), 0);
}

static inline void peer_stop(struct peer *peer)
{
	if (peer->steps == NULL)
		return;
	(void)close(peer->stop[1]);
	(void)pthread_join(peer->thread, NULL);
	for (int i = 0; i < atomic_load(&peer->accepted); i++)
		(void)pthread_join(peer->connections[i].thread, NULL);
	(void)close(peer->stop[0]);
	(void)close(peer->listening_fd);
	buf_done(&peer->heard);
	(void)pthread_mutex_destroy(&peer->lock);
	peer->steps = NULL;
}

#endif
