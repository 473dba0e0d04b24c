/* The client against scripted peers: what it sends, what it makes of answers and of faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "http/client.h"
#include "sys/clock.h"

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

static void keep_outcome(
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

static int make_world(void **state)
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

static int drop_world(void **state)
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

static void run(struct world *world)
{
	struct error err;

	assert_int_equal(loop_run(world->loop, &err), 0);
}

static void start_peer(struct world *world, const char *const *steps)
{
	peer_start(&world->peer, steps);
	(void)snprintf(world->url, sizeof(world->url), "http://127.0.0.1:%d/a/b?token=secret",
		world->peer.port);
}

/* Runs the world's request to its end. */
static void call(struct world *world)
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

static void call_scripted(struct world *world, const char *const *steps)
{
	start_peer(world, steps);
	call(world);
}

static void an_answer_comes_with_status_and_body(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	assert_string_equal(world->error.text, "");
	assert_int_equal(world->status, 200);
	assert_string_equal(world->body.data, "hello");
}

int main(void)
{
#define world_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)
	const struct CMUnitTest tests[] = {
		world_test(an_answer_comes_with_status_and_body),
	};

	return cmocka_run_group_tests_name("http client", tests, NULL, NULL);
}
