/* The restore rule where the node says by which strategies it restores. */
#include "rule_world.h"

/* The Pod's node says about both strategies whether it offers them. */
static void node_says(struct world *world, const char *runtime, const char *image)
{
	world->offers[0] = (struct api_offer){.strategy = STR("Runtime"),
		.offered = str_of(runtime),
		.message = STR("kcr-runtime is not installed")};
	world->offers[1] = (struct api_offer){.strategy = STR("Image"),
		.offered = str_of(image),
		.message = STR("containerd 2.4.2 cannot restore images")};
	world->node.status.strategies = (struct json_list){world->offers, 2};
	world->view.node = &world->node;
}

static void kcr_runtime_took(struct world *world, size_t index)
{
	world->checkpoints[index].spec.strategy = STR("Runtime");
}

static void a_checkpoint_is_judged_by_what_the_node_offers(void **state)
{
	static const struct {
		const char *runtime;
		const char *image;
		enum restore_verdict by_runtime;
		enum restore_verdict by_image;
	} cases[] = {
		{"True", "True", RESTORE_OK, RESTORE_OK},
		{"True", "False", RESTORE_OK, RESTORE_NOT_OFFERED},
		{"False", "True", RESTORE_NOT_OFFERED, RESTORE_OK},
		{"Unknown", "Unknown", RESTORE_OK, RESTORE_OK},
		{"False", "False", RESTORE_NOT_OFFERED, RESTORE_NOT_OFFERED},
	};
	struct world *world = *state;

	kcr_runtime_took(world, 0);
	for (size_t i = 0; i < array_size(cases); i++) {
		node_says(world, cases[i].runtime, cases[i].image);
		assert_int_equal(restore_judge(&world->view, world->list[0], world->now),
			cases[i].by_runtime);
		assert_int_equal(
			restore_judge(&world->view, world->list[1], world->now), cases[i].by_image);
	}
}

static void what_else_is_wrong_is_told_first(void **state)
{
	struct world *world = *state;

	node_says(world, "False", "False");
	world->checkpoints[1].spec.was_ready = false;
	assert_int_equal(
		restore_judge(&world->view, world->list[1], world->now), RESTORE_WAS_NOT_READY);
}

static void the_verdict_has_the_words_of_the_node(void **state)
{
	struct world *world = *state;
	const struct restore_view *view = &world->view;

	node_says(world, "False", "False");
	assert_text(restore_explain(view, API_STRATEGY_RUNTIME, RESTORE_NOT_OFFERED),
		"kcr-runtime is not installed");
	assert_text(restore_explain(view, API_STRATEGY_IMAGE, RESTORE_NOT_OFFERED),
		"containerd 2.4.2 cannot restore images");
	assert_text(restore_explain(view, API_STRATEGY_IMAGE, RESTORE_NOT_BUILT),
		"its image is not built yet");
	world->offers[1].message = (struct str){0};
	assert_text(restore_explain(view, API_STRATEGY_IMAGE, RESTORE_NOT_OFFERED),
		"the node does not restore it");
}

static void the_newest_that_can_be_used_decides_the_strategy(void **state)
{
	static const struct {
		const char *runtime;
		const char *image;
		bool is_newer_by_runtime; /* the older one is by the other strategy */
		enum api_strategy expected;
	} cases[] = {
		{"True", "True", true, API_STRATEGY_RUNTIME},
		{"True", "True", false, API_STRATEGY_IMAGE},
		{"True", "False", false, API_STRATEGY_RUNTIME},
		{"False", "True", true, API_STRATEGY_IMAGE},
		{"Unknown", "False", false, API_STRATEGY_RUNTIME},
		{"False", "False", true, API_STRATEGY_RUNTIME},
		{"False", "False", false, API_STRATEGY_IMAGE},
	};
	struct world *world = *state;

	for (size_t i = 0; i < array_size(cases); i++) {
		node_says(world, cases[i].runtime, cases[i].image);
		world->checkpoints[0].spec.strategy = STR("Image");
		world->checkpoints[1].spec.strategy = STR("Image");
		kcr_runtime_took(world, cases[i].is_newer_by_runtime ? 1 : 0);
		assert_int_equal(restore_strategy(&world->view, world->now), cases[i].expected);
		world->view.node = NULL;
		assert_int_equal(restore_strategy(&world->view, world->now),
			cases[i].is_newer_by_runtime ? API_STRATEGY_RUNTIME : API_STRATEGY_IMAGE);
	}
}

static void one_that_cannot_be_used_yet_hides_no_older_one(void **state)
{
	struct world *world = *state;
	struct api_condition condition = {
		.type = STR(API_CONDITION_USABLE), .status = STR("False")};

	node_says(world, "True", "True");
	kcr_runtime_took(world, 1);
	assert_int_equal(restore_strategy(&world->view, world->now), API_STRATEGY_RUNTIME);
	world->checkpoints[1].status.stable = (struct wall_time){0};
	assert_int_equal(restore_strategy(&world->view, world->now), API_STRATEGY_IMAGE);
	world->checkpoints[1].status.stable = world->checkpoints[0].status.stable;
	world->checkpoints[1].status.conditions = (struct json_list){&condition, 1};
	assert_int_equal(restore_strategy(&world->view, world->now), API_STRATEGY_IMAGE);
	world->checkpoints[0].spec.was_ready = false; /* nor the older one: the newest decides */
	assert_int_equal(restore_strategy(&world->view, world->now), API_STRATEGY_RUNTIME);
}

static void no_image_is_put_in_place_where_none_is_restored(void **state)
{
	struct world *world = *state;
	struct restore_decision decision;

	node_says(world, "True", "False");
	kcr_runtime_took(world, 1); /* good in itself, but an image all the same */
	agent_reports_end(world, 137);
	decision = decide(world);
	assert_text(decision.image, ORIGINAL);
	assert_int_equal(restore_record_phase(&decision.record), RESTORE_PHASE_COLD);
	assert_true(str_contains(
		decision.event_message, STR("(newest: containerd 2.4.2 cannot restore images)")));
}

static void a_node_that_nobody_knows_of_is_tried(void **state)
{
	struct world *world = *state;

	world->view.node = &world->node; /* says nothing */
	agent_reports_end(world, 137);
	assert_text(decide(world).image, NODE_IMAGE);
	node_says(world, "Unknown", "Unknown");
	assert_text(decide(world).image, NODE_IMAGE);
}

#define offered_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		offered_test(a_checkpoint_is_judged_by_what_the_node_offers),
		offered_test(what_else_is_wrong_is_told_first),
		offered_test(the_verdict_has_the_words_of_the_node),
		offered_test(the_newest_that_can_be_used_decides_the_strategy),
		offered_test(one_that_cannot_be_used_yet_hides_no_older_one),
		offered_test(no_image_is_put_in_place_where_none_is_restored),
		offered_test(a_node_that_nobody_knows_of_is_tried),
	};

	return cmocka_run_group_tests_name("offered", tests, NULL, NULL);
}
