/* The server: bytes go in over a real connection, bytes come out. */
#include "numbered_file.h"

#include <arpa/inet.h>
#include <errno.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "http/server.h"
#include "sys/fd.h"

enum { FILE_BYTES = 8 * 1024 * 1024, PATIENCE_MS = 5000 };

/* A server whose handler answers by the path, and one connection to it. */
struct world {
	struct loop *loop;
	struct http_server *server;
	struct http_server_options options;
	int fd; /* the connection */
	int file_fd;
	struct loop_source *reading;
	struct loop_source *patience;
	const char *until; /* what ends reading beside the end of the connection; NULL: nothing */
	struct buf heard;
	struct buf story; /* what the handler was asked */
	struct buf taken; /* of bodies */
	struct error error;
};

static void answer_file(const struct world *world, const struct http_server_request *request,
	struct http_server_answer *answer)
{
	int result;

	answer->status = 200;
	answer->content = numbered_file_read(world->file_fd, FILE_BYTES);
	answer->size = FILE_BYTES;
	result = http_range_parse(
		http_server_header(request, "range"), FILE_BYTES, &answer->offset, &answer->size);
	if (result > 0)
		answer->status = 206;
}

static void answer_by_path(
	void *context, const struct http_server_request *request, struct http_server_answer *answer)
{
	struct world *world = context;

	buf_printf(&world->story, "%.*s %.*s?%.*s|", STR_ARG(request->method),
		STR_ARG(request->path), STR_ARG(request->query));
	if (str_is(request->path, "/file")) {
		answer_file(world, request, answer);
	} else if (str_is(request->path, "/empty-file")) {
		answer->status = 200;
		answer->content = numbered_file_read(world->file_fd, FILE_BYTES);
	} else if (str_is(request->path, "/free")) {
		answer->status = 200;
		http_server_free(world->server);
		world->server = NULL;
	} else if (str_is(request->path, "/304")) {
		answer->status = 304;
	} else if (str_is(request->path, "/204")) {
		answer->status = 204;
	} else if (str_is(request->path, "/echo")) {
		struct str value = http_server_header(request, "x-value");
		answer->status = 200;
		http_server_answer_add(answer, "X-Query", "%.*s", STR_ARG(request->query));
		http_server_answer_add(answer, "X-Value", "%.*s", STR_ARG(value));
	} else if (str_starts_with(request->path, STR("/break"))) {
		answer->status = 200;
		http_server_answer_add(answer, "X-Path", "%.*s", STR_ARG(request->path));
	} else if (str_is(request->path, "/hello")) {
		answer->status = 200;
		answer->content_type = "text/plain";
		answer->bytes = STR("hello");
	}
}

/* A body that is taken in, but for "x". */
struct taking {
	struct http_server_body body;
	struct world *world;
};

static int take_piece(struct http_server_body *body, struct str piece, struct error *err)
{
	struct world *world = container_of(body, struct taking, body)->world;

	if (str_is(piece, "x"))
		return error_set(err, ERROR_SYSTEM, "it cannot be kept");
	buf_add(&world->taken, piece);
	return 0;
}

static void take_end(struct http_server_body *body, struct http_server_answer *answer)
{
	struct world *world = container_of(body, struct taking, body)->world;

	buf_add_text(&world->story, "whole|");
	answer->status = 201;
}

static void take_free(struct http_server_body *body)
{
	struct taking *taking = container_of(body, struct taking, body);

	buf_add_text(&taking->world->story, "freed|");
	free(taking);
}

static struct http_server_body *receive_by_path(void *context,
	const struct http_server_request *request, int64_t size, struct http_server_answer *answer)
{
	struct world *world = context;
	struct taking *taking;

	buf_printf(&world->story, "%.*s %.*s of %lld|", STR_ARG(request->method),
		STR_ARG(request->path), (long long)size);
	if (str_is(request->path, "/refused")) {
		answer->status = 401;
		return NULL;
	}
	taking = new_zeroed(struct taking);
	taking->body = (struct http_server_body){take_piece, take_end, take_free};
	taking->world = world;
	return &taking->body;
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	*state = world;
	world->fd = -1;
	world->file_fd = -1;
	world->heard = BUF_INIT(2 * FILE_BYTES);
	world->story = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);
	world->taken = BUF_INIT(FILE_BYTES);
	world->options = (struct http_server_options){
		.address = "127.0.0.1",
		.max_connections = 10,
		.idle_seconds = 60,
	};
	return loop_new(&world->loop, &world->error);
}

static int drop_world(void **state)
{
	struct world *world = *state;

	http_server_free(world->server);
	fd_close(&world->fd);
	fd_close(&world->file_fd);
	loop_free(world->loop);
	buf_done(&world->heard);
	buf_done(&world->story);
	buf_done(&world->taken);
	free(world);
	return 0;
}

static void start(struct world *world)
{
	assert_int_equal(http_server_start(world->loop, &world->options, answer_by_path, world,
				 &world->server, &world->error),
		0);
}

static int connect_to_path(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static int connect_to(const struct world *world)
{
	struct sockaddr_in address = {
		.sin_family = AF_INET, .sin_port = htons(http_server_port(world->server))};
	int fd = -1;

	if (world->options.path != NULL)
		return connect_to_path(world->options.path);
	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
	assert_int_equal(connect(fd, (const struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void lose_patience(void *context)
{
	struct world *world = context;

	buf_add_text(&world->heard, "(nothing more)");
	loop_stop(world->loop);
}

static void read_some(void *context, unsigned events)
{
	struct world *world = context;
	char bytes[65536];
	ssize_t size = recv(world->fd, bytes, sizeof(bytes), 0);

	(void)events;
	if (size > 0)
		buf_add(&world->heard, (struct str){bytes, (size_t)size});
	if (size <= 0 || (world->until != NULL && strstr(world->heard.data, world->until) != NULL))
		loop_stop(world->loop);
}

/* Reads until `until` came, the connection ended or patience is lost. */
static void hear(struct world *world, const char *until, int patience_ms)
{
	struct error err;

	world->until = until;
	buf_clear(&world->heard);
	world->patience = loop_timer_new(world->loop, lose_patience, world);
	loop_timer_set(world->patience, patience_ms);
	assert_int_equal(loop_watch_fd(world->loop, world->fd, LOOP_READ, read_some, world,
				 &world->reading, &err),
		0);
	assert_int_equal(loop_run(world->loop, &err), 0);
	loop_source_free(world->reading);
	loop_source_free(world->patience);
}

static void say(const struct world *world, const char *request)
{
	struct error err;

	assert_int_equal(fd_write_all(world->fd, str_of(request), "server", &err), 0);
}

/* One request on a connection of its own, which it asks to be closed: the whole answer. */
static const char *ask(struct world *world, const char *request)
{
	if (world->server == NULL)
		start(world);
	fd_close(&world->fd);
	world->fd = connect_to(world);
	say(world, request);
	hear(world, NULL, PATIENCE_MS);
	return world->heard.data;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static void assert_begins(const char *text, const char *beginning)
{
	if (strncmp(text, beginning, strlen(beginning)) != 0)
		fail_msg("'%s' does not begin with '%s'", text, beginning);
}

static void assert_contains(const char *text, const char *part)
{
	if (strstr(text, part) == NULL)
		fail_msg("'%s' does not contain '%s'", text, part);
}

static void assert_ends(const char *text, const char *end)
{
	if (!str_ends_with(str_of(text), str_of(end)))
		fail_msg("'%s' does not end with '%s'", text, end);
}

/* ---- Requests and answers ---- */

static void bytes_are_answered_with_type_and_length(void **state)
{
	const char *answer = ask(*state, GET("/hello"));

	assert_begins(answer, "HTTP/1.1 200 OK\r\n");
	assert_contains(answer, "\r\nContent-Type: text/plain\r\n");
	assert_contains(answer, "\r\nContent-Length: 5\r\n");
	assert_ends(answer, "\r\n\r\nhello");
}

static void what_the_handler_does_not_know_is_not_found(void **state)
{
	assert_begins(ask(*state, GET("/unknown")), "HTTP/1.1 404 Not Found\r\n");
}

static void the_path_is_decoded_and_the_query_is_not(void **state)
{
	struct world *world = *state;

	(void)ask(world, GET("/a%2Fb%20c+d?n=%2F&last=a%20b"));
	assert_string_equal(world->story.data, "GET /a/b c+d?n=%2F&last=a%20b|");
}

static void headers_are_found_in_any_case(void **state)
{
	const char *answer = ask(*state,
		"GET /echo?q HTTP/1.1\r\nHost: x\r\nX-VALUE: v\r\nConnection: close\r\n\r\n");

	assert_contains(answer, "\r\nX-Query: q\r\nX-Value: v\r\n");
}

static void head_is_answered_without_the_body(void **state)
{
	const char *answer =
		ask(*state, "HEAD /hello HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");

	assert_begins(answer, "HTTP/1.1 200 OK\r\n");
	assert_contains(answer, "\r\nContent-Length: 5\r\n");
	assert_ends(answer, "\r\n\r\n");
}

static void head_of_a_file_tells_its_size(void **state)
{
	struct world *world = *state;
	const char *answer;

	world->file_fd = numbered_file_open(FILE_BYTES);
	answer = ask(world, "HEAD /file HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	assert_contains(answer, "\r\nContent-Length: 8388608\r\n");
	assert_ends(answer, "\r\n\r\n");
}

static void answers_that_have_no_body_have_none(void **state)
{
	const char *answer = ask(*state, GET("/304"));

	assert_begins(answer, "HTTP/1.1 304 Not Modified\r\n");
	assert_ends(answer, "\r\n\r\n");
	answer = ask(*state, GET("/204"));
	assert_begins(answer, "HTTP/1.1 204 No Content\r\n");
	assert_ends(answer, "\r\n\r\n");
}

static void requests_of_one_connection_are_answered_in_order(void **state)
{
	struct world *world = *state;

	start(world);
	world->fd = connect_to(world);
	say(world,
		"GET /unknown HTTP/1.1\r\nHost: x\r\n\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	hear(world, "hello", PATIENCE_MS);
	assert_begins(world->heard.data, "HTTP/1.1 404 ");
	assert_contains(world->heard.data, "HTTP/1.1 200 ");
	say(world, GET("/hello"));
	hear(world, NULL, PATIENCE_MS);
	assert_begins(world->heard.data, "HTTP/1.1 200 ");
}

static void a_request_may_come_in_pieces(void **state)
{
	struct world *world = *state;

	start(world);
	world->fd = connect_to(world);
	say(world, "GET /hel");
	hear(world, NULL, 10);
	assert_string_equal(world->heard.data, "(nothing more)");
	say(world, "lo HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
	hear(world, NULL, PATIENCE_MS);
	assert_begins(world->heard.data, "HTTP/1.1 200 ");
}

/* ---- Files ---- */

static void a_file_is_sent_whole(void **state)
{
	struct world *world = *state;
	const char *answer;
	const char *body;

	world->file_fd = numbered_file_open(FILE_BYTES);
	answer = ask(world, GET("/file"));
	body = strstr(answer, "\r\n\r\n") + 4;
	assert_int_equal(strlen(body), FILE_BYTES);
	for (int i = 0; i < FILE_BYTES / 16; i++) {
		char line[32];
		(void)snprintf(line, sizeof(line), "%15d\n", i);
		assert_memory_equal(body + (ptrdiff_t)i * 16, line, 16);
	}
}

static void a_range_of_a_file_is_sent(void **state)
{
	struct world *world = *state;
	const char *answer;

	world->file_fd = numbered_file_open(FILE_BYTES);
	answer = ask(world,
		"GET /file HTTP/1.1\r\nHost: x\r\nRange: bytes=16-31\r\nConnection: close\r\n\r\n");
	assert_begins(answer, "HTTP/1.1 206 Partial Content\r\n");
	assert_contains(answer, "\r\nContent-Length: 16\r\n");
	assert_ends(answer, "\r\n\r\n              1\n");
}

static void a_peer_that_does_not_read_holds_up_nobody(void **state)
{
	struct world *world = *state;
	int lazy_fd;

	world->file_fd = numbered_file_open(FILE_BYTES);
	start(world);
	world->fd = connect_to(world);
	say(world, GET("/file"));
	lazy_fd = fd_take(&world->fd);
	assert_begins(ask(world, GET("/hello")), "HTTP/1.1 200 OK\r\n");
	(void)close(lazy_fd);
	assert_begins(ask(world, GET("/hello")), "HTTP/1.1 200 OK\r\n");
}

static void an_empty_range_is_an_empty_body(void **state)
{
	struct world *world = *state;
	const char *answer;

	world->file_fd = numbered_file_open(FILE_BYTES);
	answer = ask(world, GET("/empty-file"));
	assert_contains(answer, "\r\nContent-Length: 0\r\n");
	assert_ends(answer, "\r\n\r\n");
}

static void a_content_that_is_damaged_ends_its_connection(void **state)
{
	struct world *world = *state;

	world->file_fd = numbered_file_open(FILE_BYTES);
	start(world);
	world->fd = connect_to(world);
	say(world, GET("/file"));
	hear(world, "1\n", PATIENCE_MS);
	assert_int_equal(ftruncate(world->file_fd, 0), 0);
	hear(world, NULL, PATIENCE_MS);
	assert_null(strstr(world->heard.data, "(nothing more)"));
	assert_in_range(world->heard.size, 0, FILE_BYTES - 1);
}

/* ---- What is refused ---- */

static void bodies_are_refused(void **state)
{
	struct world *world = *state;
	static const char *const requests[] = {
		"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"PUT /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n",
		"PATCH /hello HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello",
		"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n",
	};

	for (size_t i = 0; i < array_size(requests); i++) {
		const char *answer = ask(world, requests[i]);
		assert_begins(answer, "HTTP/1.1 413 ");
		assert_contains(answer, "\r\nConnection: close\r\n");
		assert_ends(answer, "requests with a body are not accepted here\n");
	}
	assert_string_equal(world->story.data, "");
}

static void a_body_is_taken_in_as_it_comes(void **state)
{
	struct world *world = *state;

	world->options.receive = receive_by_path;
	start(world);
	world->fd = connect_to(world);
	say(world,
		"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\nConnection: "
		"close\r\n\r\nfirst");
	hear(world, NULL, 10);
	assert_string_equal(world->taken.data, "first");
	say(world, "last");
	hear(world, NULL, PATIENCE_MS);
	assert_begins(world->heard.data, "HTTP/1.1 201 ");
	assert_string_equal(world->taken.data, "firstlast");
	assert_string_equal(world->story.data, "PUT /a of 9|whole|freed|");
}

static void a_body_may_be_refused_before_it_comes(void **state)
{
	struct world *world = *state;

	world->options.receive = receive_by_path;
	assert_begins(ask(world,
			      "PUT /refused HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n"
			      "Expect: 100-continue\r\n\r\n"),
		"HTTP/1.1 401 ");
	assert_string_equal(world->story.data, "PUT /refused of 99999999|");
}

static void a_body_that_cannot_be_kept_ends_the_connection(void **state)
{
	struct world *world = *state;

	world->options.receive = receive_by_path;
	assert_string_equal(
		ask(world, "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\n\r\nx"), "");
	assert_string_equal(world->story.data, "PUT /a of 1|freed|");
}

static void a_body_that_breaks_off_is_told_as_no_end(void **state)
{
	struct world *world = *state;

	world->options.receive = receive_by_path;
	world->options.idle_seconds = 1; /* libmicrohttpd does not look at the end itself */
	start(world);
	world->fd = connect_to(world);
	say(world, "PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\nfirst");
	assert_int_equal(shutdown(world->fd, SHUT_WR), 0);
	hear(world, NULL, PATIENCE_MS);
	assert_string_equal(world->heard.data, "");
	assert_string_equal(world->story.data, "PUT /a of 9|freed|");
}

static void a_body_whose_length_is_not_said_is_refused(void **state)
{
	static const char *const requests[] = {
		"PUT /a HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: "
		"chunked\r\n\r\n1\r\na\r\n0\r\n\r\n",
		"PUT /a HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n",
	};
	struct world *world = *state;

	world->options.receive = receive_by_path;
	for (size_t i = 0; i < array_size(requests); i++) {
		const char *answer = ask(world, requests[i]);

		if (strncmp(answer, "HTTP/1.1 4", 10) != 0)
			fail_msg("'%s' is answered '%s'", requests[i], answer);
	}
	assert_string_equal(world->story.data, "");
}

static void a_post_with_an_empty_body_reaches_the_handler(void **state)
{
	struct world *world = *state;

	(void)ask(world,
		"POST /hello HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: "
		"close\r\n\r\n");
	assert_string_equal(world->story.data, "POST /hello?|");
}

static void a_target_that_is_no_path_is_refused(void **state)
{
	struct world *world = *state;
	static const char *const targets[] = {
		"/a%00b", "/a%", "/a%2", "/a%zz", "*", "a", "http://x/hello"};

	for (size_t i = 0; i < array_size(targets); i++) {
		char request[200];
		(void)snprintf(request, sizeof(request),
			"GET %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", targets[i]);
		assert_begins(ask(world, request), "HTTP/1.1 400 Bad Request\r\n");
	}
	assert_string_equal(world->story.data, "");
}

static void a_head_that_is_too_large_is_refused(void **state)
{
	struct world *world = *state;
	autobuf request = BUF_INIT(LIMIT_HTTP_HEAD_BYTES * 2);

	buf_add_text(&request, "GET /hello HTTP/1.1\r\nHost: x\r\nX-Value: ");
	while (request.size < LIMIT_HTTP_HEAD_BYTES + 1000)
		buf_add_byte(&request, 'a');
	buf_add_text(&request, "\r\n\r\n");
	assert_begins(ask(world, request.data), "HTTP/1.1 431 ");
	assert_string_equal(world->story.data, "");
}

static void what_is_not_http_is_not_answered_by_the_handler(void **state)
{
	struct world *world = *state;

	(void)ask(world, "\x16\x03\x01\x02\x01hello\r\n\r\n\r\n");
	assert_string_equal(world->story.data, "");
	assert_begins(ask(world, GET("/hello")), "HTTP/1.1 200 OK\r\n");
}

/* The beginning of a ClientHello whose random bytes have a line feed, with a space before or not.
 */
static void a_client_that_begins_with_tls_is_answered_in_http(void **state)
{
	static const char *const hellos[] = {"\x16\x03\x01\x02\x03\x01\x01\x11 >r\x0a\x40q",
		"\x16\x03\x01\x02\x03\x01\x01\x11>r\x0a\x40q"};
	struct world *world = *state;

	start(world);
	for (size_t i = 0; i < array_size(hellos); i++)
		assert_begins(ask(world, hellos[i]), "HTTP/1.1 400 ");
}

static void a_header_that_cannot_be_sent_makes_the_answer_fail(void **state)
{
	struct world *world = *state;
	autobuf request = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);
	const char *answer = ask(world, GET("/break%0d%0aX-Evil:%20yes"));

	assert_begins(answer, "HTTP/1.1 500 ");
	assert_null(strstr(answer, "X-Evil"));
	buf_printf(
		&request, "GET /break%0300d HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", 1);
	assert_begins(ask(world, request.data), "HTTP/1.1 500 ");
}

/* ---- Limits and life ---- */

static void connections_beyond_the_limit_wait_for_their_turn(void **state)
{
	struct world *world = *state;
	int first_fd;

	world->options.max_connections = 1;
	start(world);
	world->fd = connect_to(world);
	say(world, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n");
	hear(world, "hello", PATIENCE_MS);
	first_fd = fd_take(&world->fd);
	world->fd = connect_to(world);
	say(world, GET("/hello"));
	hear(world, NULL, 20);
	assert_string_equal(world->heard.data, "(nothing more)");
	(void)close(first_fd);
	hear(world, NULL, PATIENCE_MS);
	assert_begins(world->heard.data, "HTTP/1.1 200 OK\r\n");
}

static void idle_connections_are_closed(void **state)
{
	struct world *world = *state;

	world->options.idle_seconds = 1;
	assert_string_equal(ask(world, "GET /hello HTT"), "");
}

static void the_handler_may_free_the_server(void **state)
{
	struct world *world = *state;

	(void)ask(world, GET("/free"));
	assert_null(world->server);
}

static void a_server_may_be_freed_while_connections_are_open(void **state)
{
	struct world *world = *state;

	world->file_fd = numbered_file_open(FILE_BYTES);
	start(world);
	world->fd = connect_to(world);
	say(world, GET("/file"));
	hear(world, "1\n", PATIENCE_MS);
	http_server_free(world->server);
	world->server = NULL;
}

static void a_port_that_is_taken_is_told_with_advice(void **state)
{
	struct world *world = *state;
	struct http_server *second = NULL;
	char expected[200];

	start(world);
	world->options.port = http_server_port(world->server);
	assert_int_equal(http_server_start(world->loop, &world->options, answer_by_path, world,
				 &second, &world->error),
		-1);
	(void)snprintf(expected, sizeof(expected),
		"cannot listen on 127.0.0.1, port %u: another program uses it (ss -ltnp shows "
		"which); stop that one or choose another port",
		world->options.port);
	assert_string_equal(world->error.text, expected);
	assert_int_equal(world->error.kind, ERROR_BUSY);
	assert_null(second);
}

static void an_address_must_be_one_of_this_machine(void **state)
{
	struct world *world = *state;
	static const struct {
		const char *address;
		const char *text;
	} cases[] = {
		{"localhost", "'localhost' is not an IPv4 or IPv6 address"},
		{"", "'' is not an IPv4 or IPv6 address"},
		{"192.0.2.1",
			"cannot listen on 192.0.2.1, port 0: this machine does not have that "
			"address"},
	};

	for (size_t i = 0; i < array_size(cases); i++) {
		world->options.address = cases[i].address;
		assert_int_equal(http_server_start(world->loop, &world->options, answer_by_path,
					 world, &world->server, &world->error),
			-1);
		assert_string_equal(world->error.text, cases[i].text);
		assert_int_equal(world->error.kind, ERROR_INVALID);
	}
}

static void a_unix_socket_is_for_everybody_and_replaces_one_that_was_left(void **state)
{
	static const char path[] = "test_server.sock";
	struct world *world = *state;
	struct stat status;

	world->options.path = path;
	start(world);
	http_server_free(take_ptr(&world->server)); /* its socket stays */
	assert_begins(ask(world, "DELETE /204 HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"),
		"HTTP/1.1 204 ");
	assert_string_equal(world->story.data, "DELETE /204?|");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0666);
	assert_int_equal(unlink(path), 0);
}

static void a_path_that_no_socket_can_have_is_told(void **state)
{
	struct world *world = *state;
	char path[200] = "";

	memset(path, 'x', sizeof(path) - 1);
	world->options.path = path;
	assert_int_equal(http_server_start(world->loop, &world->options, answer_by_path, world,
				 &world->server, &world->error),
		-1);
	assert_int_equal(world->error.kind, ERROR_INVALID);
	assert_contains(world->error.text, "is too long for a socket");
	world->options.path = "absent/test_server.sock";
	assert_int_equal(http_server_start(world->loop, &world->options, answer_by_path, world,
				 &world->server, &world->error),
		-1);
	assert_contains(world->error.text, "cannot listen at 'absent/test_server.sock'");
}

static void all_addresses_of_both_families_can_be_taken(void **state)
{
	struct world *world = *state;

	world->options.address = "::";
	if (http_server_start(world->loop, &world->options, answer_by_path, world, &world->server,
		    &world->error) < 0)
		skip(); /* no IPv6 here */
	assert_begins(ask(world, GET("/hello")), "HTTP/1.1 200 OK\r\n");
}

int main(void)
{
#define world_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)
	const struct CMUnitTest tests[] = {
		world_test(bytes_are_answered_with_type_and_length),
		world_test(what_the_handler_does_not_know_is_not_found),
		world_test(the_path_is_decoded_and_the_query_is_not),
		world_test(headers_are_found_in_any_case),
		world_test(head_is_answered_without_the_body),
		world_test(head_of_a_file_tells_its_size),
		world_test(answers_that_have_no_body_have_none),
		world_test(requests_of_one_connection_are_answered_in_order),
		world_test(a_request_may_come_in_pieces),
		world_test(a_file_is_sent_whole),
		world_test(a_range_of_a_file_is_sent),
		world_test(a_peer_that_does_not_read_holds_up_nobody),
		world_test(an_empty_range_is_an_empty_body),
		world_test(a_content_that_is_damaged_ends_its_connection),
		world_test(bodies_are_refused),
		world_test(a_body_is_taken_in_as_it_comes),
		world_test(a_body_may_be_refused_before_it_comes),
		world_test(a_body_that_cannot_be_kept_ends_the_connection),
		world_test(a_body_that_breaks_off_is_told_as_no_end),
		world_test(a_body_whose_length_is_not_said_is_refused),
		world_test(a_post_with_an_empty_body_reaches_the_handler),
		world_test(a_target_that_is_no_path_is_refused),
		world_test(a_head_that_is_too_large_is_refused),
		world_test(what_is_not_http_is_not_answered_by_the_handler),
		world_test(a_header_that_cannot_be_sent_makes_the_answer_fail),
		world_test(a_client_that_begins_with_tls_is_answered_in_http),
		world_test(connections_beyond_the_limit_wait_for_their_turn),
		world_test(idle_connections_are_closed),
		world_test(the_handler_may_free_the_server),
		world_test(a_server_may_be_freed_while_connections_are_open),
		world_test(a_port_that_is_taken_is_told_with_advice),
		world_test(an_address_must_be_one_of_this_machine),
		world_test(a_unix_socket_is_for_everybody_and_replaces_one_that_was_left),
		world_test(a_path_that_no_socket_can_have_is_told),
		world_test(all_addresses_of_both_families_can_be_taken),
	};

	return cmocka_run_group_tests_name("http server", tests, NULL, NULL);
}
