/* CheckpointRequest: one checkpoint of one container, now. */
#include <assert.h>

#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_request_phase_texts[] = {
	"Pending", "InProgress", "Completed", "Failed", NULL};

static const struct json_field api_request_pod_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_request_pod, name),
		.max_length = 253,
		.description = "Name of the Pod."},
	{.name = "namespace",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_request_pod, namespace),
		.max_length = 63,
		.description =
			"Namespace of the Pod. It must be the request's own, and may be left "
			"out."},
};

const struct json_object api__request_pod_object =
	JSON_OBJECT_OF("podReference", struct api_request_pod, api_request_pod_fields);

static const struct json_field api_request_spec_fields[] = {
	{.name = "podReference",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_request_spec, pod),
		.object = &api__request_pod_object,
		.description = "The Pod."},
	{.name = "containerName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_request_spec, container_name),
		.max_length = 63,
		.description = "The container of the Pod that is checkpointed."},
	{.name = "checkpointScheduleRef",
		.type = JSON_FIELD_POINTER,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_request_spec, schedule),
		.object = &api_reference_object,
		.description = "The CheckpointSchedule that made the request. Left out in requests "
			       "written by hand."},
	{.name = "timeoutSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_IMMUTABLE,
		.offset = offsetof(struct api_request_spec, timeout_seconds),
		.default_i64 = 300,
		.minimum = 1,
		.maximum = 3600,
		.description = "How long the request may wait until it is begun, and how long the "
			       "checkpoint may take from then on, until the request fails. The "
			       "node finishes it even then, for a call of the kubelet that is cut "
			       "can leave its container frozen, and throws it away."},
	{.name = "nodeName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_request_spec, node_name),
		.max_length = 253,
		.description = "The node of the Pod, whose agent carries the request out. The "
			       "controller sets it."},
};

static const struct json_object api_request_spec_object =
	JSON_OBJECT_OF("spec", struct api_request_spec, api_request_spec_fields);

static const struct json_field api_checkpoint_reference_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_reference, name),
		.max_length = 253,
		.description = "Name of the Checkpoint."},
	{.name = "uid",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_reference, uid),
		.max_length = 128,
		.description = "UID of the Checkpoint."},
};

const struct json_object api__checkpoint_reference_object = JSON_OBJECT_OF(
	"checkpointRef", struct api_checkpoint_reference, api_checkpoint_reference_fields);

static const struct json_field api_request_status_fields[] = {
	{.name = "phase",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_request_status, phase),
		.default_text = "Pending",
		.choices = api_request_phase_texts,
		.description =
			"Pending: nobody has begun; the node may be busy with others. "
			"InProgress: the agent takes the checkpoint. Completed: there is a "
			"Checkpoint. Failed: there is none, and reason and message say why."},
	{.name = "startTime",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct api_request_status, started),
		.description = "When the agent began."},
	{.name = "completionTime",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct api_request_status, completed),
		.description = "When the request was completed or failed."},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_request_status, message),
		.max_length = 32768,
		.description = "What happened, in words for people."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_request_status, reason),
		.max_length = 1024,
		.description = "What happened, in one CamelCase word for programs."},
	{.name = "checkpointRef",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_request_status, checkpoint),
		.object = &api__checkpoint_reference_object,
		.description = "The Checkpoint that was made."},
	{.name = "podUID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_request_status, pod_uid),
		.max_length = 128,
		.description = "UID of the Pod that was checkpointed."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_request_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
	{.name = "conditions",
		.type = JSON_FIELD_LIST,
		.flags = JSON_LIST_BY_TYPE,
		.offset = offsetof(struct api_request_status, conditions),
		.object = &api_condition_object,
		.max_length = 16,
		.description = "Complete: True when there is a Checkpoint, False when the request "
			       "has failed, Unknown until then."},
};

static const struct json_object api_request_status_object =
	JSON_OBJECT_OF("status", struct api_request_status, api_request_status_fields);

static const struct json_field api_request_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_request, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_request, spec),
		.object = &api_request_spec_object,
		.description = "What is wanted."},
	/* The default makes `kubectl get` show Pending before anybody has written a status. */
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_request, status),
		.object = &api_request_status_object,
		.description = "What KCR found and did."},
};

static const struct json_object api_request_object =
	JSON_OBJECT_OF("CheckpointRequest", struct api_request, api_request_fields);

static const struct api_column api_request_columns[] = {
	{"Phase", "string", ".status.phase", "How far it is"},
	{"Pod", "string", ".spec.podReference.name", "The Pod"},
	{"Container", "string", ".spec.containerName", "The container"},
	{"Checkpoint", "string", ".status.checkpointRef.name", "The Checkpoint that was made"},
	{"Node", "string", ".spec.nodeName", "The node of the Pod", .is_wide = true},
	{"Message", "string", ".status.message", "What happened", .is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

static const char *const api_request_selectable_fields[] = {
	".spec.nodeName", ".spec.podReference.name", ".status.phase", NULL};

const struct api_kind api_request_kind = {
	.name = "CheckpointRequest",
	.plural = "checkpointrequests",
	.singular = "checkpointrequest",
	.short_name = "ckpr",
	.description = "CheckpointRequest asks for one checkpoint of one container, now. Schedules "
		       "make them when they are due; anyone else who may create them can, too. A "
		       "request is carried out once.",
	.object = &api_request_object,
	.columns = api_request_columns,
	.column_count = array_size(api_request_columns),
	.selectable_fields = api_request_selectable_fields,
};

enum api_request_phase api_request_phase(const struct api_request *request)
{
	return (enum api_request_phase)api__choice(api_request_phase_texts, request->status.phase);
}

struct str api_request_phase_text(enum api_request_phase phase)
{
	assert((size_t)phase < array_size(api_request_phase_texts) - 1);
	return str_of(api_request_phase_texts[phase]);
}

bool api_request_is_finished(const struct api_request *request)
{
	enum api_request_phase phase = api_request_phase(request);

	return phase == API_REQUEST_COMPLETED || phase == API_REQUEST_FAILED;
}

int api_request_check(const struct api_request *request, struct error *err)
{
	struct str namespace = request->spec.pod.namespace;

	if (namespace.size == 0 || str_equal(namespace, request->metadata.namespace))
		return 0;
	return error_set(err, ERROR_INVALID,
		"spec.podReference.namespace is '%.*s', but a request in '%.*s' may only name Pods "
		"of its own namespace",
		STR_ARG(namespace), STR_ARG(request->metadata.namespace));
}
