/* The objects of this node, and who of the agent wants to know when they change. */
#include "node/state.h"

#include "sys/log.h"

const struct kube_resource node_request_resource = {
	API_GROUP, API_VERSION, "checkpointrequests", "CheckpointRequest", true};
const struct kube_resource node_checkpoint_resource = {
	API_GROUP, API_VERSION, "checkpoints", "Checkpoint", true};
static const struct kube_resource node_pod_resource = {"", "v1", "pods", "Pod", true};

static void node_key_pod(const struct kube_object *object, struct buf *key)
{
	const struct api_checkpoint *checkpoint = object->view;

	if (checkpoint->spec.pod != NULL)
		kube_key_write(key, object->namespace, checkpoint->spec.pod->name);
}

static void node_want(struct kube_reconciler *reconciler, const struct kube_object *object)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, object->namespace, object->name);
	kube_reconciler_add(reconciler, buf_str(&key));
}

static void node_request_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;

	node_want(node->request_reconciler, new != NULL ? new : old);
}

static void node_checkpoint_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;
	const struct kube_object *object = new != NULL ? new : old;
	const struct api_checkpoint *checkpoint = object->view;
	const struct api_pod *pod = NULL;

	if (new == NULL) {
		node_drop_checkpoint(node, checkpoint);
		return;
	}
	node_want(node->checkpoint_reconciler, object);
	if (checkpoint->spec.pod != NULL)
		pod = node_pod(node, object->namespace, checkpoint->spec.pod->name);
	node_watch_pod(node, NULL, pod);
}

/* Requests that wait for their Pod come round by themselves; a Pod that changes may end the wait.
 */
static void node_pod_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;
	size_t position = 0;
	const struct kube_object *object;

	node_watch_pod(node, old != NULL ? old->view : NULL, new != NULL ? new->view : NULL);
	while ((object = kube_informer_next(node->requests, &position)) != NULL) {
		const struct api_request *request = object->view;
		const struct kube_object *pod = new != NULL ? new : old;
		if (!api_request_is_finished(request) &&
			str_equal(object->namespace, pod->namespace) &&
			str_equal(request->spec.pod.name, pod->name))
			node_want(node->request_reconciler, object);
	}
}

static void node_informer_failed(void *context, const struct error *err)
{
	(void)context;
	log_warning(err, "Failed to watch, will try again");
}

void node_objects_new(struct node *node, kube_informer_synced_fn synced)
{
	autobuf selector = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct kube_informer_options options = {
		.resource = &node_pod_resource,
		.view = &api_pod_object,
		.synced = synced,
		.failed = node_informer_failed,
		.context = node,
	};

	buf_printf(&selector, "spec.nodeName=%s", node->name);
	options.field_selector = buf_str(&selector);
	node->pods = kube_informer_new(node->client, &options);
	options.resource = &node_request_resource;
	options.view = api_request_kind.object;
	node->requests = kube_informer_new(node->client, &options);
	options.resource = &node_checkpoint_resource;
	options.view = api_checkpoint_kind.object;
	node->checkpoints = kube_informer_new(node->client, &options);
	node->checkpoints_by_pod = kube_index_new(node->checkpoints, node_key_pod);
	kube_informer_on_change(node->pods, node_pod_changed, node);
	kube_informer_on_change(node->requests, node_request_changed, node);
	kube_informer_on_change(node->checkpoints, node_checkpoint_changed, node);
}

void node_objects_start(struct node *node)
{
	kube_informer_start(node->pods);
	kube_informer_start(node->requests);
	kube_informer_start(node->checkpoints);
}

void node_objects_free(struct node *node)
{
	kube_informer_free(node->pods);
	kube_informer_free(node->requests);
	kube_informer_free(node->checkpoints);
	kube_index_free(node->checkpoints_by_pod);
}

const char *node_objects_missing(const struct node *node)
{
	if (!kube_informer_is_synced(node->pods))
		return "pods";
	if (!kube_informer_is_synced(node->requests))
		return "checkpointrequests";
	return kube_informer_is_synced(node->checkpoints) ? NULL : "checkpoints";
}

const struct api_pod *node_pod(const struct node *node, struct str namespace, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	kube_key_write(&key, namespace, name);
	object = kube_informer_get(node->pods, buf_str(&key));
	return object != NULL ? object->view : NULL;
}
