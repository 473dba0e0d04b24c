/* Each request is one of the session; what is added is what its answer has to be. */
#include "registry/pull.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "archive/digest.h"
#include "base/alloc.h"
#include "base/buf.h"
#include "image/manifest.h"
#include "registry/reply.h"
#include "registry/session.h"
#include "registry/url.h"

struct registry_pull {
	struct registry__session *session;
	struct image_reference target;
	struct buf url; /* of the request at hand */
	char digest[IMAGE_DIGEST_MAX + 1]; /* of the manifest that is asked for; empty: any */
	size_t size; /* of the range that is asked for */
	registry_pull_fn done;
	void *context;
};

struct registry_pull *registry_pull_new(
	struct loop *loop, struct http_client *http, const struct registry_pull_request *request)
{
	struct registry_pull *pull = new_zeroed(struct registry_pull);
	const struct registry__session_options options = {
		.loop = loop,
		.http = http,
		.target = request->target,
		.credentials = request->credentials,
		.actions = "pull",
		.plain_http = request->plain_http ||
			image_registry_is_loopback(str_of(request->target->registry)),
		.retries = request->retries,
		.retry_delay_ms = request->retry_delay_ms,
		.deadline = {loop_now(loop).us + request->timeout_ms * 1000},
	};

	assert(request->timeout_ms > 0 && request->retry_delay_ms > 0);
	pull->target = *request->target;
	pull->url = BUF_INIT(REGISTRY_URL_MAX);
	pull->session = registry__session_new(&options);
	return pull;
}

void registry_pull_free(struct registry_pull *pull)
{
	if (pull == NULL)
		return;
	registry__session_free(pull->session);
	buf_done(&pull->url);
	free(pull);
}

/* The last step of a request: the pull may be gone afterwards. */
static void pull_fail(struct registry_pull *pull, const struct error *cause)
{
	autobuf name = BUF_INIT(LIMIT_ERROR_TEXT);
	struct error err = *cause;

	image_reference_format(&pull->target, &name);
	error_wrap(&err, "cannot read image '%s'", name.data);
	pull->done(pull->context, (struct str){0}, (struct str){0}, &err);
}

static void pull_fail_reply(struct registry_pull *pull, int status, struct str body)
{
	const struct registry__question question = {
		.who = "registry",
		.method = "GET",
		.url = pull->url.data,
		.repository = pull->target.repository,
	};
	struct error err;

	(void)registry__reply_error(&question, status, body, &err); /* always -1 */
	pull_fail(pull, &err);
}

static void pull_ask(
	struct registry_pull *pull, const struct registry__ask *ask, registry__answer_fn answer)
{
	struct registry__ask whole = *ask;

	whole.method = "GET";
	whole.url = pull->url.data;
	whole.body = HTTP_NO_BODY;
	whole.is_followed = true;
	registry__session_ask(pull->session, &whole, answer, pull);
}

/* ---- Manifests ---- */

static int pull_check_digest(const struct registry_pull *pull, const struct http_answer *answer,
	struct str body, struct error *err)
{
	struct str expected =
		pull->digest[0] != '\0' ? str_of(pull->digest) : answer->docker_content_digest;
	char text[ARCHIVE_DIGEST_TEXT_SIZE];
	struct archive_digest digest;

	if (expected.size == 0)
		return 0;
	if (!str_starts_with(expected, STR("sha256:")))
		return pull->digest[0] == '\0'
			? 0
			: error_set(err, ERROR_UNSUPPORTED,
				  "digests such as '%s' are not verified here", pull->digest);
	if (archive_digest_of(body, &digest, err) < 0)
		return -1;
	archive_digest_format(&digest, text);
	if (str_is(expected, text))
		return 0;
	return error_set(err, ERROR_CORRUPT, "its manifest has the digest '%s', not '%.*s'", text,
		STR_ARG(expected));
}

static void pull_on_manifest(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_pull *pull = context;
	struct error err;

	if (answer == NULL)
		pull_fail(pull, cause);
	else if (answer->status != 200)
		pull_fail_reply(pull, answer->status, body);
	else if (pull_check_digest(pull, answer, body, &err) < 0)
		pull_fail(pull, &err);
	else
		pull->done(pull->context, body, answer->content_type, NULL);
}

void registry_pull_manifest(
	struct registry_pull *pull, struct str digest, registry_pull_fn done, void *context)
{
	const struct image_reference *target = &pull->target;
	const char *tag = target->tag[0] != '\0' ? target->tag : "latest";
	const struct registry__ask ask = {
		.accept = IMAGE_TYPE_MANIFEST ", " IMAGE_TYPE_INDEX ", " IMAGE_TYPE_DOCKER_MANIFEST
					      ", " IMAGE_TYPE_DOCKER_LIST,
	};

	if (digest.size == 0)
		digest = str_of(target->digest);
	assert(digest.size < sizeof(pull->digest));
	(void)snprintf(pull->digest, sizeof(pull->digest), "%.*s", STR_ARG(digest));
	pull->done = done;
	pull->context = context;
	buf_clear(&pull->url);
	buf_printf(&pull->url, "%s/v2/%s/manifests/%s", registry__session_base(pull->session),
		target->repository, pull->digest[0] != '\0' ? pull->digest : tag);
	pull_ask(pull, &ask, pull_on_manifest);
}

/* ---- Blobs ---- */

/* Who does not know ranges sends all of the blob, which is fine where that was asked for. */
static int pull_check_range(const struct registry_pull *pull, const struct http_answer *answer,
	struct str body, const struct error *cause, struct error *err)
{
	bool is_whole = answer != NULL ? answer->status == 200 : cause->kind == ERROR_TOO_BIG;

	if (is_whole && (answer == NULL || body.size != pull->size))
		return error_set(err, ERROR_UNSUPPORTED,
			"the registry does not serve parts of blobs; copy the image to a directory "
			"(skopeo copy) and name the file of its layer");
	if (answer == NULL) {
		*err = *cause;
		return -1;
	}
	if (body.size != pull->size)
		return error_set(err, ERROR_CORRUPT,
			"a part of a blob has %zu bytes instead of %zu", body.size, pull->size);
	return 0;
}

static void pull_on_range(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry_pull *pull = context;
	struct error err;

	if (answer != NULL && answer->status != 200 && answer->status != 206)
		pull_fail_reply(pull, answer->status, body);
	else if (pull_check_range(pull, answer, body, cause, &err) < 0)
		pull_fail(pull, &err);
	else
		pull->done(pull->context, body, answer->content_type, NULL);
}

void registry_pull_range(struct registry_pull *pull, struct str digest, int64_t offset, size_t size,
	registry_pull_fn done, void *context)
{
	char range[64];
	const struct registry__ask ask = {.range = range};

	assert(size > 0 && size <= REGISTRY_RANGE_BYTES && offset >= 0);
	(void)snprintf(range, sizeof(range), "bytes=%" PRId64 "-%" PRId64, offset,
		offset + (int64_t)size - 1);
	pull->size = size;
	pull->done = done;
	pull->context = context;
	buf_clear(&pull->url);
	buf_printf(&pull->url, "%s/v2/%s/blobs/%.*s", registry__session_base(pull->session),
		pull->target.repository, STR_ARG(digest));
	pull_ask(pull, &ask, pull_on_range);
}
