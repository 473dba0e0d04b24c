/* What tests of the client share: a client, scripted peers and one call whose outcome is kept. */
#ifndef TESTS_UNIT_HTTP_WORLD_H
#define TESTS_UNIT_HTTP_WORLD_H

#include "base/alloc.h"
#include "http/client.h"

#include "peer.h"

/* One client, up to two peers, one call whose outcome is kept. */
struct world {
	struct loop *loop;
	struct http_client *client;
	struct peer peer;
	struct peer other;
	struct http_call *call;
	char url[200];

	struct http_request request;
	struct http_callbacks callbacks;
	int done_count;
	int status; /* 0 when the call failed */
	struct error error;
	struct buf body;
	struct buf story; /* what was called back */
};

static inline void keep_outcome(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	world->done_count++;
	buf_add(&world->body, body);
	world->status = answer != NULL ? answer->status : 0;
	if (err != NULL)
		world->error = *err;
	loop_stop(world->loop);
}

static inline int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	struct error err;

	*state = world;
	world->body = BUF_INIT(1024 * 1024);
	world->story = BUF_INIT(1024);
	if (loop_new(&world->loop, &err) < 0 ||
		http_client_new(world->loop, "kcr-test/1", &world->client, &err) < 0)
		return -1;
	world->request = (struct http_request){
		.method = "GET",
		.url = world->url,
		.body = HTTP_NO_BODY,
		.timeout_ms = 5000,
		.max_bytes = 64 * 1024,
	};
	world->callbacks = (struct http_callbacks){.done = keep_outcome, .context = world};
	return 0;
}

static inline int drop_world(void **state)
{
	struct world *world = *state;

	http_call_free(world->call);
	http_client_free(world->client);
	peer_stop(&world->peer);
	peer_stop(&world->other);
	loop_free(world->loop);
	buf_done(&world->body);
	buf_done(&world->story);
	free(world);
	return 0;
}

static inline void run(struct world *world)
{
	struct error err;

	assert_int_equal(loop_run(world->loop, &err), 0);
}

static inline void start_peer(struct world *world, const char *const *steps)
{
	peer_start(&world->peer, steps);
	(void)snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%d/a/b?token=secret",
		world->peer.port);
}

/* Runs the world's request to its end. */
static inline void call(struct world *world)
{
	http_call_free(world->call);
	world->done_count = 0;
	buf_clear(&world->body);
	world->error = (struct error){0};
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	assert_int_equal(world->done_count, 0);
	run(world);
	assert_int_equal(world->done_count, 1);
}

static inline void call_scripted(struct world *world, const char *const *steps)
{
	start_peer(world, steps);
	call(world);
}

/* A callback for heads. */
static inline bool tell_status(void *context, const struct http_answer *answer)
{
	struct world *world = context;

	buf_printf(&world->story, "%d ", answer->status);
	return true;
}

/* ---- Scripts and expectations ---- */

#define OK_HELLO "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello"

/* Compares what happened with an expectation in one place: status, body and error text. */
static inline void assert_answer(const struct world *world, int status, const char *body)
{
	assert_string_equal(world->error.text, "");
	assert_int_equal(world->status, status);
	assert_string_equal(world->body.data, body);
}

static inline void assert_failure(const struct world *world, enum error_kind kind, const char *part)
{
	char peer[40];

	(void)snprintf(peer, sizeof(peer), "127.0.0.1:%d", world->peer.port);
	assert_int_equal(world->status, 0);
	if (strstr(world->error.text, part) == NULL || strstr(world->error.text, peer) == NULL ||
		world->error.kind != kind)
		fail_msg("not a '%s' of '%s' that tells '%s': %s '%s'", error_reason(kind), peer,
			part, error_reason(world->error.kind), world->error.text);
	assert_null(strstr(world->error.text, "secret"));
}

static inline void assert_heard(struct peer *peer, const char *part, bool is_expected)
{
	struct str heard = peer_heard(peer);

	if (str_contains(heard, str_of(part)) != is_expected)
		fail_msg("'%s' is %s in '%.*s'", part, is_expected ? "not" : "", STR_ARG(heard));
}

#define world_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

#endif
