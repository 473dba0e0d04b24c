/* Requests that go one after another, each waited for. */
#include "cli/door.h"

#include <inttypes.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "cli/table.h"
#include "sys/clock.h"

enum {
	DOOR_SILENCE_MS = 60 * 1000,
	DOOR_CLOSE_MS = 5 * 1000,
	DOOR_PAUSE_MS = 500, /* before the second attempt in vain; doubled each time */
	DOOR_PAUSE_DOUBLINGS = 5,
	DOOR_TRACE_LEVEL = 6, /* as the requests to the API server */
	DOOR_WORDS = 200, /* of an answer that refuses */
};

struct cli_door {
	struct cli_session *session; /* borrowed */
	struct cli_wait *wait; /* borrowed */
	struct cli_door_options options;
	struct cli_ticket ticket;
	struct cli_forward *forward; /* NULL: the way is broken */
	struct http_client *client;
	int64_t timeout_ms; /* of a request */
	bool has_moved; /* bytes, by the ticket */
};

const struct cli_ticket *cli_door_ticket(const struct cli_door *door)
{
	return &door->ticket;
}

/* ---- One request ---- */

struct door_call {
	struct cli_door *door;
	const struct cli_door_question *question;
	struct error error; /* kind NONE: it went well */
};

static int door_refused(const struct http_answer *answer, struct str body, struct error *err)
{
	autobuf words = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);
	enum error_kind kind = ERROR_CORRUPT;

	if (answer->status == 410)
		kind = ERROR_GONE;
	else if (answer->status == 404)
		kind = ERROR_ABSENT;
	else if (answer->status == 401 || answer->status == 409 || answer->status == 429 ||
		answer->status >= 500)
		kind = ERROR_BUSY;
	body = str_trim(body);
	if (body.size > DOOR_WORDS)
		body.size = DOOR_WORDS;
	cli_write_styled(&words, body, CLI_PLAIN, false);
	return error_set(err, kind, "the agent answered %d%s%s", answer->status,
		words.size > 0 ? ": " : "", words.data);
}

static bool door_head(void *context, const struct http_answer *answer)
{
	const struct door_call *call = context;

	if (answer->status < 200 || answer->status > 299)
		return true; /* its words are collected */
	return call->question->head(call->question->context, answer);
}

static int door_data(void *context, struct str piece, struct error *err)
{
	const struct door_call *call = context;

	call->door->has_moved = true;
	return call->question->data(call->question->context, piece, err);
}

static void door_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct door_call *call = context;

	if (err != NULL)
		call->error = *err;
	else if (answer->status < 200 || answer->status > 299)
		(void)door_refused(answer, body, &call->error);
	else if (call->question->answered != NULL)
		call->question->answered(call->question->context, answer);
	cli_wait_end(call->door->wait);
}

static void door_trace(const struct door_call *call, const char *url, struct mono_time begun)
{
	const struct cli_door_question *question = call->question;
	const char *range = question->header.name != NULL ? question->header.value : "";

	if (call->door->session->call->flags.verbosity < DOOR_TRACE_LEVEL)
		return;
	cli_tell("%s %s%s%s: %s in %" PRIi64 " ms", question->method, url,
		range[0] != '\0' ? " " : "", range,
		call->error.kind == ERROR_NONE ? "done" : call->error.text,
		(clock_mono().us - begun.us) / 1000);
}

static void door_write_url(
	struct buf *url, const struct cli_door *door, const struct cli_door_question *question)
{
	buf_printf(url, "http://127.0.0.1:%u/v1/%s/%.*s/%.*s%s",
		(unsigned)cli_forward_port(door->forward),
		door->ticket.kind == &cli_import_kind ? "imports" : "exports",
		STR_ARG(door->session->namespace), STR_ARG(door->ticket.name),
		question->is_of_archive ? "/archive.tar" : "");
}

int cli_door_ask(struct cli_door *door, const struct cli_door_question *question, struct error *err)
{
	struct door_call call = {.door = door, .question = question};
	struct mono_time begun = clock_mono();
	autobuf url = BUF_INIT(LIMIT_HTTP_HEAD_BYTES);
	const struct http_request request = {
		.method = question->method,
		.url = (door_write_url(&url, door, question), url.data),
		.headers = &question->header,
		.header_count = question->header.name != NULL ? 1 : 0,
		.bearer_token = door->ticket.secret,
		.body = question->body,
		.timeout_ms = door->timeout_ms,
		.silence_ms = DOOR_SILENCE_MS,
		.max_bytes = LIMIT_REPLY_BYTES,
	};
	const struct http_callbacks callbacks = {
		.done = door_done,
		.head = question->head != NULL ? door_head : NULL,
		.data = question->data != NULL ? door_data : NULL,
		.context = &call,
	};
	struct http_call *http = http_call_start(door->client, &request, &callbacks);
	int result = cli_wait_run(door->wait, door->timeout_ms, "a request to the agent", err);

	http_call_free(http);
	door_trace(&call, url.data, begun);
	if (result == 0 && call.error.kind != ERROR_NONE) {
		*err = call.error;
		result = -1;
	}
	return result;
}

/* ---- The way there ---- */

static int door_get_ticket(struct cli_door *door, struct error *err)
{
	if (cli_ticket_open(door->session, door->wait, door->options.order, &door->ticket, err) < 0)
		return -1;
	door->has_moved = false;
	return 0;
}

/* Another ticket, which has to be of the same bytes. */
static int door_get_another_ticket(struct cli_door *door, struct error *err)
{
	struct archive_digest digest = door->ticket.digest;

	if (door_get_ticket(door, err) < 0)
		return -1;
	if (archive_digest_equal(&digest, &door->ticket.digest))
		return 0;
	return error_set(err, ERROR_CORRUPT,
		"checkpoint '%.*s' is another one now: its digest has changed",
		STR_ARG(door->options.order->checkpoint));
}

static int door_connect(struct cli_door *door, struct error *err)
{
	return cli_forward_open(
		door->session, door->wait, &door->ticket.relay, &door->forward, err);
}

/* What has come for an import goes with its ticket, whose status says why. */
static int door_reopen(struct cli_door *door, bool is_over, struct error *err)
{
	bool may_be_another = door->options.order->import == NULL;
	bool needs_ticket = is_over && may_be_another;

	cli_forward_close(door->forward);
	door->forward = NULL;
	if (!needs_ticket && cli_ticket_look(door->session, door->wait, &door->ticket, err) < 0) {
		if (err->kind != ERROR_GONE || !may_be_another)
			return -1;
		needs_ticket = true;
	}
	if (needs_ticket && door_get_another_ticket(door, err) < 0)
		return -1;
	return door->ticket.checkpoint.size > 0 ? 0 : door_connect(door, err);
}

int cli_door_open(struct cli_session *session, struct cli_wait *wait,
	const struct cli_door_options *options, struct cli_door **ret_door, struct error *err)
{
	autodoor *door = new_zeroed(struct cli_door);

	door->session = session;
	door->wait = wait;
	door->options = *options;
	door->timeout_ms = options->order->lifetime_seconds * 1000;
	if (http_client_new(wait->loop, "kubectl-kcr/" KCR_VERSION, &door->client, err) < 0 ||
		door_get_ticket(door, err) < 0 || door_connect(door, err) < 0)
		return -1;
	*ret_door = take_ptr(&door);
	return 0;
}

int cli_door_finish(struct cli_door *door, struct error *err)
{
	return cli_ticket_finish(door->session, door->wait, &door->ticket, err);
}

static void door_give_back(struct cli_door *door)
{
	const struct cli_door_question question = {.method = "DELETE", .body = HTTP_NO_BODY};
	struct error ignored; /* the ticket ends by itself when its time is over */

	if (door->ticket.kind == NULL || door->ticket.checkpoint.size > 0)
		return;
	door->wait->puts_in_order = true;
	door->timeout_ms = DOOR_CLOSE_MS;
	if ((door->forward == NULL || cli_door_ask(door, &question, &ignored) < 0) &&
		!door->has_moved)
		cli_ticket_take_back(door->session, &door->ticket);
	door->wait->puts_in_order = false;
}

void cli_door_close(struct cli_door *door)
{
	if (door == NULL)
		return;
	door_give_back(door);
	http_client_free(door->client);
	cli_forward_close(door->forward);
	cli_ticket_wipe(&door->ticket);
	free(door);
}

/* ---- Again and again ---- */

struct door_tries {
	struct mono_time moved; /* when something came or went */
	unsigned vain; /* attempts since */
	struct error failure; /* of the last one; kind NONE: this is the first */
};

static int door_attempt(struct cli_door *door, const struct cli_door_work *work,
	const struct door_tries *tries, struct error *err)
{
	if (tries->failure.kind != ERROR_NONE &&
		door_reopen(door, tries->failure.kind == ERROR_GONE, err) < 0)
		return -1;
	return work->attempt(work->context, err);
}

/* After a failure: waits, if another attempt may do better; else it stays the failure. */
static int door_go_on(struct cli_door *door, const struct cli_door_work *work,
	struct door_tries *tries, struct error *err)
{
	int64_t silent_ms = (clock_mono().us - tries->moved.us) / 1000;
	unsigned doublings =
		tries->vain < DOOR_PAUSE_DOUBLINGS ? tries->vain : DOOR_PAUSE_DOUBLINGS;

	if (!error_is_retriable(err) || *work->is_hopeless || door->wait->is_interrupted ||
		silent_ms >= door->options.patience_ms)
		return -1;
	tries->failure = *err;
	if (door->options.broke != NULL)
		door->options.broke(door->options.context, err);
	return tries->vain == 0 ? 0 : cli_wait_pause(door->wait, DOOR_PAUSE_MS << doublings, err);
}

int cli_door_persist(struct cli_door *door, const struct cli_door_work *work, struct error *err)
{
	struct door_tries tries = {.moved = clock_mono()};

	for (;;) {
		int64_t before = *work->moved_bytes;
		if (door_attempt(door, work, &tries, err) == 0)
			return 0;
		tries.vain++;
		if (*work->moved_bytes > before) {
			tries.vain = 0;
			tries.moved = clock_mono();
		}
		if (door_go_on(door, work, &tries, err) < 0)
			return -1;
	}
}
