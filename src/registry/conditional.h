/* Conditional requests (RFC 9110, 13.1.2 and 13.1.5): our entity tag is the digest in quotes. */
#ifndef REGISTRY_CONDITIONAL_H
#define REGISTRY_CONDITIONAL_H

#include <stdbool.h>

#include "base/str.h"

/* Whether an If-None-Match or If-Range header names `digest`: "*", or a list of entity tags. */
bool registry__etag_matches(struct str header, struct str digest);

#endif
