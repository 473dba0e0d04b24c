/* Repository, tag and digest to files of the store. */
#include "node/serve.h"

#include "sys/fd.h"

static int node_serve_manifest(void *context, struct str repository, struct str reference,
	struct registry_manifest *ret_manifest, struct error *err)
{
	struct node_store *store = context;
	const struct node_entry *entry = node_store_find_repository(store, repository);
	autoclose int fd = -1;

	if (entry == NULL ||
		(!str_is(reference, NODE_TAG) && !str_equal(reference, entry->manifest_digest)))
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
	enum node_part part;

	if (entry == NULL)
		return 0;
	if (str_equal(digest, entry->layer_digest))
		part = NODE_PART_LAYER;
	else if (str_equal(digest, entry->config_digest))
		part = NODE_PART_CONFIG;
	else
		return 0;
	ret_content->offset = 0;
	ret_content->size = part == NODE_PART_LAYER ? entry->layer_bytes : entry->config_bytes;
	return node_store_open_part(store, entry, part, &ret_content->fd, err) < 0 ? -1 : 1;
}

static int node_serve_tags(void *context, struct str repository, struct arena *arena,
	struct str **ret_tags, size_t *ret_count, struct error *err)
{
	(void)err;
	if (node_store_find_repository(context, repository) == NULL)
		return 0;
	*ret_tags = arena_zeroed(arena, 1, sizeof(**ret_tags));
	(*ret_tags)[0] = STR(NODE_TAG);
	*ret_count = 1;
	return 1;
}

struct registry_store node_serve(struct node_store *store)
{
	return (struct registry_store){
		.find_manifest = node_serve_manifest,
		.find_blob = node_serve_blob,
		.list_tags = node_serve_tags,
		.context = store,
	};
}
