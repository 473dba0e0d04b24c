/* From what kcr-runtime may restore: the good ones, newest first, and whether there is any use. */
#include <assert.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arena_world.h"

#include "base/alloc.h"
#include "node/candidates.h"

enum { CHECKPOINTS = 10 };

#define NOW_S INT64_C(1000000)

struct world {
	struct arena *arena;
	struct api_container container;
	struct api_container_status status;
	struct api_pod pod;
	struct api_checkpoint_pod taken_of;
	struct api_checkpoint
		checkpoints[CHECKPOINTS]; /* each a minute older than the one before */
	const struct api_checkpoint *list[CHECKPOINTS];
	struct restore_record record;
	struct restore_view view;
};

static void make_checkpoint(struct world *world, int64_t index)
{
	struct api_checkpoint *checkpoint = &world->checkpoints[index];

	*checkpoint = (struct api_checkpoint){
		.metadata = {.uid = arena_printf(world->arena, "c%lld", (long long)index)},
		.spec = {.timestamp = wall_time_of_seconds(NOW_S - 60 * (index + 1)),
			.container_name = STR("app"),
			.pod = &world->taken_of,
			.image = STR("app:1"),
			.was_ready = true,
			.strategy = STR("Runtime")},
		.status = {.phase = STR("ImageBuilt"),
			.runtime_image = STR("localhost:1/a@sha256:1"),
			.digest = STR("sha256:1"),
			.stable = wall_time_of_seconds(NOW_S - 1)},
	};
	world->list[CHECKPOINTS - 1 - index] = checkpoint; /* oldest first */
}

static int make_world(void **state)
{
	struct arena *arena = arena_new(4000);
	struct world *world = arena_zeroed(arena, 1, sizeof(*world));

	world->arena = arena;
	world->container = (struct api_container){.name = STR("app"), .image = STR("app:1")};
	world->status = (struct api_container_status){
		.name = STR("app"), .container_id = STR("containerd://one")};
	world->pod = (struct api_pod){
		.metadata = {.name = STR("p"), .uid = STR("u")},
		.spec = {.restart_policy = STR("Always"), .containers = {&world->container, 1}},
		.status = {.phase = STR("Running"), .container_statuses = {&world->status, 1}},
	};
	world->taken_of = (struct api_checkpoint_pod){.name = STR("p"), .uid = STR("u")};
	for (int64_t i = 0; i < CHECKPOINTS; i++)
		make_checkpoint(world, i);
	world->view = (struct restore_view){
		.pod = &world->pod,
		.container = &world->container,
		.checkpoints = &world->list[CHECKPOINTS - 3], /* the newest three */
		.checkpoint_count = 3,
	};
	*state = world;
	return 0;
}

static struct node_candidates choose(struct world *world)
{
	return node_candidates_choose(&world->view, wall_time_of_seconds(NOW_S), world->arena);
}

static void assert_candidates(const struct node_candidates *chosen, const char *expected)
{
	autobuf uids = BUF_INIT(256);

	for (size_t i = 0; i < chosen->count; i++)
		buf_printf(&uids, "%.*s ", STR_ARG(chosen->items[i]->metadata.uid));
	assert_string_equal(uids.data, expected);
}

static void the_good_ones_are_taken_newest_first(void **state)
{
	struct world *world = *state;
	struct node_candidates chosen = choose(world);

	assert_candidates(&chosen, "c0 c1 c2 ");
	assert_ptr_equal(chosen.newest, &world->checkpoints[0]);
	assert_int_equal(chosen.why, RESTORE_OK);
}

static void one_that_the_rule_refuses_is_left_out(void **state)
{
	struct world *world = *state;
	struct node_candidates chosen;

	world->checkpoints[1].spec.was_ready = false;
	chosen = choose(world);
	assert_candidates(&chosen, "c0 c2 ");
}

static void the_newest_says_why_there_is_none(void **state)
{
	struct world *world = *state;
	struct node_candidates chosen;

	world->container.image = STR("app:2");
	world->checkpoints[0].spec.container_name = STR("other");
	chosen = choose(world);
	assert_candidates(&chosen, "");
	assert_int_equal(chosen.why, RESTORE_OTHER_CONTAINER);
}

static void without_checkpoints_there_is_no_newest(void **state)
{
	struct world *world = *state;
	struct node_candidates chosen;

	world->view.checkpoint_count = 0;
	chosen = choose(world);
	assert_int_equal(chosen.count, 0);
	assert_null(chosen.newest);
}

static void records_of_restores_by_image_play_no_part(void **state)
{
	struct world *world = *state;
	struct node_candidates chosen;

	restore_list_add(&world->record.failed, STR("c0"), world->arena);
	world->view.record = &world->record;
	chosen = choose(world);
	assert_candidates(&chosen, "c0 c1 c2 ");
}

static void no_more_than_a_few_are_named(void **state)
{
	const struct handover_record none = {0};
	struct world *world = *state;
	struct node_candidates chosen;

	world->view.checkpoints = world->list;
	world->view.checkpoint_count = CHECKPOINTS;
	chosen = choose(world);
	node_candidates_limit(&chosen, &none, world->arena);
	assert_candidates(&chosen, "c0 c1 c2 c3 c4 c5 c6 c7 ");
	world->view.checkpoint_count = 1;
	chosen = choose(world);
	node_candidates_limit(&chosen, &none, world->arena);
	assert_candidates(&chosen, "c9 ");
}

static void those_that_were_taken_back_give_way(void **state)
{
	struct world *world = *state;
	struct handover_attempt attempt = {.outcome = STR(HANDOVER_RESTORED),
		.request = STR("r"),
		.taken = world->checkpoints[7].spec.timestamp,
		.started = {world->checkpoints[1].spec.timestamp.us + 1}};
	const struct handover_record record = {.attempts = {&attempt, 1}};
	struct node_candidates chosen;

	world->view.checkpoints = world->list;
	world->view.checkpoint_count = CHECKPOINTS;
	chosen = choose(world);
	node_candidates_limit(&chosen, &record, world->arena);
	assert_candidates(&chosen, "c0 c7 c8 c9 c1 c2 c3 c4 ");
}

static bool include(struct world *world, struct node_candidates *chosen, const char *uid)
{
	return node_candidates_include(
		chosen, &world->view, str_of(uid), wall_time_of_seconds(NOW_S));
}

static void one_that_is_asked_for_is_put_among_them(void **state)
{
	const struct handover_record none = {0};
	struct world *world = *state;
	struct node_candidates chosen;

	world->view.checkpoints = world->list;
	world->view.checkpoint_count = CHECKPOINTS;
	chosen = choose(world);
	node_candidates_limit(&chosen, &none, world->arena);
	assert_true(include(world, &chosen, "c7"));
	assert_candidates(&chosen, "c0 c1 c2 c3 c4 c5 c6 c7 ");
	assert_true(include(world, &chosen, "c9"));
	assert_candidates(&chosen, "c0 c1 c2 c3 c4 c5 c6 c9 ");
	world->checkpoints[8].spec.was_ready = false;
	assert_false(include(world, &chosen, "c8"));
	assert_false(include(world, &chosen, "c10"));
}

static void those_of_one_second_have_one_order(void **state)
{
	struct world *world = *state;
	struct node_candidates chosen;

	world->checkpoints[2].spec.timestamp = world->checkpoints[1].spec.timestamp;
	chosen = choose(world);
	assert_candidates(&chosen, "c0 c1 c2 ");
}

static void a_plan_is_wanted_for_a_container_that_runs(void **state)
{
	struct world *world = *state;

	assert_true(node_candidates_are_wanted(&world->view));
}

/* The world is spoiled in one way. */
#define a_plan_is_of_no_use_when(name, spoil)                                                      \
	static void a_plan_is_of_no_use_when_##name(void **state)                                  \
	{                                                                                          \
		struct world *world = *state;                                                      \
                                                                                                   \
		spoil;                                                                             \
		assert_false(node_candidates_are_wanted(&world->view));                            \
	}                                                                                          \
	static_assert(true, "a semicolon follows")

a_plan_is_of_no_use_when(the_policy_is_never, world->view.terms.policy = API_RESTORE_NEVER);
a_plan_is_of_no_use_when(it_never_ran, world->status.container_id = (struct str){0});
a_plan_is_of_no_use_when(it_has_no_status, world->pod.status.container_statuses.count = 0);
a_plan_is_of_no_use_when(the_pod_goes, world->pod.metadata.deleted = wall_time_of_seconds(1));
a_plan_is_of_no_use_when(nothing_restarts_it, world->pod.spec.restart_policy = STR("Never"));
a_plan_is_of_no_use_when(the_pod_is_done, world->pod.status.phase = STR("Succeeded"));

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_arena_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_good_ones_are_taken_newest_first),
		world_test(one_that_the_rule_refuses_is_left_out),
		world_test(the_newest_says_why_there_is_none),
		world_test(without_checkpoints_there_is_no_newest),
		world_test(records_of_restores_by_image_play_no_part),
		world_test(no_more_than_a_few_are_named),
		world_test(those_that_were_taken_back_give_way),
		world_test(one_that_is_asked_for_is_put_among_them),
		world_test(those_of_one_second_have_one_order),
		world_test(a_plan_is_wanted_for_a_container_that_runs),
		world_test(a_plan_is_of_no_use_when_the_policy_is_never),
		world_test(a_plan_is_of_no_use_when_it_never_ran),
		world_test(a_plan_is_of_no_use_when_it_has_no_status),
		world_test(a_plan_is_of_no_use_when_the_pod_goes),
		world_test(a_plan_is_of_no_use_when_nothing_restarts_it),
		world_test(a_plan_is_of_no_use_when_the_pod_is_done),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
