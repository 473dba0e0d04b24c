/* The kubelet's archive is the layer, byte for byte. */
#include "node/layer.h"

#include "sys/fd.h"

int node_layer_open(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_layer, struct error *err)
{
	autoclose int fd = -1;

	if (node_store_open_part(store, entry, NODE_PART_LAYER, &fd, err) < 0)
		return -1;
	return reader_of_file(&fd, 0, entry->layer_bytes, ret_layer, err);
}
