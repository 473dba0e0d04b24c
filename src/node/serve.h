/* The node's store as the content of a read-only registry: one repository for each checkpoint. */
#ifndef NODE_SERVE_H
#define NODE_SERVE_H

#include "node/store.h"
#include "registry/server.h"

/* The tag under which a checkpoint's manifest can be found, besides its digest. */
#define NODE_TAG "latest"

/* The interface that the registry's server asks; `store` is borrowed. */
struct registry_store node_serve(struct node_store *store);

#endif
