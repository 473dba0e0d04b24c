/* From a request to a ticket whose secret it has; all others get the same answer. */
#include "node/door.h"

#include "archive/digest.h"
#include "node/door_ways.h"
#include "node/state.h"
#include "sys/log.h"

enum {
	DOOR_CONNECTIONS = 16,
	DOOR_IDLE_SECONDS = 60,
};

bool node_door_parse(struct str path, struct node_door_target *ret_target)
{
	static const struct str exports = STR_INIT("/v1/exports/");
	static const struct str imports = STR_INIT("/v1/imports/"); /* as long */
	struct node_door_target target = {.is_import = str_starts_with(path, imports)};
	struct str rest;
	struct str file;

	if ((!target.is_import && !str_starts_with(path, exports)) ||
		!str_cut(str_from(path, exports.size), '/', &target.namespace, &rest))
		return false;
	target.is_archive = str_cut(rest, '/', &target.name, &file);
	if (!target.is_archive)
		target.name = rest;
	else if (!str_is(file, "archive.tar"))
		return false;
	if (!kube_name_is_valid(target.namespace) || !kube_name_is_valid(target.name))
		return false;
	*ret_target = target;
	return true;
}

/* ---- The secret ---- */

/* What stands behind "Bearer ", whose case does not matter; empty when there is no such. */
static struct str door_secret(const struct http_server_request *request)
{
	static const char scheme[] = "bearer ";
	struct str header = http_server_header(request, "Authorization");

	for (size_t i = 0; i < sizeof(scheme) - 1; i++)
		if (i >= header.size || (header.data[i] | 0x20) != (scheme[i] | 0x20))
			return (struct str){0};
	return str_trim(str_from(header, sizeof(scheme) - 1));
}

/* As long for a ticket that there is as for none, of which `sha256` is empty. */
static bool door_is_right(struct str sha256, struct str secret)
{
	struct archive_digest expected = {0};
	struct archive_digest given;
	autobuf text = BUF_INIT(ARCHIVE_DIGEST_TEXT_SIZE);
	struct error err;
	bool is_known;

	buf_printf(&text, "sha256:%.*s", STR_ARG(sha256));
	is_known = archive_digest_parse(buf_str(&text), &expected);
	if (archive_digest_of(secret, &given, &err) < 0) {
		log_warning(&err, "Cannot check who asks for a checkpoint");
		return false;
	}
	return archive_digest_equal(&given, &expected) && is_known && secret.size > 0;
}

/* ---- Answers ---- */

void node_door_refuse(struct http_server_answer *answer, int status, const char *text)
{
	answer->status = status;
	answer->content_type = "text/plain";
	answer->bytes = str_of(text);
}

/* The ticket that a request is for, of one of the two kinds; only with its secret. */
struct door_ticket {
	struct node_door_target target;
	const struct api_export *export;
	const struct api_import *import;
};

/* False when it was refused. */
static bool door_find(const struct node *node, const struct http_server_request *request,
	struct http_server_answer *answer, struct door_ticket *ret_ticket)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	struct door_ticket ticket = {0};
	struct str sha256 = {0};

	if (!node_door_parse(request->path, &ticket.target)) {
		node_door_refuse(answer, 404, "there is nothing here\n");
		return false;
	}
	kube_key_write(&key, ticket.target.namespace, ticket.target.name);
	if (ticket.target.is_import)
		ticket.import = node_import(node, buf_str(&key));
	else
		ticket.export = node_export(node, buf_str(&key));
	if (ticket.import != NULL)
		sha256 = ticket.import->spec.secret_sha256;
	if (ticket.export != NULL)
		sha256 = ticket.export->spec.secret_sha256;
	if (!door_is_right(sha256, door_secret(request))) {
		http_server_answer_add(answer, "WWW-Authenticate", "Bearer");
		node_door_refuse(answer, 401,
			"this node has no such ticket, or its secret is another one\n");
		return false;
	}
	*ret_ticket = ticket;
	return true;
}

static void door_answer(
	void *context, const struct http_server_request *request, struct http_server_answer *answer)
{
	struct node *node = context;
	struct door_ticket ticket;

	if (!door_find(node, request, answer, &ticket))
		return;
	if (ticket.import != NULL)
		node_door_answer_import(node, &ticket.target, ticket.import, request, answer);
	else
		node_door_answer_export(node, &ticket.target, ticket.export, request, answer);
}

static struct http_server_body *door_receive(void *context,
	const struct http_server_request *request, int64_t size, struct http_server_answer *answer)
{
	struct node *node = context;
	struct door_ticket ticket;

	if (!door_find(node, request, answer, &ticket))
		return NULL;
	if (ticket.import != NULL)
		return node_door_receive(
			node, &ticket.target, ticket.import, request, size, answer);
	node_door_refuse(answer, 413, "nothing is taken in here\n");
	return NULL;
}

int node_door_start(
	struct node *node, const char *path, struct http_server **ret_server, struct error *err)
{
	struct http_server_options options = {
		.receive = door_receive,
		.path = path,
		.max_connections = DOOR_CONNECTIONS,
		.idle_seconds = DOOR_IDLE_SECONDS,
	};

	return http_server_start(node->loop, &options, door_answer, node, ret_server, err);
}
