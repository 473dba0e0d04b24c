/*
 * Repository and digest to files of the store. A tag could be guessed, and who may create a Pod in
 * any namespace has the kubelet pull what its image names: so it gets nothing, and there is no list
 * of tags. The digest stands in the Checkpoint's status.
 */
#include "node/serve.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "node/layer.h"
#include "sys/fd.h"
#include "sys/log.h"

/* A layer on its way to a client, who is told of no failure but a closed connection. */
struct serve_layer {
	struct reader reader;
	struct reader *layer;
	char *uid; /* of the Checkpoint */
};

static int serve_layer_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct serve_layer *serve = container_of(reader, struct serve_layer, reader);

	if (reader_read(serve->layer, offset, bytes, size, err) == 0)
		return 0;
	log_warning(err, "Cannot serve a checkpoint", "checkpointUID", serve->uid);
	return -1;
}

static void serve_layer_free(struct reader *reader)
{
	struct serve_layer *serve = container_of(reader, struct serve_layer, reader);

	reader_free(serve->layer);
	free(serve->uid);
	free(serve);
}

int node_serve_layer(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_reader, struct error *err)
{
	struct reader *layer;
	struct serve_layer *serve;

	if (node_layer_open(store, entry, &layer, err) < 0)
		return -1;
	serve = new_zeroed(struct serve_layer);
	serve->reader = (struct reader){layer->size_bytes, serve_layer_read, serve_layer_free};
	serve->layer = layer;
	serve->uid = str_dup(entry->uid);
	*ret_reader = &serve->reader;
	return 0;
}

static int node_serve_config(const struct node_store *store, const struct node_entry *entry,
	struct reader **ret_reader, struct error *err)
{
	autoclose int fd = -1;

	if (node_store_open_part(store, entry, NODE_PART_CONFIG, &fd, err) < 0)
		return -1;
	return reader_of_file(&fd, 0, entry->config_bytes, ret_reader, err);
}

static int node_serve_manifest(void *context, struct str repository, struct str reference,
	struct registry_manifest *ret_manifest, struct error *err)
{
	struct node_store *store = context;
	const struct node_entry *entry = node_store_find_repository(store, repository);
	autoclose int fd = -1;

	if (entry == NULL || !str_equal(reference, entry->manifest_digest))
		return 0;
	if (node_store_open_part(store, entry, NODE_PART_MANIFEST, &fd, err) < 0 ||
		fd_read_all(fd, &ret_manifest->bytes, "manifest.json", err) < 0)
		return -1;
	(void)snprintf(ret_manifest->digest, sizeof(ret_manifest->digest), "%.*s",
		STR_ARG(entry->manifest_digest));
	return 1;
}

static int node_serve_blob(void *context, struct str repository, struct str digest,
	struct registry_content *ret_content, struct error *err)
{
	struct node_store *store = context;
	const struct node_entry *entry = node_store_find_repository(store, repository);
	int result;

	if (entry == NULL)
		return 0;
	if (str_equal(digest, entry->layer_digest))
		result = node_serve_layer(store, entry, &ret_content->reader, err);
	else if (str_equal(digest, entry->config_digest))
		result = node_serve_config(store, entry, &ret_content->reader, err);
	else
		return 0;
	return result < 0 ? -1 : 1;
}

struct registry_store node_serve(struct node_store *store)
{
	return (struct registry_store){
		.find_manifest = node_serve_manifest,
		.find_blob = node_serve_blob,
		.context = store,
	};
}
