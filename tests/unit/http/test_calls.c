/* Streams, and calls and clients that are started and released from within callbacks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "world.h"

/* ---- Streams ---- */

static int tell_piece(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)err;
	buf_printf(&world->story, "[%.*s]", STR_ARG(piece));
	return 0;
}

static void a_stream_is_told_piece_by_piece_and_not_collected(void **state)
{
	static const char *const steps[] = {"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
		"~10", ">he", "~10", ">llo", "=", NULL};
	struct world *world = *state;

	world->callbacks.head = tell_status;
	world->callbacks.data = tell_piece;
	world->request.max_bytes = 1;
	call_scripted(world, steps);
	assert_answer(world, 200, "");
	assert_string_equal(world->story.data, "200 [he][llo]");
}

static void the_body_of_a_refused_stream_is_collected(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 410 Gone\r\nContent-Length: 4\r\n\r\nlate", "=", NULL};
	struct world *world = *state;

	world->callbacks.head = tell_status;
	world->callbacks.data = tell_piece;
	call_scripted(world, steps);
	assert_answer(world, 410, "late");
	assert_string_equal(world->story.data, "410 ");
}

static bool see_enough(void *context, const struct http_answer *answer)
{
	(void)tell_status(context, answer);
	return false;
}

static void a_stream_may_be_ended_after_its_head(void **state)
{
	static const char *const steps[] = {
		"<", ">HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "=", NULL};
	struct world *world = *state;

	world->callbacks.head = see_enough;
	world->callbacks.data = tell_piece;
	call_scripted(world, steps);
	assert_answer(world, 200, "");
	assert_string_equal(world->story.data, "200 ");
}

static int refuse_piece(void *context, struct str piece, struct error *err)
{
	(void)context;
	(void)piece;
	return error_set(err, ERROR_CORRUPT, "the digest differs");
}

static void a_piece_that_is_refused_ends_the_call_with_that_error(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->callbacks.data = refuse_piece;
	call_scripted(world, steps);
	assert_int_equal(world->error.kind, ERROR_CORRUPT);
	assert_string_equal(world->error.text, "the digest differs");
}

static bool look_at_head(void *context, const struct http_answer *answer)
{
	struct world *world = context;

	buf_printf(&world->story, "%.*s %.*s %.*s %lld %lld %zu %s", STR_ARG(answer->content_type),
		STR_ARG(answer->www_authenticate), STR_ARG(answer->docker_content_digest),
		(long long)answer->retry_after_ms, (long long)answer->content_length,
		answer->header_count, answer->headers[0].name);
	return true;
}

static void the_head_tells_the_headers_that_matter(void **state)
{
	static const char *const steps[] = {"<",
		">HTTP/1.1 429 Too Many Requests\r\nRETRY-AFTER: 7\r\nContent-type:  a/b \r\n"
		"Www-Authenticate: Bearer x\r\nDocker-Content-Digest: sha256:00\r\n"
		"Content-Length: 2\r\n\r\nno",
		"=", NULL};
	struct world *world = *state;

	world->callbacks.head = look_at_head;
	call_scripted(world, steps);
	assert_answer(world, 429, "no");
	assert_string_equal(world->story.data, "a/b Bearer x sha256:00 7000 2 5 retry-after");
}

/* ---- Releasing and starting from within callbacks ---- */

static void stop_loop(void *context)
{
	struct world *world = context;

	loop_stop(world->loop);
}

/* Runs the loop for a while and sees that nothing is told. */
static void assert_nothing_is_told(struct world *world)
{
	struct loop_source *timer = loop_timer_new(world->loop, stop_loop, world);

	loop_timer_set(timer, 40);
	run(world);
	loop_source_free(timer);
	assert_int_equal(world->done_count, 0);
}

static void release(struct world *world)
{
	http_call_free(world->call);
	world->call = NULL;
}

static void a_released_call_tells_nothing(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	release(world);
	assert_nothing_is_told(world);
}

static void a_released_call_that_failed_at_once_tells_nothing(void **state)
{
	struct world *world = *state;

	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	release(world);
	assert_nothing_is_told(world);
}

static bool release_in_head(void *context, const struct http_answer *answer)
{
	struct world *world = context;

	release(world);
	loop_stop(world->loop);
	return answer->status == 200; /* what is borrowed stays until we return */
}

static void a_call_may_be_released_in_its_head(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.head = release_in_head;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	run(world); /* until it is released */
	assert_null(world->call);
	assert_nothing_is_told(world);
}

static int release_in_data(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)err;
	release(world);
	buf_add(&world->story, piece);
	return 0;
}

static int release_in_data_and_stop(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	loop_stop(world->loop);
	return release_in_data(world, piece, err);
}

static void a_call_may_be_released_in_its_data(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.data = release_in_data_and_stop;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	run(world); /* until it is released */
	assert_null(world->call);
	assert_nothing_is_told(world);
	assert_string_equal(world->story.data, "hello");
}

static void release_in_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	release(world);
	keep_outcome(world, answer, body, err);
}

static void a_call_may_be_released_in_its_end(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->callbacks.done = release_in_done;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static void release_client_in_done(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct world *world = context;

	release(world);
	http_client_free(world->client);
	world->client = NULL;
	keep_outcome(world, answer, body, err);
}

static void a_client_may_be_freed_in_the_end_of_its_last_call(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	world->callbacks.done = release_client_in_done;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
}

static int release_client_in_data(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	http_client_free(NULL);
	(void)release_in_data(world, piece, err);
	http_client_free(world->client);
	world->client = NULL;
	loop_stop(world->loop);
	return 0;
}

static void a_client_may_be_freed_in_the_data_of_its_last_call(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.data = release_client_in_data;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	run(world);
	assert_string_equal(world->story.data, "hello");
}

static int replace_in_data(void *context, struct str piece, struct error *err)
{
	struct world *world = context;

	(void)release_in_data(world, piece, err);
	world->callbacks.data = NULL;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	return 0;
}

static void a_call_may_be_replaced_by_another_in_its_data(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	start_peer(world, steps);
	world->callbacks.data = replace_in_data;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	run(world);
	assert_answer(world, 200, "hello");
}

struct pair {
	struct world *world;
	struct http_call *calls[2];
};

static void release_both(
	void *context, const struct http_answer *answer, struct str body, const struct error *err)
{
	struct pair *pair = context;

	http_call_free(pair->calls[0]);
	http_call_free(pair->calls[1]);
	keep_outcome(pair->world, answer, body, err);
}

static void a_call_may_be_released_when_another_one_ends(void **state)
{
	static const char *const steps[] = {"<", "~10", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	struct pair pair = {.world = world};

	start_peer(world, steps);
	world->callbacks.done = release_both;
	world->callbacks.context = &pair;
	for (size_t i = 0; i < array_size(pair.calls); i++)
		pair.calls[i] = http_call_start(world->client, &world->request, &world->callbacks);
	run(world);
	assert_answer(world, 200, "hello");
	world->done_count = 0;
	assert_nothing_is_told(world);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(a_stream_is_told_piece_by_piece_and_not_collected),
		world_test(the_body_of_a_refused_stream_is_collected),
		world_test(a_stream_may_be_ended_after_its_head),
		world_test(a_piece_that_is_refused_ends_the_call_with_that_error),
		world_test(the_head_tells_the_headers_that_matter),
		world_test(a_released_call_tells_nothing),
		world_test(a_released_call_that_failed_at_once_tells_nothing),
		world_test(a_call_may_be_released_in_its_head),
		world_test(a_call_may_be_released_in_its_data),
		world_test(a_call_may_be_released_in_its_end),
		world_test(a_client_may_be_freed_in_the_end_of_its_last_call),
		world_test(a_client_may_be_freed_in_the_data_of_its_last_call),
		world_test(a_call_may_be_replaced_by_another_in_its_data),
		world_test(a_call_may_be_released_when_another_one_ends),
	};

	return cmocka_run_group_tests_name("http calls", tests, NULL, NULL);
}
