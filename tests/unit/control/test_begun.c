/* Before a run is told as missed: the server is asked once, and what its answer says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/error.h"
#include "control/begun.h"

struct world {
	struct control_begun *begun;
	struct kube_plan plan; /* the last one */
};

static int make_world(void **state)
{
	static struct world world;

	world = (struct world){.begun = control_begun_new()};
	*state = &world;
	return 0;
}

static int drop_world(void **state)
{
	struct world *world = *state;

	control_begun_free(world->begun);
	arena_free(world->plan.arena);
	return 0;
}

/* The run of 1700000100 is the last one that is recorded. */
static const struct api_schedule nightly = {
	.metadata = {.name = {"nightly", 7}, .namespace = {"shop", 4}, .uid = {"u1", 2}},
	.status = {.last_run = {INT64_C(1700000100) * TIME_SECOND_US}},
};

static bool is_known(struct world *world, const struct api_schedule *schedule)
{
	arena_free(world->plan.arena);
	world->plan = (struct kube_plan){.arena = arena_new(256)};
	return control_begun_is_known(world->begun, schedule, &world->plan);
}

static void answer(struct world *world, const char *text)
{
	autojson *doc = NULL;
	struct error err;

	assert_int_equal(json_parse(str_of(text), &doc, &err), 0);
	world->plan.answered(world->plan.answered_context, doc);
}

static size_t count_of(const struct world *world, const struct api_schedule *schedule)
{
	size_t count;

	(void)control_begun_get(world->begun, schedule, &count);
	return count;
}

#define REQUEST(name, uid)                                                                         \
	"{\"metadata\":{\"name\":\"" name "\"},\"spec\":{\"containerName\":\"main\","              \
	"\"podReference\":{\"name\":\"pod-1\"},\"checkpointScheduleRef\":{\"uid\":\"" uid "\"}}}"

static void the_server_is_asked_for_the_requests_of_the_schedule(void **state)
{
	struct world *world = *state;

	assert_false(is_known(world, &nightly));
	assert_int_equal(world->plan.count, 1);
	assert_int_equal(world->plan.requests[0].verb, KUBE_LIST);
	assert_string_equal(world->plan.requests[0].namespace.data, "shop");
	assert_string_equal(world->plan.requests[0].label_selector.data, "schedule-name=nightly");
	assert_int_equal(world->plan.requests[0].resource_version.size, 0); /* the most recent */
	assert_true(world->plan.wake_ms > 0);
}

static void it_tells_of_runs_that_are_not_recorded(void **state)
{
	struct world *world = *state;
	const struct api_request *const *told;
	size_t count;

	(void)is_known(world, &nightly);
	answer(world,
		"{\"items\":[" REQUEST("nightly-pod-1-1700000100", "u1") "," REQUEST(
			"nightly-pod-1-1700000160", "u1") "," REQUEST("nightly-pod-1-1700000220",
			"u0") "," REQUEST("by-hand", "u1") ",7]}");
	assert_true(is_known(world, &nightly));
	assert_int_equal(world->plan.count, 0);
	told = control_begun_get(world->begun, &nightly, &count);
	assert_int_equal(count, 1);
	assert_string_equal(told[0]->metadata.name.data, "nightly-pod-1-1700000160");
	assert_string_equal(told[0]->spec.pod.name.data, "pod-1");
}

static void an_answer_that_has_none_is_one(void **state)
{
	struct world *world = *state;

	(void)is_known(world, &nightly);
	answer(world, "{}");
	assert_true(is_known(world, &nightly));
	assert_int_equal(count_of(world, &nightly), 0);
}

static void it_is_asked_again_when_there_was_no_answer(void **state)
{
	struct world *world = *state;

	(void)is_known(world, &nightly);
	assert_false(is_known(world, &nightly));
	assert_int_equal(world->plan.count, 1);
}

static void an_answer_holds_until_the_next_run(void **state)
{
	struct world *world = *state;

	(void)is_known(world, &nightly);
	answer(world, "{\"items\":[" REQUEST("nightly-pod-1-1700000160", "u1") "]}");
	control_begun_forget(world->begun, STR("shop/weekly"));
	assert_true(is_known(world, &nightly));
	control_begun_forget(world->begun, STR("shop/nightly"));
	assert_int_equal(count_of(world, &nightly), 0);
	assert_false(is_known(world, &nightly));
}

static void an_answer_about_an_earlier_schedule_of_the_name_is_none(void **state)
{
	struct world *world = *state;
	struct api_schedule anew = nightly;

	anew.metadata.uid = STR("u2");
	(void)is_known(world, &nightly);
	answer(world, "{\"items\":[" REQUEST("nightly-pod-1-1700000160", "u1") "]}");
	assert_int_equal(count_of(world, &anew), 0);
	assert_false(is_known(world, &anew));
}

#define world_test(name) cmocka_unit_test_setup_teardown(name, make_world, drop_world)

int main(void)
{
	const struct CMUnitTest tests[] = {
		world_test(the_server_is_asked_for_the_requests_of_the_schedule),
		world_test(it_tells_of_runs_that_are_not_recorded),
		world_test(an_answer_that_has_none_is_one),
		world_test(it_is_asked_again_when_there_was_no_answer),
		world_test(an_answer_holds_until_the_next_run),
		world_test(an_answer_about_an_earlier_schedule_of_the_name_is_none),
	};

	return cmocka_run_group_tests_name("begun", tests, NULL, NULL);
}
