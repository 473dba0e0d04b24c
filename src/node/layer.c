/* A file as it is, or the tar of the files that files.json names. */
#include "node/layer.h"

#include "archive/compose.h"
#include "base/alloc.h"
#include "checkpoint/describe.h"
#include "sys/fd.h"

static int node_layer_of_archive(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_layer, struct error *err)
{
	autoclose int fd = -1;

	if (node_store_open_part(store, entry, NODE_PART_LAYER, &fd, err) < 0)
		return -1;
	return reader_of_file(&fd, 0, entry->layer_bytes, ret_layer, err);
}

static int node_layer_of_directory(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_layer, struct error *err)
{
	autoarena *arena = arena_new(16 * 1024);
	autoclose int directory = -1;
	autoreader *layer = NULL;
	struct handover_files files;

	if (node_store_read_files(store, entry, arena, &files, err) < 0 ||
		node_store_open_directory(store, entry, &directory, err) < 0 ||
		archive_compose(&directory, checkpoint_tar_files(&files.files, arena),
			files.files.count, &layer, err) < 0)
		return -1;
	if (layer->size_bytes != entry->layer_bytes)
		return error_set(err, ERROR_CORRUPT,
			"its files make a layer of %lld bytes instead of %lld",
			(long long)layer->size_bytes, (long long)entry->layer_bytes);
	*ret_layer = take_ptr(&layer);
	return 0;
}

int node_layer_open(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_layer, struct error *err)
{
	return entry->is_directory ? node_layer_of_directory(store, entry, ret_layer, err)
				   : node_layer_of_archive(store, entry, ret_layer, err);
}
