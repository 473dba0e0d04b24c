/* When a checkpoint has proved to be worth restoring. */
#include "sample_pod.h"

#include "checkpoint/stable.h"

enum { TAKEN_S = 1000, MADE_S = 1100 /* frozen for nearly as long */, STABLE_S = 30 };

struct world {
	struct sample_pod sample;
	struct api_checkpoint_pod taken_of;
	struct api_checkpoint checkpoint;
};

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	sample_pod_make(&world->sample, "p");
	world->taken_of = (struct api_checkpoint_pod){.name = STR("p"), .uid = STR("u1")};
	world->checkpoint.metadata.created = wall_time_of_seconds(MADE_S);
	world->checkpoint.spec = (struct api_checkpoint_spec){
		.timestamp = wall_time_of_seconds(TAKEN_S),
		.container_name = STR("main"),
		.container_id = STR("containerd://1"),
		.pod = &world->taken_of,
		.was_ready = true,
	};
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	free(*state);
	return 0;
}

static struct checkpoint_stability judge(const struct world *world, int64_t second)
{
	return checkpoint_stability(
		&world->checkpoint, &world->sample.pod, STABLE_S, wall_time_of_seconds(second));
}

static void it_is_once_the_container_stayed_ready(void **state)
{
	assert_int_equal(judge(*state, MADE_S).wake_ms, STABLE_S * 1000);
	assert_int_equal(judge(*state, MADE_S + STABLE_S - 1).wake_ms, 1000);
	assert_false(judge(*state, MADE_S + STABLE_S - 1).is_stable);
	assert_true(judge(*state, MADE_S + STABLE_S).is_stable);
	assert_int_equal(judge(*state, MADE_S + STABLE_S).wake_ms, 0);
}

static void no_time_at_all_is_enough_when_so_configured(void **state)
{
	struct world *world = *state;

	assert_true(checkpoint_stability(
		&world->checkpoint, &world->sample.pod, 0, wall_time_of_seconds(MADE_S))
			    .is_stable);
}

static void one_that_was_brought_is_vouched_for(void **state)
{
	struct world *world = *state;
	struct api_owner owner = {.kind = STR("CheckpointImport"), .controller = true};

	world->checkpoint.spec.container_id = STR("containerd://elsewhere");
	assert_false(judge(world, MADE_S + STABLE_S).is_stable);
	world->checkpoint.metadata.owners = (struct json_list){&owner, 1};
	assert_true(judge(world, MADE_S).is_stable);
}

static void it_stays_stable_when_the_pod_is_gone(void **state)
{
	struct world *world = *state;

	world->checkpoint.status.stable = wall_time_of_seconds(MADE_S + STABLE_S);
	assert_true(
		checkpoint_stability(&world->checkpoint, NULL, STABLE_S, wall_time_of_seconds(9999))
			.is_stable);
}

static void a_break_in_readiness_begins_the_wait_anew(void **state)
{
	struct world *world = *state;
	int64_t ready_s =
		MADE_S + STABLE_S + 10; /* as after a freeze that was longer than probes wait */

	world->sample.statuses[0].ready = false;
	assert_false(judge(world, ready_s - 1).is_stable);
	world->sample.statuses[0].ready = true;
	world->sample.conditions[0].last_transition = wall_time_of_seconds(ready_s);
	assert_false(judge(world, ready_s).is_stable);
	assert_int_equal(judge(world, ready_s).wake_ms, STABLE_S * 1000);
	assert_true(judge(world, ready_s + STABLE_S).is_stable);
}

static void assert_never(const struct world *world)
{
	assert_false(judge(world, MADE_S + STABLE_S).is_stable);
	assert_int_equal(judge(world, MADE_S).wake_ms, 0);
}

static void it_never_is_when_the_container_was_not_ready(void **state)
{
	struct world *world = *state;

	world->checkpoint.spec.was_ready = false;
	assert_never(world);
}

static void it_never_is_when_the_pod_is_gone_or_another_one(void **state)
{
	struct world *world = *state;
	struct checkpoint_stability none = checkpoint_stability(
		&world->checkpoint, NULL, STABLE_S, wall_time_of_seconds(9999));

	assert_false(none.is_stable);
	world->sample.pod.metadata.uid = STR("u2");
	assert_never(world);
	world->sample.pod.metadata.uid = STR("u1");
	world->checkpoint.spec.pod = NULL;
	assert_never(world);
}

static void it_never_is_when_the_container_failed_since(void **state)
{
	struct world *world = *state;

	world->sample.statuses[0].container_id = STR("containerd://2");
	assert_never(world);
	world->sample.statuses[0].container_id = STR("containerd://1");
	world->sample.statuses[0].ready = false;
	assert_never(world);
	world->sample.pod.status.container_statuses.count = 0;
	assert_never(world);
}

static void another_container_that_is_not_ready_does_not_count(void **state)
{
	struct world *world = *state;

	world->sample.conditions[0].status = STR("False");
	world->sample.conditions[0].last_transition = wall_time_of_seconds(MADE_S + 10);
	world->sample.statuses[1].ready = false;
	assert_true(judge(world, MADE_S + STABLE_S).is_stable);
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(it_is_once_the_container_stayed_ready),
		world_test(no_time_at_all_is_enough_when_so_configured),
		world_test(a_break_in_readiness_begins_the_wait_anew),
		world_test(one_that_was_brought_is_vouched_for),
		world_test(it_stays_stable_when_the_pod_is_gone),
		world_test(it_never_is_when_the_container_was_not_ready),
		world_test(it_never_is_when_the_pod_is_gone_or_another_one),
		world_test(it_never_is_when_the_container_failed_since),
		world_test(another_container_that_is_not_ready_does_not_count),
	};

	return cmocka_run_group_tests_name("stable", tests, NULL, NULL);
}
