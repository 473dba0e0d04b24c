/* A due schedule and Pods: which requests come out, and why others do not. */
#include "sample_pod.h"

#include "checkpoint/plan.h"

static struct json_pair wanted[] = {{STR_INIT("app"), STR_INIT("x")}};
static struct api_selector selector = {.match_labels = {wanted, 1}};

static struct api_schedule make_schedule(void)
{
	return (struct api_schedule){
		.metadata = {.name = STR("s")}, .spec = {.selector = &selector}};
}

static const struct wall_time due = {INT64_C(1790000000) * TIME_SECOND_US};

/* The plan for one Pod as a text: "+name(container) -container: why". */
static void assert_plan(
	const struct api_schedule *schedule, const struct api_pod *pod, const char *expected)
{
	autoarena *arena = arena_new(1024);
	autobuf text = BUF_INIT(4096);
	struct checkpoint_plan plan = checkpoint_plan(schedule, &pod, 1, due, arena);

	for (size_t i = 0; i < plan.request_count; i++) {
		assert_ptr_equal(plan.requests[i].pod, pod);
		buf_printf(&text, "+%.*s(%.*s) ", STR_ARG(plan.requests[i].name),
			STR_ARG(plan.requests[i].container));
	}
	for (size_t i = 0; i < plan.skip_count; i++) {
		if (plan.skips[i].pod != NULL)
			assert_ptr_equal(plan.skips[i].pod, pod);
		buf_printf(
			&text, "-%.*s: %s ", STR_ARG(plan.skips[i].container), plan.skips[i].why);
	}
	assert_string_equal(text.data, expected);
}

static void every_container_of_a_pod_has_a_request(void **state)
{
	struct api_schedule schedule = make_schedule();
	struct sample_pod sample;

	(void)state;
	sample_pod_make(&sample, "p");
	assert_plan(
		&schedule, &sample.pod, "+s-p-main-1790000000(main) +s-p-side-1790000000(side) ");
}

static void one_container_needs_no_name_in_the_requests_name(void **state)
{
	static struct str chosen[] = {STR_INIT("side"), STR_INIT("absent")};
	struct api_schedule schedule = make_schedule();
	struct sample_pod sample;

	(void)state;
	sample_pod_make(&sample, "p");
	schedule.spec.containers = (struct json_strings){chosen, array_size(chosen)};
	assert_plan(&schedule, &sample.pod,
		"+s-p-1790000000(side) -absent: no Pod has such a container ");
	chosen[0] = STR("other");
	assert_plan(&schedule, &sample.pod,
		"-: the Pod has none of the chosen containers -other: no Pod has such a container "
		"-absent: no Pod has such a container ");
	sample.labels[0].value = STR("y"); /* there is no Pod at all, which is told anyhow */
	assert_plan(&schedule, &sample.pod, "");
}

static void another_label_is_none_of_our_business(void **state)
{
	struct api_schedule schedule = make_schedule();
	struct sample_pod sample;

	(void)state;
	sample_pod_make(&sample, "p");
	sample.labels[0].value = STR("y");
	assert_plan(&schedule, &sample.pod, "");
	schedule.spec.selector = NULL; /* nothing is chosen, not everything */
	assert_plan(&schedule, &sample.pod, "");
}

static void a_pod_that_cannot_be_taken_is_skipped_as_a_whole(void **state)
{
	struct api_schedule schedule = make_schedule();
	struct sample_pod sample;

	(void)state;
	sample_pod_make(&sample, "p");
	sample.pod.metadata.deleted = due;
	assert_plan(&schedule, &sample.pod, "-: the Pod is terminating ");
	sample_pod_make(&sample, "p");
	sample.pod.status.phase = STR("Succeeded");
	assert_plan(&schedule, &sample.pod, "-: the Pod has ended ");
	sample.pod.status.phase = STR("Failed");
	assert_plan(&schedule, &sample.pod, "-: the Pod has ended ");
	sample_pod_make(&sample, "p");
	sample.pod.spec.node_name = STR("");
	assert_plan(&schedule, &sample.pod, "-: the Pod is not assigned to a node yet ");
}

static void a_container_that_cannot_be_taken_leaves_the_other_one(void **state)
{
	struct api_schedule schedule = make_schedule();
	struct api_container_waiting waiting = {.reason = STR_INIT("CrashLoopBackOff")};
	struct sample_pod sample;

	(void)state;
	sample_pod_make(&sample, "p");
	sample.statuses[0].state = (struct api_container_state){.waiting = &waiting};
	assert_plan(&schedule, &sample.pod,
		"+s-p-side-1790000000(side) -main: the container is not running ");
	waiting.reason = STR("PodInitializing");
	assert_plan(&schedule, &sample.pod,
		"+s-p-side-1790000000(side) -main: the Pod's init containers have not ended ");
	sample_pod_make(&sample, "p");
	sample.statuses[0].ready = false;
	assert_plan(&schedule, &sample.pod,
		"+s-p-side-1790000000(side) -main: the container is not Ready ");
	sample_pod_make(&sample, "p");
	sample.pod.status.container_statuses.count = 0;
	assert_plan(&schedule, &sample.pod,
		"-main: the container is not running -side: the container is not running ");
}

static void the_same_due_time_gives_the_same_names(void **state)
{
	autoarena *arena = arena_new(1024);
	struct api_schedule schedule = make_schedule();
	struct sample_pod a;
	struct sample_pod b;
	const struct api_pod *pods[] = {&a.pod, &b.pod};
	struct checkpoint_plan first;
	struct checkpoint_plan second;

	(void)state;
	sample_pod_make(&a, "a");
	sample_pod_make(&b, "b");
	first = checkpoint_plan(&schedule, pods, 2, due, arena);
	second = checkpoint_plan(&schedule, pods, 2, due, arena);
	assert_int_equal(first.request_count, 4);
	for (size_t i = 0; i < 4; i++) {
		assert_true(str_equal(first.requests[i].name, second.requests[i].name));
		for (size_t k = 0; k < i; k++)
			assert_false(str_equal(first.requests[i].name, first.requests[k].name));
	}
}

static void no_pods_are_no_requests(void **state)
{
	autoarena *arena = arena_new(1024);
	struct api_schedule schedule = make_schedule();
	struct checkpoint_plan plan = checkpoint_plan(&schedule, NULL, 0, due, arena);

	(void)state;
	assert_int_equal(plan.request_count + plan.skip_count, 0);
}

static void a_container_that_is_not_there_is_an_obstacle(void **state)
{
	struct sample_pod sample;

	(void)state;
	sample_pod_make(&sample, "p");
	assert_null(checkpoint_obstacle(&sample.pod, STR("main")));
	assert_string_equal(
		checkpoint_obstacle(&sample.pod, STR("absent")), "the Pod has no such container");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_container_of_a_pod_has_a_request),
		cmocka_unit_test(one_container_needs_no_name_in_the_requests_name),
		cmocka_unit_test(another_label_is_none_of_our_business),
		cmocka_unit_test(a_pod_that_cannot_be_taken_is_skipped_as_a_whole),
		cmocka_unit_test(a_container_that_cannot_be_taken_leaves_the_other_one),
		cmocka_unit_test(the_same_due_time_gives_the_same_names),
		cmocka_unit_test(no_pods_are_no_requests),
		cmocka_unit_test(a_container_that_is_not_there_is_an_obstacle),
	};

	return cmocka_run_group_tests_name("plan", tests, NULL, NULL);
}
