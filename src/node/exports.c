/*
 * CheckpointExports of this node: opened when their Checkpoint is in the store, closed when their
 * time is over or who has the secret says so. What was sent is written down when a transfer ends;
 * until then it is known here only, as is that one is finished.
 */
#include "node/state.h"

#include <stdlib.h>

#include "api/names.h"
#include "base/alloc.h"
#include "checkpoint/export.h"
#include "node/layer.h"
#include "sys/clock.h"

/* Since this agent started. */
struct node_export_use {
	int64_t sent_bytes; /* in all, what was on record before included */
	bool is_finished; /* who has the secret said so */
};

static struct node_export_use *export_use(struct node *node, const struct api_export *export)
{
	struct node_export_use *use = map_get(&node->export_uses, export->metadata.uid);

	if (use != NULL)
		return use;
	use = new_zeroed(struct node_export_use);
	use->sent_bytes = export->status.sent_bytes;
	(void)map_set(&node->export_uses, export->metadata.uid, use);
	return use;
}

void node_export_forget(struct node *node, const struct api_export *export)
{
	free(map_remove(&node->export_uses, export->metadata.uid));
}

void node_exports_free(struct node *node)
{
	struct node_export_use *use;
	size_t position = 0;

	while ((use = map_next(&node->export_uses, &position, NULL)) != NULL)
		free(use);
	map_done(&node->export_uses);
}

/* ---- What is known of one ---- */

const struct api_export *node_export(const struct node *node, struct str key)
{
	const struct kube_object *object = kube_informer_get(node->exports, key);

	return object != NULL ? object->view : NULL;
}

static const struct api_checkpoint *export_checkpoint(
	const struct node *node, const struct api_export *export)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	kube_key_write(&key, export->metadata.namespace, export->spec.checkpoint_name);
	object = kube_informer_get(node->checkpoints, buf_str(&key));
	return object != NULL ? object->view : NULL;
}

const struct node_entry *node_export_entry(const struct node *node, const struct api_export *export)
{
	const struct api_checkpoint *checkpoint = export_checkpoint(node, export);

	return checkpoint != NULL ? node_store_find(node->store, checkpoint->metadata.uid) : NULL;
}

/* Whoever makes Pods in that namespace could stand between users and the door. */
bool node_is_relay(const struct node *node, const struct kube_object *object)
{
	const struct api_pod *pod = object->view;

	return str_is(object->namespace, node->relay_namespace) &&
		str_is(json_string_map_get(&pod->metadata.labels, STR(API_LABEL_COMPONENT)),
			API_LABEL_COMPONENT_RELAY);
}

const struct api_pod *node_relay(const struct node *node)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->pods, &position)) != NULL) {
		const struct api_pod *pod = object->view;
		const struct api_container_status *status;

		if (!node_is_relay(node, object) || wall_time_is_set(pod->metadata.deleted))
			continue;
		status = api_pod_container_status(pod, STR("relay"));
		if (status != NULL && status->ready)
			return pod;
	}
	return NULL;
}

static struct checkpoint_export_view export_view(
	const struct node *node, const struct api_export *export)
{
	const struct node_export_use *use = map_get(&node->export_uses, export->metadata.uid);

	return (struct checkpoint_export_view){
		.export = export,
		.checkpoint = export_checkpoint(node, export),
		.is_stored = node_export_entry(node, export) != NULL,
		.has_relay = node->is_door_open && node_relay(node) != NULL,
		.is_finished = use != NULL && use->is_finished,
	};
}

bool node_export_is_good(const struct node *node, const struct api_export *export)
{
	struct checkpoint_export_view view = export_view(node, export);

	return checkpoint_export_is_good(&view, clock_wall());
}

bool node_export_is_spent(const struct node *node, const struct api_export *export)
{
	struct checkpoint_export_view view = export_view(node, export);
	enum checkpoint_export_step step = checkpoint_export_for_agent(&view, clock_wall()).step;

	return api_export_is_finished(export) || step == CHECKPOINT_EXPORT_CLOSE ||
		step == CHECKPOINT_EXPORT_FAIL;
}

/* ---- What the door tells ---- */

static void export_want(struct node *node, const struct api_export *export)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, export->metadata.namespace, export->metadata.name);
	kube_reconciler_add(node->export_reconciler, buf_str(&key));
}

void node_export_finish(struct node *node, const struct api_export *export)
{
	export_use(node, export)->is_finished = true;
	export_want(node, export);
}

void node_export_sent(struct node *node, struct str key, struct str uid, int64_t bytes)
{
	const struct api_export *export = node_export(node, key);

	node_count_exported(node, bytes);
	if (export == NULL || !str_equal(export->metadata.uid, uid) || bytes == 0)
		return;
	export_use(node, export)->sent_bytes += bytes;
	export_want(node, export);
}

size_t node_exports_unwritten(const struct node *node)
{
	const struct kube_object *object;
	size_t position = 0;
	size_t count = 0;

	while ((object = kube_informer_next(node->exports, &position)) != NULL) {
		const struct api_export *export = object->view;
		const struct node_export_use *use =
			map_get(&node->export_uses, export->metadata.uid);

		count += use != NULL && use->sent_bytes != export->status.sent_bytes;
	}
	return count;
}

/* ---- What others change ---- */

void node_exports_follow_checkpoint(struct node *node, const struct kube_object *checkpoint)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->exports, &position)) != NULL) {
		const struct api_export *export = object->view;

		if (str_equal(object->namespace, checkpoint->namespace) &&
			str_equal(export->spec.checkpoint_name, checkpoint->name))
			export_want(node, export);
	}
}

void node_exports_follow_pod(struct node *node, const struct kube_object *pod)
{
	const struct kube_object *object;
	size_t position = 0;

	if (!node_is_relay(node, pod))
		return;
	while ((object = kube_informer_next(node->exports, &position)) != NULL)
		export_want(node, object->view);
}

/* ---- Writing down ---- */

static void export_write(const struct api_export *export, enum api_export_phase phase,
	struct api_export_status status, struct kube_plan *plan)
{
	struct api_export written = {.metadata = export->metadata, .status = status};

	written.status.phase = api_export_phase_text(phase);
	written.status.observed_generation = export->metadata.generation;
	node_plan_status(
		plan, &node_export_resource, &api_export_kind, &export->metadata, &written);
}

static void export_end(struct node *node, const struct api_export *export,
	enum api_export_phase phase, struct str reason, struct str message, struct kube_plan *plan)
{
	struct api_export_status status = export->status;

	status.reason = reason;
	status.message = message;
	status.closed = clock_wall();
	status.sent_bytes = export_use(node, export)->sent_bytes;
	export_write(export, phase, status, plan);
	if (phase == API_EXPORT_FAILED)
		node_plan_event(node, plan, api_export_kind.name, &export->metadata, true,
			"ExportFailed", message);
}

static void export_open(
	struct node *node, const struct checkpoint_export_view *view, struct kube_plan *plan)
{
	const struct api_export *export = view->export;
	const struct api_metadata *checkpoint = &view->checkpoint->metadata;
	const struct api_metadata *relay = &node_relay(node)->metadata;
	const struct node_entry *entry = node_store_find(node->store, checkpoint->uid);
	struct api_checkpoint_reference reference = {checkpoint->name, checkpoint->uid};
	struct api_relay_reference relay_reference = {relay->namespace, relay->name};
	struct api_export_status status = {
		.checkpoint = &reference,
		.relay = &relay_reference,
		.port = API_RELAY_PORT,
		.size_bytes = entry->layer_bytes,
		.digest = entry->layer_digest,
		.sent_bytes = export_use(node, export)->sent_bytes,
		.opened = clock_wall(),
	};
	autoreader *layer = NULL;
	struct error err;

	if (node_layer_open(node->store, entry, &layer, &err) < 0) {
		export_end(node, export, API_EXPORT_FAILED, str_of(error_reason(err.kind)),
			arena_str(plan->arena, str_of(err.text)), plan);
		return;
	}
	export_write(export, API_EXPORT_OPEN, status, plan);
	node_plan_event(node, plan, "Checkpoint", checkpoint, false, "ExportOpened",
		arena_printf(plan->arena, "CheckpointExport %.*s may fetch its bytes",
			STR_ARG(export->metadata.name)));
}

/* What has become different since it was opened: how much was sent, and which Pod is the relay. */
static void export_amend(struct node *node, const struct api_export *export, struct kube_plan *plan)
{
	const struct node_export_use *use = map_get(&node->export_uses, export->metadata.uid);
	const struct api_pod *relay = node_relay(node);
	struct api_export_status status = export->status;
	struct api_relay_reference reference;
	bool is_changed = false;

	if (use != NULL && use->sent_bytes != status.sent_bytes) {
		status.sent_bytes = use->sent_bytes;
		is_changed = true;
	}
	if (relay != NULL && api_export_phase(export) == API_EXPORT_OPEN &&
		(status.relay == NULL || !str_equal(status.relay->name, relay->metadata.name))) {
		reference = (struct api_relay_reference){
			relay->metadata.namespace, relay->metadata.name};
		status.relay = &reference;
		is_changed = true;
	}
	if (is_changed)
		export_write(export, api_export_phase(export), status, plan);
}

void node_decide_export(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct api_export *export = node_export(node, key);
	struct checkpoint_export_view view;
	struct checkpoint_export_next next;

	if (export == NULL)
		return;
	view = export_view(node, export);
	next = checkpoint_export_for_agent(&view, clock_wall());
	switch (next.step) {
	case CHECKPOINT_EXPORT_OPEN:
		export_open(node, &view, plan);
		break;
	case CHECKPOINT_EXPORT_CLOSE:
		export_end(node, export, API_EXPORT_CLOSED, str_of(next.reason),
			str_of(next.message), plan);
		break;
	case CHECKPOINT_EXPORT_FAIL:
		export_end(node, export, API_EXPORT_FAILED, str_of(next.reason),
			str_of(next.message), plan);
		break;
	case CHECKPOINT_EXPORT_NONE:
	case CHECKPOINT_EXPORT_ASSIGN: /* the controller's */
		export_amend(node, export, plan);
		break;
	}
	kube_plan_wake(plan, next.wake_ms);
}
