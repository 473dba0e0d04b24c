/* What is said of a cluster and its nodes: each row of the checks, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doctor_world.h"

#define NODE(members) "{\"metadata\":{\"name\":\"n\"},\"status\":{" members "}}"
#define OFFER(strategy, offered, reason)                                                           \
	"{\"name\":\"" strategy "\",\"offered\":\"" offered "\",\"reason\":\"" reason              \
	"\",\"message\":\"because\"}"
#define OFFERS(runtime, image) NODE("\"strategies\":[" runtime "," image "]")
#define CONDITION(type, status, reason, message)                                                   \
	NODE("\"conditions\":[{\"type\":\"" type "\",\"status\":\"" status                         \
	     "\",\"reason\":\"" reason "\",\"message\":\"" message "\"}]")

#define CRIU_ON(criu, kernel) NODE("\"criuVersion\":\"" criu "\",\"kernelVersion\":\"" kernel "\"")

#define GOOD_RUNTIME OFFER("Runtime", "True", "Offered")
#define GOOD_IMAGE   OFFER("Image", "True", "Offered")
#define BAD_IMAGE    OFFER("Image", "False", "RemovedFromEngine")
#define OLD_ENGINE   OFFER("Runtime", "False", "EngineTooOld")
#define NO_CRIU      OFFER("Runtime", "False", "CRIUMissing")

#define OWN_POD(component, container, image, ready)                                                \
	"{\"items\":[{\"metadata\":{\"name\":\"k\",\"labels\":{\"app.kubernetes.io/"               \
	"component\":\"" component                                                                 \
	"\"}},\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"" container                 \
	"\",\"image\":\"" image "\"}]},\"status\":{\"containerStatuses\":[{\"name\":\"" container  \
	"\",\"ready\":" ready "}]}}]}"
#define CONTROLLER(image, ready) OWN_POD("controller", "controller", image, ready)
#define AGENT(ready)             OWN_POD("agent", "agent", "kcr.io/kcr:1", ready)

static const struct doctor_case cluster_cases[] = {
	{"kinds", CLI_DOCTOR_WELL, "has KCR's kinds"},
	{"kinds", CLI_DOCTOR_CANNOT, "CheckpointSchedule, RestoreRequest",
		.absent = 1 << CLI_DOCTOR_SCHEDULES | 1 << CLI_DOCTOR_RESTORE_REQUESTS},
	{"controller", CLI_DOCTOR_WELL, "1 of 1", .own_pods = CONTROLLER("x", "true")},
	{"controller", CLI_DOCTOR_CANNOT, "none of 1", .own_pods = CONTROLLER("x", "false")},
	{"controller", CLI_DOCTOR_CANNOT, "no controller", .own_pods = AGENT("true")},
	{"controller", CLI_DOCTOR_UNKNOWN, "may not list Pods", .denied = 1 << CLI_DOCTOR_OWN_PODS},
	{"nodes", CLI_DOCTOR_WELL, "0 of them", .is_about_nodes = true},
	{"nodes", CLI_DOCTOR_UNKNOWN, "may not list Nodes", .is_about_nodes = true,
		.denied = 1 << CLI_DOCTOR_NODES},
	{"nodes", CLI_DOCTOR_SILENT, NULL, .denied = 1 << CLI_DOCTOR_NODES},
	{"controller-version", CLI_DOCTOR_WELL, KCR_VERSION,
		.own_pods = CONTROLLER("registry:5000/kcr:" KCR_VERSION "@sha256:ab", "true")},
	{"controller-version", CLI_DOCTOR_NOTE, "upgrade the cluster",
		.own_pods = CONTROLLER("kcr.io/kcr:0.0.1", "true")},
	{"controller-version", CLI_DOCTOR_NOTE, "upgrade the plugin",
		.own_pods = CONTROLLER("kcr.io/kcr:v999.0.0", "true")},
	{"controller-version", CLI_DOCTOR_SILENT, NULL,
		.own_pods = CONTROLLER("registry:5000/kcr@sha256:ab", "true")},
};

static const struct doctor_case node_cases[] = {
	{"agent", CLI_DOCTOR_WELL, "runs", .node = NODE(""), .own_pods = AGENT("true")},
	{"agent", CLI_DOCTOR_CANNOT, "not Ready", .node = NODE(""), .own_pods = AGENT("false")},
	{"agent", CLI_DOCTOR_CANNOT, "no Pod there any more", .node = NODE("")},
	{"agent", CLI_DOCTOR_CANNOT, "no agent has told"},
	{"agent", CLI_DOCTOR_UNKNOWN, "CheckpointNodes", .denied = 1 << CLI_DOCTOR_DESCRIPTIONS},
	{"agent", CLI_DOCTOR_UNKNOWN, "still runs", .node = NODE(""),
		.denied = 1 << CLI_DOCTOR_OWN_PODS},
	{"agent-version", CLI_DOCTOR_WELL, KCR_VERSION,
		.node = NODE("\"agentVersion\":\"" KCR_VERSION "\"")},
	{"agent-version", CLI_DOCTOR_NOTE, "older", .node = NODE("")},
	{"agent-version", CLI_DOCTOR_NOTE, "upgrade the plugin",
		.node = NODE("\"agentVersion\":\"999.0.0\"")},
	{"agent-version", CLI_DOCTOR_NOTE, "kcr-runtime is 0.0.1",
		.node = NODE("\"agentVersion\":\"" KCR_VERSION
			     "\",\"kcrRuntime\":{\"version\":\"0.0.1\"}")},
	{"kernel", CLI_DOCTOR_WELL, "Linux 6.1", .node = NODE("\"kernelVersion\":\"6.1\"")},
	{"kernel", CLI_DOCTOR_CANNOT, "without CONFIG_A, CONFIG_B",
		.node = NODE("\"kernelMissing\":[\"CONFIG_A\",\"CONFIG_B\"]")},
	{"engine", CLI_DOCTOR_WELL, "containerd://2.4.2",
		.node = NODE("\"engine\":\"containerd://2.4.2\"")},
	{"engine", CLI_DOCTOR_CANNOT, "because", .node = OFFERS(OLD_ENGINE, BAD_IMAGE)},
	{"engine", CLI_DOCTOR_NOTE, "does not say", .node = NODE("")},
	{"criu", CLI_DOCTOR_WELL, "CRIU 4.2.1", .node = NODE("\"criuVersion\":\"4.2.1\"")},
	{"criu", CLI_DOCTOR_CANNOT, "because", .node = OFFERS(NO_CRIU, BAD_IMAGE)},
	{"criu", CLI_DOCTOR_CANNOT, "3.16 or later", .node = NODE("\"criuVersion\":\"3.15\"")},
	{"criu", CLI_DOCTOR_CANNOT, "3.16 or later", .node = CRIU_ON("3.15", "6.15.11")},
	{"criu", CLI_DOCTOR_CANNOT, "4.2 or later", .node = CRIU_ON("3.15", "6.16.0")},
	{"criu", CLI_DOCTOR_CANNOT, "4.2 or later", .node = CRIU_ON("4.1.1", "6.16.0-rc1")},
	{"criu", CLI_DOCTOR_CANNOT, "4.2 or later", .node = CRIU_ON("4.1.1", "7.0.0-1-cloud")},
	{"criu", CLI_DOCTOR_WELL, "CRIU 4.1.1", .node = CRIU_ON("4.1.1", "6.15.11")},
	{"criu", CLI_DOCTOR_WELL, "CRIU 4.2", .node = CRIU_ON("4.2", "6.16.0")},
	{"criu", CLI_DOCTOR_WELL, "CRIU 4.1.1", .node = CRIU_ON("4.1.1", "a kernel of their own")},
	{"criu", CLI_DOCTOR_NOTE, "no kcmp",
		.node = NODE("\"criuVersion\":\"4.2\",\"criuProblem\":\"no kcmp\"")},
	{"criu", CLI_DOCTOR_NOTE, "not known", .node = NODE("")},
	{"kubelet", CLI_DOCTOR_WELL, "takes checkpoints",
		.node = CONDITION("KubeletReady", "True", "Answers", "it takes checkpoints")},
	{"kubelet", CLI_DOCTOR_CANNOT, "403",
		.node = CONDITION("KubeletReady", "False", "Forbidden", "HTTP 403")},
	{"kubelet", CLI_DOCTOR_CANNOT, "gate",
		.node = CONDITION("KubeletReady", "False", "CheckpointsDisabled", "gate")},
	{"kubelet", CLI_DOCTOR_CANNOT, "certificate",
		.node = CONDITION("KubeletReady", "False", "NotReachable", "certificate")},
	{"kubelet", CLI_DOCTOR_SILENT, NULL, .node = NODE("")},
	{"store", CLI_DOCTOR_WELL, "3 checkpoints",
		.node = NODE("\"store\":{\"checkpoints\":3,\"usedBytes\":80,\"maxBytes\":100}")},
	{"store", CLI_DOCTOR_NOTE, "at most",
		.node = NODE("\"store\":{\"usedBytes\":95,\"maxBytes\":100}")},
	{"store", CLI_DOCTOR_CANNOT, "full",
		.node = CONDITION("Ready", "False", "StoreFull", "the store is full")},
	{"kcr-runtime", CLI_DOCTOR_WELL, "because", .node = OFFERS(GOOD_RUNTIME, BAD_IMAGE)},
	{"kcr-runtime", CLI_DOCTOR_NOTE, "because",
		.node = OFFERS(OFFER("Runtime", "Unknown", "CRIUComplains"), BAD_IMAGE)},
	{"kcr-runtime", CLI_DOCTOR_NOTE, "because",
		.node = OFFERS(OFFER("Runtime", "False", "NotInstalled"), GOOD_IMAGE)},
	{"kcr-runtime", CLI_DOCTOR_CANNOT, "because",
		.node = OFFERS(OFFER("Runtime", "False", "EngineNotRestarted"), BAD_IMAGE)},
	{"kcr-runtime", CLI_DOCTOR_SILENT, NULL, .node = OFFERS(NO_CRIU, BAD_IMAGE)},
	{"image", CLI_DOCTOR_WELL, "because", .node = OFFERS(GOOD_RUNTIME, GOOD_IMAGE)},
	{"image", CLI_DOCTOR_WELL, "not needed", .node = OFFERS(GOOD_RUNTIME, BAD_IMAGE)},
	{"image", CLI_DOCTOR_NOTE, "because",
		.node = OFFERS(OFFER("Runtime", "False", "NotInstalled"), BAD_IMAGE)},
};

static void the_cluster_is_judged(void **state)
{
	(void)state;
	doctor_expect_all(cli_doctor_cluster_checks, cluster_cases, array_size(cluster_cases));
}

static void nodes_are_judged(void **state)
{
	(void)state;
	doctor_expect_all(cli_doctor_node_checks, node_cases, array_size(node_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cluster_is_judged),
		cmocka_unit_test(nodes_are_judged),
	};

	return cmocka_run_group_tests_name("cli/doctor_node", tests, NULL, NULL);
}
