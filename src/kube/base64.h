/* Base64 (RFC 4648, section 4) for the *-data fields of kubeconfigs. Of this room only. */
#ifndef KUBE_BASE64_H
#define KUBE_BASE64_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"

/*
 * Decodes padded base64, ignoring white space around and between the characters. The caller owns
 * *ret_bytes, which is terminated; it may be secret, so nothing of it stays elsewhere. Fails with
 * INVALID.
 */
must_check int kube__base64_decode(
	struct str text, char **ret_bytes, size_t *ret_size, struct error *err);

void kube__base64_encode(struct buf *out, struct str bytes);

#endif
