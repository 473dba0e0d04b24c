/* An entry of the store to the blobs and the manifest of one push. */
#include "node/push.h"

#include <fcntl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "image/manifest.h"
#include "node/layer.h"
#include "node/serve.h"
#include "registry/client.h"
#include "sys/fd.h"
#include "sys/file.h"

enum {
	NODE_PUSH_MS = 1800000,
	NODE_PUSH_RETRIES = 5,
	NODE_PUSH_RETRY_MS = 1000,
};

struct node_push_target {
	char *prefix;
	struct registry_credentials *credentials; /* NULL: none */
	struct http_tls *tls; /* NULL: the system's trust */
	bool plain_http;
};

struct node_push {
	struct registry_push *push;
	struct reader *layer;
	struct buf config;
	struct buf manifest;
	char *image;
	node_push_fn done;
	void *context;
};

/* ---- The target ---- */

static int node_push_read_files(
	const struct node_push_options *options, struct node_push_target *target, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (options->docker_config != NULL && options->docker_config[0] != '\0') {
		if (file_read(AT_FDCWD, options->docker_config, &text, err) < 0 ||
			registry_credentials_parse(buf_str(&text), &target->credentials, err) < 0)
			return error_wrap(err, "--push-docker-config");
	}
	buf_clear(&text);
	if (options->ca_file != NULL && options->ca_file[0] != '\0') {
		if (file_read(AT_FDCWD, options->ca_file, &text, err) < 0)
			return error_wrap(err, "--push-certificate-authority");
		target->tls = http_tls_new(&(struct http_tls_options){.ca_pem = buf_str(&text)});
	}
	return 0;
}

int node_push_target_new(const struct node_push_options *options,
	struct node_push_target **ret_target, struct error *err)
{
	autobuf probe = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct image_reference reference;
	struct node_push_target *target;

	buf_printf(&probe, "%s/a/b", options->prefix);
	if (image_reference_parse(buf_str(&probe), &reference, err) < 0)
		return error_wrap(err, "--push-registry '%s'", options->prefix);
	target = new_zeroed(struct node_push_target);
	target->prefix = str_dup(str_of(options->prefix));
	target->plain_http = options->plain_http;
	if (node_push_read_files(options, target, err) < 0) {
		node_push_target_free(target);
		return -1;
	}
	*ret_target = target;
	return 0;
}

void node_push_target_free(struct node_push_target *target)
{
	if (target == NULL)
		return;
	registry_credentials_free(target->credentials);
	http_tls_unref(target->tls);
	free(target->prefix);
	free(target);
}

/* ---- One push ---- */

void node_push_free(struct node_push *push)
{
	if (push == NULL)
		return;
	registry_push_free(push->push);
	reader_free(push->layer);
	buf_done(&push->config);
	buf_done(&push->manifest);
	free(push->image);
	free(push);
}

static void node_push_done(void *context, const struct error *err)
{
	struct node_push *push = context;

	push->done(push->context, err == NULL ? str_of(push->image) : (struct str){0}, err);
}

static int node_push_read_part(const struct node_store *store, const struct node_entry *entry,
	enum node_part part, struct buf *bytes, struct error *err)
{
	autoclose int fd = -1;

	if (node_store_open_part(store, entry, part, &fd, err) < 0)
		return -1;
	return fd_read_all(fd, bytes, "image document", err);
}

static int node_push_prepare(struct node_push *push, const struct node_push_target *target,
	const struct node_store *store, const struct node_entry *entry,
	struct image_reference *ret_reference, struct error *err)
{
	autobuf name = BUF_INIT(LIMIT_CONFIG_BYTES);

	buf_printf(&name, "%s/%.*s:%s", target->prefix, STR_ARG(entry->repository), NODE_TAG);
	if (image_reference_parse(buf_str(&name), ret_reference, err) < 0 ||
		node_push_read_part(store, entry, NODE_PART_CONFIG, &push->config, err) < 0 ||
		node_push_read_part(store, entry, NODE_PART_MANIFEST, &push->manifest, err) < 0 ||
		node_layer_open(store, entry, &push->layer, err) < 0)
		return -1;
	buf_clear(&name);
	buf_printf(&name, "%s/%.*s@%.*s", target->prefix, STR_ARG(entry->repository),
		STR_ARG(entry->manifest_digest));
	push->image = buf_take(&name);
	return 0;
}

int node_push_start(struct loop *loop, struct http_client *http,
	const struct node_push_target *target, const struct node_store *store,
	const struct node_entry *entry, node_push_fn done, void *context,
	struct node_push **ret_push, struct error *err)
{
	struct node_push *push = new_zeroed(struct node_push);
	struct image_reference reference;
	struct registry_blob blobs[2];
	struct registry_push_request request = {
		.target = &reference,
		.blobs = blobs,
		.blob_count = array_size(blobs),
		.credentials = target->credentials,
		.tls = target->tls,
		.plain_http = target->plain_http,
		.timeout_ms = NODE_PUSH_MS,
		.retries = NODE_PUSH_RETRIES,
		.retry_delay_ms = NODE_PUSH_RETRY_MS,
	};
	struct registry_push_callbacks callbacks = {.done = node_push_done, .context = push};

	push->config = BUF_INIT(LIMIT_MANIFEST_BYTES);
	push->manifest = BUF_INIT(LIMIT_MANIFEST_BYTES);
	push->done = done;
	push->context = context;
	if (node_push_prepare(push, target, store, entry, &reference, err) < 0) {
		node_push_free(push);
		return -1;
	}
	blobs[0] = (struct registry_blob){
		.digest = entry->config_digest, .bytes = buf_str(&push->config)};
	blobs[1] = (struct registry_blob){.digest = entry->layer_digest, .reader = push->layer};
	request.manifest = buf_str(&push->manifest);
	if (registry_push_start(loop, http, &request, &callbacks, &push->push, err) < 0) {
		node_push_free(push);
		return -1;
	}
	*ret_push = push;
	return 0;
}
