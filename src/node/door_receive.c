/*
 * Imports at the door. What comes is written behind what is there, so the length of the file says
 * where to go on, to whoever brings the rest and to the next agent.
 */
#include "node/door_ways.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/number.h"
#include "node/state.h"
#include "sys/fd.h"
#include "sys/log.h"

static void door_tell_offset(
	const struct node *node, const struct api_import *import, struct http_server_answer *answer)
{
	http_server_answer_add(
		answer, "Upload-Offset", "%" PRId64, node_import_received(node, import));
}

/* False when the ticket is not open: it was refused. One that is made a Checkpoint is not spent
 * yet: its status will say so. */
static bool door_may_receive(
	const struct node *node, const struct api_import *import, struct http_server_answer *answer)
{
	if (node_import_is_good(node, import))
		return true;
	if (node_import_is_spent(node, import)) {
		node_door_refuse(answer, 410, "the CheckpointImport is not open any more\n");
		return false;
	}
	http_server_answer_add(answer, "Retry-After", "1");
	node_door_refuse(answer, 503, "the CheckpointImport is not open now\n");
	return false;
}

void node_door_answer_import(struct node *node, const struct node_door_target *target,
	const struct api_import *import, const struct http_server_request *request,
	struct http_server_answer *answer)
{
	const char *method = target->is_archive ? "HEAD" : "DELETE";

	if (!str_is(request->method, method)) {
		http_server_answer_add(
			answer, "Allow", "%s", target->is_archive ? "HEAD, PUT" : "DELETE");
		node_door_refuse(answer, 405, "it is not there for that\n");
	} else if (door_may_receive(node, import, answer)) {
		answer->status = 204;
		if (target->is_archive)
			door_tell_offset(node, import, answer);
		else
			node_import_give_up(node, import);
	}
}

/* ---- Bytes on their way ---- */

struct door_receiving {
	struct http_server_body body;
	struct node *node;
	char *key; /* of the ticket */
	char *uid; /* likewise */
	int fd;
	unsigned connection; /* see node_import_begin() */
};

static const struct api_import *door_import(const struct door_receiving *receiving)
{
	const struct api_import *import = node_import(receiving->node, str_of(receiving->key));

	return import != NULL && str_is(import->metadata.uid, receiving->uid) ? import : NULL;
}

static int door_take(struct http_server_body *body, struct str piece, struct error *err)
{
	struct door_receiving *receiving = container_of(body, struct door_receiving, body);
	const struct api_import *import = door_import(receiving);

	if (import == NULL ||
		!node_import_may_write(receiving->node, import, receiving->connection))
		return error_set(err, ERROR_GONE,
			"its CheckpointImport is not open any more, or another one is at it");
	if (node_store_check_room(receiving->node->store, piece.size, 0, err) == 0 &&
		fd_write_all(receiving->fd, piece, "the archive", err) == 0)
		return 0;
	node_import_stop(receiving->node, import, err);
	return -1;
}

static void door_take_end(struct http_server_body *body, struct http_server_answer *answer)
{
	struct door_receiving *receiving = container_of(body, struct door_receiving, body);
	const struct api_import *import = door_import(receiving);

	if (import == NULL) {
		node_door_refuse(answer, 410, "the CheckpointImport is gone\n");
		return;
	}
	answer->status = 204;
	door_tell_offset(receiving->node, import, answer);
}

static void door_take_free(struct http_server_body *body)
{
	struct door_receiving *receiving = container_of(body, struct door_receiving, body);

	fd_close(&receiving->fd);
	node_import_end(receiving->node, str_of(receiving->uid), receiving->connection);
	free(receiving->key);
	free(receiving->uid);
	free(receiving);
}

/*
 * Whether the body begins behind what is there and ends within what was announced. Content-Range:
 * bytes FIRST-LAST/TOTAL (RFC 9110, 14.4 and 14.5); without one it is all.
 */
static bool door_fits(
	const struct api_import *import, int64_t received, struct str range, int64_t size)
{
	static const struct str unit = STR_INIT("bytes ");
	int64_t announced = import->spec.size_bytes;
	struct str first_text;
	struct str last_text;
	struct str total_text;
	uint64_t first;
	uint64_t last;
	uint64_t total;

	if (range.size == 0)
		return received == 0 && size == announced;
	if (!str_starts_with(range, unit) ||
		!str_cut(str_from(range, unit.size), '-', &first_text, &last_text) ||
		!str_cut(last_text, '/', &last_text, &total_text) ||
		!number_parse_u64(first_text, &first) || !number_parse_u64(last_text, &last) ||
		!number_parse_u64(total_text, &total))
		return false;
	return first == (uint64_t)received && total == (uint64_t)announced && last < total &&
		last >= first && last - first == (uint64_t)size - 1;
}

struct http_server_body *node_door_receive(struct node *node, const struct node_door_target *target,
	const struct api_import *import, const struct http_server_request *request, int64_t size,
	struct http_server_answer *answer)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	struct door_receiving *receiving;
	unsigned connection;
	struct error err;
	int fd = -1;

	if (!target->is_archive || !str_is(request->method, "PUT")) {
		node_door_refuse(answer, 405, "it is not there for that\n");
		return NULL;
	}
	if (!door_may_receive(node, import, answer))
		return NULL;
	if (!door_fits(import, node_import_received(node, import),
		    http_server_header(request, "Content-Range"), size)) {
		door_tell_offset(node, import, answer);
		node_door_refuse(answer, 409, "it does not go on where the last one ended\n");
		return NULL;
	}
	if (node_import_begin(node, import, &fd, &connection, &err) < 0) {
		log_warning(&err, "Cannot take an import in", "import", import->metadata.name.data);
		node_door_refuse(answer, 500, "it cannot be kept, the agent's log says why\n");
		return NULL;
	}
	kube_key_write(&key, import->metadata.namespace, import->metadata.name);
	receiving = new_zeroed(struct door_receiving);
	receiving->body = (struct http_server_body){door_take, door_take_end, door_take_free};
	receiving->node = node;
	receiving->key = str_dup(buf_str(&key));
	receiving->uid = str_dup(import->metadata.uid);
	receiving->fd = fd;
	receiving->connection = connection;
	return &receiving->body;
}
