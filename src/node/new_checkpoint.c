/* From a request, its Pod and what was taken to the Checkpoint that the API server is given. */
#include "node/new_checkpoint.h"

#include "api/names.h"
#include "node/state.h"
#include "restore/record.h"
#include "sys/clock.h"

/* The image that the Pod's author wrote, also while the container runs from a checkpoint's. */
static struct str node_original_image(
	const struct api_pod *pod, const struct api_container *container, struct arena *arena)
{
	struct restore_records records;
	struct error ignored;

	if (restore_records_parse(pod->metadata.annotations.restores, arena, &records, &ignored) <
		0)
		return container->image;
	return restore_original_image(
		restore_records_find(&records, container->name), container->image);
}

static struct str node_checkpoint_name(
	struct arena *arena, const struct api_request *request, const struct api_pod *pod)
{
	bool is_only_one = pod->spec.containers.count == 1;

	return api_checkpoint_name(arena, request->spec.pod.name, request->metadata.namespace,
		is_only_one ? (struct str){0} : request->spec.container_name,
		wall_time_seconds(request->status.started));
}

struct str node_choose_name(const struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct arena *arena, bool *ret_is_made)
{
	struct str plain = node_checkpoint_name(arena, request, pod);
	struct str apart = api_name_apart(arena, plain, request->metadata.uid);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *there;
	const struct api_owner *owner;

	*ret_is_made = false;
	kube_key_write(&key, request->metadata.namespace, plain);
	there = kube_informer_get(node->checkpoints, buf_str(&key));
	if (there == NULL)
		return plain;
	owner = api_metadata_controller(&((const struct api_checkpoint *)there->view)->metadata);
	*ret_is_made = owner != NULL && str_equal(owner->uid, request->metadata.uid);
	if (*ret_is_made)
		return plain;
	buf_clear(&key);
	kube_key_write(&key, request->metadata.namespace, apart);
	*ret_is_made = kube_informer_get(node->checkpoints, buf_str(&key)) != NULL;
	return apart;
}

struct node_new_checkpoint {
	struct api_checkpoint object;
	struct api_owner owner;
	struct json_pair labels[5];
	struct api_checkpoint_pod pod;
	struct api_workload_reference workload;
};

static void node_fill_metadata(struct node_new_checkpoint *made, const struct api_request *request,
	const struct api_pod *pod, struct str name, struct arena *arena)
{
	struct api_metadata *metadata = &made->object.metadata;

	made->owner = (struct api_owner){
		.api_version = STR(API_GROUP_VERSION),
		.kind = STR("CheckpointRequest"),
		.name = request->metadata.name,
		.uid = request->metadata.uid,
		.controller = true,
		.block_owner_deletion = true,
	};
	made->labels[0] = (struct json_pair){STR(API_LABEL_APP), STR(API_LABEL_APP_VALUE)};
	made->labels[1] = (struct json_pair){
		STR(API_LABEL_REQUEST), api_label_value(arena, request->metadata.name)};
	made->labels[2] = (struct json_pair){
		STR(API_LABEL_CONTAINER), api_label_value(arena, request->spec.container_name)};
	made->labels[3] =
		(struct json_pair){STR(API_LABEL_POD), api_label_value(arena, pod->metadata.name)};
	made->labels[4] = (struct json_pair){
		STR(API_LABEL_POD_NS), api_label_value(arena, pod->metadata.namespace)};
	metadata->name = name;
	metadata->namespace = request->metadata.namespace;
	metadata->labels = (struct json_string_map){made->labels, array_size(made->labels)};
	metadata->owners = (struct json_list){&made->owner, 1};
}

static void node_fill_spec(const struct node *node, struct node_new_checkpoint *made,
	const struct api_request *request, const struct node_take_result *taken,
	struct arena *arena)
{
	struct api_checkpoint_spec *spec = &made->object.spec;
	const struct api_pod *pod = taken->pod;
	const struct api_container *container =
		api_pod_container(pod, request->spec.container_name);
	const struct api_container_status *status =
		api_pod_container_status(pod, request->spec.container_name);
	const struct api_owner *owner = api_metadata_controller(&pod->metadata);

	made->pod = (struct api_checkpoint_pod){
		pod->metadata.name, pod->metadata.namespace, pod->metadata.uid};
	if (owner != NULL) {
		made->workload = (struct api_workload_reference){
			owner->api_version, owner->kind, owner->name, owner->uid};
		spec->workload = &made->workload;
	}
	spec->data = str_of(taken->archive);
	spec->strategy =
		api_strategy_text(taken->is_direct ? API_STRATEGY_RUNTIME : API_STRATEGY_IMAGE);
	spec->id = made->object.metadata.name;
	spec->schedule_ref = request->spec.schedule;
	spec->timestamp = taken->taken;
	spec->container_name = request->spec.container_name;
	spec->node_name = str_of(node->name);
	spec->pod = &made->pod;
	spec->container_id = status->container_id;
	spec->image = node_original_image(pod, container, arena);
	spec->image_id = status->image_id;
	spec->template_hash = api_pod_template_hash(pod);
	spec->was_ready = status->ready;
}

struct str node_checkpoint_body(const struct node *node, const struct api_request *request,
	struct str name, const struct node_take_result *taken, struct arena *arena)
{
	struct node_new_checkpoint made = {0};
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	api_init(&api_checkpoint_kind, &made.object);
	node_fill_metadata(&made, request, taken->pod, name, arena);
	node_fill_spec(node, &made, request, taken, arena);
	api_encode(&writer, &api_checkpoint_kind, &made.object);
	return arena_str(arena, buf_str(&body));
}

bool node_has_name_of_now(const struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct arena *arena)
{
	struct api_request begun = *request;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	begun.status.started = clock_wall();
	kube_key_write(&key, request->metadata.namespace, node_checkpoint_name(arena, &begun, pod));
	return kube_informer_get(node->checkpoints, buf_str(&key)) != NULL;
}
