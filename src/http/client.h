/*
 * HTTP requests on the loop. The only user of libcurl. Connections are kept and shared between
 * requests of one client; HTTP/2 is used where the peer offers it. A call is a handle: releasing it
 * cancels, and afterwards none of its callbacks runs. Every call has a deadline.
 */
#ifndef HTTP_CLIENT_H
#define HTTP_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "loop/loop.h"
#include "sys/reader.h"

struct http_client;
struct http_call;

/* How a peer is recognised and how we are. All slices are copied by http_tls_new. */
struct http_tls_options {
	struct str ca_pem; /* certificates to trust; empty: the system's */
	struct str certificate_pem; /* client certificate chain; empty: none */
	struct str key_pem; /* its key; empty: none */
	struct str
		server_name; /* expected name when it differs from the URL's host; empty: URL's */
	bool insecure_skip_verify; /* only when a user asked for it by name */
};
struct http_tls; /* immutable, shared */
must_check struct http_tls *http_tls_new(const struct http_tls_options *options);
struct http_tls *http_tls_ref(struct http_tls *tls);
void http_tls_unref(struct http_tls *tls); /* may be NULL; the key is wiped with the last one */

struct http_header {
	const char *name;
	const char *value;
};

/* The head of an answer; borrowed for the duration of the callback. */
struct http_answer {
	int status;
	struct str content_type;
	struct str location;
	struct str www_authenticate;
	struct str docker_content_digest;
	int64_t retry_after_ms; /* -1: none */
	int64_t content_length; /* -1: not told */
	const struct http_header *headers; /* all of them, names in lower case */
	size_t header_count;
};

/* Where a request's body comes from: bytes in memory, or a range of what a reader reads. */
struct http_body {
	struct str bytes; /* copied; used without a content */
	struct reader *content; /* borrowed until the call has ended; NULL: none */
	int64_t offset; /* of the range in the content */
	int64_t size; /* of the range */
};

struct http_request {
	const char *method; /* "GET", ... */
	const char *url; /* absolute; copied */
	const struct http_header *headers; /* copied */
	size_t header_count;
	const char *bearer_token; /* Authorization: Bearer; NULL: none; never logged, wiped
				     afterwards */
	struct http_tls *tls; /* referenced; NULL: the system's trust */
	struct http_body body; /* use HTTP_NO_BODY */
	int64_t timeout_ms; /* for the whole call; > 0 */
	int64_t silence_ms; /* ends with TIMEOUT when no byte came for so long; 0: no such bound */
	size_t max_bytes; /* of the answer's body when it is collected; > 0 */
	bool follow_redirects; /* GET and HEAD only, 5 at most; Authorization stays with its host */
	bool own_connection; /* shared with no running call (lease traffic); kept for later ones */
	bool accept_compressed; /* gzip is asked for and undone */
};
#define HTTP_NO_BODY ((struct http_body){.content = NULL})

/*
 * The end of a call. On success `answer` is the head (any status: 404 is an answer, not a failure)
 * and `body` what was collected, both borrowed until the callback returns, even when it releases
 * the call. On failure `answer` is NULL and err->kind one of
 *   INVALID     the URL, a header, the certificates or the key cannot be used
 *   DENIED      TLS does not trust the peer, or the peer not us
 *   TIMEOUT     deadline or silence
 *   TOO_BIG     a head beyond LIMIT_HTTP_HEAD_BYTES, a body beyond max_bytes
 *   CORRUPT     not HTTP, damaged compression, redirects that are not followed, a damaged content
 *   SYSTEM      the network: not reached, refused, cut
 * The text names the peer as host:port and never holds a query or credentials. Called exactly once,
 * from the loop, unless the call is released before. The call is not released by this.
 */
typedef void (*http_done_fn)(
	void *context, const struct http_answer *answer, struct str body, const struct error *err);

/*
 * For streams: called once the head is there (return false to end the call with `done` as if the
 * body were over), then for every piece of a body. A stream's body is not collected, except when
 * `head` is given and the status is not 2xx: then the body is collected for `done` as usual.
 * Returning -1 from `data` (with *err set) ends the call with that error.
 */
typedef bool (*http_head_fn)(void *context, const struct http_answer *answer);
typedef int (*http_data_fn)(void *context, struct str piece, struct error *err);

/*
 * Called just before the request is sent, with the socket that it goes out on: borrowed until the
 * callback returns; -1 when it is not known. Such a call has a new connection for itself, by
 * HTTP/1.1, which the peer ends with its answer: who duplicates the socket keeps the call from
 * ending with this process, and sees its end.
 */
typedef void (*http_connected_fn)(void *context, int fd);

struct http_callbacks {
	http_done_fn done; /* required */
	http_connected_fn connected; /* may be NULL */
	http_head_fn head; /* may be NULL */
	http_data_fn data; /* may be NULL: the body is collected */
	void *context;
};

/* `user_agent` is copied. The loop must outlive the client. Fails with SYSTEM. */
must_check int http_client_new(struct loop *loop, const char *user_agent,
	struct http_client **ret_client, struct error *err);
/* All its calls must have been released. May be NULL; may be called from their callbacks. */
void http_client_free(struct http_client *client);

/* Drops idle connections, so that new credentials or certificates are used from now on. */
void http_client_forget_connections(struct http_client *client);

/* Starts a call; the caller owns it. Nothing is called back before this returns. Never NULL. */
must_check struct http_call *http_call_start(struct http_client *client,
	const struct http_request *request, const struct http_callbacks *callbacks);

/* Cancels the call if it still runs, and releases it. May be NULL; may be called from its
 * callbacks. */
void http_call_free(struct http_call *call);

#endif
