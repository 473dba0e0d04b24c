/*
 * Reading an image at a registry by the OCI distribution protocol 1.1 ("Pull"): its manifest, whose
 * digest is checked, and ranges of its blobs, of which nothing can be checked until all of a blob
 * is there. A handle: releasing it cancels. One request at a time.
 */
#ifndef REGISTRY_PULL_H
#define REGISTRY_PULL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/limits.h"
#include "base/str.h"
#include "http/client.h"
#include "image/reference.h"
#include "loop/loop.h"
#include "registry/credentials.h"

enum { REGISTRY_RANGE_BYTES = LIMIT_REPLY_BYTES };

struct registry_pull;

struct registry_pull_request {
	/* The tag or digest is that of the manifest; without both it is "latest". Copied. */
	const struct image_reference *target;
	const struct registry_credentials *credentials; /* NULL: none; not needed afterwards */
	bool plain_http; /* as of a push: a registry on this machine needs it not */
	int64_t timeout_ms; /* for all requests together; > 0 */
	unsigned retries; /* of failed requests, over all of them */
	int64_t retry_delay_ms; /* before the first retry; grows; > 0 */
};

/* Never NULL. Nothing is asked yet. */
must_check struct registry_pull *registry_pull_new(
	struct loop *loop, struct http_client *http, const struct registry_pull_request *request);
void registry_pull_free(struct registry_pull *pull); /* may be NULL; cancels */

define_clean_up(struct registry_pull, registry_pull_free, registry_pull_free)
#define autopull clean_up(registry_pull_free_clean) struct registry_pull

/*
 * The end of a request, from the loop: `err` is NULL on success. What came is borrowed until the
 * callback returns, which may make the next request. Kinds: DENIED, ABSENT, CORRUPT (another digest
 * or size than it should have), UNSUPPORTED (the registry has no ranges), TOO_BIG, BUSY, TIMEOUT,
 * INVALID, SYSTEM.
 */
typedef void (*registry_pull_fn)(
	void *context, struct str body, struct str content_type, const struct error *err);

/* Asks for a manifest or index: that of `digest`, or, when it is empty, what the target names. */
void registry_pull_manifest(
	struct registry_pull *pull, struct str digest, registry_pull_fn done, void *context);

/* Asks for `size` bytes of a blob, 1 to REGISTRY_RANGE_BYTES, all of which it must have. */
void registry_pull_range(struct registry_pull *pull, struct str digest, int64_t offset, size_t size,
	registry_pull_fn done, void *context);

#endif
