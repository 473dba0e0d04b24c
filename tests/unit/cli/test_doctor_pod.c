/* What is said of workloads, Pods and containers: each row of the checks, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "doctor_world.h"

#define METADATA                                                                                   \
	"\"metadata\":{\"name\":\"p\",\"namespace\":\"default\",\"labels\":{\"app\":\"web\"},"     \
	"\"ownerReferences\":[{\"kind\":\"Deployment\",\"name\":\"web\",\"controller\":true}]}"
#define RUNS "\"containerStatuses\":[{\"name\":\"c\",\"ready\":true,\"state\":{\"running\":{}}}]"
#define POD_OF(spec, container, status)                                                            \
	"{" METADATA ",\"spec\":{\"nodeName\":\"n\",\"containers\":[{\"name\":\"c\"" container     \
	"}]" spec "},\"status\":{" status "}}"
#define POD(spec)            POD_OF("," spec, "", RUNS)
#define CONTAINER(container) POD_OF("", "," container, RUNS)
#define STATUS(status)       POD_OF("", "", status)
#define PLAIN                POD_OF("", "", RUNS)

#define CHECKPOINT(status)                                                                         \
	"{\"metadata\":{\"name\":\"k\",\"namespace\":\"default\"},\"spec\":{\"containerName\":"    \
	"\"c\",\"podReference\":{\"name\":\"p\"}},\"status\":{" status "}}"
#define RESTORABLE(status, reason)                                                                 \
	CHECKPOINT("\"conditions\":[{\"type\":\"Restorable\",\"status\":\"" status                 \
		   "\",\"reason\":\"" reason "\",\"message\":\"because\"}]")
#define REQUEST(status)                                                                            \
	"{\"metadata\":{\"name\":\"r\",\"namespace\":\"default\",\"creationTimestamp\":"           \
	"\"1970-01-01T00:00:01Z\"},\"spec\":{\"containerName\":\"c\",\"podReference\":{\"name\":"  \
	"\"p\"},\"timeoutSeconds\":60},\"status\":{" status "}}"
#define SCHEDULE(spec, conditions)                                                                 \
	"{\"metadata\":{\"name\":\"s\",\"namespace\":\"default\",\"ownerReferences\":[{\"kind\":"  \
	"\"Deployment\",\"name\":\"web\",\"controller\":true}]},\"spec\":{\"schedule\":\"@daily\"" \
	"" spec "},\"status\":{\"conditions\":[" conditions "]}}"
#define READY     "{\"type\":\"Ready\",\"status\":\"True\"}"
#define NOT_READY "{\"type\":\"Ready\",\"status\":\"False\",\"message\":\"no such zone\"}"
#define UNCOVERED "{\"type\":\"Covered\",\"status\":\"False\",\"message\":\"no Pods\"}"

#define NODE(members) "{\"metadata\":{\"name\":\"n\"},\"status\":{" members "}}"
#define KCR(is_default)                                                                            \
	NODE("\"kcrRuntime\":{\"handler\":\"kcr\",\"isDefault\":" is_default "},\"strategies\":["  \
	     "{\"name\":\"Runtime\",\"offered\":\"True\"},{\"name\":\"Image\",\"offered\":"        \
	     "\"False\"}]")
#define IMAGE_ONLY                                                                                 \
	NODE("\"kcrRuntime\":{\"handler\":\"kcr\"},\"strategies\":[{\"name\":\"Image\","           \
	     "\"offered\":\"True\"}]")

static const struct doctor_case workload_cases[] = {
	{"pods", CLI_DOCTOR_WELL, "Pods: 1", .pod = PLAIN},
	{"pods", CLI_DOCTOR_NOTE, "no Pods"},
	{"pods", CLI_DOCTOR_UNKNOWN, "may not list", .denied = 1 << CLI_DOCTOR_PODS},
	{"schedule", CLI_DOCTOR_WELL, "s: @daily", .schedule = SCHEDULE("", READY)},
	{"schedule", CLI_DOCTOR_NOTE, "no schedule"},
	{"schedule", CLI_DOCTOR_CANNOT, "annotation", .annotation = "@daily"},
	{"schedule", CLI_DOCTOR_NOTE, "suspended",
		.schedule = SCHEDULE(",\"suspend\":true", READY)},
	{"schedule", CLI_DOCTOR_CANNOT, "not looked at", .schedule = SCHEDULE("", "")},
	{"schedule", CLI_DOCTOR_CANNOT, "no such zone", .schedule = SCHEDULE("", NOT_READY)},
	{"schedule", CLI_DOCTOR_NOTE, "last run", .schedule = SCHEDULE("", READY "," UNCOVERED)},
	{"schedule", CLI_DOCTOR_UNKNOWN, "may not list", .denied = 1 << CLI_DOCTOR_SCHEDULES},
	{"restore-policy", CLI_DOCTOR_WELL, "when they fail", .schedule = SCHEDULE("", READY)},
	{"restore-policy", CLI_DOCTOR_CANNOT, "never",
		.schedule = SCHEDULE(",\"restore\":{\"policy\":\"Never\"}", READY)},
	{"restore-policy", CLI_DOCTOR_SILENT, NULL},
};

static const struct doctor_case pod_cases[] = {
	{"os", CLI_DOCTOR_WELL, "Linux", .pod = PLAIN},
	{"os", CLI_DOCTOR_CANNOT, "no Linux", .pod = POD("\"os\":{\"name\":\"windows\"}")},
	{"runtime", CLI_DOCTOR_WELL, "kcr-runtime", .pod = PLAIN, .node = KCR("true")},
	{"runtime", CLI_DOCTOR_WELL, "kcr-runtime", .pod = POD("\"runtimeClassName\":\"kcr\""),
		.node = KCR("false")},
	{"runtime", CLI_DOCTOR_CANNOT, "not the default", .pod = PLAIN, .node = KCR("false")},
	{"runtime", CLI_DOCTOR_CANNOT, "RuntimeClass gvisor",
		.pod = POD("\"runtimeClassName\":\"gvisor\""), .node = KCR("true")},
	{"runtime", CLI_DOCTOR_NOTE, "not the default", .pod = PLAIN, .node = IMAGE_ONLY},
	{"runtime", CLI_DOCTOR_SILENT, NULL, .pod = PLAIN},
	{"restart-policy", CLI_DOCTOR_WELL, "started again", .pod = PLAIN},
	{"restart-policy", CLI_DOCTOR_CANNOT, "Never", .pod = POD("\"restartPolicy\":\"Never\"")},
	{"static-pod", CLI_DOCTOR_WELL, "its own uid", .pod = PLAIN},
	{"static-pod", CLI_DOCTOR_CANNOT, "static",
		.pod = "{\"metadata\":{\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}}}"},
	{"processes", CLI_DOCTOR_WELL, "of its own", .pod = PLAIN},
	{"processes", CLI_DOCTOR_NOTE, "hostPID", .pod = POD("\"hostPID\":true")},
	{"processes", CLI_DOCTOR_NOTE, "shareProcessNamespace",
		.pod = POD("\"shareProcessNamespace\":true")},
	{"network", CLI_DOCTOR_WELL, "of its own", .pod = PLAIN},
	{"network", CLI_DOCTOR_NOTE, "hostNetwork", .pod = POD("\"hostNetwork\":true")},
	{"connections", CLI_DOCTOR_WELL, "no connections", .pod = PLAIN, .node = NODE("")},
	{"connections", CLI_DOCTOR_NOTE, "about 4", .pod = PLAIN,
		.node = NODE("\"pods\":[{\"namespace\":\"default\",\"name\":\"p\","
			     "\"connections\":4}]")},
	{"connections", CLI_DOCTOR_SILENT, NULL, .pod = PLAIN},
	{"ipc", CLI_DOCTOR_WELL, "of its own", .pod = PLAIN},
	{"ipc", CLI_DOCTOR_NOTE, "hostIPC", .pod = POD("\"hostIPC\":true")},
	{"users", CLI_DOCTOR_WELL, "the node's users", .pod = PLAIN},
	{"users", CLI_DOCTOR_NOTE, "hostUsers", .pod = POD("\"hostUsers\":false")},
	{"containers", CLI_DOCTOR_WELL, "one container", .pod = PLAIN},
	{"containers", CLI_DOCTOR_NOTE, "2 containers",
		.pod = "{\"spec\":{\"containers\":[{\"name\":\"c\"},{\"name\":\"d\"}]}}"},
	{"volumes", CLI_DOCTOR_WELL, "no volume",
		.pod = POD("\"volumes\":[{\"name\":\"v\",\"emptyDir\":{}}]")},
	{"volumes", CLI_DOCTOR_NOTE, "files on volume v",
		.pod = POD("\"volumes\":[{\"name\":\"v\",\"persistentVolumeClaim\":{}}]")},
	{"volumes", CLI_DOCTOR_NOTE, "v is a device",
		.pod = POD(
			"\"volumes\":[{\"name\":\"v\",\"hostPath\":{\"type\":\"CharDevice\"}}]")},
};

static const struct doctor_case container_cases[] = {
	{"state", CLI_DOCTOR_WELL, "runs", .pod = PLAIN},
	{"state", CLI_DOCTOR_CANNOT, "not running", .pod = STATUS("")},
	{"state", CLI_DOCTOR_NOTE, "not Ready",
		.pod = STATUS(
			"\"containerStatuses\":[{\"name\":\"c\",\"state\":{\"running\":{}}}]")},
	{"devices", CLI_DOCTOR_WELL, "no devices",
		.pod = CONTAINER("\"resources\":{\"limits\":{\"cpu\":\"1\",\"memory\":\"1Gi\"}}")},
	{"devices", CLI_DOCTOR_CANNOT, "nvidia.com/gpu",
		.pod = CONTAINER("\"resources\":{\"limits\":{\"nvidia.com/gpu\":\"1\"}}")},
	{"devices", CLI_DOCTOR_NOTE, "example.com/nic",
		.pod = CONTAINER("\"resources\":{\"limits\":{\"example.com/nic\":\"1\"}}")},
	{"devices", CLI_DOCTOR_NOTE, "claimed",
		.pod = CONTAINER("\"resources\":{\"claims\":[{\"name\":\"claimed\"}]}")},
	{"devices", CLI_DOCTOR_NOTE, "disk",
		.pod = CONTAINER("\"volumeDevices\":[{\"name\":\"disk\"}]")},
	{"mounts", CLI_DOCTOR_WELL, "no mounts",
		.pod = CONTAINER("\"volumeMounts\":[{\"mountPath\":\"/x\"}]")},
	{"mounts", CLI_DOCTOR_NOTE, "/x",
		.pod = CONTAINER("\"volumeMounts\":[{\"mountPath\":\"/x\",\"mountPropagation\":"
				 "\"Bidirectional\"}]")},
	{"last-request", CLI_DOCTOR_WELL, "was taken", .pod = PLAIN,
		.request = REQUEST("\"phase\":\"Completed\"")},
	{"last-request", CLI_DOCTOR_CANNOT, "no such device", .pod = PLAIN,
		.request = REQUEST("\"phase\":\"Failed\",\"message\":\"no such device\"")},
	{"last-request", CLI_DOCTOR_CANNOT, "neither controller nor agent", .pod = PLAIN,
		.request = REQUEST("")},
	{"last-request", CLI_DOCTOR_SILENT, NULL, .pod = PLAIN},
	{"last-request", CLI_DOCTOR_UNKNOWN, "may not list", .pod = PLAIN,
		.denied = 1 << CLI_DOCTOR_REQUESTS},
	{"room", CLI_DOCTOR_WELL, "there is room", .pod = PLAIN,
		.checkpoint = CHECKPOINT("\"sizeBytes\":100"),
		.node = NODE("\"store\":{\"freeBytes\":100}")},
	{"room", CLI_DOCTOR_CANNOT, "100B, node n has room for 99B", .pod = PLAIN,
		.checkpoint = CHECKPOINT("\"sizeBytes\":100"),
		.node = NODE("\"store\":{\"freeBytes\":99}")},
	{"room", CLI_DOCTOR_CANNOT, "room for 20B", .pod = PLAIN,
		.checkpoint = CHECKPOINT("\"sizeBytes\":100"),
		.node = NODE("\"store\":{\"freeBytes\":999,\"maxBytes\":100,\"usedBytes\":80}")},
	{"checkpoints", CLI_DOCTOR_WELL, "would come back", .pod = PLAIN,
		.checkpoint = RESTORABLE("True", "Restorable")},
	{"checkpoints", CLI_DOCTOR_CANNOT, "because", .pod = PLAIN,
		.checkpoint = RESTORABLE("False", "TemplateChanged")},
	{"checkpoints", CLI_DOCTOR_NOTE, "yet: because", .pod = PLAIN,
		.checkpoint = RESTORABLE("False", "NotStable")},
	{"checkpoints", CLI_DOCTOR_NOTE, "no checkpoint yet", .pod = PLAIN},
	{"checkpoints", CLI_DOCTOR_UNKNOWN, "may not list", .pod = PLAIN,
		.denied = 1 << CLI_DOCTOR_CHECKPOINTS},
};

static void workloads_are_judged(void **state)
{
	(void)state;
	doctor_expect_all(cli_doctor_workload_checks, workload_cases, array_size(workload_cases));
}

static void pods_are_judged(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(pod_cases); i++)
		doctor_expect(cli_doctor_pod_checks, &pod_cases[i]);
	/* the row "node" needs nodes that were looked at: test_doctor.c */
	doctor_expect_all(cli_doctor_pod_checks + 1, pod_cases, array_size(pod_cases));
}

static void containers_are_judged(void **state)
{
	(void)state;
	doctor_expect_all(
		cli_doctor_container_checks, container_cases, array_size(container_cases));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workloads_are_judged),
		cmocka_unit_test(pods_are_judged),
		cmocka_unit_test(containers_are_judged),
	};

	return cmocka_run_group_tests_name("cli/doctor_pod", tests, NULL, NULL);
}
