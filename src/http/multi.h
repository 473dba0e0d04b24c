/*
 * One libcurl multi handle on the loop: its sockets are watched, its timer is a timer of the loop.
 * A multi handle is a pool of connections.
 */
#ifndef HTTP_MULTI_H
#define HTTP_MULTI_H

#include <curl/curl.h>
#include <stdbool.h>

#include "base/list.h"
#include "loop/loop.h"

struct http__multi;

/* Something happened on `fd` (or CURL_SOCKET_TIMEOUT): call http__multi_act() with it. */
typedef void (*http__multi_fn)(
	void *context, struct http__multi *multi, curl_socket_t fd, int flags);

struct http__multi {
	struct list link; /* the client's */
	CURLM *curl;
	struct loop *loop;
	struct loop_source *timer;
	struct list sockets;
	size_t call_count;
	bool is_retired; /* to be freed with its last call */
	http__multi_fn happened;
	void *context;
};

/*
 * `shares_connections`: HTTP/2 calls share one connection; without, a call has its connection for
 * itself while it runs. Never NULL.
 */
must_check struct http__multi *http__multi_new(
	struct loop *loop, bool shares_connections, http__multi_fn happened, void *context);
void http__multi_free(struct http__multi *multi); /* without calls; may be NULL */

/* Lets libcurl work; transfers call back from here. */
void http__multi_act(struct http__multi *multi, curl_socket_t fd, int flags);

/* The next transfer that ended, NULL when there is none. */
must_check CURL *http__multi_next_ended(struct http__multi *multi, CURLcode *ret_code);

#endif
