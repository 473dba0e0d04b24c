/* The loop runs only while a command waits for answers. */
#include "cli/session.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/alloc.h"

enum {
	SESSION_TRACE_LEVEL = 6, /* as kubectl: -v=6 shows the URLs */
	SESSION_PAGE_OBJECTS = 500,
};

static void session_trace(
	void *context, const char *method, const char *path, int status, int64_t took_ms)
{
	const struct cli_session *session = context;

	if (status > 0)
		fprintf(stderr, "%s %s%s %d in %" PRIi64 " ms\n", method, session->config->server,
			path, status, took_ms);
	else
		fprintf(stderr, "%s %s%s: no answer after %" PRIi64 " ms\n", method,
			session->config->server, path, took_ms);
}

static int session_start(struct cli_session *session, struct error *err)
{
	const struct cli_flags *flags = &session->call->flags;
	const struct kube_config_options options = {
		.path = flags->kubeconfig,
		.context = flags->context,
		.cluster = flags->cluster,
		.user = flags->user,
		.home_before_pod = true,
	};

	if (kube_config_load(&options, &session->config, err) < 0)
		return -1;
	if (flags->as != NULL)
		session->config->impersonate_user = flags->as;
	session->namespace = str_of(flags->namespace);
	if (session->namespace.size == 0)
		session->namespace = str_of(session->config->namespace);
	session->scope = flags->all_namespaces ? STR("") : session->namespace;
	session->metrics = metrics_new();
	if (loop_new(&session->loop, err) < 0 ||
		kube_client_new(session->loop, session->config, session->metrics, &session->client,
			err) < 0)
		return -1;
	if (flags->verbosity >= SESSION_TRACE_LEVEL)
		kube_client_set_trace(session->client, session_trace, session);
	return 0;
}

int cli_session_open(struct cli_call *call, struct cli_session **ret_session, struct error *err)
{
	autosession *session = new_zeroed(struct cli_session);

	session->call = call;
	if (session_start(session, err) < 0)
		return -1;
	*ret_session = take_ptr(&session);
	return 0;
}

void cli_session_close(struct cli_session *session)
{
	if (session == NULL)
		return;
	kube_client_free(session->client);
	loop_free(session->loop);
	metrics_free(session->metrics);
	kube_config_free(session->config);
	free(session);
}

/* ---- Requests that are under way together ---- */

struct session_call;

struct session_flight {
	struct cli_session *session;
	struct session_call *items;
	size_t count;
	size_t begun; /* the first ones */
	size_t open; /* of these, that have not ended */
};

struct session_call {
	struct session_flight *flight;
	struct cli_fetch *fetch;
	struct kube_call *call;
	char *token; /* of the next page */
};

struct cli_fetch cli_fetch_list(const struct cli_session *session, const struct cli_kind *kind)
{
	return (struct cli_fetch){
		.request =
			{
				.verb = KUBE_LIST,
				.resource = &kind->resource,
				.namespace = kind->resource.namespaced ? session->scope : STR(""),
				.limit = SESSION_PAGE_OBJECTS,
			},
	};
}

struct cli_fetch cli_fetch_get(
	const struct cli_session *session, const struct cli_kind *kind, struct str name)
{
	return (struct cli_fetch){
		.request =
			{
				.verb = KUBE_GET,
				.resource = &kind->resource,
				.namespace =
					kind->resource.namespaced ? session->namespace : STR(""),
				.name = name,
			},
	};
}

static void fetch_keep(struct cli_fetch *fetch, struct json_doc *doc)
{
	fetch->docs = alloc_room_for_one(
		fetch->docs, fetch->doc_count, &fetch->doc_capacity, sizeof(struct json_doc *));
	fetch->docs[fetch->doc_count++] = json_doc_ref(doc);
}

static void session_send(struct session_call *item);

static void session_begin(struct session_flight *flight)
{
	while (flight->open < CLI_OPEN_FETCHES && flight->begun < flight->count) {
		flight->open++;
		session_send(&flight->items[flight->begun++]);
	}
}

/* Where nobody answers, one deadline is enough: what was not begun shares the failure. */
static void session_give_up(struct session_flight *flight, const struct error *err)
{
	while (flight->begun < flight->count)
		flight->items[flight->begun++].fetch->error = *err;
}

/* What an ended call holds is released before the next one begins. */
static void session_end(struct session_call *item)
{
	struct session_flight *flight = item->flight;

	kube_call_free(take_ptr(&item->call));
	flight->open--;
	session_begin(flight);
	if (flight->open == 0)
		loop_stop(flight->session->loop);
}

static void session_answered(
	void *context, const struct kube_answer *answer, const struct error *err)
{
	struct session_call *item = context;
	struct str token = {0};

	if (err != NULL)
		item->fetch->error = *err;
	if (err != NULL && err->status == 0 && error_is_retriable(err))
		session_give_up(item->flight, err);
	if (answer->doc != NULL) {
		fetch_keep(item->fetch, answer->doc);
		token = json_str(json_at(json_doc_root(answer->doc), "metadata", "continue", NULL));
	}
	if (err == NULL && item->fetch->request.verb == KUBE_LIST && token.size > 0) {
		free(item->token);
		item->token = str_dup(token);
		session_send(item);
		return;
	}
	session_end(item);
}

static void session_send(struct session_call *item)
{
	struct kube_request request = item->fetch->request;
	struct cli_session *session = item->flight->session;

	request.continue_token = str_of(item->token);
	if (request.timeout_ms == 0)
		request.timeout_ms = session->call->flags.request_timeout_ms;
	kube_call_free(item->call);
	item->call = kube_call_start(session->client, &request, session_answered, item);
}

static int session_check(const struct cli_fetch *fetches, size_t count, struct error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct cli_fetch *fetch = &fetches[i];
		bool is_fine = fetch->is_optional &&
			(fetch->error.kind == ERROR_DENIED || fetch->error.kind == ERROR_ABSENT);
		if (fetch->error.kind != ERROR_NONE && !is_fine) {
			*err = fetch->error;
			return -1;
		}
	}
	return 0;
}

int cli_fetch_all(
	struct cli_session *session, struct cli_fetch *fetches, size_t count, struct error *err)
{
	struct session_call *items = alloc_zeroed(count + 1, sizeof(*items));
	struct session_flight flight = {.session = session, .items = items, .count = count};
	int result = 0;

	for (size_t i = 0; i < count; i++)
		items[i] = (struct session_call){.flight = &flight, .fetch = &fetches[i]};
	session_begin(&flight);
	if (count > 0)
		result = loop_run(session->loop, err);
	for (size_t i = 0; i < count; i++) {
		kube_call_free(items[i].call);
		free(items[i].token);
	}
	free(items);
	return result < 0 ? -1 : session_check(fetches, count, err);
}

void cli_fetch_done(struct cli_fetch *fetch)
{
	for (size_t i = 0; i < fetch->doc_count; i++)
		json_doc_unref(fetch->docs[i]);
	free(fetch->docs);
	fetch->docs = NULL;
	fetch->doc_count = 0;
}

/* ---- What came ---- */

static size_t fetch_count(const struct cli_fetch *fetch)
{
	size_t count = 0;

	if (fetch->request.verb != KUBE_LIST)
		return fetch->doc_count;
	for (size_t i = 0; i < fetch->doc_count; i++)
		count += json_count(json_get(json_doc_root(fetch->docs[i]), "items"));
	return count;
}

static int fetch_decode_one(const struct cli_kind *kind, const struct json *value,
	struct arena *arena, struct cli_objects *objects, size_t size, struct error *err)
{
	void *item = (char *)objects->items + objects->count * size;

	objects->raw[objects->count++] = value;
	if (kind->api != NULL)
		return api_decode(value, kind->api, arena, item, err);
	return kind->object != NULL ? json_decode(value, kind->object, false, arena, item, err) : 0;
}

int cli_fetch_decode(const struct cli_fetch *fetch, const struct cli_kind *kind,
	struct arena *arena, struct cli_objects *ret_objects, struct error *err)
{
	const struct json_object *object = kind->api != NULL ? kind->api->object : kind->object;
	size_t size = object != NULL ? object->size : 0;
	size_t count = fetch_count(fetch);
	struct cli_objects objects = {
		.items = arena_zeroed(arena, count + 1, size > 0 ? size : 1),
		.raw = arena_zeroed(arena, count + 1, sizeof(*objects.raw)),
	};

	for (size_t i = 0; i < fetch->doc_count; i++) {
		const struct json *root = json_doc_root(fetch->docs[i]);
		struct json_iter item = json_iter(json_get(root, "items"));
		if (fetch->request.verb != KUBE_LIST &&
			fetch_decode_one(kind, root, arena, &objects, size, err) < 0)
			return -1;
		while (fetch->request.verb == KUBE_LIST && json_next(&item))
			if (fetch_decode_one(kind, item.value, arena, &objects, size, err) < 0)
				return -1;
	}
	*ret_objects = objects;
	return 0;
}
