/* Base64 (RFC 4648, section 4), padded. The bytes may be secrets: no copy of them stays behind. */
#ifndef BASE_BASE64_H
#define BASE_BASE64_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/str.h"

/* Appends the encoding of `bytes`; what does not fit is told by buf_check(). */
void base64_encode(struct str bytes, struct buf *out);

/*
 * Appends the decoded bytes; white space (space, tab, CR, LF) is ignored, padding is required.
 * False when `text` is not base64 or does not fit; then nothing is appended.
 */
must_check bool base64_decode(struct str text, struct buf *out);

#endif
