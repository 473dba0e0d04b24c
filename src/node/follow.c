/* Who of the agent wants to know when an object of the node changes. */
#include "node/state.h"

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

static void node_restore_request_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;
	const struct api_restore_request *request = (new != NULL ? new : old)->view;

	if (new != NULL)
		node_want(node->requested_reconciler, new);
	else
		node_requested_is_over(node, request);
	node_want_plans(node, request->metadata.namespace, request->spec.pod.name);
}

static void node_export_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;

	if (new != NULL)
		node_want(node->export_reconciler, new);
	else
		node_export_forget(node, old->view);
}

static void node_import_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;

	if (new != NULL)
		node_want(node->import_reconciler, new);
	else
		node_import_forget(node, old->view);
}

/* The Pods that were made for a Checkpoint, beside the one that it was taken of. */
static void node_bring_plans_made_for(
	struct node *node, const struct kube_object *checkpoint, bool is_gone)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *one = object->view;
		const struct api_pod *pod;

		if (!api_restore_is_for_start(one) ||
			!str_equal(one->spec.checkpoint_name, checkpoint->name) ||
			!str_equal(object->namespace, checkpoint->namespace))
			continue;
		pod = node_pod(node, object->namespace, one->spec.pod.name);
		if (pod != NULL && is_gone)
			(void)node_bring_plans(node, pod);
		else
			node_want_plans(node, object->namespace, one->spec.pod.name);
	}
}

static void node_checkpoint_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;
	const struct kube_object *object = new != NULL ? new : old;
	const struct api_checkpoint *checkpoint = object->view;
	const struct api_pod *pod = NULL;

	if (checkpoint->spec.pod != NULL)
		pod = node_pod(node, object->namespace, checkpoint->spec.pod->name);
	node_exports_follow_checkpoint(node, object);
	node_imports_follow_checkpoint(node, checkpoint);
	node_bring_plans_made_for(node, object, new == NULL);
	if (new == NULL) {
		if (pod != NULL)
			(void)node_bring_plans(node, pod); /* before its files go */
		node_drop_checkpoint(node, checkpoint);
		return;
	}
	node_want(node->checkpoint_reconciler, object);
	if (pod == NULL)
		return;
	node_watch_pod(node, NULL, pod);
	node_want_plans(node, object->namespace, pod->metadata.name);
}

/* The terms of restoring have changed for all that was taken for it. */
static void node_schedule_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;
	const struct kube_object *schedule = new != NULL ? new : old;
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->checkpoints, &position)) != NULL) {
		const struct api_checkpoint_spec *spec =
			&((const struct api_checkpoint *)object->view)->spec;

		if (spec->schedule_ref != NULL && spec->pod != NULL &&
			str_equal(object->namespace, schedule->namespace) &&
			str_equal(spec->schedule_ref->name, schedule->name))
			node_want_plans(node, object->namespace, spec->pod->name);
	}
}

static void node_want_restores_of(struct node *node, const struct kube_object *pod)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *request = object->view;
		if (!api_restore_is_finished(request) &&
			str_equal(object->namespace, pod->namespace) &&
			str_equal(request->spec.pod.name, pod->name))
			node_want(node->requested_reconciler, object);
	}
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
	if (new != NULL)
		node_want_records(node, new->namespace, new->name);
	else
		node_drop_pod(node, old->view);
	node_want_restores_of(node, new != NULL ? new : old);
	node_exports_follow_pod(node, new != NULL ? new : old);
	node_imports_follow_pod(node, new != NULL ? new : old);
	while ((object = kube_informer_next(node->requests, &position)) != NULL) {
		const struct api_request *request = object->view;
		const struct kube_object *pod = new != NULL ? new : old;
		if (!api_request_is_finished(request) &&
			str_equal(object->namespace, pod->namespace) &&
			str_equal(request->spec.pod.name, pod->name))
			node_want(node->request_reconciler, object);
	}
}

void node_follow(struct node *node)
{
	kube_informer_on_change(node->pods, node_pod_changed, node);
	kube_informer_on_change(node->requests, node_request_changed, node);
	kube_informer_on_change(node->restore_requests, node_restore_request_changed, node);
	kube_informer_on_change(node->exports, node_export_changed, node);
	kube_informer_on_change(node->imports, node_import_changed, node);
	kube_informer_on_change(node->checkpoints, node_checkpoint_changed, node);
	kube_informer_on_change(node->schedules, node_schedule_changed, node);
}
