/*
 * Between HTTP and the API: credentials, User-Agent, impersonation and counting. A failure to get
 * credentials reaches the caller as a failed call, from the loop.
 */
#include "kube/exchange.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "kube/credential.h"
#include "sys/clock.h"

#if defined(__x86_64__)
#define EXCHANGE_MACHINE "amd64"
#elif defined(__aarch64__)
#define EXCHANGE_MACHINE "arm64"
#else
#define EXCHANGE_MACHINE "unknown"
#endif

enum { EXCHANGE_HEADERS_MAX = 32, EXCHANGE_METRIC_LABELS_MAX = 512 };

static const struct metric_family exchange_requests_total = {
	.name = "rest_client_requests_total",
	.type = METRIC_COUNTER,
	.help = "Number of HTTP requests, partitioned by status code, method, and host.",
};

static const struct metric_family exchange_retries_total = {
	.name = "rest_client_request_retries_total",
	.type = METRIC_COUNTER,
	.help = "Number of request retries, partitioned by method and host.",
};

struct kube__peer {
	struct loop *loop;
	const struct kube_config *config;
	struct metrics *metrics;
	struct str host; /* of the server, for labels; borrowed from `config` */
	struct http_client *http;
	struct kube__credential *credential;
	kube_trace_fn trace; /* NULL: nobody looks */
	void *trace_context;
};

struct kube__exchange {
	struct kube__peer *peer;
	struct kube__exchange_request request;
	char *url;
	struct http_callbacks callbacks;
	struct http_call *call;
	struct kube__waiter waiter;
	struct loop_source *failure; /* tells of `error` from the loop */
	struct error error;
	unsigned generation; /* of the credentials it was sent with */
	struct mono_time sent;
	bool was_repeated; /* after a 401 */
};

/* ---- The peer ---- */

int kube__peer_new(struct loop *loop, const struct kube_config *config, struct metrics *metrics,
	struct kube__peer **ret_peer, struct error *err)
{
	static const char user_agent[] = "kcr/" KCR_VERSION " (linux/" EXCHANGE_MACHINE ")";
	struct http_client *http;
	struct kube__peer *peer;
	struct str path;

	if (http_client_new(loop, user_agent, &http, err) < 0)
		return -1;
	peer = new_zeroed(struct kube__peer);
	peer->loop = loop;
	peer->config = config;
	peer->metrics = metrics;
	(void)str_cut(str_of(strstr(config->server, "://") + 3), '/', &peer->host, &path);
	peer->http = http;
	peer->credential = kube__credential_new(loop, config, http);
	*ret_peer = peer;
	return 0;
}

void kube__peer_free(struct kube__peer *peer)
{
	if (peer == NULL)
		return;
	kube__credential_free(peer->credential);
	http_client_free(peer->http);
	free(peer);
}

const char *kube__peer_token(struct kube__peer *peer)
{
	return kube__credential_token(peer->credential);
}

void kube__peer_set_trace(struct kube__peer *peer, kube_trace_fn trace, void *context)
{
	peer->trace = trace;
	peer->trace_context = context;
}

static void peer_count_answer(struct kube__peer *peer, const char *method, int status)
{
	autobuf labels = BUF_INIT(EXCHANGE_METRIC_LABELS_MAX);

	if (status > 0)
		buf_printf(&labels, "code=\"%d\"", status);
	else
		buf_add_text(&labels, "code=\"<error>\"");
	buf_printf(&labels, ",host=\"%.*s\",method=\"%s\"", STR_ARG(peer->host), method);
	metric_add(metrics_series(peer->metrics, &exchange_requests_total, labels.data), 1);
}

void kube__peer_count_retry(struct kube__peer *peer, const char *method)
{
	autobuf labels = BUF_INIT(EXCHANGE_METRIC_LABELS_MAX);

	buf_printf(&labels, "host=\"%.*s\",method=\"%s\"", STR_ARG(peer->host), method);
	metric_add(metrics_series(peer->metrics, &exchange_retries_total, labels.data), 1);
}

/* ---- The exchange ---- */

struct exchange_headers {
	struct http_header items[EXCHANGE_HEADERS_MAX];
	size_t count;
};

static void exchange_add_header(
	struct exchange_headers *headers, const char *name, const char *value)
{
	if (value != NULL && headers->count < EXCHANGE_HEADERS_MAX)
		headers->items[headers->count++] = (struct http_header){name, value};
}

static void exchange_write_headers(
	const struct kube__exchange *exchange, struct exchange_headers *headers)
{
	const struct kube_config *config = exchange->peer->config;
	const char *const *group = config->impersonate_groups;

	exchange_add_header(headers, "Accept", "application/json");
	exchange_add_header(headers, "Content-Type", exchange->request.content_type);
	exchange_add_header(headers, "Impersonate-User", config->impersonate_user);
	exchange_add_header(headers, "Impersonate-Uid", config->impersonate_uid);
	for (; group != NULL && *group != NULL; group++)
		exchange_add_header(headers, "Impersonate-Group", *group);
}

static void exchange_begin(struct kube__exchange *exchange);

static void exchange_tell(const struct kube__exchange *exchange, int status)
{
	const struct kube__peer *peer = exchange->peer;
	int64_t took_us = clock_mono().us - exchange->sent.us;

	if (peer->trace != NULL)
		peer->trace(peer->trace_context, exchange->request.method,
			exchange->url + strlen(peer->config->server), status, took_us / 1000);
}

static void exchange_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct kube__exchange *exchange = context;
	struct kube__peer *peer = exchange->peer;
	int status = answer != NULL ? answer->status : 0;

	peer_count_answer(peer, exchange->request.method, status);
	exchange_tell(exchange, status);
	if (answer != NULL && answer->status == 401 && !exchange->was_repeated &&
		kube__credential_refuse(peer->credential, exchange->generation)) {
		exchange->was_repeated = true;
		exchange_begin(exchange);
		return;
	}
	exchange->callbacks.done(exchange->callbacks.context, answer, body, err);
}

/* That there is one makes http collect the body of an answer that is not 2xx, of streams too. */
static bool exchange_head(void *context, const struct http_answer *answer)
{
	(void)context;
	(void)answer;
	return true;
}

static int exchange_data(void *context, struct str piece, struct error *err)
{
	struct kube__exchange *exchange = context;

	return exchange->callbacks.data(exchange->callbacks.context, piece, err);
}

static void exchange_send(struct kube__exchange *exchange, const struct kube__identity *identity)
{
	const struct kube__exchange_request *request = &exchange->request;
	struct exchange_headers headers = {.count = 0};
	struct http_callbacks callbacks = {
		.done = exchange_done,
		.head = exchange->callbacks.data != NULL ? exchange_head : NULL,
		.data = exchange->callbacks.data != NULL ? exchange_data : NULL,
		.context = exchange,
	};

	exchange_write_headers(exchange, &headers);
	struct http_request http = {
		.method = request->method,
		.url = exchange->url,
		.headers = headers.items,
		.header_count = headers.count,
		.bearer_token = identity->token,
		.tls = identity->tls,
		.body = HTTP_NO_BODY,
		.timeout_ms = request->timeout_ms,
		.silence_ms = request->silence_ms,
		.max_bytes = request->max_bytes,
		.own_connection = request->own_connection,
		.accept_compressed = !request->is_stream,
	};
	http.body.bytes = request->body;
	exchange->generation = identity->generation;
	exchange->sent = clock_mono();
	http_call_free(exchange->call);
	exchange->call = http_call_start(exchange->peer->http, &http, &callbacks);
}

static void exchange_tell_failure(void *context)
{
	struct kube__exchange *exchange = context;

	exchange->callbacks.done(exchange->callbacks.context, NULL, STR(""), &exchange->error);
}

static void exchange_begin(struct kube__exchange *exchange)
{
	struct kube__identity identity;
	int is_ready = kube__credential_get(
		exchange->peer->credential, &exchange->waiter, &identity, &exchange->error);

	if (is_ready > 0)
		exchange_send(exchange, &identity);
	else if (is_ready < 0)
		exchange->failure =
			loop_defer(exchange->peer->loop, exchange_tell_failure, exchange);
}

/* The credential plugin has ended. */
static void exchange_credential_ready(void *context, const struct error *err)
{
	struct kube__exchange *exchange = context;

	if (err == NULL) {
		exchange_begin(exchange);
		return;
	}
	exchange->error = *err;
	exchange_tell_failure(exchange);
}

struct kube__exchange *kube__exchange_start(struct kube__peer *peer,
	const struct kube__exchange_request *request, const struct http_callbacks *callbacks)
{
	struct kube__exchange *exchange = new_zeroed(struct kube__exchange);

	exchange->peer = peer;
	exchange->request = *request;
	exchange->callbacks = *callbacks;
	if (asprintf(&exchange->url, "%s%s", peer->config->server, request->path) < 0)
		abort();
	exchange->waiter.ready = exchange_credential_ready;
	exchange->waiter.context = exchange;
	list_init(&exchange->waiter.link);
	exchange_begin(exchange);
	return exchange;
}

void kube__exchange_free(struct kube__exchange *exchange)
{
	if (exchange == NULL)
		return;
	list_remove(&exchange->waiter.link);
	loop_source_free(exchange->failure);
	http_call_free(exchange->call);
	free(exchange->url);
	free(exchange);
}
