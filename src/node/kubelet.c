/* One request each and the reading of its answer. */
#include "node/kubelet.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "json/json.h"

enum {
	/* Between the kubelet's own deadline and ours, so that it is the kubelet that tells. */
	NODE_KUBELET_GRACE_MS = 2000,
	NODE_KUBELET_URL_BYTES = 2048,
};

struct node_kubelet_call {
	struct http_call *http;
	char *object; /* "namespace/pod/container", for errors; NULL: of no Pod */
	node_kubelet_fn done;
	http_connected_fn connected;
	node_kubelet_pods_fn pods_done;
	node_kubelet_probe_fn probe_done;
	void *context;
};

/* The first archive of {"items":["/var/lib/kubelet/checkpoints/...tar"]}. */
static int node_kubelet_read(
	struct str body, struct json_doc **ret_doc, struct str *ret_archive, struct error *err)
{
	struct json_iter items;

	if (json_parse(body, ret_doc, err) < 0)
		return error_wrap(err, "the kubelet's answer");
	items = json_iter(json_at(json_doc_root(*ret_doc), "items", NULL));
	if (!json_next(&items) || json_str(items.value).size == 0)
		return error_set(err, ERROR_CORRUPT, "the kubelet's answer names no archive");
	*ret_archive = json_str(items.value);
	return 0;
}

static int node_kubelet_refusal(
	const struct node_kubelet_call *call, int status, struct str body, struct error *err)
{
	enum error_kind kind = ERROR_SYSTEM;

	body = str_trim(body);
	if (status == 404)
		kind = ERROR_ABSENT;
	else if (status == 401 || status == 403)
		kind = ERROR_DENIED;
	else if (str_contains(body, STR("context deadline exceeded")))
		kind = ERROR_TIMEOUT;
	return error_set(err, kind, "kubelet cannot checkpoint '%s': %.*s (HTTP %d)", call->object,
		STR_ARG(body), status);
}

static void node_kubelet_done(void *context, const struct http_answer *answer, struct str body,
	const struct error *http_err)
{
	struct node_kubelet_call *call = context;
	autojson *doc = NULL;
	struct str archive = {0};
	struct error err;
	int result;

	if (http_err != NULL) {
		err = *http_err;
		result = error_wrap(&err, "kubelet did not answer for '%s'", call->object);
	} else if (answer->status != 200) {
		result = node_kubelet_refusal(call, answer->status, body, &err);
	} else {
		result = node_kubelet_read(body, &doc, &archive, &err);
		if (result < 0)
			result = error_wrap(&err, "checkpoint of '%s'", call->object);
	}
	call->done(call->context, archive, result < 0 ? &err : NULL);
}

static void node_kubelet_connected(void *context, int fd)
{
	struct node_kubelet_call *call = context;

	call->connected(call->context, fd);
}

/* Sends `request`, completed by what is the same in all; `path` begins with '/'. */
static void node_kubelet_send(struct node_kubelet_call *call, const struct node_kubelet *kubelet,
	const char *path, struct http_request *request, const struct http_callbacks *callbacks)
{
	bool is_ipv6 = strchr(kubelet->host, ':') != NULL;
	autobuf url = BUF_INIT(NODE_KUBELET_URL_BYTES);

	buf_printf(&url, "https://%s%s%s:%u%s", is_ipv6 ? "[" : "", kubelet->host,
		is_ipv6 ? "]" : "", kubelet->port, path);
	request->url = url.data;
	request->tls = node_trust_tls(kubelet->trust);
	request->body = HTTP_NO_BODY;
	call->http = http_call_start(kubelet->http, request, callbacks);
}

struct node_kubelet_call *node_kubelet_checkpoint(const struct node_kubelet *kubelet,
	const char *token, struct str namespace, struct str pod, struct str container,
	int64_t timeout_seconds, const struct node_kubelet_callbacks *callbacks)
{
	struct node_kubelet_call *call = new_zeroed(struct node_kubelet_call);
	autobuf path = BUF_INIT(NODE_KUBELET_URL_BYTES);
	autobuf object = BUF_INIT(NODE_KUBELET_URL_BYTES);
	struct http_request request = {
		.method = "POST",
		.bearer_token = token,
		.timeout_ms = timeout_seconds * 1000 + NODE_KUBELET_GRACE_MS,
		.max_bytes = LIMIT_REPLY_BYTES,
	};
	struct http_callbacks http_callbacks = {
		.done = node_kubelet_done, .connected = node_kubelet_connected, .context = call};

	buf_printf(&object, "%.*s/%.*s/%.*s", STR_ARG(namespace), STR_ARG(pod), STR_ARG(container));
	buf_printf(&path, "/checkpoint/%s?timeout=%lld", object.data, (long long)timeout_seconds);
	call->object = buf_take(&object);
	call->done = callbacks->done;
	call->connected = callbacks->connected;
	call->context = callbacks->context;
	node_kubelet_send(call, kubelet, path.data, &request, &http_callbacks);
	return call;
}

/* ---- Pods ---- */

const struct api_pod *node_kubelet_find_pod(
	const struct json *list, struct str uid, struct arena *arena)
{
	struct json_iter items = json_iter(json_at(list, "items", NULL));
	struct error never;

	while (json_next(&items)) {
		struct api_pod *pod;

		if (!str_equal(json_str(json_at(items.value, "metadata", "uid", NULL)), uid))
			continue;
		pod = arena_zeroed(arena, 1, sizeof(*pod));
		if (json_decode(items.value, &api_pod_object, false, arena, pod, &never) == 0)
			return pod;
	}
	return NULL;
}

static void node_kubelet_pods_done(void *context, const struct http_answer *answer, struct str body,
	const struct error *http_err)
{
	struct node_kubelet_call *call = context;
	autojson *doc = NULL;
	struct error err;
	int result;

	if (http_err != NULL) {
		err = *http_err;
		result = -1;
	} else if (answer->status != 200) {
		result = error_set(&err,
			answer->status == 401 || answer->status == 403 ? ERROR_DENIED
								       : ERROR_SYSTEM,
			"kubelet does not list its Pods: %.*s (HTTP %d)", STR_ARG(str_trim(body)),
			answer->status);
	} else {
		result = json_parse(body, &doc, &err);
		if (result < 0)
			result = error_wrap(&err, "the kubelet's list of Pods");
	}
	if (result < 0)
		call->pods_done(call->context, NULL, &err);
	else
		call->pods_done(call->context, json_doc_root(doc), NULL);
}

struct node_kubelet_call *node_kubelet_pods(const struct node_kubelet *kubelet, const char *token,
	int64_t timeout_ms, node_kubelet_pods_fn done, void *context)
{
	struct node_kubelet_call *call = new_zeroed(struct node_kubelet_call);
	struct http_request request = {
		.method = "GET",
		.bearer_token = token,
		.timeout_ms = timeout_ms,
		.max_bytes = LIMIT_PODS_BYTES,
	};
	struct http_callbacks callbacks = {.done = node_kubelet_pods_done, .context = call};

	call->pods_done = done;
	call->context = context;
	node_kubelet_send(call, kubelet, "/pods", &request, &callbacks);
	return call;
}

/* ---- Whether it would take checkpoints ---- */

/* No Pod has such a name: the API server refuses the underscore. */
#define NODE_KUBELET_NO_POD "/checkpoint/kcr/no_pod/none"

int node_kubelet_read_probe(int status, struct str body, struct error *err)
{
	body = str_trim(body);
	if (status == 404 && str_contains(body, STR("pod does not exist")))
		return 0;
	if (status == 404)
		return error_set(err, ERROR_UNSUPPORTED,
			"the kubelet takes no checkpoints: its feature gate ContainerCheckpoint is "
			"off (HTTP 404)");
	return error_set(err, status == 401 || status == 403 ? ERROR_DENIED : ERROR_SYSTEM,
		"the kubelet takes no checkpoints for the agent: %.*s (HTTP %d)", STR_ARG(body),
		status);
}

static void node_kubelet_probe_done(void *context, const struct http_answer *answer,
	struct str body, const struct error *http_err)
{
	struct node_kubelet_call *call = context;
	struct error err;
	int result;

	if (http_err != NULL) {
		err = *http_err;
		result = -1;
	} else {
		result = node_kubelet_read_probe(answer->status, body, &err);
	}
	call->probe_done(call->context, result < 0 ? &err : NULL);
}

struct node_kubelet_call *node_kubelet_probe(const struct node_kubelet *kubelet, const char *token,
	int64_t timeout_ms, node_kubelet_probe_fn done, void *context)
{
	struct node_kubelet_call *call = new_zeroed(struct node_kubelet_call);
	struct http_request request = {
		.method = "POST",
		.bearer_token = token,
		.timeout_ms = timeout_ms,
		.max_bytes = LIMIT_REPLY_BYTES,
	};
	struct http_callbacks callbacks = {.done = node_kubelet_probe_done, .context = call};

	call->probe_done = done;
	call->context = context;
	node_kubelet_send(call, kubelet, NODE_KUBELET_NO_POD, &request, &callbacks);
	return call;
}

void node_kubelet_call_free(struct node_kubelet_call *call)
{
	if (call == NULL)
		return;
	http_call_free(call->http);
	free(call->object);
	free(call);
}
