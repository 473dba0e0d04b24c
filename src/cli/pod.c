/* The names of core/v1's members. */
#include "cli/pod.h"

static const struct json_field named_fields[] = {
	{.name = "name", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_named, name)},
};
static const struct json_object named_object =
	JSON_OBJECT_OF("name", struct cli_named, named_fields);

static const struct json_field resources_fields[] = {
	{.name = "limits",
		.type = JSON_FIELD_STRING_MAP,
		.offset = offsetof(struct cli_container_resources, limits)},
	{.name = "claims",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct cli_container_resources, claims),
		.object = &named_object},
};
static const struct json_object resources_object =
	JSON_OBJECT_OF("resources", struct cli_container_resources, resources_fields);

static const struct json_field mount_fields[] = {
	{.name = "mountPath",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_volume_mount, path)},
	{.name = "mountPropagation",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_volume_mount, propagation)},
};
static const struct json_object mount_object =
	JSON_OBJECT_OF("volumeMount", struct cli_volume_mount, mount_fields);

static const struct json_field container_fields[] = {
	{.name = "name", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_container, name)},
	{.name = "resources",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_container, resources),
		.object = &resources_object},
	{.name = "volumeMounts",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct cli_container, mounts),
		.object = &mount_object},
	{.name = "volumeDevices",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct cli_container, devices),
		.object = &named_object},
};
static const struct json_object container_object =
	JSON_OBJECT_OF("container", struct cli_container, container_fields);

static const struct json_field host_path_fields[] = {
	{.name = "path", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_host_path, path)},
	{.name = "type", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_host_path, type)},
};
static const struct json_object host_path_object =
	JSON_OBJECT_OF("hostPath", struct cli_host_path, host_path_fields);

static const struct json_field claim_fields[] = {
	{.name = "claimName",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_claim_source, name)},
};
static const struct json_object claim_object =
	JSON_OBJECT_OF("persistentVolumeClaim", struct cli_claim_source, claim_fields);

static const struct json_field volume_fields[] = {
	{.name = "name", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_volume, name)},
	{.name = "hostPath",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct cli_volume, host_path),
		.object = &host_path_object},
	{.name = "persistentVolumeClaim",
		.type = JSON_FIELD_POINTER,
		.offset = offsetof(struct cli_volume, claim),
		.object = &claim_object},
};
static const struct json_object volume_object =
	JSON_OBJECT_OF("volume", struct cli_volume, volume_fields);

static const struct json_field system_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_pod_system, name)},
};
static const struct json_object system_object =
	JSON_OBJECT_OF("os", struct cli_pod_system, system_fields);

#define POD_FLAG(json_name, member)                                                                \
	{                                                                                          \
		.name = (json_name), .type = JSON_FIELD_BOOL,                                      \
		.offset = offsetof(struct cli_pod_spec, member)                                    \
	}

static const struct json_field spec_fields[] = {
	{.name = "runtimeClassName",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_pod_spec, runtime_class)},
	{.name = "os",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_pod_spec, os),
		.object = &system_object},
	POD_FLAG("hostPID", host_pid),
	POD_FLAG("hostIPC", host_ipc),
	POD_FLAG("hostNetwork", host_network),
	POD_FLAG("shareProcessNamespace", shares_processes),
	{.name = "hostUsers",
		.type = JSON_FIELD_BOOL,
		.flags = JSON_HAS_DEFAULT,
		.offset = offsetof(struct cli_pod_spec, host_users),
		.default_bool = true},
	{.name = "containers",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct cli_pod_spec, containers),
		.object = &container_object},
	{.name = "volumes",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct cli_pod_spec, volumes),
		.object = &volume_object},
};
static const struct json_object spec_object =
	JSON_OBJECT_OF("spec", struct cli_pod_spec, spec_fields);

static const struct json_field annotation_fields[] = {
	{.name = "kubernetes.io/config.mirror",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_pod_annotations, mirror)},
};
static const struct json_object annotations_object =
	JSON_OBJECT_OF("annotations", struct cli_pod_annotations, annotation_fields);

static const struct json_field label_fields[] = {
	{.name = "app.kubernetes.io/name",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_pod_labels, name)},
	{.name = "app.kubernetes.io/component",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_pod_labels, component)},
};
static const struct json_object labels_object =
	JSON_OBJECT_OF("labels", struct cli_pod_labels, label_fields);

static const struct json_field metadata_fields[] = {
	{.name = "annotations",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_pod_metadata, annotations),
		.object = &annotations_object},
	{.name = "labels",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_pod_metadata, labels),
		.object = &labels_object},
};
static const struct json_object metadata_object =
	JSON_OBJECT_OF("metadata", struct cli_pod_metadata, metadata_fields);

static const struct json_field pod_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_pod, metadata),
		.object = &metadata_object},
	{.name = "spec",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_pod, spec),
		.object = &spec_object},
};
static const struct json_object pod_object = JSON_OBJECT_OF("Pod", struct cli_pod, pod_fields);

int cli_pod_decode(
	const struct json *raw, struct arena *arena, struct cli_pod *ret_pod, struct error *err)
{
	struct api_pod pod;

	if (json_decode(raw, &pod_object, false, arena, ret_pod, err) < 0 ||
		json_decode(raw, &api_pod_object, false, arena, &pod, err) < 0)
		return -1;
	ret_pod->pod = pod;
	return 0;
}
