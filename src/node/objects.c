/* The objects of this node: what is watched, and how it is found again. */
#include "node/state.h"

#include "sys/log.h"

const struct kube_resource node_request_resource = {
	API_GROUP, API_VERSION, "checkpointrequests", "CheckpointRequest", true};
const struct kube_resource node_checkpoint_resource = {
	API_GROUP, API_VERSION, "checkpoints", "Checkpoint", true};
const struct kube_resource node_restore_request_resource = {
	API_GROUP, API_VERSION, "restorerequests", "RestoreRequest", true};
const struct kube_resource node_export_resource = {
	API_GROUP, API_VERSION, "checkpointexports", "CheckpointExport", true};
const struct kube_resource node_import_resource = {
	API_GROUP, API_VERSION, "checkpointimports", "CheckpointImport", true};
static const struct kube_resource node_schedule_resource = {
	API_GROUP, API_VERSION, "checkpointschedules", "CheckpointSchedule", true};
static const struct kube_resource node_pod_resource = {"", "v1", "pods", "Pod", true};

static void node_key_pod(const struct kube_object *object, struct buf *key)
{
	const struct api_checkpoint *checkpoint = object->view;

	if (checkpoint->spec.pod != NULL)
		kube_key_write(key, object->namespace, checkpoint->spec.pod->name);
}

static void node_informer_failed(void *context, const struct error *err)
{
	(void)context;
	log_warning(err, "Failed to watch, will try again");
}

/* A cluster that does not know the kind yet, or does not let us see it. */
static void node_kind_failed(
	struct node *node, const struct error *err, const char *missed, bool *is_missing)
{
	if (err->kind != ERROR_ABSENT && err->kind != ERROR_DENIED) {
		node_informer_failed(node, err);
		return;
	}
	log_warning(err, missed);
	if (*is_missing)
		return;
	*is_missing = true;
	node->synced(node);
}

static void node_restore_requests_failed(void *context, const struct error *err)
{
	struct node *node = context;

	node_kind_failed(node, err,
		"Nothing can be restored on request, all else goes on; "
		"apply this version's deploy/install.yaml",
		&node->are_restore_requests_missing);
}

static void node_imports_failed(void *context, const struct error *err)
{
	struct node *node = context;

	node_kind_failed(node, err,
		"Nothing can be imported, all else goes on; apply this version's "
		"deploy/install.yaml",
		&node->are_imports_missing);
}

static void node_exports_failed(void *context, const struct error *err)
{
	struct node *node = context;

	node_kind_failed(node, err,
		"Nothing can be exported, all else goes on; apply this version's "
		"deploy/install.yaml",
		&node->are_exports_missing);
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
	node->synced = synced;
	node->pods = kube_informer_new(node->client, &options);
	options.resource = &node_request_resource;
	options.view = api_request_kind.object;
	node->requests = kube_informer_new(node->client, &options);
	options.resource = &node_checkpoint_resource;
	options.view = api_checkpoint_kind.object;
	node->checkpoints = kube_informer_new(node->client, &options);
	options.resource = &node_restore_request_resource;
	options.view = api_restore_request_kind.object;
	options.failed = node_restore_requests_failed;
	node->restore_requests = kube_informer_new(node->client, &options);
	options.resource = &node_export_resource;
	options.view = api_export_kind.object;
	options.failed = node_exports_failed;
	node->exports = kube_informer_new(node->client, &options);
	options.resource = &node_import_resource;
	options.view = api_import_kind.object;
	options.failed = node_imports_failed;
	node->imports = kube_informer_new(node->client, &options);
	options.failed = node_informer_failed;
	/* a schedule is of no node */
	options.field_selector = (struct str){0};
	options.resource = &node_schedule_resource;
	options.view = &api_schedule_terms_object;
	node->texts = texts_new();
	options.texts = node->texts;
	node->schedules = kube_informer_new(node->client, &options);
	node->checkpoints_by_pod = kube_index_new(node->checkpoints, node_key_pod);
	node_self_new(node);
}

void node_objects_start(struct node *node)
{
	kube_informer_start(node->pods);
	kube_informer_start(node->requests);
	kube_informer_start(node->checkpoints);
	kube_informer_start(node->schedules);
	kube_informer_start(node->restore_requests);
	kube_informer_start(node->exports);
	kube_informer_start(node->imports);
	kube_informer_start(node->own_nodes);
	kube_informer_start(node->own_descriptions);
}

void node_objects_free(struct node *node)
{
	kube_informer_free(node->pods);
	kube_informer_free(node->requests);
	kube_informer_free(node->checkpoints);
	kube_informer_free(node->schedules);
	kube_informer_free(node->restore_requests);
	kube_informer_free(node->exports);
	kube_informer_free(node->imports);
	kube_informer_free(node->own_nodes);
	kube_informer_free(node->own_descriptions);
	kube_index_free(node->checkpoints_by_pod);
	texts_free(node->texts);
}

const char *node_objects_missing(const struct node *node)
{
	if (!kube_informer_is_synced(node->pods))
		return "pods";
	if (!kube_informer_is_synced(node->requests))
		return "checkpointrequests";
	if (!kube_informer_is_synced(node->checkpoints))
		return "checkpoints";
	if (!kube_informer_is_synced(node->restore_requests) && !node->are_restore_requests_missing)
		return "restorerequests";
	if (!kube_informer_is_synced(node->exports) && !node->are_exports_missing)
		return "checkpointexports";
	if (!kube_informer_is_synced(node->imports) && !node->are_imports_missing)
		return "checkpointimports";
	return kube_informer_is_synced(node->schedules) ? NULL : "checkpointschedules";
}

const struct kube_object *node_pod_object(
	const struct node *node, struct str namespace, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, name);
	return kube_informer_get(node->pods, buf_str(&key));
}

const struct api_pod *node_pod(const struct node *node, struct str namespace, struct str name)
{
	const struct kube_object *object = node_pod_object(node, namespace, name);

	return object != NULL ? object->view : NULL;
}
