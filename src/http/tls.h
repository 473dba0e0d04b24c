/* Inside of struct http_tls: what a call sets on its transfer. */
#ifndef HTTP_TLS_H
#define HTTP_TLS_H

#include <curl/curl.h>

#include "http/client.h"

/* Makes the transfer use `tls` (may be NULL), which must outlive it: bytes are not copied. */
void http__tls_apply(const struct http_tls *tls, CURL *easy);

/* The name that the peer's certificate must carry; NULL: that of the URL. */
const char *http__tls_server_name(const struct http_tls *tls);

#endif
