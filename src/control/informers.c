/* What the controller watches, how it finds it again, and who wants to know of which change. */
#include "control/state.h"

#include "sys/log.h"

const struct kube_resource control_workload_resources[CONTROL_WORKLOAD_KINDS] = {
	[CONTROL_DEPLOYMENT] = {"apps", "v1", "deployments", "Deployment", true},
	[CONTROL_STATEFULSET] = {"apps", "v1", "statefulsets", "StatefulSet", true},
	[CONTROL_DAEMONSET] = {"apps", "v1", "daemonsets", "DaemonSet", true},
};
const struct kube_resource control_schedule_resource = {
	API_GROUP, API_VERSION, "checkpointschedules", "CheckpointSchedule", true};
const struct kube_resource control_request_resource = {
	API_GROUP, API_VERSION, "checkpointrequests", "CheckpointRequest", true};
const struct kube_resource control_restore_request_resource = {
	API_GROUP, API_VERSION, "restorerequests", "RestoreRequest", true};
const struct kube_resource control_export_resource = {
	API_GROUP, API_VERSION, "checkpointexports", "CheckpointExport", true};
const struct kube_resource control_import_resource = {
	API_GROUP, API_VERSION, "checkpointimports", "CheckpointImport", true};
const struct kube_resource control_checkpoint_resource = {
	API_GROUP, API_VERSION, "checkpoints", "Checkpoint", true};
const struct kube_resource control_pod_resource = {"", "v1", "pods", "Pod", true};
const struct kube_resource control_node_resource = {
	API_GROUP, API_VERSION, "checkpointnodes", "CheckpointNode", false};

enum {
	CONTROL_INFORMERS = CONTROL_WORKLOAD_KINDS + 8,
	CONTROL_HEAD_BYTES = 2048, /* most heads fit */
	CONTROL_POD_BYTES = 4096,
};

/* ---- Index keys ---- */

static void control_key_namespace(const struct kube_object *object, struct buf *key)
{
	buf_add(key, object->namespace);
}

static void control_key_request_schedule(const struct kube_object *object, struct buf *key)
{
	const struct api_request *request = object->view;

	if (request->spec.schedule != NULL)
		buf_add(key, request->spec.schedule->uid);
}

static void control_key_request_pod(const struct kube_object *object, struct buf *key)
{
	const struct api_request *request = object->view;

	kube_key_write(key, object->namespace, request->spec.pod.name);
}

static void control_key_restore_request_pod(const struct kube_object *object, struct buf *key)
{
	const struct api_restore_request *restore = object->view;

	kube_key_write(key, object->namespace, restore->spec.pod.name);
}

/* The one that is chosen or, before, asked for; without either, none's. */
static void control_key_restore_request_checkpoint(
	const struct kube_object *object, struct buf *key)
{
	const struct api_restore_request *restore = object->view;
	const struct api_checkpoint_reference *chosen = restore->status.checkpoint;

	kube_key_write(key, object->namespace,
		chosen != NULL ? chosen->name : restore->spec.checkpoint_name);
}

static void control_key_checkpoint_schedule(const struct kube_object *object, struct buf *key)
{
	const struct api_checkpoint *checkpoint = object->view;

	if (checkpoint->spec.schedule_ref != NULL)
		buf_add(key, checkpoint->spec.schedule_ref->uid);
}

static void control_key_checkpoint_pod(const struct kube_object *object, struct buf *key)
{
	const struct api_checkpoint *checkpoint = object->view;

	if (checkpoint->spec.pod != NULL)
		kube_key_write(key, object->namespace, checkpoint->spec.pod->name);
}

/* ---- Who wants to know ---- */

static const struct kube_object *control_object(
	const struct kube_informer *informer, struct str namespace, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, name);
	return kube_informer_get(informer, buf_str(&key));
}

static void control_want(struct control *control, enum control_reconciler reconciler,
	struct str namespace, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	if (name.size == 0)
		return;
	kube_key_write(&key, namespace, name);
	kube_reconciler_add(control->reconcilers[reconciler], buf_str(&key));
}

static void control_want_all(struct control *control, enum control_reconciler reconciler,
	const struct kube_index *index, struct str index_key)
{
	size_t count;
	const struct kube_object *const *objects = kube_index_get(index, index_key, &count);

	for (size_t i = 0; i < count; i++)
		control_want(control, reconciler, objects[i]->namespace, objects[i]->name);
}

static void control_want_workload(struct control *control, enum control_workload_kind kind,
	struct str namespace, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE * 2);

	buf_printf(&key, "%s/", control_workload_resources[kind].kind);
	kube_key_write(&key, namespace, name);
	kube_reconciler_add(control->reconcilers[CONTROL_WORKLOADS], buf_str(&key));
}

/* Whether its schedule is to be made, followed or taken away; most workloads never have one. */
static bool control_concerns_workload(const struct control *control,
	enum control_workload_kind kind, const struct kube_object *workload)
{
	autoarena *arena = arena_new(CONTROL_HEAD_BYTES);
	const struct api_head *head = kube_object_read(workload, &api_head_object, arena);
	struct str schedule = control_schedule_name(arena, kind, workload->name);

	return head->metadata.annotations.schedule.size > 0 ||
		control_object(control->schedules, workload->namespace, schedule) != NULL;
}

static void control_workload_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	const struct control_workload_watch *watch = context;

	(void)old; /* the schedule of one that is gone is the garbage collector's */
	if (new != NULL && control_concerns_workload(watch->control, watch->kind, new))
		control_want_workload(watch->control, watch->kind, new->namespace, new->name);
}

/* A schedule that is gone, whoever made it, leaves its name to the workload that it fits. */
static void control_want_heirs(struct control *control, const struct kube_object *gone)
{
	struct str workload;

	for (size_t i = 0; i < CONTROL_WORKLOAD_KINDS; i++)
		if (control_workload_of_name((enum control_workload_kind)i, gone->name, &workload))
			control_want_workload(
				control, (enum control_workload_kind)i, gone->namespace, workload);
}

static void control_schedule_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct control *control = context;
	const struct kube_object *object = new != NULL ? new : old;
	autoarena *arena = arena_new(CONTROL_SCHEDULE_BYTES);
	const struct api_schedule *schedule =
		kube_object_read(object, api_schedule_kind.object, arena);
	const struct api_owner *owner = api_metadata_controller(&schedule->metadata);

	control_want(control, CONTROL_SCHEDULES, object->namespace, object->name);
	control_want_all(
		control, CONTROL_CHECKPOINTS, control->checkpoints_by_schedule, object->uid);
	if (new == NULL)
		control_want_heirs(control, old);
	for (size_t i = 0; owner != NULL && i < CONTROL_WORKLOAD_KINDS; i++)
		if (str_is(owner->kind, control_workload_resources[i].kind))
			control_want_workload(control, (enum control_workload_kind)i,
				object->namespace, owner->name);
}

static void control_want_schedule_of(
	struct control *control, struct str namespace, const struct api_reference *reference)
{
	if (reference != NULL)
		control_want(control, CONTROL_SCHEDULES, namespace, reference->name);
}

static void control_request_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct control *control = context;
	const struct kube_object *object = new != NULL ? new : old;
	const struct api_request *request = object->view;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, object->namespace, object->name);
	control_turns_follow(control->turns, buf_str(&key), old != NULL ? old->view : NULL,
		new != NULL ? new->view : NULL, loop_now(control->loop));
	control_want(control, CONTROL_REQUESTS, object->namespace, object->name);
	control_want_schedule_of(control, object->namespace, request->spec.schedule);
}

static void control_restore_request_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	(void)old;
	if (new != NULL)
		control_want(context, CONTROL_RESTORE_REQUESTS, new->namespace, new->name);
}

static void control_export_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	(void)old;
	if (new != NULL)
		control_want(context, CONTROL_EXPORTS, new->namespace, new->name);
}

static void control_import_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	(void)old;
	if (new != NULL)
		control_want(context, CONTROL_IMPORTS, new->namespace, new->name);
}

static void control_checkpoint_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct control *control = context;
	const struct kube_object *object = new != NULL ? new : old;
	const struct api_checkpoint *checkpoint = object->view;
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);

	if (checkpoint->spec.pod != NULL)
		control_want(control, CONTROL_PODS, object->namespace, checkpoint->spec.pod->name);
	control_want(control, CONTROL_CHECKPOINTS, object->namespace, object->name);
	if (owner != NULL && str_is(owner->kind, api_import_kind.name))
		control_want(control, CONTROL_IMPORTS, object->namespace, owner->name);
	control_want_schedule_of(control, object->namespace, checkpoint->spec.schedule_ref);
}

static void control_pod_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct control *control = context;
	const struct kube_object *object = new != NULL ? new : old;
	autoarena *arena = arena_new(CONTROL_HEAD_BYTES);
	const struct api_head *pod = kube_object_read(object, &api_head_object, arena);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	size_t count;

	kube_key_write(&key, object->namespace, object->name);
	(void)kube_index_get(control->checkpoints_by_pod, buf_str(&key), &count);
	if (count > 0 || pod->metadata.annotations.restores.size > 0)
		kube_reconciler_add(control->reconcilers[CONTROL_PODS], buf_str(&key));
	control_want_all(control, CONTROL_CHECKPOINTS, control->checkpoints_by_pod, buf_str(&key));
	control_want_all(control, CONTROL_REQUESTS, control->requests_by_pod, buf_str(&key));
	control_want_all(
		control, CONTROL_RESTORE_REQUESTS, control->restore_requests_by_pod, buf_str(&key));
}

/* Whether the node keeps the Checkpoint, or runs the Pod that it would be restored in. */
static bool control_is_of_node(
	const struct control *control, const struct kube_object *object, struct str node)
{
	autoarena *arena = arena_new(CONTROL_POD_BYTES);
	const struct api_checkpoint *checkpoint = object->view;
	const struct api_pod *pod = checkpoint->spec.pod != NULL
		? control_pod(control, object->namespace, checkpoint->spec.pod->name, arena)
		: NULL;

	return str_equal(checkpoint->spec.node_name, node) ||
		(pod != NULL && str_equal(pod->spec.node_name, node));
}

/* What a node offers, and that it is there, is in the verdict of its Checkpoints. */
static void control_node_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct control *control = context;
	const struct kube_object *node = new != NULL ? new : old;
	const struct kube_object *object;
	size_t position = 0;

	if (old != NULL && new != NULL && api_checkpoint_node_offers_same(old->view, new->view))
		return;
	while ((object = kube_informer_next(control->checkpoints, &position)) != NULL)
		if (control_is_of_node(control, object, node->name))
			control_want(control, CONTROL_CHECKPOINTS, object->namespace, object->name);
}

/* What waits for a time of the wall clock: due times, deadlines, ages. */
void control_judge_times_anew(struct control *control)
{
	static const enum control_reconciler reconcilers[] = {CONTROL_SCHEDULES, CONTROL_REQUESTS,
		CONTROL_CHECKPOINTS, CONTROL_RESTORE_REQUESTS, CONTROL_EXPORTS, CONTROL_IMPORTS};
	const struct kube_informer *informers[] = {control->schedules, control->requests,
		control->checkpoints, control->restore_requests, control->exports,
		control->imports};

	for (size_t i = 0; i < array_size(informers); i++) {
		const struct kube_object *object;
		size_t position = 0;
		while ((object = kube_informer_next(informers[i], &position)) != NULL)
			control_want(control, reconcilers[i], object->namespace, object->name);
	}
}

/* ---- The informers ---- */

static void control_informer_failed(void *context, const struct error *err)
{
	(void)context;
	log_warning(err, "Failed to watch, will try again");
}

/*
 * A cluster where a kind was not added yet, or its permission: what belongs to it is missed.
 * `are_missing` is set with the first such failure.
 */
static void control_kind_failed(
	struct control *control, const struct error *err, const char *missed, bool *are_missing)
{
	if (err->kind != ERROR_ABSENT && err->kind != ERROR_DENIED) {
		control_informer_failed(control, err);
		return;
	}
	log_warning(err, missed);
	if (*are_missing)
		return;
	*are_missing = true;
	control->synced(control);
}

static void control_nodes_failed(void *context, const struct error *err)
{
	struct control *control = context;

	control_kind_failed(control, err,
		"Nodes cannot say how they restore, so all ways count as offered; "
		"apply this version's deploy/install.yaml",
		&control->are_nodes_missing);
}

static void control_restore_requests_failed(void *context, const struct error *err)
{
	struct control *control = context;

	control_kind_failed(control, err,
		"Nothing can be restored on request, all else goes on; "
		"apply this version's deploy/install.yaml",
		&control->are_restore_requests_missing);
}

static void control_imports_failed(void *context, const struct error *err)
{
	struct control *control = context;

	control_kind_failed(control, err,
		"Nothing can be imported, all else goes on; apply this version's "
		"deploy/install.yaml",
		&control->are_imports_missing);
}

static void control_exports_failed(void *context, const struct error *err)
{
	struct control *control = context;

	control_kind_failed(control, err,
		"Nothing can be exported, all else goes on; apply this version's "
		"deploy/install.yaml",
		&control->are_exports_missing);
}

static struct kube_informer *control_informer(struct control *control,
	const struct kube_resource *resource, const struct json_object *view, struct texts *texts,
	kube_informer_failed_fn failed)
{
	struct kube_informer_options options = {
		.resource = resource,
		.view = view,
		.texts = texts,
		.synced = control->synced,
		.failed = failed,
		.context = control,
	};

	return kube_informer_new(control->client, &options);
}

/* Indexes come before the handlers that use them. */
void control_informers_new(struct control *control, kube_informer_synced_fn synced)
{
	control->synced = synced;
	control->texts = texts_new();
	for (size_t i = 0; i < CONTROL_WORKLOAD_KINDS; i++)
		control->workloads[i] = control_informer(control, &control_workload_resources[i],
			&api_workload_object, control->texts, control_informer_failed);
	control->schedules = control_informer(control, &control_schedule_resource,
		api_schedule_kind.object, control->texts, control_informer_failed);
	control->requests = control_informer(control, &control_request_resource,
		api_request_kind.object, NULL, control_informer_failed);
	control->checkpoints = control_informer(control, &control_checkpoint_resource,
		api_checkpoint_kind.object, NULL, control_informer_failed);
	control->pods = control_informer(control, &control_pod_resource, &api_pod_object,
		control->texts, control_informer_failed);
	control->nodes = control_informer(control, &control_node_resource,
		api_checkpoint_node_kind.object, NULL, control_nodes_failed);

	control->restore_requests = control_informer(control, &control_restore_request_resource,
		api_restore_request_kind.object, NULL, control_restore_requests_failed);
	control->exports = control_informer(control, &control_export_resource,
		api_export_kind.object, NULL, control_exports_failed);
	control->imports = control_informer(control, &control_import_resource,
		api_import_kind.object, NULL, control_imports_failed);

	control->pods_by_namespace = kube_index_new(control->pods, control_key_namespace);
	control->requests_by_schedule =
		kube_index_new(control->requests, control_key_request_schedule);
	control->requests_by_pod = kube_index_new(control->requests, control_key_request_pod);
	control->restore_requests_by_pod =
		kube_index_new(control->restore_requests, control_key_restore_request_pod);
	control->restore_requests_by_checkpoint =
		kube_index_new(control->restore_requests, control_key_restore_request_checkpoint);
	control->checkpoints_by_schedule =
		kube_index_new(control->checkpoints, control_key_checkpoint_schedule);
	control->checkpoints_by_pod =
		kube_index_new(control->checkpoints, control_key_checkpoint_pod);

	for (size_t i = 0; i < CONTROL_WORKLOAD_KINDS; i++) {
		control->workload_watches[i] =
			(struct control_workload_watch){control, (enum control_workload_kind)i};
		kube_informer_on_change(control->workloads[i], control_workload_changed,
			&control->workload_watches[i]);
	}
	kube_informer_on_change(control->schedules, control_schedule_changed, control);
	kube_informer_on_change(control->requests, control_request_changed, control);
	kube_informer_on_change(
		control->restore_requests, control_restore_request_changed, control);
	kube_informer_on_change(control->exports, control_export_changed, control);
	kube_informer_on_change(control->imports, control_import_changed, control);
	kube_informer_on_change(control->checkpoints, control_checkpoint_changed, control);
	kube_informer_on_change(control->pods, control_pod_changed, control);
	kube_informer_on_change(control->nodes, control_node_changed, control);
}

/* All of them, ends with NULL; `list` has room for CONTROL_INFORMERS + 1. */
static void control_list_informers(const struct control *control, struct kube_informer **list)
{
	size_t count = 0;

	for (size_t i = 0; i < CONTROL_WORKLOAD_KINDS; i++)
		list[count++] = control->workloads[i];
	list[count++] = control->schedules;
	list[count++] = control->requests;
	list[count++] = control->checkpoints;
	list[count++] = control->pods;
	list[count++] = control->nodes;
	list[count++] = control->restore_requests;
	list[count++] = control->exports;
	list[count++] = control->imports;
	list[count] = NULL;
}

void control_informers_start(struct control *control)
{
	struct kube_informer *list[CONTROL_INFORMERS + 1];

	control_list_informers(control, list);
	for (size_t i = 0; list[i] != NULL; i++)
		kube_informer_start(list[i]);
}

void control_informers_free(struct control *control)
{
	struct kube_informer *list[CONTROL_INFORMERS + 1];

	control_list_informers(control, list);
	for (size_t i = 0; list[i] != NULL; i++)
		kube_informer_free(list[i]);
	kube_index_free(control->pods_by_namespace);
	kube_index_free(control->requests_by_schedule);
	kube_index_free(control->requests_by_pod);
	kube_index_free(control->restore_requests_by_pod);
	kube_index_free(control->restore_requests_by_checkpoint);
	kube_index_free(control->checkpoints_by_schedule);
	kube_index_free(control->checkpoints_by_pod);
	texts_free(control->texts);
}

/* Of a kind that the cluster does not have. */
static bool control_is_missing(const struct control *control, const struct kube_informer *informer)
{
	return (informer == control->nodes && control->are_nodes_missing) ||
		(informer == control->restore_requests && control->are_restore_requests_missing) ||
		(informer == control->exports && control->are_exports_missing) ||
		(informer == control->imports && control->are_imports_missing);
}

const char *control_informers_missing(const struct control *control)
{
	static const char *const names[] = {"deployments", "statefulsets", "daemonsets",
		"checkpointschedules", "checkpointrequests", "checkpoints", "pods",
		"checkpointnodes", "restorerequests", "checkpointexports", "checkpointimports"};
	struct kube_informer *list[CONTROL_INFORMERS + 1];

	control_list_informers(control, list);
	for (size_t i = 0; list[i] != NULL; i++)
		if (!kube_informer_is_synced(list[i]) && !control_is_missing(control, list[i]))
			return names[i];
	return NULL;
}

static const void *control_view(
	const struct kube_informer *informer, struct str namespace, struct str name)
{
	const struct kube_object *object = control_object(informer, namespace, name);

	return object != NULL ? object->view : NULL;
}

const struct api_schedule *control_schedule(
	const struct control *control, struct str namespace, struct str name, struct arena *arena)
{
	const struct kube_object *object = control_object(control->schedules, namespace, name);

	return object != NULL ? kube_object_read(object, api_schedule_kind.object, arena) : NULL;
}

const struct api_request *control_request(
	const struct control *control, struct str namespace, struct str name)
{
	return control_view(control->requests, namespace, name);
}

const struct api_checkpoint *control_checkpoint(
	const struct control *control, struct str namespace, struct str name)
{
	return control_view(control->checkpoints, namespace, name);
}

const struct api_pod *control_pod(
	const struct control *control, struct str namespace, struct str name, struct arena *arena)
{
	const struct kube_object *object = control_object(control->pods, namespace, name);

	return object != NULL ? kube_object_read(object, &api_pod_object, arena) : NULL;
}

const struct api_request *control_request_of(
	const struct control *control, const struct api_checkpoint *checkpoint)
{
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);
	const struct api_request *request = owner != NULL
		? control_request(control, checkpoint->metadata.namespace, owner->name)
		: NULL;

	return request != NULL && str_equal(request->metadata.uid, owner->uid) ? request : NULL;
}

bool control_believes(const struct control *control, const struct api_pod *pod,
	const struct api_checkpoint *checkpoint)
{
	return restore_is_believed(pod, checkpoint, control_request_of(control, checkpoint));
}

const struct api_checkpoint_node *control_node_of(
	const struct control *control, const struct api_pod *pod)
{
	return pod != NULL ? control_node(control, pod->spec.node_name) : NULL;
}

const struct api_checkpoint_node *control_node(const struct control *control, struct str name)
{
	return control_view(control->nodes, (struct str){0}, name);
}

bool control_knows_node(const struct control *control, struct str name)
{
	return !kube_informer_is_synced(control->nodes) || control_node(control, name) != NULL;
}
