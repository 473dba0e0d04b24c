/* CheckpointImport: leave to bring the bytes of one checkpoint to a node, for a while. */
#include <assert.h>

#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_import_phase_texts[] = {
	"Pending", "Open", "Completed", "Failed", NULL};

static const struct json_field api_import_spec_fields[] = {
	{.name = "nodeName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, node_name),
		.max_length = 253,
		.description = "The node that is to keep the Checkpoint."},
	{.name = "podReference",
		.type = JSON_FIELD_POINTER,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, pod),
		.object = &api__request_pod_object,
		.description = "The Pod that it is for, of that node. While it is there, the "
			       "Checkpoint counts as one of its workload, image and template. "
			       "Left out: what the archive says."},
	{.name = "containerName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, container_name),
		.max_length = 63,
		.description = "The container that it is for. Left out: what the archive says."},
	{.name = "sizeBytes",
		.type = JSON_FIELD_I64,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, size_bytes),
		.minimum = 1,
		.maximum = INT64_MAX,
		.description = "How long the archive is, as it is brought."},
	{.name = "digest",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, digest),
		.pattern = "^sha256:[0-9a-f]{64}$",
		.max_length = 128,
		.description = "Digest of the archive as it is brought, compressed or not: "
			       "sha256:... What arrives must have it."},
	{.name = "secretSHA256",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, secret_sha256),
		.pattern = "^[0-9a-f]{64}$",
		.max_length = 64,
		.description =
			"SHA-256, in hex, of the secret that the bytes are brought with: 64 "
			"hex digits of 32 random bytes, which only who made the ticket has."},
	{.name = "lifetimeSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, lifetime_seconds),
		.default_i64 = 3600,
		.minimum = 60,
		.maximum = 86400,
		.description = "How long the ticket is good once it is open. What has not arrived "
			       "in full by then is thrown away."},
	{.name = "ttlSecondsAfterFinished",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_IMMUTABLE,
		.offset = offsetof(struct api_import_spec, ttl_seconds),
		.default_i64 = 86400,
		.minimum = 1,
		.maximum = INT32_MAX,
		.description = "The ticket is deleted so long after it has failed. One that was "
			       "completed stays as long as its Checkpoint, as the record of where "
			       "that is from."},
};

static const struct json_object api_import_spec_object =
	JSON_OBJECT_OF("spec", struct api_import_spec, api_import_spec_fields);

static const struct json_field api_import_status_fields[] = {
	{.name = "phase",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_import_status, phase),
		.default_text = "Pending",
		.choices = api_import_phase_texts,
		.description = "Pending: the agent has not opened it. Open: the bytes can be "
			       "brought. Completed: they are there, and there is a Checkpoint. "
			       "Failed: there is none. Reason and message say why."},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_import_status, message),
		.max_length = 32768,
		.description = "What happened, or what is waited for, in words for people."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_import_status, reason),
		.max_length = 1024,
		.description = "What happened, in one CamelCase word for programs. LeftOut: it is "
			       "completed, and the message says what of the archive no restore "
			       "puts back."},
	{.name = "checkpointRef",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_import_status, checkpoint),
		.object = &api__checkpoint_reference_object,
		.description = "The Checkpoint that was made of it."},
	{.name = "relayReference",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_import_status, relay),
		.object = &api__relay_reference_object,
		.description = "The Pod of kcr-relay on the node, to which a port is forwarded."},
	{.name = "port",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_import_status, port),
		.minimum = 1,
		.maximum = 65535,
		.description = "The port of that Pod."},
	{.name = "receivedBytes",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_import_status, received_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "How much has arrived in transfers that have ended."},
	{.name = "openTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_import_status, opened),
		.description = "When it was opened."},
	{.name = "closeTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_import_status, closed),
		.description = "When it was completed or failed."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_import_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
};

static const struct json_object api_import_status_object =
	JSON_OBJECT_OF("status", struct api_import_status, api_import_status_fields);

static const struct json_field api_import_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_import, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_import, spec),
		.object = &api_import_spec_object,
		.description = "What is brought."},
	/* The default makes `kubectl get` show Pending before anybody has written a status. */
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_import, status),
		.object = &api_import_status_object,
		.description = "What KCR found and did."},
};

static const struct json_object api_import_object =
	JSON_OBJECT_OF("CheckpointImport", struct api_import, api_import_fields);

static const struct api_column api_import_columns[] = {
	{"Phase", "string", ".status.phase", "How far it is"},
	{"Node", "string", ".spec.nodeName", "The node that is to keep the Checkpoint"},
	{"Bytes", "integer", ".spec.sizeBytes", "How long the archive is"},
	{"Received", "integer", ".status.receivedBytes", "How much has arrived"},
	{"Checkpoint", "string", ".status.checkpointRef.name", "The Checkpoint that was made"},
	{"Reason", "string", ".status.reason", "Why it has failed, or what it lacks"},
	{"Message", "string", ".status.message", "What happened", .is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

/* What is left out of a ticket cannot be added to it later. */
static const struct api_rule api_import_rules[] = {
	{"spec",
		"has(self.podReference) == has(oldSelf.podReference) && "
		"has(self.containerName) == has(oldSelf.containerName)",
		"what an import is for cannot be changed; make another one"},
};

static const char *const api_import_selectable_fields[] = {".spec.nodeName", ".status.phase", NULL};

const struct api_kind api_import_kind = {
	.name = "CheckpointImport",
	.plural = "checkpointimports",
	.singular = "checkpointimport",
	.short_name = "ckpi",
	.description = "CheckpointImport is a ticket with which the archive of a checkpoint is "
		       "brought to a node, where it becomes a Checkpoint: one that was exported, "
		       "or made by the kubelet, by podman or by CRI-O. CRIU restores what it "
		       "finds in it with the rights of root, so who may create one is as good as "
		       "root on the node: no role has it but kcr-import.",
	.object = &api_import_object,
	.columns = api_import_columns,
	.column_count = array_size(api_import_columns),
	.rules = api_import_rules,
	.rule_count = array_size(api_import_rules),
	.selectable_fields = api_import_selectable_fields,
};

enum api_import_phase api_import_phase(const struct api_import *import)
{
	return (enum api_import_phase)api__choice(api_import_phase_texts, import->status.phase);
}

struct str api_import_phase_text(enum api_import_phase phase)
{
	assert((size_t)phase < array_size(api_import_phase_texts) - 1);
	return str_of(api_import_phase_texts[phase]);
}

bool api_import_is_finished(const struct api_import *import)
{
	enum api_import_phase phase = api_import_phase(import);

	return phase == API_IMPORT_COMPLETED || phase == API_IMPORT_FAILED;
}
