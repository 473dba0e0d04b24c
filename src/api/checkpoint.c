/* Checkpoint: what was taken, where it lies, and whether it can be restored. */
#include <assert.h>
#include <inttypes.h>

#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_checkpoint_phase_texts[] = {
	"Created", "Processing", "ImageBuilt", "Failed", NULL};

static const char *const api_strategy_texts[] = {"Image", "Runtime", NULL};

static const struct json_field api_checkpoint_pod_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_pod, name),
		.max_length = 253,
		.description = "Name of the Pod."},
	{.name = "namespace",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_pod, namespace),
		.max_length = 63,
		.description = "Namespace of the Pod."},
	{.name = "uid",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_pod, uid),
		.max_length = 128,
		.description = "UID of the Pod."},
};

static const struct json_object api_checkpoint_pod_object =
	JSON_OBJECT_OF("podReference", struct api_checkpoint_pod, api_checkpoint_pod_fields);

static const struct json_field api_workload_reference_fields[] = {
	{.name = "apiVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_workload_reference, api_version),
		.max_length = 253,
		.description = "Group and version of the workload."},
	{.name = "kind",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_workload_reference, kind),
		.max_length = 63,
		.description = "Kind of the workload: Deployment, StatefulSet, DaemonSet, ..."},
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_workload_reference, name),
		.max_length = 253,
		.description = "Name of the workload."},
	{.name = "uid",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_workload_reference, uid),
		.max_length = 128,
		.description = "UID of the workload."},
};

static const struct json_object api_workload_reference_object = JSON_OBJECT_OF(
	"workloadReference", struct api_workload_reference, api_workload_reference_fields);

static const struct json_field api_checkpoint_spec_fields[] = {
	{.name = "checkpointData",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, data),
		.max_length = 1024,
		.description = "File name of the archive that the kubelet wrote."},
	{.name = "checkpointID",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, id),
		.max_length = 253,
		.description = "Name of the checkpoint in the store of its node."},
	{.name = "checkpointScheduleRef",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_checkpoint_spec, schedule_ref),
		.object = &api_reference_object,
		.description = "The CheckpointSchedule that it was taken for. Absent when it was "
			       "requested by hand."},
	{.name = "checkpointTimestamp",
		.type = JSON_FIELD_MICROTIME,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, timestamp),
		.description =
			"The moment of its memory: when kcr-runtime began to take it or, with "
			"the strategy Image, when the kubelet was asked to."},
	{.name = "containerName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, container_name),
		.max_length = 63,
		.description = "The container it was taken of."},
	{.name = "nodeName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, node_name),
		.max_length = 253,
		.description = "The node it was taken on, whose agent keeps it."},
	{.name = "schedule",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_spec, schedule),
		.max_length = 1024,
		.description = "The cron expression of the CheckpointSchedule at that time."},
	{.name = "selector",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_checkpoint_spec, selector),
		.object = &api_selector_object,
		.description = "The selector of the CheckpointSchedule at that time."},
	{.name = "podReference",
		.type = JSON_FIELD_POINTER,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, pod),
		.object = &api_checkpoint_pod_object,
		.description = "The Pod it was taken of."},
	{.name = "workloadReference",
		.type = JSON_FIELD_POINTER,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, workload),
		.object = &api_workload_reference_object,
		.description = "The workload that the Pod belongs to. It is restored only there."},
	{.name = "containerID",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, container_id),
		.max_length = 256,
		.description = "The runtime's ID of the container it was taken of."},
	{.name = "image",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, image),
		.max_length = 1024,
		.description = "The image of the container as the Pod's spec names it. It is "
			       "restored only where that is the same."},
	{.name = "imageID",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, image_id),
		.max_length = 1024,
		.description = "The image that the runtime used, by digest."},
	{.name = "templateHash",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, template_hash),
		.max_length = 253,
		.description =
			"Which version of the workload's Pod template the Pod was made from. "
			"It is restored only into Pods of the same version."},
	{.name = "wasReady",
		.type = JSON_FIELD_BOOL,
		.flags = JSON_IMMUTABLE | JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_checkpoint_spec, was_ready),
		.description = "Whether the container was Ready before it was frozen. Only such "
			       "checkpoints are restored."},
	{.name = "strategy",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_checkpoint_spec, strategy),
		.choices = api_strategy_texts,
		.description = "Image: the kubelet wrote an archive; the container is restored by "
			       "changing the Pod's image to it. Runtime: kcr-runtime took it and "
			       "restores it when the container is created anew. Absent means "
			       "Image."},
};

static const struct json_object api_checkpoint_spec_object =
	JSON_OBJECT_OF("spec", struct api_checkpoint_spec, api_checkpoint_spec_fields);

static const struct json_field api_container_exit_fields[] = {
	{.name = "containerID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_exit, container_id),
		.max_length = 256,
		.description = "The runtime's ID of the container that has ended."},
	{.name = "exitCode",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_container_exit, exit_code),
		.minimum = INT32_MIN,
		.maximum = INT32_MAX,
		.description = "Its exit code."},
	{.name = "signal",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_container_exit, signal),
		.minimum = 0,
		.maximum = INT32_MAX,
		.description = "The signal that ended it, if one did."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_container_exit, reason),
		.max_length = 1024,
		.description = "The runtime's word for it: Completed, Error, OOMKilled, ..."},
	{.name = "finishedTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_container_exit, finished),
		.description = "When it ended."},
};

static const struct json_object api_container_exit_object =
	JSON_OBJECT_OF("containerExit", struct api_container_exit, api_container_exit_fields);

static const struct json_field api_checkpoint_status_fields[] = {
	{.name = "phase",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, phase),
		.choices = api_checkpoint_phase_texts,
		.description = "Created: the archive exists. Processing: it is taken into the "
			       "node's store. ImageBuilt: it can be restored, as far as the "
			       "condition Restorable says so. Failed: it is of no use."},
	{.name = "checkpointImage",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, checkpoint_image),
		.max_length = 1024,
		.description = "Name of its OCI image, as a registry has it that it is pushed to. "
			       "The node's own serves it by its digest only: see runtimeImage."},
	{.name = "runtimeImage",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, runtime_image),
		.max_length = 1024,
		.description =
			"Complete reference of that image, as a container runtime pulls it."},
	{.name = "failedReason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, failed_reason),
		.max_length = 32768,
		.description = "Why the phase is Failed, in words for people."},
	{.name = "digest",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, digest),
		.max_length = 256,
		.description =
			"Digest of the image's layer, which is all that was taken. What does "
			"not match it is not restored."},
	{.name = "sizeBytes",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_checkpoint_status, size_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "Size of the whole checkpoint in bytes."},
	{.name = "size",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, size),
		.max_length = 32,
		.description = "sizeBytes, rounded for people."},
	{.name = "memoryBytes",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_checkpoint_status, memory_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "How many of these bytes are memory of the container."},
	{.name = "frozenMicroseconds",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_checkpoint_status, frozen_us),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "How long the container stood still while it was taken, as CRIU "
			       "measured it."},
	{.name = "frozen",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, frozen),
		.max_length = 32,
		.description = "frozenMicroseconds, rounded for people."},
	{.name = "engine",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, engine),
		.max_length = 253,
		.description = "The container engine that took it, such as containerd or CRI-O."},
	{.name = "criuVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, criu_version),
		.max_length = 64,
		.description = "The version of CRIU that took it."},
	{.name = "stableTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_checkpoint_status, stable),
		.description =
			"When the container was seen to have stayed Ready for the schedule's "
			"stableSeconds after it."},
	{.name = "restoreCount",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_checkpoint_status, restore_count),
		.minimum = 0,
		.maximum = INT32_MAX,
		.description = "How often a container was restored from it."},
	{.name = "lastRestoreTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_checkpoint_status, last_restore),
		.description = "When a container was last restored from it."},
	{.name = "containerExit",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_checkpoint_status, container_exit),
		.object = &api_container_exit_object,
		.description = "How the container it was taken of has ended. Absent while that "
			       "runs."},
	{.name = "restoredContainerID",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_status, restored_container),
		.max_length = 256,
		.description = "The runtime's ID of the container that the agent last saw run "
			       "restored in the Pod, from this or another checkpoint."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_checkpoint_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
	{.name = "conditions",
		.type = JSON_FIELD_LIST,
		.flags = JSON_LIST_BY_TYPE,
		.offset = offsetof(struct api_checkpoint_status, conditions),
		.object = &api_condition_object,
		.max_length = 16,
		.description = "ImageBuilt: whether it is complete and served as an image. "
			       "Usable: False when kcr-runtime has found it damaged, or a "
			       "restore from it failed. Ready: whether it is complete, usable and "
			       "on a node that is there; Unknown when nothing is known of that "
			       "node. Restorable: whether it would be restored just now, and why "
			       "not."},
};

static const struct json_object api_checkpoint_status_object =
	JSON_OBJECT_OF("status", struct api_checkpoint_status, api_checkpoint_status_fields);

static const struct json_field api_checkpoint_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_checkpoint, spec),
		.object = &api_checkpoint_spec_object,
		.description = "What was taken. A field that is set stays as it is."},
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint, status),
		.object = &api_checkpoint_status_object,
		.description = "What has become of it."},
};

static const struct json_object api_checkpoint_object =
	JSON_OBJECT_OF("Checkpoint", struct api_checkpoint, api_checkpoint_fields);

static const struct api_column api_checkpoint_columns[] = {
	{"Pod", "string", ".spec.podReference.name", "The Pod it was taken of"},
	{"Container", "string", ".spec.containerName", "The container it was taken of"},
	{"Phase", "string", ".status.phase", "How far it is"},
	{"Size", "string", ".status.size", "Size of the whole checkpoint"},
	{"Frozen", "string", ".status.frozen", "How long the container stood still"},
	{"Restorable", "string", ".status.conditions[?(@.type==\"Restorable\")].status",
		"Whether it would be restored"},
	{"Reason", "string", ".status.conditions[?(@.type==\"Restorable\")].reason",
		"Why it would or would not be restored"},
	{"Node", "string", ".spec.nodeName", "The node that keeps it", .is_wide = true},
	{"Image", "string", ".status.runtimeImage", "The image it is served as", .is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

static const char *const api_checkpoint_selectable_fields[] = {
	".spec.nodeName", ".spec.podReference.name", ".status.phase", NULL};

const struct api_kind api_checkpoint_kind = {
	.name = "Checkpoint",
	.plural = "checkpoints",
	.singular = "checkpoint",
	/* Not ckpt: that is what the Checkpoint of kaito.sh (GRIT) goes by. */
	.short_name = "ckp",
	.description = "Checkpoint is the memory of one container at one time, kept on the node "
		       "where it was taken. KCR makes and deletes them; deleting one deletes what "
		       "is kept.",
	.object = &api_checkpoint_object,
	.columns = api_checkpoint_columns,
	.column_count = array_size(api_checkpoint_columns),
	.selectable_fields = api_checkpoint_selectable_fields,
};

enum api_checkpoint_phase api_checkpoint_phase(const struct api_checkpoint *checkpoint)
{
	return (enum api_checkpoint_phase)api__choice(
		api_checkpoint_phase_texts, checkpoint->status.phase);
}

struct str api_checkpoint_phase_text(enum api_checkpoint_phase phase)
{
	assert((size_t)phase < array_size(api_checkpoint_phase_texts) - 1);
	return str_of(api_checkpoint_phase_texts[phase]);
}

enum api_strategy api_checkpoint_strategy(const struct api_checkpoint *checkpoint)
{
	return (enum api_strategy)api__choice(api_strategy_texts, checkpoint->spec.strategy);
}

struct str api_strategy_text(enum api_strategy strategy)
{
	assert((size_t)strategy < array_size(api_strategy_texts) - 1);
	return str_of(api_strategy_texts[strategy]);
}

struct api_unit {
	const char *text;
	int64_t size;
};

/* In the largest unit that fits into the value, with one decimal when it tells anything. */
static struct str api_format_amount(
	struct arena *arena, const struct api_unit *units, size_t count, int64_t value)
{
	const struct api_unit *unit = units;
	int64_t tenths;
	int64_t whole;

	for (size_t i = 1; i < count && value >= units[i].size; i++)
		unit = &units[i];
	tenths = value / unit->size * 10 + (value % unit->size * 10 + unit->size / 2) / unit->size;
	if (tenths % 10 != 0 && tenths < 1000)
		return arena_printf(
			arena, "%" PRIi64 ".%d%s", tenths / 10, (int)(tenths % 10), unit->text);
	whole = value / unit->size + (value % unit->size * 2 >= unit->size ? 1 : 0);
	return arena_printf(arena, "%" PRIi64 "%s", whole, unit->text);
}

struct str api__size_text(struct arena *arena, int64_t bytes)
{
	static const struct api_unit sizes[] = {{"B", 1}, {"Ki", INT64_C(1) << 10},
		{"Mi", INT64_C(1) << 20}, {"Gi", INT64_C(1) << 30}, {"Ti", INT64_C(1) << 40}};

	return api_format_amount(arena, sizes, array_size(sizes), bytes);
}

void api_checkpoint_set_amounts(struct api_checkpoint_status *status, struct arena *arena)
{
	static const struct api_unit times[] = {{"us", 1}, {"ms", 1000}, {"s", 1000000}};

	status->size = api__size_text(arena, status->size_bytes);
	status->frozen = api_format_amount(arena, times, array_size(times), status->frozen_us);
}
