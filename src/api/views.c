/* Tables of the built-in objects that we read. */
#include "api/views.h"

#include "api/names.h"

static const struct json_field api_container_fields[] = {
	{.name = "name", .type = JSON_FIELD_STRING, .offset = offsetof(struct api_container, name)},
	{.name = "image",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container, image)},
	{.name = "restartPolicy",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container, restart_policy)},
};

static const struct json_object api_container_object =
	JSON_OBJECT_OF("container", struct api_container, api_container_fields);

static const struct json_field api_scheduling_gate_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_scheduling_gate, name)},
};

static const struct json_object api_scheduling_gate_object =
	JSON_OBJECT_OF("schedulingGate", struct api_scheduling_gate, api_scheduling_gate_fields);

static const struct json_field api_pod_spec_fields[] = {
	{.name = "nodeName",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_pod_spec, node_name)},
	{.name = "restartPolicy",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_pod_spec, restart_policy),
		.default_text = "Always"},
	{.name = "terminationGracePeriodSeconds",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_pod_spec, grace_seconds)},
	{.name = "containers",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_pod_spec, containers),
		.object = &api_container_object},
	{.name = "initContainers",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_pod_spec, init_containers),
		.object = &api_container_object},
	{.name = "schedulingGates",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_pod_spec, scheduling_gates),
		.object = &api_scheduling_gate_object},
};

static const struct json_object api_pod_spec_object =
	JSON_OBJECT_OF("spec", struct api_pod_spec, api_pod_spec_fields);

static const struct json_field api_pod_condition_fields[] = {
	{.name = "type",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_pod_condition, type)},
	{.name = "status",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_pod_condition, status)},
	{.name = "lastTransitionTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_pod_condition, last_transition)},
};

static const struct json_object api_pod_condition_object =
	JSON_OBJECT_OF("condition", struct api_pod_condition, api_pod_condition_fields);

static const struct json_field api_container_waiting_fields[] = {
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_waiting, reason)},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.flags = JSON_DISTINCT,
		.offset = offsetof(struct api_container_waiting, message)},
};

static const struct json_object api_container_waiting_object =
	JSON_OBJECT_OF("waiting", struct api_container_waiting, api_container_waiting_fields);

static const struct json_field api_container_running_fields[] = {
	{.name = "startedAt",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_container_running, started)},
};

static const struct json_object api_container_running_object =
	JSON_OBJECT_OF("running", struct api_container_running, api_container_running_fields);

static const struct json_field api_container_terminated_fields[] = {
	{.name = "exitCode",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_container_terminated, exit_code)},
	{.name = "signal",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_container_terminated, signal)},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_terminated, reason)},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.flags = JSON_DISTINCT,
		.offset = offsetof(struct api_container_terminated, message)},
	{.name = "startedAt",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_container_terminated, started)},
	{.name = "finishedAt",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_container_terminated, finished)},
	{.name = "containerID",
		.type = JSON_FIELD_STRING,
		.flags = JSON_DISTINCT,
		.offset = offsetof(struct api_container_terminated, container_id)},
};

static const struct json_object api_container_terminated_object = JSON_OBJECT_OF(
	"terminated", struct api_container_terminated, api_container_terminated_fields);

static const struct json_field api_container_state_fields[] = {
	{.name = "waiting",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_container_state, waiting),
		.object = &api_container_waiting_object},
	{.name = "running",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_container_state, running),
		.object = &api_container_running_object},
	{.name = "terminated",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_container_state, terminated),
		.object = &api_container_terminated_object},
};

static const struct json_object api_container_state_object =
	JSON_OBJECT_OF("state", struct api_container_state, api_container_state_fields);

static const struct json_field api_container_status_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_status, name)},
	{.name = "ready",
		.type = JSON_FIELD_BOOL,
		.offset = offsetof(struct api_container_status, ready)},
	{.name = "restartCount",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_container_status, restart_count)},
	{.name = "image",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_status, image)},
	{.name = "imageID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_status, image_id)},
	{.name = "containerID",
		.type = JSON_FIELD_STRING,
		.flags = JSON_DISTINCT,
		.offset = offsetof(struct api_container_status, container_id)},
	{.name = "state",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_container_status, state),
		.object = &api_container_state_object},
	{.name = "lastState",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_container_status, last_state),
		.object = &api_container_state_object},
};

static const struct json_object api_container_status_object =
	JSON_OBJECT_OF("containerStatus", struct api_container_status, api_container_status_fields);

static const struct json_field api_pod_status_fields[] = {
	{.name = "phase",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_pod_status, phase)},
	{.name = "podIP",
		.type = JSON_FIELD_STRING,
		.flags = JSON_DISTINCT,
		.offset = offsetof(struct api_pod_status, pod_ip)},
	{.name = "hostIP",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_pod_status, host_ip)},
	{.name = "startTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_pod_status, started)},
	{.name = "conditions",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_pod_status, conditions),
		.object = &api_pod_condition_object},
	{.name = "containerStatuses",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_pod_status, container_statuses),
		.object = &api_container_status_object},
};

static const struct json_object api_pod_status_object =
	JSON_OBJECT_OF("status", struct api_pod_status, api_pod_status_fields);

static const struct json_field api_pod_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_pod, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_pod, spec),
		.object = &api_pod_spec_object},
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_pod, status),
		.object = &api_pod_status_object},
};

const struct json_object api_pod_object = JSON_OBJECT_OF("Pod", struct api_pod, api_pod_fields);

const struct api_container *api_pod_container(const struct api_pod *pod, struct str name)
{
	const struct api_container *containers = pod->spec.containers.items;

	for (size_t i = 0; i < pod->spec.containers.count; i++)
		if (str_equal(containers[i].name, name))
			return &containers[i];
	return NULL;
}

const struct api_container_status *api_pod_container_status(
	const struct api_pod *pod, struct str name)
{
	const struct api_container_status *statuses = pod->status.container_statuses.items;

	for (size_t i = 0; i < pod->status.container_statuses.count; i++)
		if (str_equal(statuses[i].name, name))
			return &statuses[i];
	return NULL;
}

bool api_pod_is_gated(const struct api_pod *pod)
{
	const struct api_scheduling_gate *gates = pod->spec.scheduling_gates.items;

	for (size_t i = 0; i < pod->spec.scheduling_gates.count; i++)
		if (str_is(gates[i].name, API_GATE_RESTORE))
			return true;
	return false;
}

struct str api_pod_template_hash(const struct api_pod *pod)
{
	const struct json_string_map *labels = &pod->metadata.labels;
	struct str hash = json_string_map_get(labels, STR(API_LABEL_POD_TEMPLATE_HASH));

	if (hash.size > 0)
		return hash;
	return json_string_map_get(labels, STR(API_LABEL_CONTROLLER_REVISION_HASH));
}

static const struct json_field api_workload_spec_fields[] = {
	{.name = "selector",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_workload_spec, selector),
		.object = &api_selector_object},
};

static const struct json_object api_workload_spec_object =
	JSON_OBJECT_OF("spec", struct api_workload_spec, api_workload_spec_fields);

static const struct json_field api_workload_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_workload, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_workload, spec),
		.object = &api_workload_spec_object},
};

const struct json_object api_workload_object =
	JSON_OBJECT_OF("workload", struct api_workload, api_workload_fields);

static const struct json_field api_node_info_fields[] = {
	{.name = "containerRuntimeVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_info, container_runtime_version)},
	{.name = "kernelVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_info, kernel_version)},
	{.name = "architecture",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_info, architecture)},
};

static const struct json_object api_node_info_object =
	JSON_OBJECT_OF("nodeInfo", struct api_node_info, api_node_info_fields);

static const struct json_field api_node_status_fields[] = {
	{.name = "nodeInfo",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_node_status, info),
		.object = &api_node_info_object},
};

static const struct json_object api_node_status_object =
	JSON_OBJECT_OF("status", struct api_node_status, api_node_status_fields);

static const struct json_field api_node_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_node, metadata),
		.object = &api_metadata_object},
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_node, status),
		.object = &api_node_status_object},
};

const struct json_object api_node_object = JSON_OBJECT_OF("Node", struct api_node, api_node_fields);
