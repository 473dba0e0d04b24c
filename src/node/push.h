/* Pushing a stored checkpoint to the external registry that the administrator configured. */
#ifndef NODE_PUSH_H
#define NODE_PUSH_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "http/client.h"
#include "node/store.h"

struct node_push_options {
	const char *prefix; /* HOST[:PORT][/PATH] in front of every repository */
	const char *docker_config; /* credentials; NULL or "": none */
	const char *ca_file; /* certificates to trust; NULL or "": the system's */
	bool plain_http;
};

struct node_push_target;

/* Reads the files. The caller owns *ret_target. Fails with INVALID, ABSENT, CORRUPT, SYSTEM. */
must_check int node_push_target_new(const struct node_push_options *options,
	struct node_push_target **ret_target, struct error *err);
void node_push_target_free(struct node_push_target *target); /* may be NULL */

/* The end of a push; `image` ("HOST/PATH/REPOSITORY@DIGEST") is set on success, `err` on failure.
 */
typedef void (*node_push_fn)(void *context, struct str image, const struct error *err);

struct node_push;

/* Starts a push; releasing it cancels. Fails with SYSTEM, INVALID. */
must_check int node_push_start(struct loop *loop, struct http_client *http,
	const struct node_push_target *target, const struct node_store *store,
	const struct node_entry *entry, node_push_fn done, void *context,
	struct node_push **ret_push, struct error *err);
void node_push_free(struct node_push *push); /* may be NULL */

#endif
