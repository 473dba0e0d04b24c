/*
 * A scripted API server on loopback, on the test's own loop: no threads, so that a test is the same
 * each time. The script is a list of requests that must come in this order, each with its answer;
 * a request that does not come as expected is kept and fails the test when it looks.
 *
 * A stream (watch) is an answer without an end: the test pushes bytes into it, ends or cuts it.
 */
#ifndef TESTS_UNIT_KUBE_API_PEER_H
#define TESTS_UNIT_KUBE_API_PEER_H

#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/number.h"
#include "kube/client.h"
#include "loop/loop.h"
#include "sys/clock.h"
#include "sys/fd.h"

enum { API_STEPS_MAX = 32, API_CONNECTIONS_MAX = 16, API_DEADLINE_MS = 10000 };

struct api_step {
	const char
		*expects[6]; /* texts that the request must contain, the first in its first line */
	int status; /* 0: a stream; -1: the connection is closed without an answer */
	const char *headers; /* further lines, each ended by CRLF; NULL: none */
	const char *body;
};

struct api_connection {
	struct api_peer *peer;
	int fd; /* -1: free */
	struct loop_source *source;
	struct buf in;
	struct buf out;
	bool ends_after_out;
};

struct api_peer {
	struct loop *loop;
	int listening_fd;
	struct loop_source *listener;
	char url[64];
	struct api_step steps[API_STEPS_MAX];
	size_t step_count;
	size_t steps_done;
	struct api_connection connections[API_CONNECTIONS_MAX];
	int connection_count; /* accepted so far */
	struct api_connection *stream; /* the last one; NULL: none */
	struct buf unexpected; /* the first request that was not expected */
	struct buf last; /* the last request */
	struct loop_source *deadline;
	struct loop_source *ticker;
	const int *counter; /* what api_run_until() waits for */
	int wanted;
	bool is_late;
	bool stops_when_through; /* the loop, as soon as the last expected request has come */
};

/* ---- The script ---- */

static inline struct api_step *api_expect(
	struct api_peer *peer, const char *request, int status, const char *body)
{
	struct api_step *step = &peer->steps[peer->step_count++];

	assert_true(peer->step_count <= API_STEPS_MAX);
	*step = (struct api_step){.expects = {request}, .status = status, .body = body};
	return step;
}

static inline struct api_step *api_expect_stream(struct api_peer *peer, const char *request)
{
	return api_expect(peer, request, 0, NULL);
}

/* ---- Connections ---- */

static inline void api_close(struct api_connection *connection)
{
	if (connection->fd < 0)
		return;
	if (connection->peer->stream == connection)
		connection->peer->stream = NULL;
	loop_source_free(connection->source);
	connection->source = NULL;
	fd_close(&connection->fd);
	buf_done(&connection->in);
	buf_done(&connection->out);
}

static inline void api_flush(struct api_connection *connection)
{
	struct error err;
	unsigned events = LOOP_READ;

	while (connection->out.size > 0) {
		ssize_t sent = send(connection->fd, connection->out.data, connection->out.size,
			MSG_NOSIGNAL | MSG_DONTWAIT);
		if (sent <= 0)
			break;
		buf_drop_front(&connection->out, (size_t)sent);
	}
	if (connection->out.size == 0 && connection->ends_after_out) {
		api_close(connection);
		return;
	}
	if (connection->out.size > 0)
		events |= LOOP_WRITE;
	assert_int_equal(loop_change_fd(connection->source, events, &err), 0);
}

static inline bool api_matches(const struct api_step *step, struct str request)
{
	struct str line;
	struct str rest;

	(void)str_cut(request, '\r', &line, &rest);
	if (!str_contains(line, str_of(step->expects[0])))
		return false;
	for (size_t i = 1; i < array_size(step->expects) && step->expects[i] != NULL; i++)
		if (!str_contains(request, str_of(step->expects[i])))
			return false;
	return true;
}

static inline void api_answer(struct api_connection *connection, const struct api_step *step)
{
	struct api_peer *peer = connection->peer;
	const char *headers = step->headers != NULL ? step->headers : "";

	if (step->status < 0) {
		api_close(connection);
		return;
	}
	if (step->status == 0) {
		peer->stream = connection;
		buf_add_text(
			&connection->out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
	} else {
		buf_printf(&connection->out,
			"HTTP/1.1 %d X\r\nContent-Type: application/json\r\n%s"
			"Content-Length: %zu\r\n\r\n%s",
			step->status, headers, strlen(step->body), step->body);
	}
	api_flush(connection);
}

static inline void api_take_request(struct api_connection *connection, struct str request)
{
	static const struct api_step refusal = {.status = 500, .body = "{}"};
	struct api_peer *peer = connection->peer;
	const struct api_step *step = &peer->steps[peer->steps_done];

	buf_clear(&peer->last);
	buf_add(&peer->last, request);
	if (peer->steps_done == peer->step_count || !api_matches(step, request)) {
		if (peer->unexpected.size == 0)
			buf_add(&peer->unexpected, request);
		api_answer(connection, &refusal);
		return;
	}
	api_answer(connection, step);
	if (++peer->steps_done == peer->step_count && peer->stops_when_through)
		loop_stop(peer->loop);
}

/* The size of the first whole request that was received, 0 when it is not whole yet. */
static inline size_t api_request_size(struct str in)
{
	const char *end = in.size > 0 ? memmem(in.data, in.size, "\r\n\r\n", 4) : NULL;
	const char *length = in.size > 0 ? memmem(in.data, in.size, "Content-Length: ", 16) : NULL;
	uint64_t body = 0;
	size_t head;

	if (end == NULL)
		return 0;
	head = (size_t)(end - in.data) + 4;
	if (length != NULL && length < end) {
		struct str digits = {length + 16, strcspn(length + 16, "\r")};
		assert_true(number_parse_u64(digits, &body));
	}
	return in.size >= head + body ? head + body : 0;
}

static inline void api_ready(void *context, unsigned events)
{
	struct api_connection *connection = context;
	char piece[4096];
	ssize_t size = -1;
	size_t request_size;

	if ((events & LOOP_READ) != 0) {
		size = recv(connection->fd, piece, sizeof(piece), MSG_DONTWAIT);
		if (size == 0) {
			api_close(connection);
			return;
		}
	}
	if (size > 0)
		buf_add(&connection->in, (struct str){piece, (size_t)size});
	request_size = api_request_size(buf_str(&connection->in));
	if (request_size > 0) {
		autobuf request = BUF_INIT(8 * 1024 * 1024);
		buf_add(&request, (struct str){connection->in.data, request_size});
		buf_drop_front(&connection->in, request_size);
		api_take_request(connection, buf_str(&request));
		return;
	}
	if (connection->out.size > 0)
		api_flush(connection);
}

static inline void api_accept(void *context, unsigned events)
{
	struct api_peer *peer = context;
	struct api_connection *connection = peer->connections;
	struct error err;

	(void)events;
	while (connection->fd >= 0)
		connection++;
	assert_true(connection < peer->connections + API_CONNECTIONS_MAX);
	connection->peer = peer;
	connection->fd = accept4(peer->listening_fd, NULL, NULL, SOCK_CLOEXEC);
	connection->in = BUF_INIT(8 * 1024 * 1024);
	connection->out = BUF_INIT(32 * 1024 * 1024);
	connection->ends_after_out = false;
	peer->connection_count++;
	assert_true(connection->fd >= 0);
	assert_int_equal(loop_watch_fd(peer->loop, connection->fd, LOOP_READ, api_ready, connection,
				 &connection->source, &err),
		0);
}

/* ---- Streams ---- */

static inline void api_push(struct api_peer *peer, struct str bytes)
{
	assert_non_null(peer->stream);
	buf_printf(&peer->stream->out, "%zx\r\n", bytes.size);
	buf_add(&peer->stream->out, bytes);
	buf_add_text(&peer->stream->out, "\r\n");
	api_flush(peer->stream);
}

static inline void api_push_text(struct api_peer *peer, const char *text)
{
	api_push(peer, str_of(text));
}

/* Ends the stream as a server does whose time for it is over. */
static inline void api_end_stream(struct api_peer *peer)
{
	assert_non_null(peer->stream);
	buf_add_text(&peer->stream->out, "0\r\n\r\n");
	api_flush(peer->stream);
	peer->stream = NULL;
}

/* Closes the stream's connection once what was pushed is sent. */
static inline void api_cut_stream(struct api_peer *peer)
{
	assert_non_null(peer->stream);
	peer->stream->ends_after_out = true;
	api_flush(peer->stream);
}

/* ---- Running ---- */

static inline void api_tick(void *context)
{
	struct api_peer *peer = context;

	if (*peer->counter >= peer->wanted)
		loop_stop(peer->loop);
	else
		loop_timer_set(peer->ticker, 1);
}

static inline void api_be_late(void *context)
{
	struct api_peer *peer = context;

	peer->is_late = true;
	loop_stop(peer->loop);
}

/* Runs the loop until *counter is `wanted` at least; fails the test when that takes too long. */
static inline void api_run_until(struct api_peer *peer, const int *counter, int wanted)
{
	struct error err;

	peer->counter = counter;
	peer->wanted = wanted;
	loop_timer_set(peer->ticker, 0);
	loop_timer_set(peer->deadline, API_DEADLINE_MS);
	assert_int_equal(loop_run(peer->loop, &err), 0);
	loop_timer_stop(peer->deadline);
	if (peer->unexpected.size > 0)
		fail_msg("unexpected request: %s", peer->unexpected.data);
	if (peer->is_late)
		fail_msg("waited in vain: %zu of %zu requests came", peer->steps_done,
			peer->step_count);
}

/* Runs the loop for `ms`, to see that nothing happens. */
static inline void api_run_for(struct api_peer *peer, int64_t ms)
{
	struct error err;

	loop_timer_stop(peer->ticker);
	loop_timer_set(peer->deadline, ms);
	assert_int_equal(loop_run(peer->loop, &err), 0);
	peer->is_late = false;
	if (peer->unexpected.size > 0)
		fail_msg("unexpected request: %s", peer->unexpected.data);
}

/* Fails the test when an expected request did not come, or another one did. */
static inline void api_check(struct api_peer *peer)
{
	if (peer->unexpected.size > 0)
		fail_msg("unexpected request: %s", peer->unexpected.data);
	assert_int_equal(peer->steps_done, peer->step_count);
}

/* Runs until every expected request has come. */
static inline void api_run_through(struct api_peer *peer)
{
	peer->stops_when_through = true;
	if (peer->steps_done < peer->step_count)
		api_run_for(peer, API_DEADLINE_MS);
	peer->stops_when_through = false;
	api_check(peer);
}

static inline void api_start(struct api_peer *peer, struct loop *loop)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof(address);
	struct error err;

	*peer = (struct api_peer){.loop = loop};
	peer->unexpected = BUF_INIT(8 * 1024 * 1024);
	peer->last = BUF_INIT(8 * 1024 * 1024);
	for (size_t i = 0; i < API_CONNECTIONS_MAX; i++)
		peer->connections[i].fd = -1;
	(void)inet_pton(AF_INET, "127.0.0.1", &address.sin_addr);
	peer->listening_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(
		bind(peer->listening_fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(peer->listening_fd, API_CONNECTIONS_MAX), 0);
	assert_int_equal(getsockname(peer->listening_fd, (struct sockaddr *)&address, &size), 0);
	(void)snprintf(
		peer->url, sizeof(peer->url), "http://127.0.0.1:%d", ntohs(address.sin_port));
	assert_int_equal(loop_watch_fd(loop, peer->listening_fd, LOOP_READ, api_accept, peer,
				 &peer->listener, &err),
		0);
	peer->ticker = loop_timer_new(loop, api_tick, peer);
	peer->deadline = loop_timer_new(loop, api_be_late, peer);
}

static inline void api_stop(struct api_peer *peer)
{
	for (size_t i = 0; i < API_CONNECTIONS_MAX; i++)
		api_close(&peer->connections[i]);
	loop_source_free(peer->listener);
	loop_source_free(peer->ticker);
	loop_source_free(peer->deadline);
	fd_close(&peer->listening_fd);
	buf_done(&peer->unexpected);
	buf_done(&peer->last);
}

/* ---- A client of it ---- */

struct api_world {
	struct loop *loop;
	struct api_peer peer;
	struct kube_config config;
	struct metrics *metrics;
	struct kube_client *client;
};

static inline void api_world_start(struct api_world *world)
{
	struct error err;

	assert_int_equal(loop_new(&world->loop, &err), 0);
	api_start(&world->peer, world->loop);
	world->config.server = world->peer.url;
	world->config.namespace = "default";
	world->metrics = metrics_new();
}

/* After world->config has been completed. */
static inline void api_world_connect(struct api_world *world)
{
	struct error err;

	assert_int_equal(
		kube_client_new(world->loop, &world->config, world->metrics, &world->client, &err),
		0);
}

static inline void api_world_stop(struct api_world *world)
{
	kube_client_free(world->client);
	api_stop(&world->peer);
	kube_material_done(&world->config.token);
	metrics_free(world->metrics);
	loop_free(world->loop);
}

static const struct kube_resource api_pods = {
	.group = "",
	.version = "v1",
	.plural = "pods",
	.kind = "Pod",
	.namespaced = true,
};

#endif
