/* The node's store as the content of a read-only registry: one repository for each checkpoint. */
#ifndef NODE_SERVE_H
#define NODE_SERVE_H

#include "node/store.h"
#include "registry/server.h"

/* The tag that a checkpoint is pushed with. The node's own registry knows digests only. */
#define NODE_TAG "latest"

/* The interface that the registry's server asks; `store` is borrowed. */
struct registry_store node_serve(struct node_store *store);

/* The layer of an entry; that it cannot be read is logged. As node_layer_open(). */
must_check int node_serve_layer(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_reader, struct error *err);

#endif
