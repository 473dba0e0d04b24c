/* CheckpointExport: leave to fetch the bytes of one Checkpoint, for a while. */
#include <assert.h>

#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_export_phase_texts[] = {"Pending", "Open", "Closed", "Failed", NULL};

static const struct json_field api_export_spec_fields[] = {
	{.name = "checkpointName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_export_spec, checkpoint_name),
		.max_length = 253,
		.description = "The Checkpoint, of the same namespace."},
	{.name = "secretSHA256",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED | JSON_IMMUTABLE,
		.offset = offsetof(struct api_export_spec, secret_sha256),
		.pattern = "^[0-9a-f]{64}$",
		.max_length = 64,
		.description = "SHA-256, in hex, of the secret that the bytes are asked for with: "
			       "64 hex digits of 32 random bytes, which only who made the ticket "
			       "has."},
	{.name = "lifetimeSeconds",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_IMMUTABLE,
		.offset = offsetof(struct api_export_spec, lifetime_seconds),
		.default_i64 = 3600,
		.minimum = 60,
		.maximum = 86400,
		.description = "How long the ticket is good once it is open. What is being sent "
			       "when that is over is cut off."},
	{.name = "ttlSecondsAfterFinished",
		.type = JSON_FIELD_I64,
		.flags = JSON_HAS_DEFAULT | JSON_IMMUTABLE,
		.offset = offsetof(struct api_export_spec, ttl_seconds),
		.default_i64 = 86400,
		.minimum = 1,
		.maximum = INT32_MAX,
		.description = "The ticket is deleted so long after it was closed or failed. Until "
			       "then it is the record of what was fetched."},
	{.name = "nodeName",
		.type = JSON_FIELD_STRING,
		.flags = JSON_IMMUTABLE,
		.offset = offsetof(struct api_export_spec, node_name),
		.max_length = 253,
		.description = "The node that keeps the Checkpoint, whose agent serves the bytes. "
			       "The controller sets it."},
};

static const struct json_object api_export_spec_object =
	JSON_OBJECT_OF("spec", struct api_export_spec, api_export_spec_fields);

static const struct json_field api_relay_reference_fields[] = {
	{.name = "namespace",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_relay_reference, namespace),
		.max_length = 63,
		.description = "Namespace of the Pod."},
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_relay_reference, name),
		.max_length = 253,
		.description = "Name of the Pod."},
};

const struct json_object api__relay_reference_object =
	JSON_OBJECT_OF("relayReference", struct api_relay_reference, api_relay_reference_fields);

static const struct json_field api_export_status_fields[] = {
	{.name = "phase",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_export_status, phase),
		.default_text = "Pending",
		.choices = api_export_phase_texts,
		.description = "Pending: the agent has not opened it. Open: the bytes can be "
			       "fetched. Closed: no more. Failed: they could not be, or not to the "
			       "end. Reason and message say why."},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_export_status, message),
		.max_length = 32768,
		.description = "What happened, or what is waited for, in words for people."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_export_status, reason),
		.max_length = 1024,
		.description = "What happened, in one CamelCase word for programs."},
	{.name = "checkpointRef",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_export_status, checkpoint),
		.object = &api__checkpoint_reference_object,
		.description = "The Checkpoint that it was opened for: this one, and no later one "
			       "of its name."},
	{.name = "relayReference",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct api_export_status, relay),
		.object = &api__relay_reference_object,
		.description = "The Pod of kcr-relay on the node, to which a port is forwarded."},
	{.name = "port",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_export_status, port),
		.minimum = 1,
		.maximum = 65535,
		.description = "The port of that Pod."},
	{.name = "sizeBytes",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_export_status, size_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "How long the tar is."},
	{.name = "digest",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_export_status, digest),
		.max_length = 128,
		.description = "Digest of the tar: sha256:..."},
	{.name = "sentBytes",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_export_status, sent_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "How much was sent in all transfers that have ended."},
	{.name = "openTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_export_status, opened),
		.description = "When it was opened."},
	{.name = "closeTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct api_export_status, closed),
		.description = "When it was closed or failed."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_export_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
};

static const struct json_object api_export_status_object =
	JSON_OBJECT_OF("status", struct api_export_status, api_export_status_fields);

static const struct json_field api_export_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_export, metadata),
		.object = &api_metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_export, spec),
		.object = &api_export_spec_object,
		.description = "What is wanted."},
	/* The default makes `kubectl get` show Pending before anybody has written a status. */
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct api_export, status),
		.object = &api_export_status_object,
		.description = "What KCR found and did."},
};

static const struct json_object api_export_object =
	JSON_OBJECT_OF("CheckpointExport", struct api_export, api_export_fields);

static const struct api_column api_export_columns[] = {
	{"Phase", "string", ".status.phase", "How far it is"},
	{"Checkpoint", "string", ".spec.checkpointName", "The Checkpoint"},
	{"Bytes", "integer", ".status.sizeBytes", "How long the tar is"},
	{"Sent", "integer", ".status.sentBytes", "How much was sent"},
	{"Reason", "string", ".status.reason", "Why it was closed or has failed"},
	{"Node", "string", ".spec.nodeName", "The node that keeps the Checkpoint", .is_wide = true},
	{"Message", "string", ".status.message", "What happened", .is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

static const char *const api_export_selectable_fields[] = {
	".spec.nodeName", ".spec.checkpointName", ".status.phase", NULL};

const struct api_kind api_export_kind = {
	.name = "CheckpointExport",
	.plural = "checkpointexports",
	.singular = "checkpointexport",
	.short_name = "ckpe",
	.description = "CheckpointExport is a ticket for the bytes of one Checkpoint, which hold "
		       "all that was in the container's memory. Who may create it may fetch them, "
		       "with the secret that it has the hash of, while it is open. It stays for a "
		       "while as the record of that. `kubectl kcr export` makes and uses it.",
	.object = &api_export_object,
	.columns = api_export_columns,
	.column_count = array_size(api_export_columns),
	.selectable_fields = api_export_selectable_fields,
};

enum api_export_phase api_export_phase(const struct api_export *export)
{
	return (enum api_export_phase)api__choice(api_export_phase_texts, export->status.phase);
}

struct str api_export_phase_text(enum api_export_phase phase)
{
	assert((size_t)phase < array_size(api_export_phase_texts) - 1);
	return str_of(api_export_phase_texts[phase]);
}

bool api_export_is_finished(const struct api_export *export)
{
	enum api_export_phase phase = api_export_phase(export);

	return phase == API_EXPORT_CLOSED || phase == API_EXPORT_FAILED;
}
