/*
 * libmicrohttpd parses requests and writes answers; the loop watches its epoll descriptor and its
 * next time-out. A request's target is kept as it came (before libmicrohttpd decodes it) and
 * decoded here, because a NUL byte in an escape would cut the path it hands over.
 */
#include "http/server.h"

#include <assert.h>
#include <microhttpd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "base/number.h"
#include "http/listen.h"
#include "http/path.h"

/* What one connection holds of a content: several packets of loopback's size. */
enum { CONTENT_BLOCK_BYTES = 128 * 1024 };

struct http_server {
	struct MHD_Daemon *daemon;
	struct loop_source *ready;
	struct loop_source *timer;
	http_server_fn handler;
	http_server_receive_fn receive; /* NULL: bodies are refused */
	void *context;
	uint16_t port;
	unsigned connection_count; /* after the last run */
	bool is_busy; /* in libmicrohttpd, perhaps in the handler */
	bool is_freed;
};

/* One request and its answer. */
struct exchange {
	char *target; /* as sent */
	bool is_begun; /* its head was looked at */
	struct http_server_body *body; /* NULL: it has none */
};

void http_server_answer_add(
	struct http_server_answer *answer, const char *name, const char *format, ...)
{
	struct http_server_field *field = &answer->fields[answer->field_count];
	va_list arguments;
	int size;

	assert(answer->field_count < array_size(answer->fields));
	assert(strlen(name) < sizeof(field->name));
	memcpy(field->name, name, strlen(name) + 1);
	va_start(arguments, format);
	size = vsnprintf(field->value, sizeof(field->value), format, arguments);
	va_end(arguments);
	if (size < 0 || (size_t)size >= sizeof(field->value))
		answer->is_broken = true;
	answer->field_count++;
}

struct str http_server_header(const struct http_server_request *request, const char *name)
{
	return str_of(MHD_lookup_connection_value(request->connection, MHD_HEADER_KIND, name));
}

/* ---- From our answer to libmicrohttpd's ---- */

static struct MHD_Response *response_of_bytes(struct str bytes)
{
	autofree char *copy = alloc_text(bytes.data, bytes.size);
	struct MHD_Response *response =
		MHD_create_response_from_buffer(bytes.size, copy, MHD_RESPMEM_MUST_COPY);

	if (response == NULL)
		abort(); /* memory is gone */
	return response;
}

/* A range of a content on its way. */
struct sending {
	struct reader *content; /* owned */
	int64_t offset; /* of the range in it */
};

/* libmicrohttpd asks for no more than is left of the size that it was told. */
static ssize_t read_sending(void *context, uint64_t position, char *bytes, size_t size)
{
	struct sending *sending = context;
	struct error ignored; /* who made the content knows what to do about it */

	if (reader_read(sending->content, sending->offset + (int64_t)position, bytes, size,
		    &ignored) < 0)
		return MHD_CONTENT_READER_END_WITH_ERROR;
	return (ssize_t)size;
}

static void free_sending(void *context)
{
	struct sending *sending = context;

	reader_free(sending->content);
	free(sending);
}

/* Takes answer->content over. */
static struct MHD_Response *response_of_content(struct http_server_answer *answer)
{
	struct sending *sending = new_zeroed(struct sending);
	struct MHD_Response *response;

	sending->content = take_ptr(&answer->content);
	sending->offset = answer->offset;
	response = MHD_create_response_from_callback(
		(uint64_t)answer->size, CONTENT_BLOCK_BYTES, read_sending, sending, free_sending);
	if (response == NULL)
		abort(); /* memory is gone */
	return response;
}

/* False when a header cannot be sent, because it holds a line break for example. */
static bool add_headers(struct MHD_Response *response, const struct http_server_answer *answer)
{
	if (answer->content_type != NULL &&
		MHD_add_response_header(response, "Content-Type", answer->content_type) != MHD_YES)
		return false;
	for (size_t i = 0; i < answer->field_count; i++) {
		const struct http_server_field *field = &answer->fields[i];
		if (MHD_add_response_header(response, field->name, field->value) != MHD_YES)
			return false;
	}
	return !answer->is_broken;
}

static enum MHD_Result send_answer(
	struct MHD_Connection *connection, struct http_server_answer *answer)
{
	unsigned status = (unsigned)answer->status;
	struct MHD_Response *response = answer->content != NULL ? response_of_content(answer)
								: response_of_bytes(answer->bytes);
	enum MHD_Result result;

	if (!add_headers(response, answer)) {
		MHD_destroy_response(response);
		response = response_of_bytes((struct str){0});
		status = MHD_HTTP_INTERNAL_SERVER_ERROR;
	}
	result = MHD_queue_response(connection, status, response);
	MHD_destroy_response(response);
	return result;
}

/* Ends the connection as well: what follows on it is not a request that we could read. */
static enum MHD_Result refuse(struct MHD_Connection *connection, int status, struct str reason)
{
	struct http_server_answer answer = {
		.status = status,
		.content_type = "text/plain",
		.bytes = reason,
	};

	http_server_answer_add(&answer, "Connection", "close");
	return send_answer(connection, &answer);
}

/* ---- From libmicrohttpd's request to ours ---- */

/* How long the body is that follows; -1: how long is not said. */
static int64_t body_size(struct MHD_Connection *connection)
{
	const struct http_server_request request = {.connection = connection};
	struct str length = http_server_header(&request, "Content-Length");
	uint64_t size = 0;

	if (http_server_header(&request, "Transfer-Encoding").size > 0)
		return -1;
	if (length.size > 0 && (!number_parse_u64(length, &size) || size > INT64_MAX))
		return -1;
	return (int64_t)size;
}

/* False when it was refused. The path is borrowed from `path`. */
static bool read_request(struct MHD_Connection *connection, const char *method, const char *target,
	struct buf *path, struct http_server_request *ret_request)
{
	*ret_request = (struct http_server_request){
		.method = str_of(method),
		.connection = connection,
	};
	if (!http__path_parse(str_of(target), path, &ret_request->query))
		return false;
	ret_request->path = buf_str(path);
	return true;
}

static enum MHD_Result answer_request(struct http_server *server, struct MHD_Connection *connection,
	const char *method, const struct exchange *exchange)
{
	autobuf path = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);
	struct http_server_answer answer = {.status = MHD_HTTP_NOT_FOUND};
	struct http_server_request request;

	if (!read_request(connection, method, exchange->target, &path, &request))
		return refuse(connection, MHD_HTTP_BAD_REQUEST, STR("the target is not a path\n"));
	if (exchange->body != NULL)
		exchange->body->end(exchange->body, &answer);
	else
		server->handler(server->context, &request, &answer);
	return send_answer(connection, &answer);
}

/* Before the body comes: who would refuse it need not read it. */
static enum MHD_Result receive_request(struct http_server *server,
	struct MHD_Connection *connection, const char *method, struct exchange *exchange)
{
	autobuf path = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);
	struct http_server_answer answer = {.status = MHD_HTTP_NOT_FOUND};
	struct http_server_request request;
	int64_t size = body_size(connection);

	if (size == 0)
		return MHD_YES;
	if (server->receive == NULL)
		return refuse(connection, MHD_HTTP_CONTENT_TOO_LARGE,
			STR("requests with a body are not accepted here\n"));
	if (size < 0)
		return refuse(connection, MHD_HTTP_LENGTH_REQUIRED,
			STR("say how long the body is, by Content-Length\n"));
	if (!read_request(connection, method, exchange->target, &path, &request))
		return refuse(connection, MHD_HTTP_BAD_REQUEST, STR("the target is not a path\n"));
	exchange->body = server->receive(server->context, &request, size, &answer);
	if (exchange->body != NULL)
		return MHD_YES;
	http_server_answer_add(&answer, "Connection", "close");
	return send_answer(connection, &answer);
}

/* libmicrohttpd calls for the head, then for each piece of a body, then for the answer. */
static enum MHD_Result handle(void *context, struct MHD_Connection *connection, const char *url,
	const char *method, const char *version, const char *upload, size_t *upload_size,
	void **request_context)
{
	struct exchange *exchange = *request_context;
	struct str piece = {upload, *upload_size};
	struct error ignored; /* who takes the body knows what to do about it */

	(void)url;
	(void)version;
	if (!exchange->is_begun) {
		exchange->is_begun = true;
		return receive_request(context, connection, method, exchange);
	}
	if (piece.size == 0)
		return answer_request(context, connection, method, exchange);
	*upload_size = 0;
	if (exchange->body == NULL || exchange->body->take(exchange->body, piece, &ignored) < 0)
		return MHD_NO;
	return MHD_YES;
}

static void *begin_exchange(void *context, const char *target, struct MHD_Connection *connection)
{
	struct exchange *exchange = new_zeroed(struct exchange);

	(void)context;
	(void)connection;
	exchange->target = str_dup(str_of(target)); /* LIMIT_HTTP_HEAD_BYTES at most */
	return exchange;
}

static void end_exchange(void *context, struct MHD_Connection *connection, void **request_context,
	enum MHD_RequestTerminationCode code)
{
	struct exchange *exchange = *request_context;

	(void)context;
	(void)connection;
	(void)code;
	if (exchange == NULL)
		return;
	if (exchange->body != NULL)
		exchange->body->free(exchange->body);
	free(exchange->target);
	free(exchange);
	*request_context = NULL;
}

/*
 * A client that begins with TLS is told in HTTP that this is none. Container runtimes try TLS first
 * and go on without it after such an answer only; libmicrohttpd closes the connection silently
 * when there happens to be no space in what it takes for the first line. The first bytes are there
 * already: see http__listen().
 */
static void greet(void *context, struct MHD_Connection *connection, void **connection_context,
	enum MHD_ConnectionNotificationCode code)
{
	static const char refusal[] = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n"
				      "Content-Length: 0\r\n\r\n";
	enum { TLS_HANDSHAKE = 0x16 }; /* RFC 8446, section 5.1 */
	const union MHD_ConnectionInfo *info;
	char first = 0;

	(void)context;
	(void)connection_context;
	if (code != MHD_CONNECTION_NOTIFY_STARTED)
		return;
	info = MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
	if (recv(info->connect_fd, &first, 1, MSG_PEEK | MSG_DONTWAIT) == 1 &&
		first == TLS_HANDSHAKE)
		(void)send(info->connect_fd, refusal, sizeof(refusal) - 1,
			MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* ---- On the loop ---- */

static void destroy(struct http_server *server)
{
	loop_source_free(server->ready);
	loop_source_free(server->timer);
	MHD_stop_daemon(server->daemon); /* closes the listening socket as well */
	free(server);
}

/* A connection that ended makes room: the next run takes one that waited for it. */
static bool has_made_room(struct http_server *server)
{
	unsigned before = server->connection_count;

	server->connection_count =
		MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_CURRENT_CONNECTIONS)
			->num_connections;
	return server->connection_count < before;
}

static void await_next(struct http_server *server)
{
	MHD_UNSIGNED_LONG_LONG timeout_ms = 0;

	if (has_made_room(server))
		loop_timer_set(server->timer, 0);
	else if (MHD_get_timeout(server->daemon, &timeout_ms) == MHD_YES)
		loop_timer_set(
			server->timer, (int64_t)(timeout_ms < INT32_MAX ? timeout_ms : INT32_MAX));
	else
		loop_timer_stop(server->timer);
}

static void run(struct http_server *server)
{
	assert(!server->is_busy);
	server->is_busy = true;
	(void)MHD_run(server->daemon); /* fails for other ways of polling only */
	server->is_busy = false;
	if (server->is_freed)
		destroy(server);
	else
		await_next(server);
}

static void descriptor_is_ready(void *context, unsigned events)
{
	(void)events;
	run(context);
}

static void timer_is_due(void *context)
{
	run(context);
}

static struct MHD_Daemon *start_daemon(
	struct http_server *server, const struct http_server_options *options, int listening_fd)
{
	return MHD_start_daemon(MHD_USE_EPOLL, 0, NULL, NULL, handle, server,
		MHD_OPTION_LISTEN_SOCKET, listening_fd, MHD_OPTION_URI_LOG_CALLBACK, begin_exchange,
		NULL, MHD_OPTION_NOTIFY_CONNECTION, greet, NULL, MHD_OPTION_NOTIFY_COMPLETED,
		end_exchange, NULL, MHD_OPTION_CONNECTION_LIMIT, options->max_connections,
		MHD_OPTION_CONNECTION_TIMEOUT, options->idle_seconds,
		MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)LIMIT_HTTP_HEAD_BYTES,
		MHD_OPTION_STRICT_FOR_CLIENT, 1, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
		MHD_OPTION_END);
}

int http_server_start(struct loop *loop, const struct http_server_options *options,
	http_server_fn handler, void *context, struct http_server **ret_server, struct error *err)
{
	autofree struct http_server *server = new_zeroed(struct http_server);
	const union MHD_DaemonInfo *info;
	int listening_fd = -1;
	int result;

	assert(options->max_connections > 0 && options->idle_seconds > 0);
	result = options->path != NULL
		? http__listen_at(options->path, &listening_fd, err)
		: http__listen(options->address, options->port, &listening_fd, &server->port, err);
	if (result < 0)
		return -1;
	(void)signal(SIGPIPE, SIG_IGN); /* libmicrohttpd is told so below */
	server->handler = handler;
	server->receive = options->receive;
	server->context = context;
	server->daemon = start_daemon(server, options, listening_fd);
	if (server->daemon == NULL) /* who owns listening_fd now is not said: better leaked */
		return error_set(err, ERROR_SYSTEM, "the HTTP server cannot be started");
	info = MHD_get_daemon_info(server->daemon, MHD_DAEMON_INFO_EPOLL_FD);
	assert(info != NULL);
	if (loop_watch_fd(loop, info->epoll_fd, LOOP_READ, descriptor_is_ready, server,
		    &server->ready, err) < 0) {
		MHD_stop_daemon(server->daemon);
		return -1;
	}
	server->timer = loop_timer_new(loop, timer_is_due, server);
	await_next(server);
	*ret_server = take_ptr(&server);
	return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
	return server->port;
}

void http_server_free(struct http_server *server)
{
	if (server == NULL)
		return;
	server->is_freed = true;
	if (!server->is_busy)
		destroy(server);
}
