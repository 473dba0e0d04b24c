/*
 * One request goes through these steps: send; on 401 get a token (or turn to Basic) and send again,
 * once; on a failure that may pass, pause and send again while retries last; else hand the answer
 * up. The session keeps its last call until the next one, as answers are borrowed from it.
 */
#include "registry/session.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "registry/authorization.h"
#include "registry/reply.h"
#include "registry/url.h"
#include "sys/clock.h"

enum {
	/* A registry that closes a large upload may be busy with it for a while. */
	REGISTRY_SILENCE_MS = 120 * 1000,
	REGISTRY_PAUSE_MAX_MS = 30 * 1000,
};

struct registry__session {
	struct loop *loop;
	struct http_client *http;
	struct http_tls *tls;
	struct image_reference target;
	struct registry__authorization *authorization;
	char *base;
	struct mono_time deadline;
	unsigned retries_left;
	int64_t pause_ms;

	struct registry__ask ask; /* url, content_range and range point to the copies below */
	char *url;
	char *content_range;
	char *range;
	bool has_authenticated; /* for this request */
	registry__answer_fn answer;
	void *answer_context;

	struct http_call *call;
	struct loop_source *timer;
	loop_fn resume;
	void *resume_context;
};

static void registry_session_send(struct registry__session *session);
static void registry_session_send_again(void *context);
static void registry_session_fetch_token(void *context);

static int64_t registry_session_remaining_ms(const struct registry__session *session)
{
	return (session->deadline.us - loop_now(session->loop).us) / 1000;
}

static void registry_session_fire(void *context)
{
	struct registry__session *session = context;

	session->resume(session->resume_context);
}

struct registry__session *registry__session_new(const struct registry__session_options *options)
{
	struct registry__session *session = new_zeroed(struct registry__session);
	autobuf base = BUF_INIT(REGISTRY_URL_MAX);
	const char *host = options->target->registry;

	session->loop = options->loop;
	session->http = options->http;
	session->tls = options->tls != NULL ? http_tls_ref(options->tls) : NULL;
	session->target = *options->target;
	session->authorization = registry__authorization_new(
		options->target, options->credentials, options->plain_http, options->actions);
	if (strcmp(host, "docker.io") == 0)
		host = "registry-1.docker.io"; /* where Docker Hub's API is */
	buf_printf(&base, "%s://%s", options->plain_http ? "http" : "https", host);
	session->base = buf_take(&base);
	session->deadline = options->deadline;
	session->retries_left = options->retries;
	session->pause_ms = options->retry_delay_ms;
	session->timer = loop_timer_new(options->loop, registry_session_fire, session);
	return session;
}

void registry__session_free(struct registry__session *session)
{
	if (session == NULL)
		return;
	http_call_free(session->call);
	loop_source_free(session->timer);
	registry__authorization_free(session->authorization);
	http_tls_unref(session->tls);
	free(session->base);
	free(session->url);
	free(session->content_range);
	free(session->range);
	free(session);
}

const char *registry__session_base(const struct registry__session *session)
{
	return session->base;
}

bool registry__session_pause(
	struct registry__session *session, int64_t least_ms, loop_fn resume, void *context)
{
	int64_t jitter = (int64_t)clock_random((uint64_t)session->pause_ms / 2 + 1);
	int64_t delay_ms = session->pause_ms + jitter;

	if (delay_ms < least_ms)
		delay_ms = least_ms;
	if (session->retries_left == 0 || delay_ms >= registry_session_remaining_ms(session))
		return false;
	session->retries_left--;
	session->pause_ms *= 2;
	if (session->pause_ms > REGISTRY_PAUSE_MAX_MS)
		session->pause_ms = REGISTRY_PAUSE_MAX_MS;
	session->resume = resume;
	session->resume_context = context;
	loop_timer_set(session->timer, delay_ms);
	return true;
}

/* The last step of a request; the session may be gone afterwards. */
static void registry_session_fail(struct registry__session *session, const struct error *err)
{
	session->answer(session->answer_context, NULL, (struct str){0}, err);
}

static void registry_session_fail_reply(struct registry__session *session, const char *who,
	const char *method, const char *url, const struct http_answer *answer, struct str body)
{
	const struct registry__question question = {
		.who = who,
		.method = method,
		.url = url,
		.repository = session->target.repository,
	};
	struct error err;

	(void)registry__reply_error(&question, answer->status, body, &err); /* always -1 */
	registry_session_fail(session, &err);
}

static void registry_session_fail_call(struct registry__session *session, const char *method,
	const char *url, const struct error *cause)
{
	struct error err = *cause;
	struct str shown = registry__url_shown(str_of(url));

	error_wrap(&err, "'%s %.*s'", method, STR_ARG(shown));
	registry_session_fail(session, &err);
}

/* Sends the token request's or the registry's call, with what both have in common. */
static void registry_session_start_call(
	struct registry__session *session, struct http_request *request, http_done_fn done)
{
	int64_t remaining_ms = registry_session_remaining_ms(session);
	const struct http_callbacks callbacks = {.done = done, .context = session};
	struct http_call *last = session->call;

	request->tls = session->tls;
	request->timeout_ms = remaining_ms > 1 ? remaining_ms : 1;
	request->silence_ms = REGISTRY_SILENCE_MS;
	request->max_bytes = LIMIT_REPLY_BYTES;
	session->call = http_call_start(session->http, request, &callbacks);
	http_call_free(last);
}

/* ---- Tokens ---- */

static void registry_session_on_token(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry__session *session = context;
	const char *url = registry__authorization_token_url(session->authorization);
	int64_t least_ms = answer != NULL ? answer->retry_after_ms : 0;
	bool may_pass = answer != NULL ? registry__status_is_retriable(answer->status)
				       : error_is_retriable(cause);
	struct error err;

	if (may_pass &&
		registry__session_pause(session, least_ms, registry_session_fetch_token, session))
		return;
	if (answer == NULL) {
		registry_session_fail_call(session, "GET", url, cause);
		return;
	}
	if (answer->status != 200) {
		registry_session_fail_reply(session, "token service", "GET", url, answer, body);
		return;
	}
	if (registry__authorization_take_token(session->authorization, body, &err) < 0) {
		registry_session_fail(session, &err);
		return;
	}
	registry_session_send(session);
}

static void registry_session_fetch_token(void *context)
{
	struct registry__session *session = context;
	clean_up(registry__secret_done) struct buf header = BUF_INIT(REGISTRY_HEADER_MAX);
	clean_up(registry__secret_done) struct buf form = BUF_INIT(REGISTRY_HEADER_MAX);
	struct http_header headers[2];
	size_t count = 0;
	struct http_request request = {
		.url = registry__authorization_token_url(session->authorization),
		.body = HTTP_NO_BODY,
	};

	registry__authorization_describe_token_request(session->authorization, &header, &form);
	if (header.size > 0)
		headers[count++] = (struct http_header){"Authorization", header.data};
	if (form.size > 0) {
		headers[count++] =
			(struct http_header){"Content-Type", "application/x-www-form-urlencoded"};
		request.body.bytes = buf_str(&form);
	}
	request.method = form.size > 0 ? "POST" : "GET";
	request.headers = headers;
	request.header_count = count;
	registry_session_start_call(session, &request, registry_session_on_token);
}

/* ---- The request itself ---- */

/* Answers a 401. Returns false, with *err set, when there is no answer to it. */
static bool registry_session_authenticate(
	struct registry__session *session, const struct http_answer *answer, struct error *err)
{
	struct registry__challenge challenge;
	enum registry__next next;

	session->has_authenticated = true;
	if (registry__challenge_parse(answer->www_authenticate, &challenge, err) < 0 ||
		registry__authorization_answer(session->authorization, &challenge, &next, err) < 0)
		return false;
	if (next == REGISTRY_FETCH_TOKEN)
		registry_session_fetch_token(session);
	else
		registry_session_send(session);
	return true;
}

static void registry_session_on_answer(
	void *context, const struct http_answer *answer, struct str body, const struct error *cause)
{
	struct registry__session *session = context;
	int64_t least_ms = answer != NULL ? answer->retry_after_ms : 0;
	bool may_pass = answer != NULL ? registry__status_is_retriable(answer->status)
				       : error_is_retriable(cause);
	struct error err;

	if (may_pass && !session->ask.is_single &&
		registry__session_pause(session, least_ms, registry_session_send_again, session))
		return;
	if (answer == NULL) {
		registry_session_fail_call(session, session->ask.method, session->url, cause);
		return;
	}
	if (answer->status != 401) {
		session->answer(session->answer_context, answer, body, NULL);
		return;
	}
	if (session->has_authenticated) {
		registry_session_fail_reply(
			session, "registry", session->ask.method, session->url, answer, body);
		return;
	}
	if (!registry_session_authenticate(session, answer, &err)) {
		error_wrap(&err, "cannot log in to '%s'", session->target.registry);
		registry_session_fail(session, &err);
	}
}

static void registry_session_send(struct registry__session *session)
{
	clean_up(registry__secret_done) struct buf authorization = BUF_INIT(REGISTRY_HEADER_MAX);
	struct http_header headers[6];
	size_t count = 0;
	struct http_request request = {
		.method = session->ask.method,
		.url = session->url,
		.headers = headers,
		.body = session->ask.body,
		.follow_redirects =
			strcmp(session->ask.method, "HEAD") == 0 || session->ask.is_followed,
	};

	if (registry__url_same_origin(str_of(session->url), str_of(session->base)))
		registry__authorization_write(session->authorization, &authorization);
	if (authorization.size > 0)
		headers[count++] = (struct http_header){"Authorization", authorization.data};
	if (session->ask.content_type != NULL)
		headers[count++] = (struct http_header){"Content-Type", session->ask.content_type};
	if (session->content_range != NULL)
		headers[count++] = (struct http_header){"Content-Range", session->content_range};
	if (session->ask.accept != NULL)
		headers[count++] = (struct http_header){"Accept", session->ask.accept};
	if (session->range != NULL)
		headers[count++] = (struct http_header){"Range", session->range};
	request.header_count = count;
	registry_session_start_call(session, &request, registry_session_on_answer);
}

static void registry_session_send_again(void *context)
{
	registry_session_send(context);
}

void registry__session_ask(struct registry__session *session, const struct registry__ask *ask,
	registry__answer_fn answer, void *context)
{
	char *url = str_dup(str_of(ask->url));
	char *content_range =
		ask->content_range != NULL ? str_dup(str_of(ask->content_range)) : NULL;
	char *range = ask->range != NULL ? str_dup(str_of(ask->range)) : NULL;

	free(session->url);
	free(session->content_range);
	free(session->range);
	session->ask = *ask;
	session->url = url;
	session->content_range = content_range;
	session->range = range;
	session->has_authenticated = false;
	session->answer = answer;
	session->answer_context = context;
	registry_session_send(session);
}
