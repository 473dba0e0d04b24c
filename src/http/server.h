/*
 * A small HTTP/1.1 server on the loop: the registry, exports, health checks and metrics. The only
 * user of libmicrohttpd. Plain HTTP; it serves loopback and Pod addresses and Unix sockets only.
 * Answers are bytes or a range of what a reader reads. Limits: LIMIT_HTTP_HEAD_BYTES, connections,
 * and idle time.
 */
#ifndef HTTP_SERVER_H
#define HTTP_SERVER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "loop/loop.h"
#include "sys/reader.h"

struct http_server;
struct MHD_Connection;

/* One request; borrowed for the callback. */
struct http_server_request {
	struct str method;
	struct str path; /* percent-decoded, begins with '/' */
	struct str query; /* as sent, without '?' */
	struct MHD_Connection *connection; /* for http_server_header() */
};

/* A header of the request by its name (any case); the empty slice when absent. Borrowed. */
struct str http_server_header(const struct http_server_request *request, const char *name);

/*
 * The answer, filled in by the handler. `bytes` is copied, `content` is taken over. For HEAD the
 * handler answers as for GET; the server sends the head only. When a content cannot be read to its
 * end, the connection is closed: the client has seen how long it would be.
 */
struct http_server_answer {
	int status; /* 200, 206, 304, 404, ... */
	const char *content_type; /* NULL: none; borrowed until the handler returns */
	struct str bytes; /* used without a content */
	struct reader *content; /* NULL: none */
	int64_t offset; /* of the range in the content */
	int64_t size; /* of the range */
	struct http_server_field { /* further headers; copied */
		char name[32];
		char value[256];
	} fields[8];
	size_t field_count;
	bool is_broken; /* a header does not fit: the answer becomes 500 */
};

/*
 * Adds a header to the answer. A value that does not fit, or holds a line break, makes the answer
 * 500: it may come from the request. More fields than there is room for are an assertion.
 */
void http_server_answer_add(struct http_server_answer *answer, const char *name, const char *format,
	...) format_printf(3, 4);

/* Called from the loop; must not block; may free the server. *answer comes as an empty 404. */
typedef void (*http_server_fn)(void *context, const struct http_server_request *request,
	struct http_server_answer *answer);

/*
 * Takes in the body of one request, as it comes. Whoever receives bodies embeds this struct and is
 * the one to release it: `free` is called once, whatever happens.
 */
struct http_server_body {
	/* The next piece. Fails when it cannot be kept: then the connection is closed. */
	int (*take)(struct http_server_body *body, struct str piece, struct error *err);
	/* All has come. *answer comes as an empty 404. */
	void (*end)(struct http_server_body *body, struct http_server_answer *answer);
	void (*free)(struct http_server_body *body);
};

/*
 * The head of a request with a body of `size` bytes has come. Returns what takes the body in, owned
 * by the server; or NULL with an answer, after which the connection is closed.
 */
typedef struct http_server_body *(*http_server_receive_fn)(void *context,
	const struct http_server_request *request, int64_t size, struct http_server_answer *answer);

struct http_server_options {
	http_server_receive_fn receive; /* NULL: bodies are refused with 413 */
	const char *path; /* of a Unix socket, for everybody on this machine; NULL: by address */
	const char *address; /* numeric IPv4 or IPv6 address to bind, e.g. "127.0.0.1", "::" (takes
				IPv4 as well) */
	uint16_t port; /* 0: any free port, see http_server_port */
	unsigned max_connections; /* > 0; beyond, they wait in the kernel's queue */
	unsigned idle_seconds; /* > 0; a connection on which nothing moves for so long is closed */
};

/*
 * Starts listening; a socket that was left at options->path is replaced. The caller owns
 * *ret_server. Fails with INVALID (no such address), BUSY (the port is taken), DENIED (a privileged
 * port), SYSTEM.
 */
must_check int http_server_start(struct loop *loop, const struct http_server_options *options,
	http_server_fn handler, void *context, struct http_server **ret_server, struct error *err);
uint16_t http_server_port(const struct http_server *server);
void http_server_free(struct http_server *server); /* may be NULL; closes all connections */

/*
 * Reads a Range header (RFC 9110, 14.2; one range only) for a file of `size` bytes.
 * Returns 1 with the range, 0 when there is none or it is to be ignored, -1 when it cannot be
 * satisfied (416).
 */
must_check int http_range_parse(
	struct str header, int64_t size, int64_t *ret_offset, int64_t *ret_size);

#endif
