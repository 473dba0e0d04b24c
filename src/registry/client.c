/*
 * A push is a chain of requests, each started by the answer to the one before:
 *
 *   GET /v2/ -> for each blob: HEAD -> (absent) POST -> PATCH with the bytes -> PUT ?digest=
 *            -> PUT the manifest
 *
 * One PATCH with all bytes is how the common clients push, so registries are good at it; splitting
 * it is not needed to go on after a broken connection: GET on the upload says how much arrived.
 * When the upload itself is lost, the blob starts again with HEAD.
 */
#include "registry/client.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/digest.h"
#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/number.h"
#include "image/manifest.h"
#include "registry/reply.h"
#include "registry/session.h"
#include "registry/url.h"

struct registry_push {
	struct registry__session *session;
	struct arena *arena; /* of what is copied from the request */
	struct image_reference target;
	struct registry_blob *blobs;
	size_t blob_count;
	size_t blob_index; /* the blob at hand */
	int64_t sent_bytes; /* of the blob at hand that the registry acknowledged */
	int64_t done_bytes; /* of the blobs before */
	int64_t total_bytes;
	struct str manifest;
	char manifest_digest[ARCHIVE_DIGEST_TEXT_SIZE];
	const char *manifest_type;
	struct buf url; /* of the request at hand */
	struct buf upload; /* where the blob at hand is uploaded to */
	const char *method; /* of the request at hand */
	struct registry_push_callbacks callbacks;
};

static void registry_push_check_blob(void *context);
static void registry_push_send_bytes(struct registry_push *push);
static void registry_push_ask_progress(void *context);
static void registry_push_close_upload(struct registry_push *push);
static void registry_push_send_manifest(struct registry_push *push);

static int64_t registry_blob_size(const struct registry_blob *blob)
{
	return blob->reader != NULL ? blob->reader->size_bytes : (int64_t)blob->bytes.size;
}

/* The rest of a blob from byte `from`. */
static struct http_body registry_blob_body(const struct registry_blob *blob, int64_t from)
{
	if (blob->reader == NULL)
		return (struct http_body){.bytes = str_from(blob->bytes, (size_t)from)};
	return (struct http_body){
		.content = blob->reader, .offset = from, .size = blob->reader->size_bytes - from};
}

static const struct registry_blob *registry_push_blob(const struct registry_push *push)
{
	return &push->blobs[push->blob_index];
}

/* The last step: the push may be gone afterwards. */
static void registry_push_fail(struct registry_push *push, const struct error *cause)
{
	autobuf name = BUF_INIT(LIMIT_ERROR_TEXT);
	struct error err = *cause;

	image_reference_format(&push->target, &name);
	error_wrap(&err, "cannot push '%s'", name.data);
	push->callbacks.done(push->callbacks.context, &err);
}

static void registry_push_fail_reply(
	struct registry_push *push, const struct http_answer *answer, struct str body)
{
	const struct registry__question question = {
		.who = "registry",
		.method = push->method,
		.url = push->url.data,
		.repository = push->target.repository,
	};
	struct error err;

	(void)registry__reply_error(&question, answer->status, body, &err); /* always -1 */
	registry_push_fail(push, &err);
}

/* Whether the answer has one of two statuses; otherwise the push has failed, and may be gone. */
static bool registry_push_expects(struct registry_push *push, const struct http_answer *answer,
	struct str body, const struct error *cause, int status, int other_status)
{
	if (answer == NULL) {
		registry_push_fail(push, cause);
		return false;
	}
	if (answer->status != status && answer->status != other_status) {
		registry_push_fail_reply(push, answer, body);
		return false;
	}
	return true;
}

/* Sets the URL of the next request: the registry's base and a path of the distribution spec. */
static void registry_push_set_url(struct registry_push *push, const char *format, ...)
	format_printf(2, 3);
static void registry_push_set_url(struct registry_push *push, const char *format, ...)
{
	va_list arguments;

	buf_clear(&push->url);
	buf_add_text(&push->url, registry__session_base(push->session));
	va_start(arguments, format);
	buf_vprintf(&push->url, format, arguments);
	va_end(arguments);
}

static void registry_push_set_upload_url(struct registry_push *push)
{
	buf_clear(&push->url);
	buf_add(&push->url, buf_str(&push->upload));
}

/* Sends `ask` to push->url. */
static void registry_push_ask(
	struct registry_push *push, struct registry__ask ask, registry__answer_fn answer)
{
	ask.url = push->url.data;
	push->method = ask.method;
	registry__session_ask(push->session, &ask, answer, push);
}

static void registry_push_ask_plainly(
	struct registry_push *push, const char *method, registry__answer_fn answer)
{
	registry_push_ask(
		push, (struct registry__ask){.method = method, .body = HTTP_NO_BODY}, answer);
}

static void registry_push_finish_blob(struct registry_push *push)
{
	push->done_bytes += registry_blob_size(registry_push_blob(push));
	push->blob_index++;
	if (push->callbacks.progress != NULL)
		push->callbacks.progress(
			push->callbacks.context, push->done_bytes, push->total_bytes);
	if (push->blob_index < push->blob_count)
		registry_push_check_blob(push);
	else
		registry_push_send_manifest(push);
}

/* After a failure that may pass: goes on with `resume` after a pause, or fails with the cause. */
static void registry_push_retry(struct registry_push *push, int64_t least_ms, loop_fn resume,
	const struct http_answer *answer, struct str body, const struct error *cause)
{
	if (registry__session_pause(push->session, least_ms, resume, push))
		return;
	if (answer == NULL)
		registry_push_fail(push, cause);
	else
		registry_push_fail_reply(push, answer, body);
}

/* Keeps where the upload goes on; a Location may be relative to the request. */
static int registry_push_take_location(
	struct registry_push *push, const struct http_answer *answer, struct error *err)
{
	if (answer->location.size == 0 && push->upload.size > 0)
		return 0; /* it stays where it is */
	return registry__url_resolve(buf_str(&push->url), answer->location, &push->upload, err);
}

/* ---- The manifest ---- */

static void registry_push_on_manifest(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;
	struct error err;

	if (!registry_push_expects(push, answer, body, cause, 201, 200))
		return;
	if (answer->docker_content_digest.size > 0 &&
		!str_is(answer->docker_content_digest, push->manifest_digest)) {
		error_set(&err, ERROR_CORRUPT,
			"the registry stored a manifest '%.*s' instead of '%s'",
			STR_ARG(answer->docker_content_digest), push->manifest_digest);
		registry_push_fail(push, &err);
		return;
	}
	push->callbacks.done(push->callbacks.context, NULL);
}

static void registry_push_send_manifest(struct registry_push *push)
{
	const struct registry__ask ask = {
		.method = "PUT",
		.content_type = push->manifest_type,
		.body = {.bytes = push->manifest},
	};

	registry_push_set_url(push, "/v2/%s/manifests/%s", push->target.repository,
		push->target.tag[0] != '\0' ? push->target.tag : push->manifest_digest);
	registry_push_ask(push, ask, registry_push_on_manifest);
}

/* ---- One blob ---- */

static void registry_push_on_closed(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;
	bool is_lost = answer == NULL ? error_is_retriable(cause)
				      : answer->status == 404 || answer->status == 416 ||
			registry__status_is_retriable(answer->status);
	struct error err;

	if (answer != NULL && (answer->status == 201 || answer->status == 204)) {
		registry_push_finish_blob(push);
	} else if (is_lost) {
		/* It may be there already: HEAD will tell. */
		registry_push_retry(push, answer != NULL ? answer->retry_after_ms : 0,
			registry_push_check_blob, answer, body, cause);
	} else if (answer != NULL && answer->status == 400 &&
		str_contains(body, STR("DIGEST_INVALID"))) {
		error_set(&err, ERROR_CORRUPT, "the bytes of blob '%.*s' have another digest",
			STR_ARG(registry_push_blob(push)->digest));
		registry_push_fail(push, &err);
	} else if (answer != NULL) {
		registry_push_fail_reply(push, answer, body);
	} else {
		registry_push_fail(push, cause);
	}
}

static void registry_push_close_upload(struct registry_push *push)
{
	const struct registry__ask ask = {
		.method = "PUT",
		.content_type = "application/octet-stream",
		.body = HTTP_NO_BODY,
		.is_single = true,
	};

	registry_push_set_upload_url(push);
	registry__url_add_query(&push->url, "digest", registry_push_blob(push)->digest);
	registry_push_ask(push, ask, registry_push_on_closed);
}

/* "0-1023" of a Range header: 1024 bytes are there. False when it does not say. */
static bool registry_range_size(const struct http_answer *answer, int64_t *ret_size)
{
	struct str first;
	struct str last;
	uint64_t number;

	for (size_t i = 0; i < answer->header_count; i++) {
		struct str value = str_of(answer->headers[i].value);
		if (strcmp(answer->headers[i].name, "range") != 0)
			continue;
		if (str_starts_with(value, STR("bytes=")))
			value = str_from(value, 6);
		if (!str_cut(value, '-', &first, &last) || !str_is(first, "0") ||
			!number_parse_u64(last, &number) || number >= INT64_MAX)
			return false;
		*ret_size = (int64_t)number + 1;
		return number > 0; /* "0-0" is said for one byte and for none */
	}
	return false;
}

static void registry_push_on_progress(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;
	int64_t size;
	struct error ignored;

	(void)body;
	if (answer == NULL) {
		registry_push_fail(push, cause);
		return;
	}
	if (answer->status != 204 || !registry_range_size(answer, &size) ||
		size > registry_blob_size(registry_push_blob(push)) ||
		registry_push_take_location(push, answer, &ignored) < 0) {
		registry_push_check_blob(push); /* the upload is lost */
		return;
	}
	push->sent_bytes = size;
	registry_push_send_bytes(push);
}

static void registry_push_ask_progress(void *context)
{
	struct registry_push *push = context;

	registry_push_set_upload_url(push);
	registry_push_ask_plainly(push, "GET", registry_push_on_progress);
}

static void registry_push_on_sent(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;
	bool is_lost = answer != NULL && (answer->status == 404 || answer->status == 416);
	bool may_pass = answer == NULL ? error_is_retriable(cause)
				       : registry__status_is_retriable(answer->status);
	struct error err;

	if (is_lost || may_pass) {
		registry_push_retry(push, answer != NULL ? answer->retry_after_ms : 0,
			is_lost ? registry_push_check_blob : registry_push_ask_progress, answer,
			body, cause);
		return;
	}
	if (!registry_push_expects(push, answer, body, cause, 202, 204))
		return;
	if (registry_push_take_location(push, answer, &err) < 0) {
		registry_push_fail(push, &err);
		return;
	}
	registry_push_close_upload(push);
}

static void registry_push_send_bytes(struct registry_push *push)
{
	const struct registry_blob *blob = registry_push_blob(push);
	int64_t size = registry_blob_size(blob);
	char range[64];
	struct registry__ask ask = {
		.method = "PATCH",
		.content_type = "application/octet-stream",
		.body = registry_blob_body(blob, push->sent_bytes),
		.is_single = true,
	};

	if (push->sent_bytes == size) {
		registry_push_close_upload(push);
		return;
	}
	if (push->sent_bytes > 0) {
		(void)snprintf(
			range, sizeof(range), "%" PRId64 "-%" PRId64, push->sent_bytes, size - 1);
		ask.content_range = range;
	}
	registry_push_set_upload_url(push);
	registry_push_ask(push, ask, registry_push_on_sent);
}

static void registry_push_on_opened(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;
	struct error err;

	if (!registry_push_expects(push, answer, body, cause, 202, 202))
		return;
	buf_clear(&push->upload);
	push->sent_bytes = 0;
	if (registry_push_take_location(push, answer, &err) < 0) {
		registry_push_fail(push, &err);
		return;
	}
	registry_push_send_bytes(push);
}

static void registry_push_on_checked(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;

	if (!registry_push_expects(push, answer, body, cause, 200, 404))
		return;
	if (answer->status == 200) {
		registry_push_finish_blob(push);
		return;
	}
	registry_push_set_url(push, "/v2/%s/blobs/uploads/", push->target.repository);
	registry_push_ask_plainly(push, "POST", registry_push_on_opened);
}

static void registry_push_check_blob(void *context)
{
	struct registry_push *push = context;

	registry_push_set_url(push, "/v2/%s/blobs/%.*s", push->target.repository,
		STR_ARG(registry_push_blob(push)->digest));
	registry_push_ask_plainly(push, "HEAD", registry_push_on_checked);
}

/* ---- The beginning ---- */

static void registry_push_on_ping(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_push *push = context;
	struct error err;

	if (!registry_push_expects(push, answer, body, cause, 200, 404))
		return;
	if (answer->status == 404) {
		error_set(&err, ERROR_UNSUPPORTED, "'%s' is no registry: it knows no '/v2/'",
			push->target.registry);
		registry_push_fail(push, &err);
	} else if (push->blob_count > 0) {
		registry_push_check_blob(push);
	} else {
		registry_push_send_manifest(push);
	}
}

static int registry_push_copy_blobs(
	struct registry_push *push, const struct registry_push_request *request, struct error *err)
{
	push->blob_count = request->blob_count;
	push->blobs = arena_zeroed(push->arena, request->blob_count, sizeof(*push->blobs));
	for (size_t i = 0; i < request->blob_count; i++) {
		struct registry_blob *blob = &push->blobs[i];
		*blob = request->blobs[i];
		blob->digest = arena_str(push->arena, request->blobs[i].digest);
		if (!image_digest_is_valid(blob->digest))
			return error_set(err, ERROR_INVALID, "'%.*s' is not the digest of a blob",
				STR_ARG(blob->digest));
		push->total_bytes += registry_blob_size(blob);
	}
	return 0;
}

static int registry_push_copy_manifest(
	struct registry_push *push, const struct registry_push_request *request, struct error *err)
{
	struct archive_digest digest;

	push->manifest = arena_str(push->arena, request->manifest);
	push->manifest_type =
		request->manifest_type != NULL ? request->manifest_type : IMAGE_TYPE_MANIFEST;
	if (archive_digest_of(push->manifest, &digest, err) < 0)
		return -1;
	archive_digest_format(&digest, push->manifest_digest);
	return 0;
}

static struct registry__session *registry_push_open_session(
	struct loop *loop, struct http_client *http, const struct registry_push_request *request)
{
	bool is_loopback = image_registry_is_loopback(str_of(request->target->registry));
	const struct registry__session_options options = {
		.loop = loop,
		.http = http,
		.tls = request->tls,
		.target = request->target,
		.credentials = request->credentials,
		.plain_http = request->plain_http || (is_loopback && request->tls == NULL),
		.retries = request->retries,
		.retry_delay_ms = request->retry_delay_ms,
		.deadline = {loop_now(loop).us + request->timeout_ms * 1000},
	};

	return registry__session_new(&options);
}

define_clean_up(struct registry_push, registry_push_free, registry_push_free)

int registry_push_start(struct loop *loop, struct http_client *http,
	const struct registry_push_request *request,
	const struct registry_push_callbacks *callbacks, struct registry_push **ret_push,
	struct error *err)
{
	clean_up(registry_push_free_clean) struct registry_push *push =
		new_zeroed(struct registry_push);

	assert(request->timeout_ms > 0 && request->retry_delay_ms > 0 && callbacks->done != NULL);
	push->arena = arena_new(1024);
	push->target = *request->target;
	push->callbacks = *callbacks;
	push->url = BUF_INIT(REGISTRY_URL_MAX);
	push->upload = BUF_INIT(REGISTRY_URL_MAX);
	if (registry_push_copy_blobs(push, request, err) < 0 ||
		registry_push_copy_manifest(push, request, err) < 0)
		return -1;
	push->session = registry_push_open_session(loop, http, request);
	registry_push_set_url(push, "/v2/");
	registry_push_ask_plainly(push, "GET", registry_push_on_ping);
	*ret_push = take_ptr(&push);
	return 0;
}

void registry_push_free(struct registry_push *push)
{
	if (push == NULL)
		return;
	registry__session_free(push->session);
	buf_done(&push->url);
	buf_done(&push->upload);
	arena_free(push->arena);
	free(push);
}
