/*
 * A path is read from its end, as repositories may have components named "blobs" or "tags": the
 * last component is the reference, the one before says what is asked for, the rest is the
 * repository.
 */
#include "registry/server.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "http/content.h"
#include "image/manifest.h"
#include "registry/tags.h"
#include "json/json.h"

static const char registry_json_type[] = "application/json";

/* Error codes of the distribution spec 1.1, section "Error Codes". */
enum registry_code {
	REGISTRY_BLOB_UNKNOWN,
	REGISTRY_DIGEST_INVALID,
	REGISTRY_MANIFEST_UNKNOWN,
	REGISTRY_NAME_INVALID,
	REGISTRY_NAME_UNKNOWN,
	REGISTRY_RANGE_INVALID,
	REGISTRY_TOO_MANY_REQUESTS,
	REGISTRY_UNKNOWN,
	REGISTRY_UNSUPPORTED,
};

static const struct {
	int status;
	const char *code;
	const char *message;
} registry_codes[] = {
	[REGISTRY_BLOB_UNKNOWN] = {404, "BLOB_UNKNOWN", "blob unknown to this repository"},
	[REGISTRY_DIGEST_INVALID] = {400, "DIGEST_INVALID", "not a digest"},
	[REGISTRY_MANIFEST_UNKNOWN] = {404, "MANIFEST_UNKNOWN",
		"manifest unknown to this repository"},
	[REGISTRY_NAME_INVALID] = {400, "NAME_INVALID", "invalid repository name"},
	[REGISTRY_NAME_UNKNOWN] = {404, "NAME_UNKNOWN", "repository name not known"},
	[REGISTRY_RANGE_INVALID] = {416, "SIZE_INVALID", "the range lies outside the blob"},
	[REGISTRY_TOO_MANY_REQUESTS] = {503, "TOOMANYREQUESTS", "try again later"},
	[REGISTRY_UNKNOWN] = {500, "UNKNOWN", "the store cannot be read"},
	[REGISTRY_UNSUPPORTED] = {405, "UNSUPPORTED", "this registry is read-only"},
};

struct registry_server {
	struct registry_store store;
	struct buf body; /* of the last answer: http/server.h copies it after the handler */
};

/* One request on its way: what was asked, and the answer in the making. */
struct registry_exchange {
	const struct registry_store *store;
	const struct http_server_request *request;
	struct http_server_answer *answer;
	struct buf *body; /* holds the answer's bytes until the server has copied them */
	struct str repository;
	struct str reference;
};

static void registry_answer_bytes(
	struct registry_exchange *exchange, int status, const char *content_type)
{
	exchange->answer->status = status;
	exchange->answer->content_type = content_type;
	exchange->answer->bytes = buf_str(exchange->body);
}

/* The spec's error body; `detail` may be empty. */
static void registry_answer_error(
	struct registry_exchange *exchange, enum registry_code code, struct str detail)
{
	struct json_writer writer = json_writer(exchange->body);

	buf_clear(exchange->body);
	json_begin_object(&writer);
	json_set_array(&writer, "errors");
	json_begin_object(&writer);
	json_set_text(&writer, "code", registry_codes[code].code);
	json_set_text(&writer, "message", registry_codes[code].message);
	if (detail.size > 0)
		json_set_str(&writer, "detail", detail);
	json_end_object(&writer);
	json_end_array(&writer);
	json_end_object(&writer);
	registry_answer_bytes(exchange, registry_codes[code].status, registry_json_type);
}

/* The store failed: `err` stays here, its text may name paths of this node. */
static void registry_answer_failure(struct registry_exchange *exchange, const struct error *err)
{
	registry_answer_error(exchange,
		err->kind == ERROR_BUSY ? REGISTRY_TOO_MANY_REQUESTS : REGISTRY_UNKNOWN,
		str_of(error_reason(err->kind)));
}

/* Headers that manifests and blobs have in common. True when the client has it already: 304. */
static bool registry_answer_identity(struct registry_exchange *exchange, const char *digest)
{
	http_server_answer_add(exchange->answer, "Docker-Content-Digest", "%s", digest);
	return http_content_is_known(exchange->request, str_of(digest), exchange->answer);
}

static void registry_answer_manifest(struct registry_exchange *exchange)
{
	struct registry_manifest manifest = {
		.bytes = BUF_INIT(LIMIT_MANIFEST_BYTES), .media_type = IMAGE_TYPE_MANIFEST};
	struct error err;
	int found;

	if (!image_tag_is_valid(exchange->reference) &&
		!image_digest_is_valid(exchange->reference)) {
		registry_answer_error(exchange, REGISTRY_MANIFEST_UNKNOWN, exchange->reference);
		return;
	}
	found = exchange->store->find_manifest(exchange->store->context, exchange->repository,
		exchange->reference, &manifest, &err);
	buf_done(exchange->body);
	*exchange->body = manifest.bytes; /* owned there from now on, whatever was found */
	if (found < 0)
		registry_answer_failure(exchange, &err);
	else if (found == 0)
		registry_answer_error(exchange, REGISTRY_MANIFEST_UNKNOWN, exchange->reference);
	else if (!registry_answer_identity(exchange, manifest.digest))
		registry_answer_bytes(exchange, 200, manifest.media_type);
}

/* Hands the content over to the answer, as far as it is asked for. */
static void registry_answer_content(
	struct registry_exchange *exchange, struct registry_content *content, const char *digest)
{
	struct http_server_answer *answer = exchange->answer;
	int64_t total = content->reader != NULL ? content->reader->size_bytes
						: (int64_t)content->bytes.size;

	if (registry_answer_identity(exchange, digest))
		return;
	http_content_take_range(exchange->request, str_of(digest), total, answer);
	if (answer->status == 416) {
		registry_answer_error(exchange, REGISTRY_RANGE_INVALID,
			http_server_header(exchange->request, "Range"));
		return;
	}
	answer->content_type = "application/octet-stream";
	if (content->reader != NULL) {
		answer->content = take_ptr(&content->reader);
		return;
	}
	buf_done(exchange->body);
	*exchange->body = content->bytes;
	content->bytes = BUF_INIT(0);
	answer->bytes = (struct str){exchange->body->data + answer->offset, (size_t)answer->size};
}

static void registry_answer_blob(struct registry_exchange *exchange)
{
	struct registry_content content = {.bytes = BUF_INIT(LIMIT_OBJECT_BYTES)};
	char digest[IMAGE_DIGEST_MAX + 1] = "";
	struct error err;
	int found;

	if (!image_digest_is_valid(exchange->reference)) {
		registry_answer_error(exchange, REGISTRY_DIGEST_INVALID, exchange->reference);
		return;
	}
	memcpy(digest, exchange->reference.data, exchange->reference.size);
	found = exchange->store->find_blob(exchange->store->context, exchange->repository,
		exchange->reference, &content, &err);
	if (found < 0)
		registry_answer_failure(exchange, &err);
	else if (found == 0)
		registry_answer_error(exchange, REGISTRY_BLOB_UNKNOWN, exchange->reference);
	else
		registry_answer_content(exchange, &content, digest);
	reader_free(content.reader);
	buf_done(&content.bytes);
}

static void registry_answer_tags(struct registry_exchange *exchange)
{
	autoarena *arena = arena_new(1024);
	autobuf link = BUF_INIT(REGISTRY_LINK_MAX);
	struct registry__tags tags = {.repository = exchange->repository};
	struct error err;
	int found = 0;

	if (exchange->store->list_tags != NULL)
		found = exchange->store->list_tags(exchange->store->context, exchange->repository,
			arena, &tags.items, &tags.count, &err);
	if (found < 0) {
		registry_answer_failure(exchange, &err);
		return;
	}
	if (found == 0) {
		registry_answer_error(exchange, REGISTRY_NAME_UNKNOWN, exchange->repository);
		return;
	}
	registry__tags_page(&tags, exchange->request->query, &link);
	if (link.size > 0)
		http_server_answer_add(exchange->answer, "Link", "%s", link.data);
	registry__tags_write(&tags, exchange->body);
	registry_answer_bytes(exchange, 200, registry_json_type);
}

/* Nothing refers to a checkpoint: the empty index, which filters are applied to in vain. */
static void registry_answer_referrers(struct registry_exchange *exchange)
{
	struct json_writer writer = json_writer(exchange->body);

	if (!image_digest_is_valid(exchange->reference)) {
		registry_answer_error(exchange, REGISTRY_DIGEST_INVALID, exchange->reference);
		return;
	}
	json_begin_object(&writer);
	json_set_i64(&writer, "schemaVersion", 2);
	json_set_text(&writer, "mediaType", IMAGE_TYPE_INDEX);
	json_set_array(&writer, "manifests");
	json_end_array(&writer);
	json_end_object(&writer);
	if (str_contains(exchange->request->query, STR("artifactType=")))
		http_server_answer_add(exchange->answer, "OCI-Filters-Applied", "artifactType");
	registry_answer_bytes(exchange, 200, IMAGE_TYPE_INDEX);
}

static const struct {
	const char *name;
	void (*answer)(struct registry_exchange *exchange);
} registry_routes[] = {
	{"manifests", registry_answer_manifest},
	{"blobs", registry_answer_blob},
	{"referrers", registry_answer_referrers},
	{"tags", registry_answer_tags},
};

static void registry_route(struct registry_exchange *exchange, struct str path)
{
	struct str kind;
	struct str rest;

	(void)str_cut_last(path, '/', &rest, &exchange->reference);
	(void)str_cut_last(rest, '/', &exchange->repository, &kind);
	for (size_t i = 0; i < array_size(registry_routes); i++) {
		if (!str_is(kind, registry_routes[i].name) ||
			(str_is(kind, "tags") && !str_is(exchange->reference, "list")))
			continue;
		if (image_repository_is_valid(exchange->repository))
			registry_routes[i].answer(exchange);
		else
			registry_answer_error(
				exchange, REGISTRY_NAME_INVALID, exchange->repository);
		return;
	}
	registry_answer_error(exchange, REGISTRY_NAME_UNKNOWN, path);
}

void registry_server_handle(
	void *context, const struct http_server_request *request, struct http_server_answer *answer)
{
	struct registry_server *server = context;
	struct registry_exchange exchange = {
		.store = &server->store,
		.request = request,
		.answer = answer,
		.body = &server->body,
	};

	buf_done(&server->body);
	server->body = BUF_INIT(LIMIT_REPLY_BYTES);
	http_server_answer_add(answer, "Docker-Distribution-Api-Version", "registry/2.0");
	if (!str_is(request->method, "GET") && !str_is(request->method, "HEAD")) {
		http_server_answer_add(answer, "Allow", "GET, HEAD");
		registry_answer_error(&exchange, REGISTRY_UNSUPPORTED, request->method);
	} else if (str_is(request->path, "/v2/")) {
		buf_add_text(&server->body, "{}");
		registry_answer_bytes(&exchange, 200, registry_json_type);
	} else if (str_starts_with(request->path, STR("/v2/"))) {
		registry_route(&exchange, str_from(request->path, 4));
	} else {
		registry_answer_error(&exchange, REGISTRY_NAME_UNKNOWN, request->path);
	}
}

struct registry_server *registry_server_new(const struct registry_store *store)
{
	struct registry_server *server = new_zeroed(struct registry_server);

	server->store = *store;
	server->body = BUF_INIT(LIMIT_REPLY_BYTES);
	return server;
}

void registry_server_free(struct registry_server *server)
{
	if (server == NULL)
		return;
	buf_done(&server->body);
	free(server);
}
