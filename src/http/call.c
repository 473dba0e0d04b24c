/*
 * A request becomes options of a libcurl transfer; heads, bodies and failures come back through the
 * callbacks here. They run inside libcurl, so they never touch multi handles; a call that its owner
 * releases meanwhile only stops, and client.c frees it later.
 */
#include "http/call.h"

#include <assert.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "base/alloc.h"
#include "http/failure.h"
#include "http/tls.h"
#include "sys/clock.h"

enum {
	MAX_REDIRECTS = 5,
	CONNECT_TIMEOUT_MS = 30 * 1000, /* name, TCP and TLS together */
	/* A dead peer is noticed within a minute though HTTP/2 calls keep its connection busy. */
	KEEPALIVE_IDLE_SECONDS = 30,
	KEEPALIVE_INTERVAL_SECONDS = 10,
	UNACKNOWLEDGED_MS = 60 * 1000,
	STREAM_BUFFER_BYTES = 256 * 1024,
	UPLOAD_BUFFER_BYTES = 1024 * 1024,
	/* From here on the peer is asked before a body is sent: it may want other credentials. */
	EXPECT_FROM_BYTES = 1024 * 1024 + 1,
};

/* Options that this libcurl must know: a failure is our own mistake, or memory is gone. */
#define set_option(call, option, value)                                                            \
	do {                                                                                       \
		CURLcode set_code = curl_easy_setopt((call)->easy, option, value);                 \
		assert(set_code == CURLE_OK);                                                      \
	} while (0)

/* ---- What libcurl calls ---- */

static void note_progress(struct http_call *call)
{
	if (call->silence != NULL)
		call->last_byte = clock_mono();
}

static bool collects_body(const struct http_call *call)
{
	if (call->callbacks.data == NULL)
		return true;
	return call->callbacks.head != NULL && call->head.status / 100 != 2;
}

/* Whether the transfer goes on. */
static bool announce_head(struct http_call *call)
{
	struct http_answer answer;

	if (!call->has_announced_head && call->callbacks.head != NULL && !call->is_released) {
		call->has_announced_head = true;
		answer = http__head_answer(&call->head, clock_wall(), call->undoes_compression);
		call->is_stopped = !call->callbacks.head(call->callbacks.context, &answer);
	}
	call->has_announced_head = true;
	return !call->is_released && !call->is_stopped;
}

/* libcurl follows redirects and repeats a request after 417; then another head comes. */
static bool is_last_head(const struct http_call *call)
{
	int status = call->head.status;

	if (status < 200 || status == 417)
		return false;
	return !call->follows_redirects || status / 100 != 3 ||
		http__head_value(&call->head, "location").size == 0;
}

static size_t receive_header(char *bytes, size_t one, size_t size, void *context)
{
	enum { ABORT = 0 };
	struct http_call *call = context;

	(void)one;
	note_progress(call);
	if (call->is_released)
		return ABORT;
	if (http__head_add_line(&call->head, (struct str){bytes, size}, &call->error) < 0) {
		(void)error_wrap(&call->error, "the answer of '%s' is not read", call->url.peer);
		return ABORT;
	}
	if (call->head.is_complete && !call->has_announced_head && is_last_head(call) &&
		!announce_head(call))
		return ABORT;
	return size;
}

static size_t receive_body(char *bytes, size_t one, size_t size, void *context)
{
	struct http_call *call = context;
	struct str piece = {bytes, size};

	(void)one;
	note_progress(call);
	if (call->is_released || call->is_stopped || !call->head.is_complete)
		return CURL_WRITEFUNC_ERROR;
	if (!announce_head(call))
		return CURL_WRITEFUNC_ERROR;
	if (!collects_body(call)) {
		if (call->callbacks.data(call->callbacks.context, piece, &call->error) < 0)
			return CURL_WRITEFUNC_ERROR;
		return call->is_released ? CURL_WRITEFUNC_ERROR : size;
	}
	buf_add(&call->collected, piece);
	if (buf_check(&call->collected, "it", &call->error) < 0) {
		(void)error_wrap(&call->error, "the answer of '%s' is not read", call->url.peer);
		return CURL_WRITEFUNC_ERROR;
	}
	return size;
}

/* The next `size` bytes of the body. */
static int read_body(struct http_call *call, char *bytes, size_t size, struct error *err)
{
	if (call->body.content == NULL) {
		memcpy(bytes, call->body_bytes + call->body_position, size);
		return 0;
	}
	if (reader_read(call->body.content, call->body.offset + call->body_position, bytes, size,
		    err) < 0)
		return error_wrap(err, "the body for '%s'", call->url.peer);
	return 0;
}

static size_t send_body(char *bytes, size_t one, size_t room, void *context)
{
	struct http_call *call = context;
	int64_t left = call->body.size - call->body_position;
	size_t size = (int64_t)room < left ? room : (size_t)left;

	(void)one;
	note_progress(call);
	if (call->is_released || read_body(call, bytes, size, &call->error) < 0)
		return CURL_READFUNC_ABORT;
	call->body_position += (int64_t)size;
	return size;
}

/* For a request that is repeated on a new connection. */
static int rewind_body(void *context, curl_off_t offset, int origin)
{
	struct http_call *call = context;

	if (origin != SEEK_SET || offset < 0 || offset > call->body.size)
		return CURL_SEEKFUNC_FAIL;
	call->body_position = offset;
	return CURL_SEEKFUNC_OK;
}

static curl_socket_t open_socket(void *context, curlsocktype purpose, struct curl_sockaddr *address)
{
	const unsigned unacknowledged_ms = UNACKNOWLEDGED_MS;
	struct http_call *call = context;
	int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

	(void)purpose;
	if (fd < 0)
		return CURL_SOCKET_BAD;
	call->opened[call->opened_count++ % array_size(call->opened)] = fd;
	/* Where it is refused, deadlines still end the calls. */
	(void)setsockopt(
		fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &unacknowledged_ms, sizeof(unacknowledged_ms));
	return fd;
}

static int port_of(const struct sockaddr_storage *address)
{
	return ntohs(address->ss_family == AF_INET6
			? ((const struct sockaddr_in6 *)address)->sin6_port
			: ((const struct sockaddr_in *)address)->sin_port);
}

/* Whether `fd` is the connection between these ports; it may be closed, or another one by now. */
static bool is_between(int fd, int local_port, int peer_port)
{
	struct sockaddr_storage local;
	struct sockaddr_storage peer;
	socklen_t local_size = sizeof(local);
	socklen_t peer_size = sizeof(peer);

	return fd >= 0 && getsockname(fd, (struct sockaddr *)&local, &local_size) == 0 &&
		getpeername(fd, (struct sockaddr *)&peer, &peer_size) == 0 &&
		port_of(&local) == local_port && port_of(&peer) == peer_port;
}

/* libcurl does not tell the socket here; several are tried when a name has several addresses. */
static int before_request(void *context, char *peer, char *local, int peer_port, int local_port)
{
	struct http_call *call = context;
	int fd = -1;

	(void)peer;
	(void)local;
	for (size_t i = 0; i < array_size(call->opened); i++)
		if (is_between(call->opened[i], local_port, peer_port))
			fd = call->opened[i];
	if (call->is_released)
		return CURL_PREREQFUNC_ABORT;
	call->callbacks.connected(call->callbacks.context, fd);
	return CURL_PREREQFUNC_OK;
}

/* ---- From the request to the transfer ---- */

static void add_line(struct http_call *call, const char *line)
{
	struct curl_slist *longer = curl_slist_append(call->headers, line);

	if (longer == NULL)
		abort(); /* memory is gone */
	call->headers = longer;
}

/*
 * libcurl's lines: "Name: value", or "Name;" for a header without a value. `scheme` comes before
 * the value. The room is taken in one piece: growing would leave parts of a token behind.
 */
static int add_header(struct http_call *call, const char *name, const char *scheme,
	const char *value, struct error *err)
{
	autobuf line = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);

	if (name[0] == '\0' || strpbrk(name, "\r\n:; ") != NULL || strpbrk(value, "\r\n") != NULL)
		return error_set(err, ERROR_INVALID,
			"the header '%s' for '%s' cannot be sent: it holds a line break or its "
			"name is not one",
			name, call->url.peer);
	(void)buf_room(&line, strlen(name) + strlen(scheme) + strlen(value) + sizeof(": "));
	if (buf_check(&line, "a header of the request", err) < 0)
		return -1;
	if (value[0] != '\0')
		buf_printf(&line, "%s: %s%s", name, scheme, value);
	else
		buf_printf(&line, "%s;", name);
	add_line(call, line.data);
	explicit_bzero(line.data, line.size);
	return 0;
}

static int set_headers(
	struct http_call *call, const struct http_request *request, struct error *err)
{
	for (size_t i = 0; i < request->header_count; i++) {
		const struct http_header *header = &request->headers[i];
		if (add_header(call, header->name, "", header->value, err) < 0)
			return -1;
	}
	if (request->bearer_token != NULL &&
		add_header(call, "Authorization", "Bearer ", request->bearer_token, err) < 0)
		return -1;
	if (call->body.size < EXPECT_FROM_BYTES)
		add_line(call, "Expect:"); /* leaves it out */
	if (call->url.host_header != NULL)
		add_line(call, call->url.host_header);
	set_option(call, CURLOPT_HTTPHEADER, call->headers);
	return 0;
}

static bool has_body(const struct http_request *request)
{
	static const char *const methods[] = {"POST", "PUT", "PATCH"};

	if (request->body.content != NULL || request->body.bytes.size > 0)
		return true;
	for (size_t i = 0; i < array_size(methods); i++) {
		if (strcmp(request->method, methods[i]) == 0)
			return true; /* an empty one: Content-Length: 0 */
	}
	return false;
}

static void set_body(struct http_call *call, const struct http_body *body)
{
	call->body = *body;
	if (body->content == NULL) {
		call->body_bytes = alloc_text(body->bytes.data, body->bytes.size);
		call->body.size = (int64_t)body->bytes.size;
	} else {
		set_option(call, CURLOPT_UPLOAD_BUFFERSIZE, (long)UPLOAD_BUFFER_BYTES);
	}
	set_option(call, CURLOPT_UPLOAD, 1L);
	set_option(call, CURLOPT_INFILESIZE_LARGE, (curl_off_t)call->body.size);
	set_option(call, CURLOPT_READFUNCTION, send_body);
	set_option(call, CURLOPT_READDATA, call);
	set_option(call, CURLOPT_SEEKFUNCTION, rewind_body);
	set_option(call, CURLOPT_SEEKDATA, call);
}

static void set_method(struct http_call *call, const struct http_request *request)
{
	bool is_head = strcmp(request->method, "HEAD") == 0;
	bool is_get = strcmp(request->method, "GET") == 0;

	if (is_head)
		set_option(call, CURLOPT_NOBODY, 1L);
	else if (has_body(request))
		set_body(call, &request->body);
	if (!is_head && !(is_get && !has_body(request)))
		set_option(call, CURLOPT_CUSTOMREQUEST, request->method);
	call->follows_redirects = request->follow_redirects && (is_head || is_get);
	set_option(call, CURLOPT_FOLLOWLOCATION, call->follows_redirects ? 1L : 0L);
	set_option(call, CURLOPT_MAXREDIRS, (long)MAX_REDIRECTS);
}

static void set_connection(struct http_call *call)
{
	const char *protocols = call->url.is_https ? "https" : "http,https";

	set_option(call, CURLOPT_URL, call->url.text);
	set_option(call, CURLOPT_PROTOCOLS_STR, protocols);
	set_option(call, CURLOPT_REDIR_PROTOCOLS_STR, protocols); /* never from https to http */
	set_option(call, CURLOPT_HTTP_VERSION,
		(long)(call->url.is_https ? CURL_HTTP_VERSION_2TLS : CURL_HTTP_VERSION_1_1));
	set_option(call, CURLOPT_PIPEWAIT, call->url.is_https ? 1L : 0L);
	set_option(call, CURLOPT_NOSIGNAL, 1L);
	set_option(call, CURLOPT_QUICK_EXIT, 1L); /* do not wait for a resolver when cancelled */
	set_option(call, CURLOPT_CONNECTTIMEOUT_MS, (long)CONNECT_TIMEOUT_MS);
	set_option(call, CURLOPT_TIMEOUT_MS, (long)call->timeout_ms);
	set_option(call, CURLOPT_TCP_KEEPALIVE, 1L);
	set_option(call, CURLOPT_TCP_KEEPIDLE, (long)KEEPALIVE_IDLE_SECONDS);
	set_option(call, CURLOPT_TCP_KEEPINTVL, (long)KEEPALIVE_INTERVAL_SECONDS);
	set_option(call, CURLOPT_OPENSOCKETFUNCTION, open_socket);
	set_option(call, CURLOPT_OPENSOCKETDATA, call);
	set_option(call, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	if (call->url.is_loopback)
		set_option(call, CURLOPT_PROXY, ""); /* as Go's clients do */
	if (call->url.connect_to != NULL) {
		call->connect_to = curl_slist_append(NULL, call->url.connect_to);
		set_option(call, CURLOPT_CONNECT_TO, call->connect_to);
	}
	http__tls_apply(call->tls, call->easy);
}

/* A connection of its own that ends with the answer, and is told. */
static void set_told_connection(struct http_call *call)
{
	add_line(call, "Connection: close");
	set_option(call, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	set_option(call, CURLOPT_PIPEWAIT, 0L);
	set_option(call, CURLOPT_FRESH_CONNECT, 1L);
	set_option(call, CURLOPT_FORBID_REUSE, 1L);
	set_option(call, CURLOPT_PREREQFUNCTION, before_request);
	set_option(call, CURLOPT_PREREQDATA, call);
}

static void set_receiving(struct http_call *call, bool accept_compressed)
{
	set_option(call, CURLOPT_PRIVATE, call);
	set_option(call, CURLOPT_ERRORBUFFER, call->detail);
	set_option(call, CURLOPT_HEADERFUNCTION, receive_header);
	set_option(call, CURLOPT_HEADERDATA, call);
	set_option(call, CURLOPT_WRITEFUNCTION, receive_body);
	set_option(call, CURLOPT_WRITEDATA, call);
	if (call->callbacks.data != NULL)
		set_option(call, CURLOPT_BUFFERSIZE, (long)STREAM_BUFFER_BYTES);
	call->undoes_compression = accept_compressed;
	if (accept_compressed)
		set_option(call, CURLOPT_ACCEPT_ENCODING, "gzip");
}

int http__call_prepare(struct http_call *call, const struct http_request *request,
	const char *user_agent, struct error *err)
{
	assert(request->timeout_ms > 0 && request->silence_ms >= 0 && request->max_bytes > 0);
	call->easy = curl_easy_init();
	if (call->easy == NULL)
		abort(); /* memory is gone */
	memset(call->opened, -1, sizeof(call->opened)); /* none */
	call->head = HTTP__HEAD_INIT;
	call->collected = BUF_INIT(request->max_bytes);
	call->timeout_ms = request->timeout_ms;
	call->silence_ms = request->silence_ms;
	if (request->tls != NULL)
		call->tls = http_tls_ref(request->tls);
	if (http__url_parse(request->url, http__tls_server_name(call->tls), &call->url, err) < 0)
		return -1;
	set_method(call, request);
	set_connection(call);
	if (call->callbacks.connected != NULL)
		set_told_connection(call);
	set_receiving(call, request->accept_compressed);
	set_option(call, CURLOPT_USERAGENT, user_agent);
	return set_headers(call, request, err);
}

/* ---- From the transfer to the outcome ---- */

void http__call_conclude(struct http_call *call, CURLcode code)
{
	struct http__failure failure = {
		.code = code,
		.easy = call->easy,
		.peer = call->url.peer,
		.detail = call->detail,
		.timeout_ms = call->timeout_ms,
	};

	if (code == CURLE_OK && call->head.is_complete)
		(void)announce_head(call);
	if (call->is_stopped || call->error.kind != ERROR_NONE)
		return;
	if (code == CURLE_OK && !call->head.is_complete)
		failure.code = CURLE_GOT_NOTHING;
	if (failure.code != CURLE_OK)
		http__failure_describe(&failure, &call->error);
}

void http__call_tell(struct http_call *call)
{
	struct http_answer answer;

	if (call->error.kind != ERROR_NONE) {
		call->callbacks.done(call->callbacks.context, NULL, (struct str){0}, &call->error);
		return;
	}
	answer = http__head_answer(&call->head, clock_wall(), call->undoes_compression);
	call->callbacks.done(call->callbacks.context, &answer, buf_str(&call->collected), NULL);
}

static void wipe(struct curl_slist *lines)
{
	for (struct curl_slist *line = lines; line != NULL; line = line->next)
		explicit_bzero(line->data, strlen(line->data));
}

void http__call_destroy(struct http_call *call)
{
	assert(!call->is_in_multi);
	loop_source_free(call->silence);
	curl_easy_cleanup(call->easy);
	wipe(call->headers);
	curl_slist_free_all(call->headers);
	curl_slist_free_all(call->connect_to);
	http_tls_unref(call->tls);
	http__url_done(&call->url);
	http__head_done(&call->head);
	buf_done(&call->collected);
	free(call->body_bytes);
	free(call);
}
