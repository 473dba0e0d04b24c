/* The life of a request, seen from both sides: it always ends. */
#include "sample_pod.h"

#include "checkpoint/request.h"

enum { CREATED_S = 1000, TIMEOUT_S = 60 };

struct world {
	struct sample_pod sample;
	struct api_request request;
};

static struct wall_time at(int64_t seconds)
{
	return wall_time_of_seconds(seconds);
}

static int make_world(void **state)
{
	struct world *world = new_zeroed(struct world);

	sample_pod_make(&world->sample, "p");
	world->request = (struct api_request){
		.metadata = {.name = STR("r"), .namespace = STR("a"), .created = at(CREATED_S)},
		.spec = {.pod = {.name = STR("p")},
			.container_name = STR("main"),
			.timeout_seconds = TIMEOUT_S},
	};
	*state = world;
	return 0;
}

static int drop_world(void **state)
{
	free(*state);
	return 0;
}

static void assert_fails(struct checkpoint_next next, const char *reason)
{
	assert_int_equal(next.step, CHECKPOINT_STEP_FAIL);
	assert_string_equal(next.reason, reason);
	assert_non_null(next.message);
}

static void assert_waits(struct checkpoint_next next, int64_t ms)
{
	assert_int_equal(next.step, CHECKPOINT_STEP_NONE);
	assert_int_equal(next.wake_ms, ms);
}

static struct checkpoint_next controller(const struct world *world, int64_t second)
{
	return checkpoint_next_for_controller(
		&world->request, &world->sample.pod, true, at(second));
}

static struct checkpoint_next agent(const struct world *world, int64_t second)
{
	return checkpoint_next_for_agent(&world->request, &world->sample.pod, false, at(second));
}

static void the_time_runs_from_the_start_or_the_creation(void **state)
{
	struct world *world = *state;

	assert_int_equal(
		wall_time_seconds(checkpoint_deadline(&world->request)), CREATED_S + TIMEOUT_S);
	world->request.status.started = at(2000);
	assert_int_equal(wall_time_seconds(checkpoint_deadline(&world->request)), 2000 + TIMEOUT_S);
}

static void the_controller_assigns_the_pods_node(void **state)
{
	struct checkpoint_next next = controller(*state, CREATED_S);

	assert_int_equal(next.step, CHECKPOINT_STEP_ASSIGN);
	assert_str(next.node, "n1");
}

static void the_controller_waits_a_little_for_a_pod_that_is_late(void **state)
{
	struct world *world = *state;
	const struct api_request *request = &world->request;

	assert_waits(checkpoint_next_for_controller(request, NULL, true, at(CREATED_S)), 5000);
	assert_waits(checkpoint_next_for_controller(request, NULL, true, at(CREATED_S + 4)), 1000);
	assert_fails(checkpoint_next_for_controller(request, NULL, true, at(CREATED_S + 5)),
		"PodNotFound");
}

static void the_controller_refuses_what_can_never_work(void **state)
{
	struct world *world = *state;

	world->request.spec.container_name = STR("absent");
	assert_fails(controller(world, CREATED_S), "ContainerNotFound");
	world->sample.pod.metadata.deleted = at(CREATED_S);
	assert_fails(controller(world, CREATED_S), "PodTerminating");
	world->request.spec.pod.namespace = STR("other");
	assert_fails(controller(world, CREATED_S), "Forbidden");
}

static void the_controller_waits_for_a_node_until_the_deadline(void **state)
{
	struct world *world = *state;

	world->sample.pod.spec.node_name = STR("");
	assert_waits(controller(world, CREATED_S + 20), (TIMEOUT_S - 20) * 1000);
	assert_fails(controller(world, CREATED_S + TIMEOUT_S), "Timeout");
}

static void the_controller_gives_the_agent_some_grace(void **state)
{
	struct world *world = *state;

	world->request.spec.node_name = STR("n1");
	assert_waits(controller(world, CREATED_S + TIMEOUT_S), 15000);
	assert_fails(controller(world, CREATED_S + TIMEOUT_S + 15), "Timeout");
}

static void a_node_without_an_agent_is_not_waited_for_until_the_deadline(void **state)
{
	struct world *world = *state;
	const struct api_pod *pod = &world->sample.pod;
	const struct api_request *request = &world->request;

	world->request.spec.node_name = STR("n1");
	world->request.spec.timeout_seconds = 300;
	assert_waits(
		checkpoint_next_for_controller(request, pod, false, at(CREATED_S + 50)), 10000);
	assert_fails(
		checkpoint_next_for_controller(request, pod, false, at(CREATED_S + 60)), "NoAgent");
	assert_waits(
		checkpoint_next_for_controller(request, pod, true, at(CREATED_S + 60)), 255000);
	world->request.status.phase = STR("InProgress"); /* somebody is there */
	assert_waits(
		checkpoint_next_for_controller(request, pod, false, at(CREATED_S + 60)), 255000);
	world->request.status.phase = STR("");
	world->request.spec.timeout_seconds = 5; /* ends sooner */
	assert_waits(
		checkpoint_next_for_controller(request, pod, false, at(CREATED_S + 10)), 10000);
}

static void a_clock_that_is_behind_still_ends_it(void **state)
{
	struct world *world = *state;

	world->request.spec.node_name = STR("n1");
	assert_waits(controller(world, CREATED_S - 10), (TIMEOUT_S + 25) * 1000);
}

static void what_is_finished_or_going_away_is_left_alone(void **state)
{
	struct world *world = *state;

	world->request.status.phase = STR("Completed");
	assert_waits(controller(world, 9999), 0);
	assert_waits(agent(world, 9999), 0);
	world->request.status.phase = STR("Failed");
	assert_waits(controller(world, 9999), 0);
	assert_waits(agent(world, 9999), 0);
	world->request.status.phase = STR("InProgress");
	world->request.metadata.deleted = at(CREATED_S);
	assert_waits(controller(world, 9999), 0);
	assert_waits(agent(world, 9999), 0);
}

static void the_agent_takes_it_also_after_a_restart(void **state)
{
	struct world *world = *state;

	assert_int_equal(agent(world, CREATED_S).step, CHECKPOINT_STEP_TAKE);
	world->request.status.phase = STR("InProgress");
	world->request.status.started = at(CREATED_S + 10);
	assert_int_equal(agent(world, CREATED_S + TIMEOUT_S).step, CHECKPOINT_STEP_TAKE);
	assert_fails(agent(world, CREATED_S + 10 + TIMEOUT_S), "Timeout");
}

static void the_agent_does_not_begin_twice(void **state)
{
	struct world *world = *state;

	assert_waits(checkpoint_next_for_agent(
			     &world->request, &world->sample.pod, true, at(CREATED_S + 1)),
		(TIMEOUT_S - 1) * 1000);
}

static void the_agent_does_not_wait_longer_than_the_request_allows(void **state)
{
	struct world *world = *state;

	assert_fails(
		checkpoint_next_for_agent(&world->request, NULL, true, at(CREATED_S + TIMEOUT_S)),
		"Timeout");
}

static void the_agent_never_reaches_into_another_namespace(void **state)
{
	struct world *world = *state;

	world->request.spec.pod.namespace = STR("other");
	assert_waits(agent(world, CREATED_S), 0);
}

static void the_agent_waits_for_a_new_pod_but_not_for_one_that_went(void **state)
{
	struct world *world = *state;
	const struct api_request *request = &world->request;

	assert_waits(checkpoint_next_for_agent(request, NULL, false, at(CREATED_S + 1)), 4000);
	assert_fails(
		checkpoint_next_for_agent(request, NULL, false, at(CREATED_S + 5)), "PodNotFound");
	world->request.status.phase = STR("InProgress");
	assert_fails(
		checkpoint_next_for_agent(request, NULL, false, at(CREATED_S + 1)), "PodNotFound");
}

static void the_agent_waits_for_a_container_that_does_not_run_yet(void **state)
{
	struct world *world = *state;

	world->sample.statuses[0].state.running = NULL;
	assert_waits(agent(world, CREATED_S + 20), (TIMEOUT_S - 20) * 1000);
	assert_fails(agent(world, CREATED_S + TIMEOUT_S), "Timeout");
	assert_string_equal(
		agent(world, CREATED_S + TIMEOUT_S).message, "the container is not running");
	world->request.spec.container_name = STR("absent");
	assert_fails(agent(world, CREATED_S), "ContainerNotFound");
}

static void failures_of_the_moment_are_told_from_lasting_ones(void **state)
{
	const struct str freeze = STR("OCI runtime pause failed: unable to freeze: signal: killed");

	(void)state;
	assert_true(checkpoint_may_try_again(freeze, 1));
	assert_true(checkpoint_may_try_again(freeze, CHECKPOINT_TRIES - 1));
	assert_false(checkpoint_may_try_again(freeze, CHECKPOINT_TRIES));
	assert_true(checkpoint_may_try_again(
		STR("criu failed: Unseizable non-zombie 123 found, state D, err -1/10"), 1));
	assert_false(checkpoint_may_try_again(
		STR("criu failed: inet: Connected TCP socket, consider using --tcp-established"),
		1));
	assert_false(checkpoint_may_try_again(STR(""), 1));
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_time_runs_from_the_start_or_the_creation),
		world_test(the_controller_assigns_the_pods_node),
		world_test(the_controller_waits_a_little_for_a_pod_that_is_late),
		world_test(the_controller_refuses_what_can_never_work),
		world_test(the_controller_waits_for_a_node_until_the_deadline),
		world_test(the_controller_gives_the_agent_some_grace),
		world_test(a_node_without_an_agent_is_not_waited_for_until_the_deadline),
		world_test(a_clock_that_is_behind_still_ends_it),
		world_test(what_is_finished_or_going_away_is_left_alone),
		world_test(the_agent_takes_it_also_after_a_restart),
		world_test(the_agent_does_not_begin_twice),
		world_test(the_agent_does_not_wait_longer_than_the_request_allows),
		world_test(the_agent_never_reaches_into_another_namespace),
		world_test(the_agent_waits_for_a_new_pod_but_not_for_one_that_went),
		world_test(the_agent_waits_for_a_container_that_does_not_run_yet),
		cmocka_unit_test(failures_of_the_moment_are_told_from_lasting_ones),
	};

	return cmocka_run_group_tests_name("request", tests, NULL, NULL);
}
