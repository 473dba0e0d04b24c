/*
 * Pushing an image to an external registry by the OCI distribution protocol 1.1 ("Push"): each blob
 * that the registry does not have is streamed from memory or a reader, then the manifest is put
 * under its tag. Authentication: none, Basic, token services. A push is a handle: releasing it
 * cancels.
 */
#ifndef REGISTRY_CLIENT_H
#define REGISTRY_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "http/client.h"
#include "image/reference.h"
#include "loop/loop.h"
#include "registry/credentials.h"
#include "sys/reader.h"

struct registry_push;

/* One blob: bytes in memory, or what a reader reads. Both are borrowed until the push has ended. */
struct registry_blob {
	struct str digest;
	struct str bytes; /* used without a reader */
	struct reader *reader; /* NULL: none */
};

struct registry_push_request {
	/* Where to: the tag names the manifest; without a tag it is put by its digest. Copied. */
	const struct image_reference *target;
	const struct registry_blob *blobs; /* the config and the layers; copied */
	size_t blob_count;
	struct str manifest; /* copied */
	const char *manifest_type; /* NULL: IMAGE_TYPE_MANIFEST; static */
	const struct registry_credentials *credentials; /* NULL: none; not needed afterwards */
	/* Trust for the registry and its token service; referenced; NULL: the system's. */
	struct http_tls *tls;
	/*
	 * Plain HTTP instead of HTTPS. A registry on this machine (localhost, 127.0.0.0/8, [::1])
	 * is spoken to in plain HTTP without this, unless `tls` is given, as container runtimes do.
	 */
	bool plain_http;
	int64_t timeout_ms; /* for the whole push; > 0 */
	unsigned retries; /* of failed requests, over the whole push */
	int64_t retry_delay_ms; /* before the first retry; grows; > 0 */
};

struct registry_push_callbacks {
	/*
	 * The end: `err` is NULL on success, else it names the image, the registry's answer and
	 * what to do. Called once, from the loop; the push may be released in it. Kinds: DENIED,
	 * INVALID, CORRUPT (the registry got other bytes than the digest says, or a
	 * reader finds them damaged), TOO_BIG,
	 * UNSUPPORTED, ABSENT, BUSY, TIMEOUT, SYSTEM.
	 */
	void (*done)(void *context, const struct error *err);
	/* Bytes of blobs that the registry has so far; may be NULL. Called when a blob is done. */
	void (*progress)(void *context, int64_t bytes, int64_t total);
	void *context;
};

/* Starts a push; the caller owns it. Nothing is called back before this returns. Fails with INVALID
 * (a digest of a blob is none), and as archive_digest_of. */
must_check int registry_push_start(struct loop *loop, struct http_client *http,
	const struct registry_push_request *request,
	const struct registry_push_callbacks *callbacks, struct registry_push **ret_push,
	struct error *err);

/* Cancels the push if it still runs, and releases it. May be NULL. */
void registry_push_free(struct registry_push *push);

#endif
