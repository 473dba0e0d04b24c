/* Schedules in line: who begins when, and that nobody waits for ever. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "control/turns.h"

enum { LIMIT = 2 };

struct world {
	struct control_turns *turns;
	struct buf woken; /* keys, a space behind each */
};

static void note_woken(void *context, struct str key)
{
	struct world *world = context;

	buf_printf(&world->woken, "%.*s ", STR_ARG(key));
}

static int make_world(void **state)
{
	static struct world world;

	world = (struct world){.woken = BUF_INIT(4096)};
	world.turns = control_turns_new(LIMIT, note_woken, &world);
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	control_turns_free(world->turns);
	buf_done(&world->woken);
	return 0;
}

static const struct mono_time now = {INT64_C(1000) * TIME_SECOND_US};

static struct mono_time later(int64_t seconds)
{
	return (struct mono_time){now.us + seconds * TIME_SECOND_US};
}

/* Asks for a schedule and, when it may, has it make one request of its name. */
static bool begins(struct world *world, const char *key, struct mono_time when)
{
	bool may = control_turns_ask(world->turns, str_of(key), when);

	if (may)
		control_turns_give(world->turns, str_of(key), when);
	return may;
}

/* An informer tells of the request `key`; a phase is NULL where it is not there. */
static void changes(struct world *world, const char *key, const char *from, const char *to)
{
	struct api_request old = {.status.phase = str_of(from)};
	struct api_request new = {.status.phase = str_of(to)};

	control_turns_follow(world->turns, str_of(key), from != NULL ? &old : NULL,
		to != NULL ? &new : NULL, now);
}

static void assert_woken(struct world *world, const char *expected)
{
	assert_string_equal(world->woken.size > 0 ? world->woken.data : "", expected);
	buf_clear(&world->woken);
}

static void without_a_limit_everybody_begins(void **state)
{
	struct control_turns *turns = control_turns_new(0, note_woken, *state);

	for (int i = 0; i < 1000; i++) {
		assert_true(control_turns_ask(turns, STR("a"), now));
		control_turns_give(turns, STR("a"), now);
	}
	assert_int_equal(control_turns_waiting(turns), 0);
	control_turns_free(turns);
}

static void as_many_begin_as_the_limit_says_and_the_others_wait_in_line(void **state)
{
	struct world *world = *state;

	assert_true(begins(world, "a", now));
	assert_true(begins(world, "b", now));
	assert_false(begins(world, "c", now));
	assert_false(begins(world, "d", now));
	assert_false(begins(world, "c", now)); /* asking again changes nothing */
	assert_int_equal(control_turns_waiting(world->turns), 2);
	assert_woken(world, "");
}

static void a_request_holds_its_turn_until_it_is_over(void **state)
{
	struct world *world = *state;

	assert_true(begins(world, "a", now));
	assert_true(begins(world, "b", now));
	assert_false(begins(world, "c", now));
	changes(world, "a", NULL, "Pending");
	assert_false(begins(world, "c", now));
	changes(world, "a", "Pending", "InProgress");
	assert_false(begins(world, "c", now));
	changes(world, "a", "InProgress", "Completed");
	assert_woken(world, "c ");
	assert_true(begins(world, "c", now));
	changes(world, "a", "Completed", NULL); /* it was over before */
	assert_false(begins(world, "d", now));
}

static void every_end_of_a_request_wakes_the_first_in_line(void **state)
{
	static const struct {
		const char *from;
		const char *to;
	} ends[] = {{"InProgress", "Failed"}, {"InProgress", NULL}, {"Pending", "Failed"},
		{"Pending", NULL}};
	struct world *world = *state;

	for (size_t i = 0; i < array_size(ends); i++) {
		assert_true(begins(world, "a", now));
		changes(world, "a", NULL, ends[i].from);
		assert_true(begins(world, "b", now));
		assert_false(begins(world, "c", now));
		changes(world, "a", ends[i].from, ends[i].to);
		assert_woken(world, "c ");
		assert_true(begins(world, "c", now));
		changes(world, "b", NULL, "Completed");
		changes(world, "c", NULL, "Completed");
		assert_woken(world, "");
	}
}

static void who_came_first_begins_first_whoever_asks(void **state)
{
	struct world *world = *state;

	assert_true(begins(world, "a", now));
	assert_true(begins(world, "b", now));
	assert_false(begins(world, "c", now));
	assert_false(begins(world, "d", now));
	changes(world, "a", NULL, "Completed");
	assert_false(begins(world, "new", now));
	assert_false(begins(world, "d", now));
	assert_true(begins(world, "c", now));
	assert_woken(world, "c d "); /* the next one looks whether there is more */
}

static void who_leaves_the_line_makes_room_for_the_next(void **state)
{
	struct world *world = *state;

	assert_true(begins(world, "a", now));
	assert_true(begins(world, "b", now));
	assert_false(begins(world, "c", now));
	assert_false(begins(world, "d", now));
	control_turns_leave(world->turns, STR("nobody"));
	assert_woken(world, "");
	changes(world, "a", NULL, "Completed");
	control_turns_leave(world->turns, STR("c"));
	assert_woken(world, "c d ");
	assert_true(begins(world, "d", now));
}

static void a_request_that_nobody_begins_gives_its_turn_back(void **state)
{
	struct world *world = *state;

	assert_true(begins(world, "a", now));
	assert_true(begins(world, "b", now));
	changes(world, "b", "Pending", "InProgress");
	assert_false(begins(world, "c", later(TURNS_NEW_SECONDS - 1)));
	assert_true(begins(world, "c", later(TURNS_NEW_SECONDS)));
	assert_false(begins(world, "d", later(TURNS_NEW_SECONDS))); /* b goes on */
}

static void requests_that_others_made_count(void **state)
{
	struct world *world = *state;

	changes(world, "by-hand", NULL, "Pending");
	changes(world, "of-the-leader-before", NULL, "InProgress");
	assert_false(begins(world, "a", now));
	changes(world, "by-hand", "Pending", NULL);
	assert_true(begins(world, "a", now));
}

static void a_run_that_exceeds_the_limit_is_not_split(void **state)
{
	static const char *const requests[] = {"1", "2", "3", "4", "5"};
	struct world *world = *state;

	assert_true(control_turns_ask(world->turns, STR("big"), now));
	for (size_t i = 0; i < array_size(requests); i++)
		control_turns_give(world->turns, str_of(requests[i]), now);
	for (size_t i = 0; i < array_size(requests); i++) {
		assert_int_equal(begins(world, "a", now), i >= 4); /* less than LIMIT are left */
		changes(world, requests[i], NULL, "Completed");
	}
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(without_a_limit_everybody_begins),
		world_test(as_many_begin_as_the_limit_says_and_the_others_wait_in_line),
		world_test(a_request_holds_its_turn_until_it_is_over),
		world_test(every_end_of_a_request_wakes_the_first_in_line),
		world_test(who_came_first_begins_first_whoever_asks),
		world_test(who_leaves_the_line_makes_room_for_the_next),
		world_test(a_request_that_nobody_begins_gives_its_turn_back),
		world_test(requests_that_others_made_count),
		world_test(a_run_that_exceeds_the_limit_is_not_split),
	};

	return cmocka_run_group_tests_name("turns", tests, NULL, NULL);
}
