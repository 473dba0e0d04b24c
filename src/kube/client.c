/*
 * A call is a request that owns its texts and a row of exchanges within one deadline. What is worth
 * another try is decided in one place, call_retry_delay().
 */
#include "kube/client.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "kube/answer.h"
#include "kube/backoff.h"
#include "kube/exchange.h"
#include "kube/request.h"
#include "kube/undeclared.h"
#include "sys/clock.h"

enum {
	CALL_TIMEOUT_MS = 30 * 1000,
	CALL_TRIES_MAX = 10, /* as client-go */
	CALL_URL_MAX = 64 * 1024,
};

static const struct kube__backoff call_backoff = {
	.first_ms = 200, .longest_ms = 5000, .health_ms = INT64_MAX};

struct kube_client {
	struct loop *loop;
	struct kube__peer *peer;
};

struct kube_call {
	struct kube_client *client;
	enum kube_verb verb;
	bool existing_is_fine;
	bool absent_is_fine;
	bool own_connection;
	char *path;
	char *body;
	size_t body_size;
	char *subject; /* "get pods 'a/b'" */
	kube_done_fn done;
	void *context;
	int64_t timeout_ms;
	struct mono_time deadline;
	unsigned tries;
	struct kube__backoff backoff;
	struct kube__exchange *exchange;
	struct loop_source *timer; /* the next try */
	struct loop_source *failure; /* tells of `error` from the loop */
	struct error error;
};

int kube_client_new(struct loop *loop, const struct kube_config *config, struct metrics *metrics,
	struct kube_client **ret_client, struct error *err)
{
	struct kube__peer *peer;
	struct kube_client *client;

	if (kube__peer_new(loop, config, metrics, &peer, err) < 0)
		return error_wrap(err, "cannot make a client for '%s'", config->server);
	client = new_zeroed(struct kube_client);
	client->loop = loop;
	client->peer = peer;
	*ret_client = client;
	return 0;
}

void kube_client_free(struct kube_client *client)
{
	if (client == NULL)
		return;
	kube__peer_free(client->peer);
	free(client);
}

const char *kube_client_token(struct kube_client *client)
{
	return kube__peer_token(client->peer);
}

void kube_client_set_trace(struct kube_client *client, kube_trace_fn trace, void *context)
{
	kube__peer_set_trace(client->peer, trace, context);
}

struct kube__peer *kube__client_peer(struct kube_client *client)
{
	return client->peer;
}

struct loop *kube__client_loop(struct kube_client *client)
{
	return client->loop;
}

/* ---- The end of a call ---- */

static void call_fail(struct kube_call *call, struct kube_answer *answer, struct error *err)
{
	(void)error_wrap(err, "cannot %s", call->subject);
	call->done(call->context, answer, err);
}

/* Success, unless the body is not what a success has. */
static void call_succeed(struct kube_call *call, struct kube_answer *answer, struct str body)
{
	autojson *doc = NULL;
	struct error err;

	if (json_parse(body, &doc, &err) < 0) {
		(void)error_wrap(&err, "the server's answer is not JSON");
		call_fail(call, answer, &err);
		return;
	}
	answer->doc = doc;
	call->done(call->context, answer, NULL);
}

static bool call_tolerates(const struct kube_call *call, const struct kube_answer *answer)
{
	return (call->existing_is_fine && answer->already_exists) ||
		(call->absent_is_fine && answer->status == 404);
}

/*
 * How long to wait before the next try, or -1 when there is none. A server that says 429 or when to
 * come back has done nothing yet; after other failures only what is harmless is repeated.
 */
static int64_t call_retry_delay(
	struct kube_call *call, const struct error *err, int64_t retry_after_ms)
{
	bool is_server_fault = err->status == 0 ? err->kind == ERROR_SYSTEM : err->status >= 500;
	bool is_undone = err->status == 429 || (is_server_fault && retry_after_ms >= 0);
	bool is_harmless = is_server_fault && kube__request_is_repeatable(call->verb);
	bool is_too_early = call->verb == KUBE_LIST && err->status == 504; /* for its version */
	struct mono_time now = loop_now(call->client->loop);
	int64_t delay_ms;

	if (call->tries >= CALL_TRIES_MAX || is_too_early || (!is_undone && !is_harmless))
		return -1;
	delay_ms = retry_after_ms;
	if (delay_ms < 0)
		delay_ms = kube__backoff_next(&call->backoff, now, (int64_t)clock_random(1000));
	return now.us + delay_ms * 1000 < call->deadline.us ? delay_ms : -1;
}

/* An apply to a server whose kinds are older than ours is sent again without what they lack. */
static bool call_leaves_out(struct kube_call *call, const struct error *err)
{
	autobuf shorter = BUF_INIT(LIMIT_OBJECT_BYTES);

	if (call->verb != KUBE_APPLY || err->status != 500 || call->tries >= CALL_TRIES_MAX ||
		!kube__undeclared_leave_out(
			str_of(err->text), (struct str){call->body, call->body_size}, &shorter))
		return false;
	free(call->body);
	call->body_size = shorter.size;
	call->body = buf_take(&shorter);
	return true;
}

static void call_ended(
	void *context, const struct http_answer *http, struct str body, const struct error *failure)
{
	struct kube_call *call = context;
	struct kube_answer answer = {.retry_after_ms = -1};
	struct error err = {.kind = ERROR_NONE};
	int64_t delay_ms;

	if (http != NULL) {
		answer.status = http->status;
		answer.retry_after_ms = http->retry_after_ms;
		answer.already_exists = kube__answer_is_already_exists(http->status, body);
	}
	if (http != NULL && http->status >= 200 && http->status < 300) {
		call_succeed(call, &answer, body);
		return;
	}
	if (call_tolerates(call, &answer)) {
		call->done(call->context, &answer, NULL);
		return;
	}
	if (http != NULL)
		(void)kube__answer_refusal(http->status, body, &err);
	else
		err = *failure;
	delay_ms = call_leaves_out(call, &err)
		? 0
		: call_retry_delay(call, &err, answer.retry_after_ms);
	if (delay_ms < 0) {
		call_fail(call, &answer, &err);
		return;
	}
	kube__peer_count_retry(call->client->peer, kube__request_method(call->verb));
	loop_timer_set(call->timer, delay_ms);
}

/* ---- Its tries ---- */

static void call_try(void *context)
{
	struct kube_call *call = context;
	int64_t left_ms = (call->deadline.us - loop_now(call->client->loop).us) / 1000;
	struct kube__exchange_request request = {
		.method = kube__request_method(call->verb),
		.path = call->path,
		.content_type = kube__request_content_type(call->verb),
		.body = {call->body, call->body_size},
		.timeout_ms = call->tries == 0 ? call->timeout_ms
			: left_ms > 0          ? left_ms
					       : 1,
		.max_bytes = call->verb == KUBE_LIST ? LIMIT_LIST_BYTES : LIMIT_OBJECT_BYTES,
		.own_connection = call->own_connection,
	};
	struct http_callbacks callbacks = {.done = call_ended, .context = call};

	call->tries++;
	kube__exchange_free(call->exchange);
	call->exchange = kube__exchange_start(call->client->peer, &request, &callbacks);
}

static void call_tell_failure(void *context)
{
	struct kube_call *call = context;
	struct kube_answer answer = {.retry_after_ms = -1};

	call_fail(call, &answer, &call->error);
}

static struct kube_call *call_new(struct kube_client *client, const struct kube_request *request)
{
	struct kube_call *call = new_zeroed(struct kube_call);
	autobuf subject = BUF_INIT(LIMIT_ERROR_TEXT);
	autobuf path = BUF_INIT(CALL_URL_MAX);
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);

	call->client = client;
	call->verb = request->verb;
	call->existing_is_fine = request->existing_is_fine;
	call->absent_is_fine = request->absent_is_fine;
	call->own_connection = request->own_connection;
	call->backoff = call_backoff;
	call->timeout_ms = request->timeout_ms > 0 ? request->timeout_ms : CALL_TIMEOUT_MS;
	kube__request_write_subject(&subject, request);
	kube__request_write_url(&path, request);
	kube__request_write_body(&body, request);
	if (kube__request_check(request, &call->error) == 0 &&
		buf_check(&path, "the request's URL", &call->error) == 0)
		(void)!buf_check(&body, "the request's body", &call->error); /* told later */
	call->body_size = body.size;
	call->subject = buf_take(&subject);
	call->path = buf_take(&path);
	call->body = buf_take(&body);
	return call;
}

struct kube_call *kube_call_start(struct kube_client *client, const struct kube_request *request,
	kube_done_fn done, void *context)
{
	struct kube_call *call = call_new(client, request);

	call->done = done;
	call->context = context;
	call->deadline.us = clock_mono().us + call->timeout_ms * 1000;
	call->timer = loop_timer_new(client->loop, call_try, call);
	if (call->error.kind != ERROR_NONE)
		call->failure = loop_defer(client->loop, call_tell_failure, call);
	else
		call_try(call);
	return call;
}

void kube_call_free(struct kube_call *call)
{
	if (call == NULL)
		return;
	loop_source_free(call->timer);
	loop_source_free(call->failure);
	kube__exchange_free(call->exchange);
	free(call->path);
	free(call->body);
	free(call->subject);
	free(call);
}
