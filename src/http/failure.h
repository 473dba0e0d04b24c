/* What went wrong in a transfer, in words for people. */
#ifndef HTTP_FAILURE_H
#define HTTP_FAILURE_H

#include <curl/curl.h>

#include "base/error.h"

/* A transfer that ended with `code` (not CURLE_OK). */
struct http__failure {
	CURLcode code;
	CURL *easy; /* asked for times, redirects and the system's error number */
	const char *peer; /* "host:port" of the request */
	const char *detail; /* CURLOPT_ERRORBUFFER; may be empty */
	int64_t timeout_ms;
};

/* Fills *err: names the peer and what to do, never a path, a query or credentials. */
void http__failure_describe(const struct http__failure *failure, struct error *err);

#endif
