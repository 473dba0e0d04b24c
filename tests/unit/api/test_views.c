/* What we see of Pods, workloads and Nodes. */
#include "api/views.h"
#include "parsed.h"

static const char *const pod_text =
	"{\"metadata\":{\"name\":\"web-1\",\"labels\":{\"pod-template-hash\":\"abc\"},"
	"\"annotations\":{\"kcr.io/restores\":\"{}\",\"other\":\"x\"}},"
	"\"spec\":{\"nodeName\":\"n1\",\"containers\":[{\"name\":\"main\",\"image\":\"i:1\","
	"\"ports\":[]},{\"name\":\"side\",\"image\":\"s:1\"}],"
	"\"initContainers\":[{\"name\":\"init\",\"restartPolicy\":\"Always\"}]},"
	"\"status\":{\"phase\":\"Running\",\"podIP\":\"10.0.0.1\",\"hostIP\":\"10.1.0.1\","
	"\"startTime\":\"2026-11-21T22:00:00Z\","
	"\"conditions\":[{\"type\":\"Initialized\",\"status\":\"True\"},{\"type\":\"Ready\","
	"\"status\":\"True\",\"lastTransitionTime\":\"2026-11-21T22:00:05Z\"}],"
	"\"containerStatuses\":[{\"name\":\"main\",\"ready\":true,\"restartCount\":1,"
	"\"containerID\":\"containerd://1\",\"imageID\":\"i@sha256:0\","
	"\"state\":{\"running\":{\"startedAt\":\"2026-11-21T22:00:04Z\"}},"
	"\"lastState\":{\"terminated\":{\"exitCode\":137,\"signal\":9,\"reason\":\"OOMKilled\","
	"\"finishedAt\":\"2026-11-21T22:00:03Z\",\"containerID\":\"containerd://0\"}}},"
	"{\"name\":\"side\",\"state\":{\"waiting\":{\"reason\":\"CrashLoopBackOff\"}}}]}}";

static void decode(struct parsed *parsed, const struct json_object *object, void *ret)
{
	assert_int_equal(
		json_decode(parsed->value, object, false, parsed->arena, ret, &parsed->err), 0);
}

static void a_pod_tells_how_its_containers_are(void **state)
{
	autoparsed parsed = parsed_of(pod_text);
	struct api_pod pod;
	const struct api_container_status *status;

	(void)state;
	decode(&parsed, &api_pod_object, &pod);
	assert_str(pod.spec.node_name, "n1");
	assert_str(pod.metadata.annotations.restores, "{}");
	assert_str(api_pod_container(&pod, STR("side"))->image, "s:1");
	assert_null(api_pod_container(&pod, STR("init")));
	status = api_pod_container_status(&pod, STR("main"));
	assert_true(status->ready);
	assert_int_equal(status->restart_count, 1);
	assert_non_null(status->state.running);
	assert_null(status->state.waiting);
	assert_null(status->state.terminated);
	assert_int_equal(status->last_state.terminated->exit_code, 137);
	assert_int_equal(status->last_state.terminated->signal, 9);
	assert_str(status->last_state.terminated->reason, "OOMKilled");
	assert_str(status->last_state.terminated->container_id, "containerd://0");
	status = api_pod_container_status(&pod, STR("side"));
	assert_str(status->state.waiting->reason, "CrashLoopBackOff");
	assert_null(status->last_state.terminated);
	assert_null(api_pod_container_status(&pod, STR("init")));
}

static void a_pod_is_gated_by_our_gate_only(void **state)
{
	autoparsed ours = parsed_of("{\"spec\":{\"schedulingGates\":["
				    "{\"name\":\"other\"},{\"name\":\"kcr.io/restore\"}]}}");
	autoparsed others = parsed_of("{\"spec\":{\"schedulingGates\":[{\"name\":\"other\"}]}}");
	struct api_pod pod;

	(void)state;
	decode(&ours, &api_pod_object, &pod);
	assert_true(api_pod_is_gated(&pod));
	decode(&others, &api_pod_object, &pod);
	assert_false(api_pod_is_gated(&pod));
}

static void the_template_hash_is_that_of_either_kind_of_workload(void **state)
{
	autoparsed deployment = parsed_of(pod_text);
	autoparsed stateful =
		parsed_of("{\"metadata\":{\"labels\":{\"controller-revision-hash\":\"r-1\"}}}");
	autoparsed alone = parsed_of("{}");
	struct api_pod pod;

	(void)state;
	decode(&deployment, &api_pod_object, &pod);
	assert_str(api_pod_template_hash(&pod), "abc");
	decode(&stateful, &api_pod_object, &pod);
	assert_str(api_pod_template_hash(&pod), "r-1");
	decode(&alone, &api_pod_object, &pod);
	assert_int_equal(api_pod_template_hash(&pod).size, 0);
}

static void a_workload_shows_our_annotations_and_its_selector(void **state)
{
	autoparsed parsed = parsed_of(
		"{\"metadata\":{\"name\":\"web\",\"annotations\":{"
		"\"kcr.io/checkpoint-restore-schedule\":\"@hourly\","
		"\"kcr.io/checkpoint-restore-containers\":\"main\","
		"\"kcr.io/checkpoint-restore-time-zone\":\"Europe/Berlin\"}},"
		"\"spec\":{\"replicas\":2,\"selector\":{\"matchLabels\":{\"app\":\"web\"}}}}");
	struct api_workload workload;

	(void)state;
	decode(&parsed, &api_workload_object, &workload);
	assert_str(workload.metadata.annotations.schedule, "@hourly");
	assert_str(workload.metadata.annotations.containers, "main");
	assert_str(workload.metadata.annotations.time_zone, "Europe/Berlin");
	assert_int_equal(workload.spec.selector->match_labels.count, 1);
}

static void a_node_tells_what_it_runs(void **state)
{
	autoparsed parsed = parsed_of(
		"{\"status\":{\"nodeInfo\":{\"containerRuntimeVersion\":\"containerd://2.3.7\","
		"\"kernelVersion\":\"6.12\",\"architecture\":\"amd64\"}}}");
	struct api_node node;

	(void)state;
	decode(&parsed, &api_node_object, &node);
	assert_str(node.status.info.container_runtime_version, "containerd://2.3.7");
	assert_str(node.status.info.kernel_version, "6.12");
	assert_str(node.status.info.architecture, "amd64");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pod_tells_how_its_containers_are),
		cmocka_unit_test(a_pod_is_gated_by_our_gate_only),
		cmocka_unit_test(the_template_hash_is_that_of_either_kind_of_workload),
		cmocka_unit_test(a_workload_shows_our_annotations_and_its_selector),
		cmocka_unit_test(a_node_tells_what_it_runs),
	};

	return cmocka_run_group_tests_name("views", tests, NULL, NULL);
}
