/* The life of a ticket for bytes that come, seen from both sides: it always ends. */
#include "sample_pod.h"

#include "checkpoint/import.h"

enum { CREATED_S = 1000, OPENED_S = 1003, LIFETIME_S = 60, SIZE = 10, CHECK_S = 900 };

struct world {
	struct api_import import;
	struct checkpoint_import_view view;
};

static struct wall_time at(int64_t seconds)
{
	return wall_time_of_seconds(seconds);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	world->import = (struct api_import){
		.metadata = {.name = STR("i"), .namespace = STR("a"), .created = at(CREATED_S)},
		.spec = {.node_name = STR("n1"),
			.size_bytes = SIZE,
			.lifetime_seconds = LIFETIME_S},
	};
	world->view = (struct checkpoint_import_view){.import = &world->import, .has_relay = true};
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	free(*state);
	return 0;
}

static void mark(struct world *world, enum api_import_phase phase)
{
	world->import.status.phase = api_import_phase_text(phase);
	world->import.status.opened = at(OPENED_S);
}

static void assert_fails(struct checkpoint_import_next next, const char *reason)
{
	assert_int_equal(next.step, CHECKPOINT_IMPORT_FAIL);
	assert_string_equal(next.reason, reason);
	assert_non_null(next.message);
}

static void assert_waits(struct checkpoint_import_next next, int64_t ms)
{
	assert_int_equal(next.step, CHECKPOINT_IMPORT_NONE);
	assert_int_equal(next.wake_ms, ms);
}

static struct checkpoint_import_next controller(const struct world *world, int64_t second)
{
	return checkpoint_import_for_controller(&world->import, true, at(second));
}

static struct checkpoint_import_next agent(const struct world *world, int64_t second)
{
	return checkpoint_import_for_agent(&world->view, at(second));
}

static void the_agent_opens_it_when_there_is_a_way(void **state)
{
	struct world *world = *state;

	assert_int_equal(agent(world, CREATED_S).step, CHECKPOINT_IMPORT_OPEN);
	assert_true(checkpoint_import_is_good(&world->view, at(CREATED_S)));
	world->view.has_relay = false;
	assert_waits(agent(world, CREATED_S), 60000);
	assert_false(checkpoint_import_is_good(&world->view, at(CREATED_S)));
	assert_fails(agent(world, CREATED_S + 60), "NoRelay");
}

static void what_is_whole_is_looked_at_also_when_it_was_late(void **state)
{
	struct world *world = *state;

	mark(world, API_IMPORT_OPEN);
	world->view.received_bytes = SIZE - 1;
	assert_waits(agent(world, OPENED_S), LIFETIME_S * 1000);
	world->view.received_bytes = SIZE;
	assert_int_equal(agent(world, OPENED_S).step, CHECKPOINT_IMPORT_CHECK);
	assert_int_equal(agent(world, OPENED_S + LIFETIME_S).step, CHECKPOINT_IMPORT_CHECK);
}

static void one_whose_checkpoint_is_made_is_completed_whatever_else_there_is(void **state)
{
	struct world *world = *state;

	mark(world, API_IMPORT_OPEN);
	world->view.is_made = true;
	world->view.is_given_up = true;
	assert_int_equal(agent(world, OPENED_S + LIFETIME_S).step, CHECKPOINT_IMPORT_COMPLETE);
	assert_false(checkpoint_import_is_good(&world->view, at(OPENED_S)));
}

static void what_does_not_come_in_time_has_failed(void **state)
{
	struct world *world = *state;

	mark(world, API_IMPORT_OPEN);
	assert_fails(agent(world, OPENED_S + LIFETIME_S), "LifetimeOver");
	assert_false(checkpoint_import_is_good(&world->view, at(OPENED_S + LIFETIME_S)));
	assert_waits(controller(world, OPENED_S + LIFETIME_S), (15 + CHECK_S) * 1000);
	assert_fails(controller(world, OPENED_S + LIFETIME_S + 15 + CHECK_S), "LifetimeOver");
}

static void what_has_come_and_was_not_made_a_checkpoint_is_not_said_to_be_missing(void **state)
{
	struct world *world = *state;

	mark(world, API_IMPORT_OPEN);
	world->import.status.received_bytes = SIZE;
	assert_fails(controller(world, OPENED_S + LIFETIME_S + 15 + CHECK_S), "Timeout");
}

static void a_silent_agent_is_given_up(void **state)
{
	struct world *world = *state;

	assert_waits(controller(world, CREATED_S), 75000);
	assert_fails(controller(world, CREATED_S + 75), "Timeout");
	assert_fails(checkpoint_import_for_controller(&world->import, false, at(CREATED_S + 75)),
		"NoAgent");
}

static void its_owner_may_give_it_up(void **state)
{
	static const enum api_import_phase phases[] = {API_IMPORT_PENDING, API_IMPORT_OPEN};
	struct world *world = *state;

	world->view.is_given_up = true;
	for (size_t i = 0; i < array_size(phases); i++) {
		mark(world, phases[i]);
		assert_fails(agent(world, OPENED_S), "GivenUp");
		assert_false(checkpoint_import_is_good(&world->view, at(OPENED_S)));
	}
}

static void what_the_agent_cannot_go_on_with_fails_with_its_words(void **state)
{
	struct world *world = *state;

	mark(world, API_IMPORT_OPEN);
	world->view.received_bytes = SIZE;
	world->view.failure = "StoreFull";
	world->view.failure_message = "full";
	assert_fails(agent(world, OPENED_S), "StoreFull");
	assert_string_equal(agent(world, OPENED_S).message, "full");
	assert_false(checkpoint_import_is_good(&world->view, at(OPENED_S)));
}

static void nothing_is_done_about_one_that_has_ended(void **state)
{
	static const enum api_import_phase phases[] = {API_IMPORT_COMPLETED, API_IMPORT_FAILED};
	struct world *world = *state;

	for (size_t i = 0; i < array_size(phases); i++) {
		mark(world, phases[i]);
		assert_waits(agent(world, OPENED_S + 1000), 0);
		assert_waits(controller(world, OPENED_S + 10000), 0);
		assert_false(checkpoint_import_is_good(&world->view, at(OPENED_S)));
	}
	mark(world, API_IMPORT_OPEN);
	world->import.metadata.deleted = at(OPENED_S);
	assert_waits(agent(world, OPENED_S), 0);
	assert_false(checkpoint_import_is_good(&world->view, at(OPENED_S)));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(the_agent_opens_it_when_there_is_a_way),
		WITH_WORLD(what_is_whole_is_looked_at_also_when_it_was_late),
		WITH_WORLD(one_whose_checkpoint_is_made_is_completed_whatever_else_there_is),
		WITH_WORLD(what_does_not_come_in_time_has_failed),
		WITH_WORLD(what_has_come_and_was_not_made_a_checkpoint_is_not_said_to_be_missing),
		WITH_WORLD(a_silent_agent_is_given_up),
		WITH_WORLD(its_owner_may_give_it_up),
		WITH_WORLD(what_the_agent_cannot_go_on_with_fails_with_its_words),
		WITH_WORLD(nothing_is_done_about_one_that_has_ended),
	};

	return cmocka_run_group_tests_name("checkpoint/import", tests, NULL, NULL);
}
