/*
 * One buffer for each way. splice(2) through pipes would not copy, but costs four descriptors more
 * for each pair and moves no faster what a kubelet encrypts.
 */
#include "relay/pair.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "sys/fd.h"

enum { RELAY_BLOCK_BYTES = 64 * 1024 };

/* From ends[i] to the other one. */
struct relay_way {
	char bytes[RELAY_BLOCK_BYTES];
	size_t start; /* of what is to be sent on */
	size_t size; /* of that */
	bool has_ended; /* nothing more will come */
	bool is_told; /* and the other side knows */
};

struct relay_pair {
	int ends[2];
	struct relay_way ways[2];
	struct mono_time moved;
};

struct relay_pair *relay_pair_new(int *outer, int *inner, struct mono_time now)
{
	struct relay_pair *pair = new_zeroed(struct relay_pair);

	pair->ends[0] = fd_take(outer);
	pair->ends[1] = fd_take(inner);
	pair->moved = now;
	return pair;
}

void relay_pair_free(struct relay_pair *pair)
{
	if (pair == NULL)
		return;
	fd_close(&pair->ends[0]);
	fd_close(&pair->ends[1]);
	free(pair);
}

/* A side of which nothing is wanted is left out: that it hung up would wake us again and again. */
void relay_pair_watch(const struct relay_pair *pair, struct pollfd polled[static 2])
{
	for (size_t i = 0; i < 2; i++) {
		const struct relay_way *from = &pair->ways[i];
		const struct relay_way *to = &pair->ways[1 - i];
		short events = 0;

		if (!from->has_ended && from->size == 0)
			events |= POLLIN;
		if (to->size > 0)
			events |= POLLOUT;
		polled[i] = (struct pollfd){.fd = events != 0 ? pair->ends[i] : -1, events};
	}
}

static bool relay_may_come_again(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static bool relay_read(struct relay_way *way, int fd)
{
	ssize_t size = recv(fd, way->bytes, sizeof(way->bytes), MSG_DONTWAIT);

	if (size < 0)
		return relay_may_come_again();
	way->start = 0;
	way->size = (size_t)size;
	way->has_ended = size == 0;
	return true;
}

/* That a side has ended is told to the other one behind the last byte. */
static bool relay_send(struct relay_way *way, int fd)
{
	ssize_t size = 0;

	if (way->size > 0)
		size = send(fd, way->bytes + way->start, way->size, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (size < 0)
		return relay_may_come_again();
	way->start += (size_t)size;
	way->size -= (size_t)size;
	if (way->has_ended && way->size == 0 && !way->is_told) {
		way->is_told = true;
		(void)shutdown(fd, SHUT_WR); /* one that is closed need not be told */
	}
	return true;
}

bool relay_pair_move(
	struct relay_pair *pair, const struct pollfd polled[static 2], struct mono_time now)
{
	for (size_t i = 0; i < 2; i++) {
		struct relay_way *way = &pair->ways[i];
		bool is_readable = polled[i].revents != 0 && (polled[i].events & POLLIN) != 0;
		bool is_writable = polled[1 - i].revents != 0 && way->size > 0;

		if (is_readable && !relay_read(way, pair->ends[i]))
			return false;
		if ((is_readable || is_writable) && !relay_send(way, pair->ends[1 - i]))
			return false;
		if (is_readable || is_writable)
			pair->moved = now;
	}
	return !pair->ways[0].is_told || !pair->ways[1].is_told;
}

struct mono_time relay_pair_moved(const struct relay_pair *pair)
{
	return pair->moved;
}
