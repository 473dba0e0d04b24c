/*
 * The URLs of a registry: joining what a peer's Location header says to the URL that was asked, and
 * telling whether two URLs lead to the same server, which decides who gets our credentials.
 */
#ifndef REGISTRY_URL_H
#define REGISTRY_URL_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

enum {
	/* Upload locations carry a signed state of some hundred bytes. */
	REGISTRY_URL_MAX = 8 * 1024,
};

/*
 * Sets *url to the absolute URL that `location` means, seen from `base` (RFC 3986, 5.2: absolute,
 * "//host/path", "/path", "path" or "?query"; a fragment is dropped). Fails with INVALID: another
 * scheme than http and https, user information, white space or control bytes, or plain http when
 * `base` is https.
 */
must_check int registry__url_resolve(
	struct str base, struct str location, struct buf *url, struct error *err);

/* Whether scheme, host and port are the same (port 80 and 443 may be left out). */
bool registry__url_same_origin(struct str a, struct str b);

/* The URL without its query, which may hold secrets: for error texts. */
struct str registry__url_shown(struct str url);

/* Appends "name=value" with '?' or '&' in front, the value percent-encoded. */
void registry__url_add_query(struct buf *url, const char *name, struct str value);

/* Appends `value` percent-encoded but for unreserved bytes (RFC 3986, 2.3). */
void registry__url_encode(struct buf *out, struct str value);

#endif
