/* The target of a request, as it came in the request line. Pure. */
#ifndef HTTP_PATH_H
#define HTTP_PATH_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/str.h"

/*
 * Splits an origin-form target (RFC 9112, 3.2.1): appends the percent-decoded path and gives the
 * query as sent. False for anything else: a target that does not begin with '/', a broken escape, a
 * NUL byte, escaped or not. Escaped slashes become slashes: whoever maps the path to names checks
 * them.
 */
must_check bool http__path_parse(struct str target, struct buf *path, struct str *ret_query);

#endif
