/* A kube_request as HTTP: URL, method, content type and body. Of this room only; pure. */
#ifndef KUBE_REQUEST_H
#define KUBE_REQUEST_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "kube/client.h"

/* "POST", ... */
const char *kube__request_method(enum kube_verb verb);

/* NULL when the verb sends no body. */
const char *kube__request_content_type(enum kube_verb verb);

/* Whether a request whose fate is unknown may be sent again. */
bool kube__request_is_repeatable(enum kube_verb verb);

/* Fails with INVALID when a name cannot be a path segment or is missing. */
must_check int kube__request_check(const struct kube_request *request, struct error *err);

/* Appends path and query. */
void kube__request_write_url(struct buf *out, const struct kube_request *request);

/* Appends the body. */
void kube__request_write_body(struct buf *out, const struct kube_request *request);

/* Appends "get pods 'namespace/name'", for error texts. */
void kube__request_write_subject(struct buf *out, const struct kube_request *request);

#endif
