/*
 * The state machine of list and watch. STREAMING is a watch that begins with all there is and says
 * when it has told it (WatchList, KEP-3157): then it is WATCHING. A server that does not know this
 * is asked for a list, LISTING, and then for a watch. A watch ends in another one from the last
 * resourceVersion, or, when the server no longer has that, in EXPIRED and all anew. Failures pass
 * through BACKING_OFF.
 */
#include "kube/informer.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "kube/answer.h"
#include "kube/backoff.h"
#include "kube/exchange.h"
#include "kube/store.h"
#include "kube/watch.h"
#include "sys/clock.h"

enum {
	INFORMER_PAGE_OBJECTS = 500,
	INFORMER_LIST_TIMEOUT_MS = 60 * 1000,
	INFORMER_FIRST_DELAY_MS = 800,
	INFORMER_LONGEST_DELAY_MS = 30 * 1000,
	INFORMER_HEALTH_MS = 2 * 60 * 1000,
	INFORMER_SILENCE_MS = 150 * 1000,
	INFORMER_WATCH_SECONDS = 300, /* a watch lasts so long, and up to twice that */
	INFORMER_WATCH_GRACE_MS = 30 * 1000, /* the server ends a watch, we only if it does not */
	INFORMER_WATCH_SHORT_MS = 1000, /* one that ends so soon without an event has failed */
	INFORMER_VERSION_MAX = 256,
	INFORMER_URL_MAX = 64 * 1024,
};

struct informer_handler {
	kube_informer_change_fn changed;
	void *context;
};

struct kube_informer {
	struct kube_client *client;
	struct loop *loop;
	struct arena *arena; /* the options' texts */
	struct kube_informer_options options;
	struct informer_handler handlers[KUBE_INFORMER_HANDLERS_MAX];
	size_t handler_count;
	struct kube__store store;
	enum kube_informer_state state;
	bool is_synced;
	bool must_list; /* the next thing to do is a list, streamed or not, and no watch */
	bool cannot_stream; /* the server lists in pages only */
	bool is_calling; /* a handler runs */
	struct buf version; /* where the last list or event left us */
	struct buf list_version; /* what the next list asks for */
	struct kube__backoff backoff;
	struct kube__backoff expiry; /* of its own: a server that says so is there again */
	struct loop_source *timer; /* EXPIRED, BACKING_OFF */
	struct kube_call *list; /* LISTING */
	struct kube__exchange *watch; /* WATCHING */
	struct kube__watch_decoder decoder;
	struct mono_time watch_began;
	size_t watch_events;
};

/* ---- Changes of the store, told to the handlers ---- */

static void informer_tell(struct kube_informer *informer, const struct kube_object *old,
	const struct kube_object *new)
{
	informer->is_calling = true;
	for (size_t i = 0; i < informer->handler_count; i++)
		informer->handlers[i].changed(informer->handlers[i].context, old, new);
	informer->is_calling = false;
}

static struct kube_object *informer_find(
	const struct kube_informer *informer, const struct json *value)
{
	const struct json *metadata = json_get(value, "metadata");
	autobuf key = BUF_INIT(LIMIT_REPLY_BYTES);

	kube_key_write(&key, json_str(json_get(metadata, "namespace")),
		json_str(json_get(metadata, "name")));
	return kube__store_get(&informer->store, buf_str(&key));
}

/* The object is there in this state. */
static void informer_upsert(struct kube_informer *informer, const struct json *value)
{
	struct kube_object *known = informer_find(informer, value);
	struct kube_object *new;
	struct kube_object *old;

	if (known != NULL && known->resource_version.size > 0 &&
		str_equal(known->resource_version,
			json_str(json_at(value, "metadata", "resourceVersion", NULL)))) {
		kube__store_keep(&informer->store, known);
		return;
	}
	new = kube__object_new(value, informer->options.view, informer->options.texts);
	if (new == NULL)
		return; /* not an object that the API server can have */
	old = kube__store_put(&informer->store, new);
	if (old != NULL && !str_equal(old->uid, new->uid)) {
		informer_tell(informer, old, NULL);
		informer_tell(informer, NULL, new);
	} else {
		informer_tell(informer, old, new);
	}
	kube_object_unref(old);
}

/* The object is gone; `value` is its last state. */
static void informer_delete(struct kube_informer *informer, const struct json *value)
{
	struct kube_object *last =
		kube__object_new(value, informer->options.view, informer->options.texts);
	struct kube_object *known = NULL;

	if (last != NULL) {
		autobuf key = BUF_INIT(KUBE_KEY_SIZE * 2);
		kube_key_write(&key, last->namespace, last->name);
		known = kube__store_remove(&informer->store, buf_str(&key));
	}
	if (known != NULL)
		informer_tell(informer, last, NULL);
	kube_object_unref(known);
	kube_object_unref(last);
}

/* What the list that has just ended did not mention is gone. */
static void informer_sweep(struct kube_informer *informer)
{
	size_t position = 0;
	struct kube_object *gone = kube__store_sweep(&informer->store, &position);

	while (gone != NULL) {
		informer_tell(informer, gone, NULL);
		kube_object_unref(gone);
		gone = kube__store_sweep(&informer->store, &position);
	}
}

static void informer_set_version(struct buf *version, struct str text)
{
	buf_clear(version);
	buf_add(version, text);
}

/* ---- Failures ---- */

static void informer_wait(
	struct kube_informer *informer, enum kube_informer_state state, int64_t at_least_ms)
{
	struct kube__backoff *backoff =
		state == KUBE_INFORMER_EXPIRED ? &informer->expiry : &informer->backoff;
	int64_t delay_ms =
		kube__backoff_next(backoff, loop_now(informer->loop), (int64_t)clock_random(1001));

	informer->state = state;
	loop_timer_set(informer->timer, delay_ms > at_least_ms ? delay_ms : at_least_ms);
}

/* A list or watch ended with `err`. The last thing done: the callback may release the informer. */
static void informer_fail(
	struct kube_informer *informer, const struct error *err, int64_t retry_after_ms)
{
	informer_wait(informer, KUBE_INFORMER_BACKING_OFF, retry_after_ms);
	if (informer->options.failed != NULL)
		informer->options.failed(informer->options.context, err);
}

/* ---- Listing ---- */

static void informer_list_page(struct kube_informer *informer, struct str continue_token);
static void informer_watch(struct kube_informer *informer);

/* The version that we asked for is gone or not there yet: the next list takes what there is. */
static bool informer_list_has_expired(const struct error *err)
{
	return err->kind == ERROR_GONE || err->status == 504;
}

static void informer_list_failed(
	struct kube_informer *informer, const struct error *err, int64_t retry_after_ms)
{
	if (informer_list_has_expired(err) && informer->list_version.size > 0) {
		buf_clear(&informer->list_version);
		informer_wait(informer, KUBE_INFORMER_EXPIRED, retry_after_ms);
		return;
	}
	informer_fail(informer, err, retry_after_ms);
}

/* All that there is at `version` is in the store. */
static void informer_complete(struct kube_informer *informer, struct str version)
{
	bool was_synced = informer->is_synced;

	informer_set_version(&informer->version, version);
	informer_set_version(&informer->list_version, version);
	informer->must_list = false;
	informer_sweep(informer);
	informer->is_synced = true;
	if (informer->state == KUBE_INFORMER_STREAMING)
		informer->state = KUBE_INFORMER_WATCHING;
	else
		informer_watch(informer);
	if (!was_synced && informer->options.synced != NULL)
		informer->options.synced(informer->options.context);
}

static void informer_page_done(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct kube_informer *informer = context;
	const struct json *root;
	const struct json *metadata;
	struct str more;

	if (err != NULL) {
		informer_list_failed(informer, err, answer->retry_after_ms);
		return;
	}
	root = json_doc_root(answer->doc);
	metadata = json_get(root, "metadata");
	more = json_str(json_get(metadata, "continue"));
	for (struct json_iter item = json_iter(json_get(root, "items")); json_next(&item);)
		informer_upsert(informer, item.value);
	if (more.size > 0) {
		informer_list_page(informer, more);
		return;
	}
	kube_call_free(take_ptr(&informer->list)); /* it holds the last page, megabytes of it */
	informer_complete(informer, json_str(json_get(metadata, "resourceVersion")));
}

static void informer_list_page(struct kube_informer *informer, struct str continue_token)
{
	struct kube_request request = {
		.verb = KUBE_LIST,
		.resource = informer->options.resource,
		.namespace = informer->options.namespace,
		.label_selector = informer->options.label_selector,
		.field_selector = informer->options.field_selector,
		.resource_version = buf_str(&informer->list_version),
		.limit = INFORMER_PAGE_OBJECTS,
		.continue_token = continue_token,
		.timeout_ms = INFORMER_LIST_TIMEOUT_MS,
	};
	struct kube_call *next =
		kube_call_start(informer->client, &request, informer_page_done, informer);

	kube_call_free(informer->list);
	informer->list = next;
}

static void informer_list(struct kube_informer *informer)
{
	informer->state = KUBE_INFORMER_LISTING;
	informer->store.round++;
	informer_list_page(informer, STR(""));
}

/* ---- Streaming and watching ---- */

static bool informer_is_end_of_list(enum kube__watch_type type, const struct json *object)
{
	return type == KUBE__WATCH_BOOKMARK &&
		str_is(json_str(json_at(object, "metadata", "annotations",
			       "k8s.io/initial-events-end", NULL)),
			"true");
}

static int informer_event(
	void *context, enum kube__watch_type type, const struct json *object, struct error *err)
{
	struct kube_informer *informer = context;
	struct str version = json_str(json_at(object, "metadata", "resourceVersion", NULL));

	if (type == KUBE__WATCH_ERROR)
		return kube__answer_status_object(object, err);
	informer->watch_events++;
	if (type == KUBE__WATCH_ADDED || type == KUBE__WATCH_MODIFIED)
		informer_upsert(informer, object);
	else if (type == KUBE__WATCH_DELETED)
		informer_delete(informer, object);
	if (informer->state == KUBE_INFORMER_WATCHING && version.size > 0)
		informer_set_version(&informer->version, version);
	else if (informer_is_end_of_list(type, object))
		informer_complete(informer, version);
	return 0;
}

static int informer_watch_data(void *context, struct str piece, struct error *err)
{
	struct kube_informer *informer = context;

	return kube__watch_decode(&informer->decoder, piece, err);
}

/* A watch ended as watches do, or so soon that something is wrong. */
static void informer_watch_closed(struct kube_informer *informer)
{
	int64_t lasted_ms = (loop_now(informer->loop).us - informer->watch_began.us) / 1000;
	struct error err;

	if (informer->state == KUBE_INFORMER_WATCHING &&
		(informer->watch_events > 0 || lasted_ms >= INFORMER_WATCH_SHORT_MS)) {
		informer_watch(informer);
		return;
	}
	(void)error_set(&err, ERROR_SYSTEM, "cannot watch %s: the server ended the watch %s",
		informer->options.resource->plural,
		informer->state == KUBE_INFORMER_STREAMING ? "before its list was complete"
							   : "at once");
	informer_fail(informer, &err, -1);
}

/* Whether the server does not know lists in a watch, or pretends to. */
static bool informer_stream_is_refused(const struct error *err)
{
	bool is_silent = err->kind == ERROR_TIMEOUT && err->status == 0;

	return is_silent || err->kind == ERROR_INVALID || err->kind == ERROR_UNSUPPORTED ||
		err->kind == ERROR_CORRUPT || err->kind == ERROR_TOO_BIG;
}

/*
 * From its cache (version 0) a server gives everything at once, whatever limit it is told: hundreds
 * of megabytes for 20,000 Pods. Where a selector leaves a few of many that is right all the same:
 * an old server would read them all from etcd.
 */
static void informer_prefer_cache(struct kube_informer *informer)
{
	bool is_selected = informer->options.field_selector.size > 0 ||
		informer->options.label_selector.size > 0;

	if (is_selected && informer->list_version.size == 0)
		informer_set_version(&informer->list_version, STR("0"));
}

static void informer_stream_failed(
	struct kube_informer *informer, struct error *err, int64_t retry_after_ms)
{
	if (informer_stream_is_refused(err)) {
		informer->cannot_stream = true;
		informer_prefer_cache(informer);
		informer_list(informer);
		return;
	}
	(void)error_wrap(err, "cannot list %s", informer->options.resource->plural);
	informer_list_failed(informer, err, retry_after_ms);
}

static void informer_watch_failed(
	struct kube_informer *informer, struct error *err, int64_t retry_after_ms)
{
	if (err->kind == ERROR_GONE) {
		informer->must_list = true;
		informer_set_version(&informer->list_version, buf_str(&informer->version));
		informer_wait(informer, KUBE_INFORMER_EXPIRED, retry_after_ms);
		return;
	}
	/* What we cannot read or are told to be invalid would only come again. */
	if (err->kind != ERROR_BUSY && err->kind != ERROR_TIMEOUT && err->kind != ERROR_SYSTEM &&
		err->kind != ERROR_DENIED) {
		informer->must_list = true;
		informer_set_version(&informer->list_version, buf_str(&informer->version));
	}
	(void)error_wrap(err, "cannot watch %s", informer->options.resource->plural);
	informer_fail(informer, err, retry_after_ms);
}

static void informer_watch_done(void *context, const struct http_answer *answer, struct str body,
	const struct error *failure)
{
	struct kube_informer *informer = context;
	int64_t retry_after_ms = answer != NULL ? answer->retry_after_ms : -1;
	struct error err;

	if (answer != NULL && answer->status == 200) {
		informer_watch_closed(informer);
		return;
	}
	if (answer != NULL)
		(void)kube__answer_refusal(answer->status, body, &err);
	else
		err = *failure;
	if (informer->state == KUBE_INFORMER_STREAMING)
		informer_stream_failed(informer, &err, retry_after_ms);
	else
		informer_watch_failed(informer, &err, retry_after_ms);
}

static void informer_write_watch_path(
	const struct kube_informer *informer, int64_t seconds, struct buf *path)
{
	const struct kube_informer_options *options = &informer->options;
	bool is_list = informer->state == KUBE_INFORMER_STREAMING;

	kube_resource_write_path(path, options->resource, options->namespace, STR(""), STR(""));
	kube_query_add(path, "watch", STR("true"));
	kube_query_add(path, "allowWatchBookmarks", STR("true"));
	kube_query_add_number(path, "timeoutSeconds", seconds);
	kube_query_add(path, "resourceVersion",
		buf_str(is_list ? &informer->list_version : &informer->version));
	if (is_list) {
		kube_query_add(path, "resourceVersionMatch", STR("NotOlderThan"));
		kube_query_add(path, "sendInitialEvents", STR("true"));
	}
	kube_query_add(path, "labelSelector", options->label_selector);
	kube_query_add(path, "fieldSelector", options->field_selector);
}

/* Starts a watch; the state says which. */
static void informer_open(struct kube_informer *informer, enum kube_informer_state state)
{
	int64_t seconds = INFORMER_WATCH_SECONDS + (int64_t)clock_random(INFORMER_WATCH_SECONDS);
	autobuf path = BUF_INIT(INFORMER_URL_MAX);
	struct kube__exchange_request request = {
		.method = "GET",
		.timeout_ms = seconds * 1000 + INFORMER_WATCH_GRACE_MS,
		.silence_ms = informer->options.silence_ms,
		.max_bytes = LIMIT_OBJECT_BYTES,
		.is_stream = true,
	};
	struct http_callbacks callbacks = {
		.done = informer_watch_done,
		.data = informer_watch_data,
		.context = informer,
	};

	informer->state = state;
	informer_write_watch_path(informer, seconds, &path);
	request.path = path.data;
	informer->watch_began = loop_now(informer->loop);
	informer->watch_events = 0;
	kube__watch_decoder_done(&informer->decoder);
	informer->decoder = KUBE__WATCH_DECODER(informer_event, informer);
	kube__exchange_free(informer->watch);
	informer->watch =
		kube__exchange_start(kube__client_peer(informer->client), &request, &callbacks);
}

static void informer_watch(struct kube_informer *informer)
{
	informer_open(informer, KUBE_INFORMER_WATCHING);
}

/* ---- The handle ---- */

static void informer_go_on(void *context)
{
	struct kube_informer *informer = context;

	if (!informer->must_list) {
		informer_watch(informer);
	} else if (informer->cannot_stream) {
		informer_list(informer);
	} else {
		informer->store.round++;
		informer_open(informer, KUBE_INFORMER_STREAMING);
	}
}

struct kube_informer *kube_informer_new(
	struct kube_client *client, const struct kube_informer_options *options)
{
	struct kube_informer *informer = new_zeroed(struct kube_informer);
	int64_t first_ms = options->first_delay_ms;

	informer->client = client;
	informer->loop = kube__client_loop(client);
	informer->arena = arena_new(256);
	informer->options = *options;
	informer->options.namespace = arena_str(informer->arena, options->namespace);
	informer->options.label_selector = arena_str(informer->arena, options->label_selector);
	informer->options.field_selector = arena_str(informer->arena, options->field_selector);
	if (options->silence_ms == 0)
		informer->options.silence_ms = INFORMER_SILENCE_MS;
	informer->store = KUBE__STORE_INIT;
	informer->must_list = true;
	informer->version = BUF_INIT(INFORMER_VERSION_MAX);
	informer->list_version = BUF_INIT(INFORMER_VERSION_MAX);
	informer->backoff = (struct kube__backoff){
		.first_ms = first_ms > 0 ? first_ms : INFORMER_FIRST_DELAY_MS,
		.longest_ms = INFORMER_LONGEST_DELAY_MS,
		.health_ms = INFORMER_HEALTH_MS,
	};
	informer->expiry = informer->backoff;
	informer->timer = loop_timer_new(informer->loop, informer_go_on, informer);
	informer->decoder = KUBE__WATCH_DECODER(informer_event, informer);
	return informer;
}

void kube_informer_on_change(
	struct kube_informer *informer, kube_informer_change_fn changed, void *context)
{
	assert(informer->state == KUBE_INFORMER_IDLE &&
		informer->handler_count < KUBE_INFORMER_HANDLERS_MAX);
	informer->handlers[informer->handler_count++] = (struct informer_handler){changed, context};
}

void kube_informer_start(struct kube_informer *informer)
{
	assert(informer->state == KUBE_INFORMER_IDLE);
	informer_go_on(informer);
}

void kube_informer_free(struct kube_informer *informer)
{
	if (informer == NULL)
		return;
	assert(!informer->is_calling);
	loop_source_free(informer->timer);
	kube_call_free(informer->list);
	kube__exchange_free(informer->watch);
	kube__watch_decoder_done(&informer->decoder);
	kube__store_done(&informer->store);
	buf_done(&informer->version);
	buf_done(&informer->list_version);
	arena_free(informer->arena);
	free(informer);
}

bool kube_informer_is_synced(const struct kube_informer *informer)
{
	return informer->is_synced;
}

enum kube_informer_state kube_informer_state(const struct kube_informer *informer)
{
	return informer->state;
}

const struct kube_object *kube_informer_get(const struct kube_informer *informer, struct str key)
{
	return kube__store_get(&informer->store, key);
}

size_t kube_informer_count(const struct kube_informer *informer)
{
	return informer->store.objects.count;
}

const struct kube_object *kube_informer_next(const struct kube_informer *informer, size_t *position)
{
	return map_next(&informer->store.objects, position, NULL);
}
