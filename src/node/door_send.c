/*
 * Exports at the door. A layer is read only as long as its ticket is good: what is under way when
 * that ends is cut off.
 */
#include "node/door_ways.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "http/content.h"
#include "node/serve.h"
#include "node/state.h"
#include "sys/log.h"

struct door_sending {
	struct reader reader;
	struct reader *layer;
	struct node *node;
	char *key; /* of the ticket */
	char *uid; /* likewise */
	int64_t sent_bytes; /* what was read of it, a block of the server's more than was sent */
};

static int door_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct door_sending *sending = container_of(reader, struct door_sending, reader);
	const struct api_export *export = node_export(sending->node, str_of(sending->key));

	if (export == NULL || !str_is(export->metadata.uid, sending->uid) ||
		!node_export_is_good(sending->node, export))
		return error_set(err, ERROR_GONE, "its CheckpointExport is not open any more");
	if (reader_read(sending->layer, offset, bytes, size, err) < 0)
		return -1;
	sending->sent_bytes += (int64_t)size;
	return 0;
}

static void door_read_end(struct reader *reader)
{
	struct door_sending *sending = container_of(reader, struct door_sending, reader);

	node_export_sent(
		sending->node, str_of(sending->key), str_of(sending->uid), sending->sent_bytes);
	reader_free(sending->layer);
	free(sending->key);
	free(sending->uid);
	free(sending);
}

static int door_open(struct node *node, const struct api_export *export,
	const struct node_entry *entry, struct reader **ret_reader, struct error *err)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	struct door_sending *sending;
	struct reader *layer;

	if (node_serve_layer(node->store, entry, &layer, err) < 0)
		return -1;
	kube_key_write(&key, export->metadata.namespace, export->metadata.name);
	sending = new_zeroed(struct door_sending);
	sending->reader = (struct reader){layer->size_bytes, door_read, door_read_end};
	sending->layer = layer;
	sending->node = node;
	sending->key = str_dup(buf_str(&key));
	sending->uid = str_dup(export->metadata.uid);
	*ret_reader = &sending->reader;
	return 0;
}

static void door_answer_archive(struct node *node, const struct api_export *export,
	const struct http_server_request *request, struct http_server_answer *answer)
{
	const struct node_entry *entry = node_export_entry(node, export);
	struct error err;

	if (http_content_is_known(request, entry->layer_digest, answer))
		return;
	http_content_take_range(request, entry->layer_digest, entry->layer_bytes, answer);
	if (answer->status == 416)
		return;
	answer->content_type = "application/x-tar";
	if (door_open(node, export, entry, &answer->content, &err) == 0)
		return;
	log_warning(&err, "Cannot serve a checkpoint", "namespace", entry->namespace.data,
		"checkpoint", entry->name.data);
	node_door_refuse(answer, 500, "the checkpoint cannot be read, the agent's log says why\n");
}

void node_door_answer_export(struct node *node, const struct node_door_target *target,
	const struct api_export *export, const struct http_server_request *request,
	struct http_server_answer *answer)
{
	bool is_read = str_is(request->method, "GET") || str_is(request->method, "HEAD");

	if (target->is_archive ? !is_read : !str_is(request->method, "DELETE")) {
		http_server_answer_add(
			answer, "Allow", "%s", target->is_archive ? "GET, HEAD" : "DELETE");
		node_door_refuse(answer, 405, "it is not there for that\n");
	} else if (node_export_is_spent(node, export)) {
		node_door_refuse(answer, 410, "the CheckpointExport is not open any more\n");
	} else if (!target->is_archive) {
		node_export_finish(node, export);
		answer->status = 204;
	} else if (node_export_is_good(node, export)) {
		door_answer_archive(node, export, request, answer);
	} else {
		http_server_answer_add(answer, "Retry-After", "1");
		node_door_refuse(answer, 503, "the CheckpointExport is not open yet\n");
	}
}
