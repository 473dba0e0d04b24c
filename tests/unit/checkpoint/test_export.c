/* The life of a ticket, seen from both sides: it is opened for one Checkpoint, and always ends. */
#include "sample_pod.h"

#include "checkpoint/export.h"

enum { CREATED_S = 1000, OPENED_S = 1003, LIFETIME_S = 60 };

struct world {
	struct api_checkpoint checkpoint;
	struct api_checkpoint_reference reference;
	struct api_export export;
	struct checkpoint_export_view view;
};

static struct wall_time at(int64_t seconds)
{
	return wall_time_of_seconds(seconds);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	world->checkpoint = (struct api_checkpoint){
		.metadata = {.name = STR("one"), .namespace = STR("a"), .uid = STR("u")},
		.spec = {.node_name = STR("n1")},
		.status = {.phase = api_checkpoint_phase_text(API_CHECKPOINT_IMAGE_BUILT)},
	};
	world->reference = (struct api_checkpoint_reference){STR("one"), STR("u")};
	world->export = (struct api_export){
		.metadata = {.name = STR("e"), .namespace = STR("a"), .created = at(CREATED_S)},
		.spec = {.checkpoint_name = STR("one"), .lifetime_seconds = LIFETIME_S},
	};
	world->view = (struct checkpoint_export_view){
		.export = &world->export,
		.checkpoint = &world->checkpoint,
		.is_stored = true,
		.has_relay = true,
	};
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	free(*state);
	return 0;
}

static void mark(struct world *world, enum api_export_phase phase)
{
	world->export.spec.node_name = STR("n1");
	world->export.status.phase = api_export_phase_text(phase);
	world->export.status.opened = at(OPENED_S);
	world->export.status.checkpoint = &world->reference;
}

static void assert_ends(
	struct checkpoint_export_next next, enum checkpoint_export_step step, const char *reason)
{
	assert_int_equal(next.step, step);
	assert_string_equal(next.reason, reason);
	assert_non_null(next.message);
}

static void assert_waits(struct checkpoint_export_next next, int64_t ms)
{
	assert_int_equal(next.step, CHECKPOINT_EXPORT_NONE);
	assert_int_equal(next.wake_ms, ms);
}

static struct checkpoint_export_next controller(const struct world *world, int64_t second)
{
	return checkpoint_export_for_controller(
		&world->export, world->view.checkpoint, true, at(second));
}

static struct checkpoint_export_next agent(const struct world *world, int64_t second)
{
	return checkpoint_export_for_agent(&world->view, at(second));
}

static void the_controller_assigns_the_checkpoints_node(void **state)
{
	struct checkpoint_export_next next = controller(*state, CREATED_S);

	assert_int_equal(next.step, CHECKPOINT_EXPORT_ASSIGN);
	assert_str(next.node, "n1");
}

static void a_checkpoint_that_is_not_there_is_waited_for_a_moment(void **state)
{
	struct world *world = *state;

	world->view.checkpoint = NULL;
	assert_waits(controller(world, CREATED_S), 5000);
	assert_ends(controller(world, CREATED_S + 5), CHECKPOINT_EXPORT_FAIL, "CheckpointNotFound");
	assert_waits(agent(world, CREATED_S + 1), 4000);
	assert_ends(agent(world, CREATED_S + 5), CHECKPOINT_EXPORT_FAIL, "CheckpointNotFound");
}

static void a_checkpoint_of_no_node_is_nobodys(void **state)
{
	struct world *world = *state;

	world->checkpoint.spec.node_name = (struct str){0};
	assert_ends(controller(world, CREATED_S), CHECKPOINT_EXPORT_FAIL, "NoNode");
}

static void a_silent_agent_is_given_up(void **state)
{
	struct world *world = *state;

	mark(world, API_EXPORT_PENDING);
	assert_waits(controller(world, CREATED_S), 75000);
	assert_ends(controller(world, CREATED_S + 75), CHECKPOINT_EXPORT_FAIL, "Timeout");
	assert_ends(checkpoint_export_for_controller(
			    &world->export, &world->checkpoint, false, at(CREATED_S + 75)),
		CHECKPOINT_EXPORT_FAIL, "NoAgent");
}

static void the_agent_opens_what_it_has(void **state)
{
	struct world *world = *state;

	assert_int_equal(agent(world, CREATED_S).step, CHECKPOINT_EXPORT_OPEN);
	assert_true(checkpoint_export_is_good(&world->view, at(CREATED_S)));
}

static void the_agent_says_what_it_has_not(void **state)
{
	struct world *world = *state;

	world->view.has_relay = false;
	assert_waits(agent(world, CREATED_S), 60000);
	assert_false(checkpoint_export_is_good(&world->view, at(CREATED_S)));
	assert_ends(agent(world, CREATED_S + 60), CHECKPOINT_EXPORT_FAIL, "NoRelay");
	world->view.is_stored = false;
	assert_ends(agent(world, CREATED_S), CHECKPOINT_EXPORT_FAIL, "NotStored");
	world->checkpoint.status.phase = api_checkpoint_phase_text(API_CHECKPOINT_PROCESSING);
	assert_waits(agent(world, CREATED_S), 60000);
	assert_ends(agent(world, CREATED_S + 60), CHECKPOINT_EXPORT_FAIL, "NotStored");
	world->checkpoint.status.phase = api_checkpoint_phase_text(API_CHECKPOINT_FAILED);
	assert_ends(agent(world, CREATED_S), CHECKPOINT_EXPORT_FAIL, "CheckpointFailed");
}

static void an_open_one_needs_no_relay_and_closes_with_its_lifetime(void **state)
{
	struct world *world = *state;

	mark(world, API_EXPORT_OPEN);
	world->view.has_relay = false;
	assert_waits(agent(world, OPENED_S + 1), (LIFETIME_S - 1) * 1000);
	assert_true(checkpoint_export_is_good(&world->view, at(OPENED_S + LIFETIME_S - 1)));
	assert_ends(agent(world, OPENED_S + LIFETIME_S), CHECKPOINT_EXPORT_CLOSE, "LifetimeOver");
	assert_false(checkpoint_export_is_good(&world->view, at(OPENED_S + LIFETIME_S)));
	assert_waits(controller(world, OPENED_S + LIFETIME_S), 15000);
	assert_ends(controller(world, OPENED_S + LIFETIME_S + 15), CHECKPOINT_EXPORT_CLOSE,
		"LifetimeOver");
}

static void one_closes_when_its_owner_has_finished(void **state)
{
	static const enum api_export_phase phases[] = {API_EXPORT_PENDING, API_EXPORT_OPEN};
	struct world *world = *state;

	world->view.is_finished = true;
	for (size_t i = 0; i < array_size(phases); i++) {
		mark(world, phases[i]);
		assert_ends(agent(world, OPENED_S), CHECKPOINT_EXPORT_CLOSE, "Finished");
		assert_false(checkpoint_export_is_good(&world->view, at(OPENED_S)));
	}
}

static void another_checkpoint_of_its_name_is_not_meant(void **state)
{
	struct world *world = *state;

	mark(world, API_EXPORT_OPEN);
	world->checkpoint.metadata.uid = STR("v");
	assert_ends(agent(world, OPENED_S), CHECKPOINT_EXPORT_FAIL, "CheckpointGone");
	world->view.checkpoint = NULL;
	assert_ends(agent(world, OPENED_S), CHECKPOINT_EXPORT_FAIL, "CheckpointGone");
}

static void what_leaves_the_store_fails_it(void **state)
{
	struct world *world = *state;

	mark(world, API_EXPORT_OPEN);
	world->view.is_stored = false;
	assert_ends(agent(world, OPENED_S), CHECKPOINT_EXPORT_FAIL, "NotStored");
}

static void nothing_is_done_about_one_that_has_ended(void **state)
{
	static const enum api_export_phase phases[] = {API_EXPORT_CLOSED, API_EXPORT_FAILED};
	struct world *world = *state;

	for (size_t i = 0; i < array_size(phases); i++) {
		mark(world, phases[i]);
		assert_waits(agent(world, OPENED_S), 0);
		assert_waits(controller(world, OPENED_S + 1000), 0);
		assert_false(checkpoint_export_is_good(&world->view, at(OPENED_S)));
	}
	mark(world, API_EXPORT_OPEN);
	world->export.metadata.deleted = at(OPENED_S);
	assert_waits(agent(world, OPENED_S), 0);
	assert_false(checkpoint_export_is_good(&world->view, at(OPENED_S)));
}

#define WITH_WORLD(test) cmocka_unit_test_setup_teardown(test, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WORLD(the_controller_assigns_the_checkpoints_node),
		WITH_WORLD(a_checkpoint_that_is_not_there_is_waited_for_a_moment),
		WITH_WORLD(a_checkpoint_of_no_node_is_nobodys),
		WITH_WORLD(a_silent_agent_is_given_up),
		WITH_WORLD(the_agent_opens_what_it_has),
		WITH_WORLD(the_agent_says_what_it_has_not),
		WITH_WORLD(an_open_one_needs_no_relay_and_closes_with_its_lifetime),
		WITH_WORLD(one_closes_when_its_owner_has_finished),
		WITH_WORLD(another_checkpoint_of_its_name_is_not_meant),
		WITH_WORLD(what_leaves_the_store_fails_it),
		WITH_WORLD(nothing_is_done_about_one_that_has_ended),
	};

	return cmocka_run_group_tests_name("checkpoint/export", tests, NULL, NULL);
}
