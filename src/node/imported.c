/*
 * Who may import has said whose the checkpoint is to be; the Pod of that name lends it workload,
 * image and template, for the restore rule asks for them.
 */
#include "node/imported.h"

#include "api/names.h"
#include "restore/record.h"

void node_imported_archive(struct buf *name, const struct api_import *import)
{
	buf_printf(name, "kcr-import-%.*s.tar", STR_ARG(import->metadata.uid));
}

/* The Checkpoint of that name in the import's namespace; NULL: this node has none. */
static const struct api_checkpoint *imported_find(
	const struct node *node, const struct api_import *import, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	kube_key_write(&key, import->metadata.namespace, name);
	object = kube_informer_get(node->checkpoints, buf_str(&key));
	return object != NULL ? object->view : NULL;
}

static bool imported_is_of(const struct api_checkpoint *checkpoint, const struct api_import *import)
{
	const struct api_owner *owner =
		checkpoint != NULL ? api_metadata_controller(&checkpoint->metadata) : NULL;

	return owner != NULL && str_equal(owner->uid, import->metadata.uid);
}

static struct str imported_name_apart(const struct api_import *import, struct arena *arena)
{
	return api_name_apart(arena, import->metadata.name, import->metadata.uid);
}

const struct api_checkpoint *node_imported(const struct node *node, const struct api_import *import)
{
	autoarena *arena = arena_new(256);
	const struct api_checkpoint *made = imported_find(node, import, import->metadata.name);

	if (!imported_is_of(made, import))
		made = imported_find(node, import, imported_name_apart(import, arena));
	return imported_is_of(made, import) ? made : NULL;
}

struct str node_imported_name(const struct node *node, const struct api_import *import,
	bool is_taken, struct arena *arena)
{
	if (is_taken || imported_find(node, import, import->metadata.name) != NULL)
		return imported_name_apart(import, arena);
	return import->metadata.name;
}

struct imported {
	struct api_checkpoint object;
	struct api_owner owner;
	struct json_pair labels[4];
	struct api_checkpoint_pod pod;
	struct api_workload_reference workload;
};

static void imported_fill_metadata(struct imported *made, const struct api_import *import,
	struct str name, struct arena *arena)
{
	struct api_metadata *metadata = &made->object.metadata;

	made->owner = (struct api_owner){
		.api_version = STR(API_GROUP_VERSION),
		.kind = str_of(api_import_kind.name),
		.name = import->metadata.name,
		.uid = import->metadata.uid,
		.controller = true,
		.block_owner_deletion = true,
	};
	made->labels[0] = (struct json_pair){STR(API_LABEL_APP), STR(API_LABEL_APP_VALUE)};
	made->labels[1] = (struct json_pair){
		STR(API_LABEL_CONTAINER), api_label_value(arena, made->object.spec.container_name)};
	made->labels[2] =
		(struct json_pair){STR(API_LABEL_POD), api_label_value(arena, made->pod.name)};
	made->labels[3] = (struct json_pair){
		STR(API_LABEL_POD_NS), api_label_value(arena, made->pod.namespace)};
	metadata->name = name;
	metadata->namespace = import->metadata.namespace;
	metadata->labels = (struct json_string_map){made->labels, array_size(made->labels)};
	metadata->owners = (struct json_list){&made->owner, 1};
}

/* What the Pod says counts: the rule compares it with the Pod. */
static void imported_adopt(struct imported *made, const struct api_pod *pod)
{
	struct api_checkpoint_spec *spec = &made->object.spec;
	const struct api_owner *owner = api_metadata_controller(&pod->metadata);
	const struct api_container *container = api_pod_container(pod, spec->container_name);

	made->pod.uid = pod->metadata.uid;
	spec->template_hash = api_pod_template_hash(pod);
	if (container != NULL)
		spec->image = container->image;
	if (owner == NULL)
		return;
	made->workload = (struct api_workload_reference){
		owner->api_version, owner->kind, owner->name, owner->uid};
	spec->workload = &made->workload;
}

static struct str imported_or(struct str wanted, struct str found, struct str otherwise)
{
	if (wanted.size > 0)
		return wanted;
	return found.size > 0 ? found : otherwise;
}

struct str node_imported_body(const struct node *node, const struct api_import *import,
	const struct checkpoint_description *description, const struct api_pod *pod,
	struct str name, enum api_strategy strategy, struct arena *arena)
{
	const struct api_import_spec *wanted = &import->spec;
	autobuf archive = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);
	struct imported made = {0};
	struct api_checkpoint_spec *spec = &made.object.spec;

	node_imported_archive(&archive, import);
	api_init(&api_checkpoint_kind, &made.object);
	made.pod = (struct api_checkpoint_pod){
		.name = imported_or(wanted->pod != NULL ? wanted->pod->name : (struct str){0},
			description->pod_name, import->metadata.name),
		.namespace = import->metadata.namespace,
		.uid = description->pod_uid,
	};
	spec->container_name =
		imported_or(wanted->container_name, description->container_name, STR("imported"));
	spec->data = buf_str(&archive);
	spec->strategy = api_strategy_text(strategy);
	spec->id = name;
	spec->timestamp = wall_time_is_set(description->checkpointed) ? description->checkpointed
								      : import->status.opened;
	spec->node_name = str_of(node->name);
	spec->pod = &made.pod;
	spec->container_id = description->container_id;
	spec->image = description->image_name;
	spec->image_id = description->image_ref;
	spec->was_ready = true; /* who imports it vouches for it */
	if (pod != NULL)
		imported_adopt(&made, pod);
	imported_fill_metadata(&made, import, name, arena);
	api_encode(&writer, &api_checkpoint_kind, &made.object);
	return arena_str(arena, buf_str(&body));
}

struct str node_imported_left_out(struct str left_out, struct arena *arena)
{
	if (left_out.size == 0)
		return left_out;
	return arena_printf(arena, "; no restore puts back %.*s: the Pod has volumes of its own",
		STR_ARG(left_out));
}
