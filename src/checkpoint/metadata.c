/*
 * config.dump by a table of fields; spec.dump by the few annotations that matter of it, as it holds
 * a whole OCI spec.
 */
#include "checkpoint/metadata.h"

#include <string.h>

#include "base/number.h"

/* config.dump as both runtimes write it (checkpointctl's lib/metadata.go, ContainerConfig). */
struct metadata_config {
	struct str id;
	struct str name;
	struct str image; /* rootfsImage: as the user asked for it */
	struct str image_name; /* rootfsImageName: as the runtime knows it */
	struct str image_ref;
	struct str runtime;
	struct wall_time created;
	struct wall_time checkpointed;
};

static const struct json_field metadata_config_fields[] = {
	{.name = "id", .offset = offsetof(struct metadata_config, id)},
	{.name = "name", .offset = offsetof(struct metadata_config, name)},
	{.name = "rootfsImage", .offset = offsetof(struct metadata_config, image)},
	{.name = "rootfsImageName", .offset = offsetof(struct metadata_config, image_name)},
	{.name = "rootfsImageRef", .offset = offsetof(struct metadata_config, image_ref)},
	{.name = "runtime", .offset = offsetof(struct metadata_config, runtime)},
	{.name = "createdTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct metadata_config, created)},
	{.name = "checkpointedTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct metadata_config, checkpointed)},
};

static const struct json_object metadata_config_object =
	JSON_OBJECT_OF("config.dump", struct metadata_config, metadata_config_fields);

/* The annotations of spec.dump that name the container, and the one that tells whose they are. */
struct metadata_engine {
	const char *name;
	const char *mark;
	const char *mark_value; /* NULL: any */
	const char *pod_namespace;
	const char *pod_name;
	const char *pod_uid;
	const char *container_name;
};

static const struct metadata_engine metadata_engines[] = {
	{
		.name = "containerd",
		.mark = "io.kubernetes.cri.container-type",
		.pod_namespace = "io.kubernetes.cri.sandbox-namespace",
		.pod_name = "io.kubernetes.cri.sandbox-name",
		.pod_uid = "io.kubernetes.cri.sandbox-uid",
		.container_name = "io.kubernetes.cri.container-name",
	},
	{
		.name = "cri-o",
		.mark = "io.kubernetes.cri-o.ContainerType",
		.pod_namespace = "io.kubernetes.pod.namespace",
		.pod_name = "io.kubernetes.pod.name",
		.pod_uid = "io.kubernetes.pod.uid",
		.container_name = "io.kubernetes.container.name",
	},
	/* Its Pods are none of ours. */
	{.name = "podman", .mark = "io.container.manager", .mark_value = "libpod"},
};

enum { METADATA_NAME_PARTS = 5 };

/*
 * The container within the name that the runtime gave it, CONTAINER_POD_NAMESPACE_UID_ATTEMPT, with
 * "k8s_" in front by CRI-O; names of Kubernetes have no '_'. Empty when the name is no such one, as
 * podman's "hopeful_darwin".
 */
static struct str metadata_container_name(struct str name)
{
	struct str parts[METADATA_NAME_PARTS];
	struct str rest =
		str_starts_with(name, STR("k8s_")) ? str_from(name, strlen("k8s_")) : name;
	size_t count = 0;
	uint64_t attempt;

	while (rest.size > 0 && count < METADATA_NAME_PARTS)
		(void)str_cut(rest, '_', &parts[count++], &rest);
	if (count < METADATA_NAME_PARTS || rest.size > 0 ||
		!number_parse_u64(parts[METADATA_NAME_PARTS - 1], &attempt))
		return (struct str){0};
	return parts[0];
}

int checkpoint_read_config(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err)
{
	struct metadata_config config;
	struct str container;
	autojson *doc = NULL;

	if (json_parse(content, &doc, err) < 0 ||
		json_decode(json_doc_root(doc), &metadata_config_object, false, arena, &config,
			err) < 0)
		return error_wrap(err, "config.dump of the archive");
	/* Better than spec.dump's: after a restore containerd 2.3 calls every container
	 * "containerd" there. */
	container = metadata_container_name(config.name);
	if (container.size > 0)
		description->container_name = container;
	description->container_id = config.id;
	description->image_name = config.image_name.size > 0 ? config.image_name : config.image;
	description->image_ref = config.image_ref;
	description->runtime = config.runtime;
	description->created = config.created;
	description->checkpointed = config.checkpointed;
	return 0;
}

/* Of spec.dump only the annotations. */
struct metadata_spec {
	struct json_string_map annotations;
};

static const struct json_field metadata_spec_fields[] = {
	{.name = "annotations",
		.type = JSON_FIELD_STRING_MAP,
		.offset = offsetof(struct metadata_spec, annotations)},
};

static const struct json_object metadata_spec_object =
	JSON_OBJECT_OF("spec.dump", struct metadata_spec, metadata_spec_fields);

/* `name` NULL: there is none. */
static struct str metadata_annotation(const struct json_string_map *annotations, const char *name)
{
	return name != NULL ? json_string_map_get(annotations, str_of(name)) : (struct str){0};
}

static bool metadata_is_of(
	const struct metadata_engine *engine, const struct json_string_map *annotations)
{
	struct str mark = json_string_map_get(annotations, str_of(engine->mark));

	return mark.data != NULL &&
		(engine->mark_value == NULL || str_is(mark, engine->mark_value));
}

int checkpoint_read_spec(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err)
{
	const struct json_string_map *annotations = &description->annotations;
	struct metadata_spec spec;
	autojson *doc = NULL;

	if (json_parse(content, &doc, err) < 0 ||
		json_decode(json_doc_root(doc), &metadata_spec_object, false, arena, &spec, err) <
			0)
		return error_wrap(err, "spec.dump of the archive");
	description->annotations = spec.annotations;
	for (size_t i = 0; i < array_size(metadata_engines); i++) {
		const struct metadata_engine *engine = &metadata_engines[i];
		if (!metadata_is_of(engine, annotations))
			continue;
		description->engine = str_of(engine->name);
		description->pod_namespace =
			metadata_annotation(annotations, engine->pod_namespace);
		description->pod_name = metadata_annotation(annotations, engine->pod_name);
		description->pod_uid = metadata_annotation(annotations, engine->pod_uid);
		if (description->container_name.size == 0)
			description->container_name =
				metadata_annotation(annotations, engine->container_name);
		return 0;
	}
	return 0;
}
