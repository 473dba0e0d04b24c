/* Bytes between two connections, over real sockets: whole, in order, bounded, with their ends. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/alloc.h"
#include "relay/pair.h"
#include "sys/fd.h"

/* A pair in the middle: what `outer` says is heard at `inner`, and back. */
struct world {
	struct relay_pair *pair;
	int outer;
	int inner;
	bool is_over;
};

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);
	int outer[2];
	int inner[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, outer), 0);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, inner), 0);
	world->outer = outer[0];
	world->inner = inner[0];
	world->pair = relay_pair_new(&outer[1], &inner[1], (struct mono_time){1});
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	relay_pair_free(world->pair);
	fd_close(&world->outer);
	fd_close(&world->inner);
	free(world);
	return 0;
}

/* Turns until nothing moves any more. */
static void run(struct world *world)
{
	struct pollfd polled[2];

	relay_pair_watch(world->pair, polled);
	while (!world->is_over && poll(polled, 2, 0) > 0) {
		world->is_over = !relay_pair_move(world->pair, polled, (struct mono_time){2});
		relay_pair_watch(world->pair, polled);
	}
}

static void say(int fd, const char *text)
{
	assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), strlen(text));
}

static void assert_hears(int fd, const char *text)
{
	char heard[64] = "";

	assert_int_equal(recv(fd, heard, sizeof(heard) - 1, MSG_DONTWAIT), strlen(text));
	assert_string_equal(heard, text);
}

static void assert_hears_the_end(int fd)
{
	char byte;

	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), 0);
}

static void bytes_go_both_ways(void **state)
{
	struct world *world = *state;

	say(world->outer, "question");
	say(world->inner, "answer");
	run(world);
	assert_hears(world->inner, "question");
	assert_hears(world->outer, "answer");
	assert_false(world->is_over);
	assert_int_equal(relay_pair_moved(world->pair).us, 2);
}

static void when_nothing_is_said_nothing_has_moved(void **state)
{
	struct world *world = *state;

	run(world);
	assert_int_equal(relay_pair_moved(world->pair).us, 1);
}

static void one_way_may_end_before_the_other(void **state)
{
	struct world *world = *state;

	say(world->outer, "question");
	assert_int_equal(shutdown(world->outer, SHUT_WR), 0);
	run(world);
	assert_hears(world->inner, "question");
	assert_hears_the_end(world->inner);
	assert_false(world->is_over);
	say(world->inner, "answer");
	run(world);
	assert_hears(world->outer, "answer");
	fd_close(&world->inner);
	run(world);
	assert_true(world->is_over);
	assert_hears_the_end(world->outer);
}

static void what_was_said_before_a_side_went_arrives(void **state)
{
	struct world *world = *state;

	say(world->inner, "last words");
	fd_close(&world->inner);
	run(world);
	assert_hears(world->outer, "last words");
	assert_hears_the_end(world->outer);
}

static void a_side_that_is_gone_ends_it(void **state)
{
	struct world *world = *state;

	fd_close(&world->outer);
	run(world);
	say(world->inner, "to nobody");
	run(world);
	assert_true(world->is_over);
}

/* The bytes count up in fours, so that none is lost, doubled or moved unseen. */
static void much_arrives_whole_and_is_not_piled_up(void **state)
{
	enum { NUMBERS = 1 << 20 };
	struct world *world = *state;
	unsigned next_said = 0;
	unsigned next_heard = 0;
	size_t most_under_way = 0;

	while (next_heard < NUMBERS) {
		unsigned number;

		while (next_said < NUMBERS &&
			send(world->inner, &next_said, sizeof(next_said), MSG_DONTWAIT) ==
				sizeof(next_said))
			next_said++;
		run(world);
		if (next_said - next_heard > most_under_way)
			most_under_way = next_said - next_heard;
		while (recv(world->outer, &number, sizeof(number), MSG_DONTWAIT) ==
			sizeof(number)) {
			assert_int_equal(number, next_heard);
			next_heard++;
		}
	}
	/* two sockets' buffers of small pieces, and one of ours: far less than all */
	assert_in_range(most_under_way, 1, NUMBERS / 2);
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(bytes_go_both_ways),
		WITH_WORLD(when_nothing_is_said_nothing_has_moved),
		WITH_WORLD(one_way_may_end_before_the_other),
		WITH_WORLD(what_was_said_before_a_side_went_arrives),
		WITH_WORLD(a_side_that_is_gone_ends_it),
		WITH_WORLD(much_arrives_whole_and_is_not_piled_up),
	};

	return cmocka_run_group_tests_name("relay/pair", tests, NULL, NULL);
}
