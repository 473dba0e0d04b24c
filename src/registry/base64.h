/* Base64 (RFC 4648, section 4) for the credentials of HTTP's Basic scheme. */
#ifndef REGISTRY_BASE64_H
#define REGISTRY_BASE64_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

/* Appends the padded encoding of `bytes`. */
void registry__base64_encode(struct str bytes, struct buf *out);

/* Appends the decoded bytes; padding may be missing. False when `text` is no base64. */
must_check bool registry__base64_decode(struct str text, struct buf *out);

#endif
