/* Calls whose connection is told: it is theirs alone, and may outlive them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <fcntl.h>

#include "sys/fd.h"

#include "world.h"

static int duplicate = -1;

/* What is told of the socket, and a duplicate of it. */
static void keep_socket(void *context, int fd)
{
	struct world *world = context;
	struct sockaddr_in address = {0};
	socklen_t size = sizeof(address);

	(void)getpeername(fd, (struct sockaddr *)&address, &size);
	buf_printf(&world->story, "%s after %zu bytes; ",
		ntohs(address.sin_port) == world->peer.port ? "connected" : "lost",
		peer_heard(&world->peer).size);
	fd_close(&duplicate);
	duplicate = fcntl(fd, F_DUPFD_CLOEXEC, 0);
}

/* Whether the peer of `fd` hangs up within `timeout_ms`. */
static bool is_hung_up(int fd, int timeout_ms)
{
	struct pollfd polled = {.fd = fd, .events = POLLRDHUP};

	return poll(&polled, 1, timeout_ms) == 1;
}

static void the_socket_is_told_before_the_request_is_sent(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, NULL};
	struct world *world = *state;

	world->callbacks.connected = keep_socket;
	call_scripted(world, steps);
	assert_answer(world, 200, "hello");
	assert_string_equal(world->story.data, "connected after 0 bytes; ");
	assert_heard(&world->peer, "\r\nConnection: close\r\n", true);
	assert_true(is_hung_up(duplicate, 5000));
}

static void each_such_call_has_a_connection_of_its_own(void **state)
{
	static const char *const steps[] = {"<", ">" OK_HELLO, "<", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;

	call_scripted(world, steps);
	world->callbacks.connected = keep_socket;
	call(world);
	call(world);
	assert_answer(world, 200, "hello");
	assert_int_equal(atomic_load(&world->peer.accepted), 3);
}

static void stop_loop(void *context)
{
	loop_stop(((struct world *)context)->loop);
}

/* What is left of the connection in this process disturbs nobody. */
static void a_duplicate_outlives_its_call(void **state)
{
	static const char *const steps[] = {"<", "~300", ">" OK_HELLO, "=", NULL};
	struct world *world = *state;
	struct loop_source *timer = loop_timer_new(world->loop, stop_loop, world);

	start_peer(world, steps);
	world->callbacks.connected = keep_socket;
	world->call = http_call_start(world->client, &world->request, &world->callbacks);
	loop_timer_set(timer, 100);
	run(world);
	assert_string_equal(world->story.data, "connected after 0 bytes; ");
	http_call_free(take_ptr(&world->call));
	loop_timer_set(timer, 400);
	run(world);
	assert_false(is_hung_up(duplicate, 0));
	assert_int_equal(world->done_count, 0);
	loop_source_free(timer);
}

static int drop_duplicate(void **state)
{
	fd_close(&duplicate);
	return drop_world(state);
}

#define connected_test(test) cmocka_unit_test_setup_teardown(test, make_world, drop_duplicate)

int main(void)
{
	const struct CMUnitTest tests[] = {
		connected_test(the_socket_is_told_before_the_request_is_sent),
		connected_test(each_such_call_has_a_connection_of_its_own),
		connected_test(a_duplicate_outlives_its_call),
	};

	return cmocka_run_group_tests_name("http connected", tests, NULL, NULL);
}
