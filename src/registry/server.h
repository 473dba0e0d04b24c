/*
 * The read-only half of the OCI distribution protocol 1.1 over a store that the caller brings: what
 * container runtimes and other nodes pull checkpoints with. Writes are answered with 405.
 *
 *   GET, HEAD /v2/
 *   GET, HEAD /v2/REPOSITORY/manifests/TAG-OR-DIGEST
 *   GET, HEAD /v2/REPOSITORY/blobs/DIGEST              ranges, conditional requests
 *   GET, HEAD /v2/REPOSITORY/tags/list?n=&last=
 *   GET, HEAD /v2/REPOSITORY/referrers/DIGEST          always the empty index
 */
#ifndef REGISTRY_SERVER_H
#define REGISTRY_SERVER_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "http/server.h"
#include "image/reference.h"
#include "sys/reader.h"

/* A manifest as the store hands it out; comes initialised with `bytes` empty. */
struct registry_manifest {
	struct buf bytes;
	char digest[IMAGE_DIGEST_MAX + 1];
	const char *media_type; /* static; comes as IMAGE_TYPE_MANIFEST */
};

/* A blob as the store hands it out: bytes, or what a reader reads; comes empty. */
struct registry_content {
	struct buf bytes; /* used without a reader */
	struct reader *reader; /* taken over; NULL: none */
};

/*
 * Where manifests and blobs come from. Repository names are valid when they get here, digests and
 * tags too. Look-ups return 1, 0 or -1 with *err; BUSY becomes 503, other kinds 500. A blob or
 * manifest that lies in the store but belongs to another repository is not found.
 */
struct registry_store {
	/* `reference` is a tag or a digest (with a ':'). */
	int (*find_manifest)(void *context, struct str repository, struct str reference,
		struct registry_manifest *ret_manifest, struct error *err);
	int (*find_blob)(void *context, struct str repository, struct str digest,
		struct registry_content *ret_content, struct error *err);
	/* The tags in any order, in an array of the arena. 0: there is no such repository. NULL: no
	 * tags are told. */
	int (*list_tags)(void *context, struct str repository, struct arena *arena,
		struct str **ret_tags, size_t *ret_count, struct error *err);
	void *context;
};

struct registry_server;

/* `store` is copied, its context borrowed. Never NULL; the caller owns it and releases it after the
 * http_server that calls it. */
must_check struct registry_server *registry_server_new(const struct registry_store *store);
void registry_server_free(struct registry_server *server); /* may be NULL */

/*
 * Answers one request: an http_server_fn whose context is a `struct registry_server`. The answer's
 * bytes are borrowed until the next request. Paths outside /v2/ are answered with 404, so that a
 * caller with further paths looks at those first.
 */
void registry_server_handle(
	void *server, const struct http_server_request *request, struct http_server_answer *answer);

#endif
