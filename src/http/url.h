/* What a request's URL says: how to reach its host and how to name it to people. */
#ifndef HTTP_URL_H
#define HTTP_URL_H

#include <stdbool.h>

#include "base/error.h"

struct http__url {
	char *text; /* for libcurl: has the server name in place of the host when one is given */
	char *peer; /* "host:port", for error texts */
	bool is_https;
	bool is_loopback;
	/* Only when a server name is given: */
	char *host_header; /* "Host: " with the URL's own host */
	char *connect_to; /* for CURLOPT_CONNECT_TO */
};

/*
 * Takes an absolute http or https URL apart. `server_name` (may be NULL) is the name that the
 * peer's certificate carries when that is not the host. Fails with INVALID; the text holds neither
 * a query nor credentials.
 */
must_check int http__url_parse(
	const char *url, const char *server_name, struct http__url *ret_url, struct error *err);
void http__url_done(struct http__url *url);

#endif
