/*
 * The layer of a stored checkpoint, in whichever form it lies: the kubelet's archive, or a
 * directory whose files are made into a tar as it is read.
 */
#ifndef NODE_LAYER_H
#define NODE_LAYER_H

#include "base/attributes.h"
#include "base/error.h"
#include "node/store.h"
#include "sys/reader.h"

/*
 * The caller owns *ret_layer, which may outlive the entry; files of a directory that is removed
 * meanwhile are then missed (CORRUPT). Fails with ABSENT, CORRUPT (the layer is not as long as the
 * entry says), SYSTEM.
 */
must_check int node_layer_open(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_layer, struct error *err);

#endif
