/*
 * Inside of a call: one transfer, from the request to its outcome. client.c decides when it runs
 * and tells the outcome; call.c knows how it talks to libcurl.
 */
#ifndef HTTP_CALL_H
#define HTTP_CALL_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/list.h"
#include "http/client.h"
#include "http/head.h"
#include "http/multi.h"
#include "http/url.h"

struct http_call {
	struct list link; /* in one of the client's lists, or in none */
	struct http_client *client;
	struct http__multi *multi; /* NULL before the start and after the end */
	struct http_callbacks callbacks;

	CURL *easy;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	struct http_tls *tls;
	struct http__url url;
	struct http_body body; /* `bytes` points to body_bytes */
	char *body_bytes;
	int64_t body_position;
	int64_t timeout_ms;
	bool follows_redirects;
	bool undoes_compression;

	struct loop_source *silence; /* NULL: no such bound */
	int64_t silence_ms;
	struct mono_time last_byte;

	struct http__head head;
	struct buf collected;
	struct error error; /* of ours: kind NONE unless one came up */
	char detail[CURL_ERROR_SIZE];

	int opened[4]; /* the newest sockets of this call, libcurl's; closed ones, too */
	size_t opened_count;

	bool is_in_multi;
	bool is_released; /* by its owner: no callbacks any more */
	bool has_announced_head;
	bool is_stopped; /* the owner has seen enough */
};

/*
 * Makes the transfer; nothing runs yet. Fails with INVALID, TOO_BIG for a URL or header that
 * cannot be sent; the call has to be freed in any case.
 */
must_check int http__call_prepare(struct http_call *call, const struct http_request *request,
	const char *user_agent, struct error *err);

/* Turns libcurl's result into call->error; a head that is still untold is told. */
void http__call_conclude(struct http_call *call, CURLcode code);

/* Tells the outcome to the owner. */
void http__call_tell(struct http_call *call);

/* Frees everything; the transfer is in no multi handle. */
void http__call_destroy(struct http_call *call);

#endif
