/*
 * One watch of one object. It is not kept up here: who waits for a Lease looks at it now and then
 * anyhow, and begins a new watch from what it saw.
 */
#include "kube/lease_watch.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "kube/answer.h"
#include "kube/exchange.h"
#include "kube/watch.h"

enum {
	LEASE_WATCH_SECONDS = 600,
	LEASE_WATCH_GRACE_MS = 30 * 1000, /* the server ends it, we only if it does not */
	LEASE_WATCH_URL_MAX = 4096,
};

struct kube__lease_watch {
	struct kube__lease_watch_options options;
	struct kube__exchange *exchange;
	struct kube__watch_decoder decoder;
};

static int lease_watch_event(
	void *context, enum kube__watch_type type, const struct json *object, struct error *err)
{
	struct kube__lease_watch *watch = context;

	if (type == KUBE__WATCH_ERROR)
		return kube__answer_status_object(object, err);
	if (type != KUBE__WATCH_BOOKMARK)
		watch->options.changed(
			watch->options.context, type == KUBE__WATCH_DELETED ? NULL : object);
	return 0;
}

static int lease_watch_data(void *context, struct str piece, struct error *err)
{
	struct kube__lease_watch *watch = context;

	return kube__watch_decode(&watch->decoder, piece, err);
}

static void lease_watch_done(void *context, const struct http_answer *answer, struct str body,
	const struct error *failure)
{
	struct kube__lease_watch *watch = context;
	struct error refusal;

	if (answer != NULL && answer->status != 200) {
		(void)kube__answer_refusal(answer->status, body, &refusal);
		failure = &refusal;
	}
	watch->options.ended(watch->options.context, failure);
}

struct kube__lease_watch *kube__lease_watch_start(
	struct kube_client *client, const struct kube__lease_watch_options *options)
{
	struct kube__lease_watch *watch = new_zeroed(struct kube__lease_watch);
	autobuf path = BUF_INIT(LEASE_WATCH_URL_MAX);
	autobuf field = BUF_INIT(LEASE_WATCH_URL_MAX);
	struct kube__exchange_request request = {
		.method = "GET",
		.timeout_ms = LEASE_WATCH_SECONDS * 1000 + LEASE_WATCH_GRACE_MS,
		.max_bytes = LIMIT_OBJECT_BYTES,
		.is_stream = true,
	};
	struct http_callbacks callbacks = {
		.done = lease_watch_done,
		.data = lease_watch_data,
		.context = watch,
	};

	watch->options = *options;
	watch->decoder = KUBE__WATCH_DECODER(lease_watch_event, watch);
	kube_resource_write_path(&path, options->resource, options->namespace, STR(""), STR(""));
	buf_printf(&field, "metadata.name=%.*s", STR_ARG(options->name));
	kube_query_add(&path, "watch", STR("true"));
	kube_query_add_number(&path, "timeoutSeconds", LEASE_WATCH_SECONDS);
	kube_query_add(&path, "resourceVersion", options->resource_version);
	kube_query_add(&path, "fieldSelector", buf_str(&field));
	request.path = path.data;
	watch->exchange = kube__exchange_start(kube__client_peer(client), &request, &callbacks);
	return watch;
}

void kube__lease_watch_free(struct kube__lease_watch *watch)
{
	if (watch == NULL)
		return;
	kube__exchange_free(watch->exchange);
	kube__watch_decoder_done(&watch->decoder);
	free(watch);
}
