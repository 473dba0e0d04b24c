/* RestoreRequest: one container back to one of its checkpoints, now. */
#include <assert.h>

#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_restore_phase_texts[] = {
	"Pending", "Restoring", "Completed", "Failed", NULL};

static const struct json_field api_restore_spec_fields[] = {
	{.name = "podReference",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, pod),
		.object = &api__request_pod_object,
		.description = "The Pod."},
	{.name = "containerName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, container_name),
		.max_length = 63,
		.description = "The container of the Pod that is restored."},
	{.name = "checkpointName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, checkpoint_name),
		.max_length = 253,
		.description =
			"The Checkpoint that it is restored from, of the same namespace. "
			"Without it and without at: the newest that may be used. A Pod "
			"that waits for its first start needs it: it may be of another Pod."},
	{.name = "at",
		.type = JSON_FIELD_TIME,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, at),
		.description = "Restore as it was at this time: from the newest Checkpoint that "
			       "may be used and was taken no later, to the second."},
	{.name = "timeoutSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, timeout_seconds),
		.default_i64 = 300,
		.minimum = 1,
		.maximum = 3600,
		.description = "How long it may take until the container runs again, the "
			       "kubelet's back-off included. Then the request fails; a "
			       "container that it has ended comes back by the schedule's terms."},
	{.name = "ttlSecondsAfterFinished",
		.type = JSON_FIELD_I64,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, ttl_seconds),
		.minimum = 1,
		.maximum = INT32_MAX,
		.description = "The request is deleted so long after it was completed or failed. "
			       "Left out, it stays until somebody deletes it."},
	{.name = "nodeName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_restore_spec, node_name),
		.max_length = 253,
		.description = "The node of the Pod, whose agent carries the request out; of a Pod "
			       "that waits for its first start, that of the Checkpoint. The "
			       "controller sets it."},
};

static const struct json_object api_restore_spec_object =
	JSON_OBJECT_OF("spec", struct api_restore_spec, api_restore_spec_fields);

static const struct json_field api_restore_status_fields[] = {
	{.name = "phase",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore_status, phase),
		.default_text = "Pending",
		.choices = api_restore_phase_texts,
		.description = "Pending: nothing was done. Restoring: the container is ended, or "
			       "the first start of the Pod prepared, and waited for. Completed: it "
			       "runs from the Checkpoint. Failed: it does not, and reason and "
			       "message say why."},
	{.name = "startTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_restore_status, started),
		.description = "When the agent began."},
	{.name = "completionTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_restore_status, completed),
		.description = "When the request was completed or failed."},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore_status, message),
		.max_length = 32768,
		.description = "What happened, or what is waited for, in words for people."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore_status, reason),
		.max_length = 1024,
		.description = "What happened, in one CamelCase word for programs."},
	{.name = "checkpointRef",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_restore_status, checkpoint),
		.object = &api__checkpoint_reference_object,
		.description = "The Checkpoint that was chosen."},
	{.name = "checkpointTimestamp",
		.type = JSON_FIELD_MICROTIME,
		.offset = offsetof(struct api_restore_status, checkpoint_time),
		.description = "When that Checkpoint was taken."},
	{.name = "podUID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore_status, pod_uid),
		.max_length = 128,
		.description = "UID of the Pod."},
	{.name = "endedContainerID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore_status, ended_container),
		.max_length = 253,
		.description = "ID of the container that is ended: this one and no other. Written "
			       "before that is done."},
	{.name = "restoredContainerID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_restore_status, restored_container),
		.max_length = 253,
		.description = "ID of the container that runs from the Checkpoint."},
	{.name = "restartCountBefore",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_restore_status, restarts_before),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The Pod's restartCount of the container before it was ended. Left "
			       "out: 0."},
	{.name = "restartCountAfter",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_restore_status, restarts_after),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The restartCount of the restored container."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_restore_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
	{.name = "conditions",
		.type = JSON_FIELD_LIST,
		.flags = JSON_LIST_BY_TYPE,
		.offset = offsetof(struct api_restore_status, conditions),
		.object = &api_condition_object,
		.max_length = 16,
		.description = "Complete: True when the container runs from the Checkpoint, False "
			       "when the request has failed, Unknown until then. FirstStart: True "
			       "when it is for the first start of a Pod that waits behind the "
			       "scheduling gate kcr.io/restore. Planned: True once the node is "
			       "prepared for that start; then the gate is taken away."},
};

static const struct json_object api_restore_status_object =
	JSON_OBJECT_OF("status", struct api_restore_status, api_restore_status_fields);

static const struct json_field api_restore_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_restore_request, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_restore_request, spec),
		.object = &api_restore_spec_object,
		.description = "What is wanted."},
	/* The default makes `kubectl get` show Pending before anybody has written a status. */
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_restore_request, status),
		.object = &api_restore_status_object,
		.description = "What KCR found and did."},
};

static const struct json_object api_restore_object =
	JSON_OBJECT_OF("RestoreRequest", struct api_restore_request, api_restore_fields);

static const struct api_column api_restore_columns[] = {
	{"Phase", "string", ".status.phase", "How far it is"},
	{"Pod", "string", ".spec.podReference.name", "The Pod"},
	{"Container", "string", ".spec.containerName", "The container"},
	{"Checkpoint", "string", ".status.checkpointRef.name", "The Checkpoint that was chosen"},
	{"Reason", "string", ".status.reason", "Why it has failed"},
	{"Taken", "date", ".status.checkpointTimestamp", "Time since that Checkpoint was taken",
		.is_wide = true},
	{"Node", "string", ".spec.nodeName", "The node of the Pod", .is_wide = true},
	{"Message", "string", ".status.message", "What happened", .is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

/* What is left out of a request cannot be added to it later; nodeName alone is. */
static const struct api_rule api_restore_rules[] = {
	{"spec", "!(has(self.checkpointName) && has(self.at))",
		"name a Checkpoint by checkpointName or give a time by at, not both"},
	{"spec",
		"has(self.checkpointName) == has(oldSelf.checkpointName) && "
		"has(self.at) == has(oldSelf.at) && "
		"has(self.ttlSecondsAfterFinished) == has(oldSelf.ttlSecondsAfterFinished)",
		"what a request is for cannot be changed; make another one"},
};

static const char *const api_restore_selectable_fields[] = {
	".spec.nodeName", ".spec.podReference.name", ".status.phase", NULL};

const struct api_kind api_restore_request_kind = {
	.name = "RestoreRequest",
	.plural = "restorerequests",
	.singular = "restorerequest",
	.short_name = "ckrr",
	.description = "RestoreRequest asks for one container to be put back to one of its "
		       "checkpoints, in place, now. It is carried out once, ends what runs in the "
		       "container, and stays as the record of that. For a Pod that waits behind "
		       "the scheduling gate kcr.io/restore it asks for the first start of the "
		       "container to be from a Checkpoint.",
	.object = &api_restore_object,
	.columns = api_restore_columns,
	.column_count = array_size(api_restore_columns),
	.rules = api_restore_rules,
	.rule_count = array_size(api_restore_rules),
	.selectable_fields = api_restore_selectable_fields,
};

enum api_restore_phase api_restore_phase(const struct api_restore_request *restore)
{
	return (enum api_restore_phase)api__choice(api_restore_phase_texts, restore->status.phase);
}

struct str api_restore_phase_text(enum api_restore_phase phase)
{
	assert((size_t)phase < array_size(api_restore_phase_texts) - 1);
	return str_of(api_restore_phase_texts[phase]);
}

bool api_restore_is_finished(const struct api_restore_request *restore)
{
	enum api_restore_phase phase = api_restore_phase(restore);

	return phase == API_RESTORE_COMPLETED || phase == API_RESTORE_FAILED;
}

bool api_restore_is_for_start(const struct api_restore_request *restore)
{
	return restore->status.pod_uid.size > 0 &&
		api_condition_is_true(&restore->status.conditions, API_CONDITION_FIRST_START);
}

struct api_request api_restore_as_request(const struct api_restore_request *restore)
{
	static const enum api_request_phase phases[] = {
		[API_RESTORE_PENDING] = API_REQUEST_PENDING,
		[API_RESTORE_RESTORING] = API_REQUEST_IN_PROGRESS,
		[API_RESTORE_COMPLETED] = API_REQUEST_COMPLETED,
		[API_RESTORE_FAILED] = API_REQUEST_FAILED,
	};

	return (struct api_request){
		.metadata = restore->metadata,
		.spec = {.pod = restore->spec.pod,
			.container_name = restore->spec.container_name,
			.timeout_seconds = restore->spec.timeout_seconds,
			.node_name = restore->spec.node_name},
		.status = {.phase = api_request_phase_text(phases[api_restore_phase(restore)]),
			.started = restore->status.started},
	};
}
