/*
 * A Pod whose containers have Checkpoints: the restore rule decides for each container, and what it
 * decides is one patch of the Pod (images and record together), valid for this version of the Pod
 * only. The kubelet does the rest: a container whose image has changed is started anew in place.
 */
#include "control/state.h"

#include <stdlib.h>

#include "api/names.h"
#include "control/verdict.h"
#include "restore/record.h"
#include "restore/rule.h"
#include "sys/clock.h"
#include "sys/log.h"

/* What is decided about the containers of one Pod. */
struct control_pod_change {
	const struct api_pod *pod;
	struct restore_records records;
	struct str *images; /* by container index; empty: stays */
	bool *is_restored; /* by container index: found serving just now */
	bool is_changed;
};

/* The Checkpoints of one container that count; their views, from the arena. */
static const struct api_checkpoint **control_candidates(struct control *control,
	const struct api_pod *pod, struct str container, struct arena *arena, size_t *ret_count)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *const *objects;
	const struct api_checkpoint **list;
	size_t all;
	size_t count = 0;

	kube_key_write(&key, pod->metadata.namespace, pod->metadata.name);
	objects = kube_index_get(control->checkpoints_by_pod, buf_str(&key), &all);
	list = arena_zeroed(arena, all + 1, sizeof(*list));
	for (size_t i = 0; i < all; i++) {
		const struct api_checkpoint *checkpoint = objects[i]->view;
		if (str_equal(checkpoint->spec.container_name, container) &&
			control_believes(control, pod, checkpoint))
			list[count++] = checkpoint;
	}
	*ret_count = count;
	return list;
}

/* The newest one's schedule says how to restore. */
static const struct api_checkpoint *control_newest(
	const struct api_checkpoint *const *candidates, size_t count)
{
	const struct api_checkpoint *newest = candidates[0];

	for (size_t i = 1; i < count; i++)
		if (candidates[i]->spec.timestamp.us > newest->spec.timestamp.us)
			newest = candidates[i];
	return newest;
}

/*
 * Containers that kcr-runtime restores come back before anybody here hears of their end. What is
 * left to us is one that runs from an image of ours, and one whose node has no kcr-runtime any
 * more: to say why it starts cold.
 */
static bool control_is_left_to_runtime(const struct restore_view *view, struct wall_time now)
{
	enum restore_phase phase =
		view->record != NULL ? restore_record_phase(view->record) : RESTORE_PHASE_NONE;

	return restore_strategy(view, now) == API_STRATEGY_RUNTIME &&
		!api_checkpoint_node_refuses(view->node, API_STRATEGY_RUNTIME) &&
		phase != RESTORE_PHASE_RESTORING && phase != RESTORE_PHASE_SERVING;
}

/* The agent's report about the container that the Pod's status shows, on any of its Checkpoints. */
static const struct api_container_exit *control_reported_exit(const struct api_pod *pod,
	struct str container, const struct api_checkpoint *const *candidates, size_t count)
{
	const struct api_container_status *status = api_pod_container_status(pod, container);

	for (size_t i = 0; status != NULL && i < count; i++) {
		const struct api_container_exit *exit = candidates[i]->status.container_exit;
		if (exit != NULL && str_equal(exit->container_id, status->container_id))
			return exit;
	}
	return NULL;
}

static void control_tell_decision(struct control *control, const struct api_pod *pod,
	const struct restore_decision *decision, struct kube_plan *plan)
{
	if (decision->event == RESTORE_EVENT_NONE)
		return;
	control_plan_event(control, plan, "v1", "Pod", &pod->metadata,
		decision->event == RESTORE_EVENT_WARNING, decision->event_reason,
		decision->event_message);
	log_info("Decided about a container", "namespace", pod->metadata.namespace.data, "pod",
		pod->metadata.name.data, "reason", decision->event_reason, "message",
		decision->event_message.data);
}

static void control_count(void *control, const void *outcome)
{
	control_count_restore(control, outcome, 1);
}

static void control_count_decision(
	struct control *control, const struct restore_decision *decision, struct kube_plan *plan)
{
	bool is_cold = restore_record_phase(&decision->record) == RESTORE_PHASE_COLD;

	if (decision->is_restored)
		kube_plan_then(plan, control_count, control, "restored");
	else if (is_cold && str_is(decision->record.reason, "CleanExit"))
		kube_plan_then(plan, control_count, control, "clean");
	else if (is_cold)
		kube_plan_then(plan, control_count, control, "cold");
}

static void control_decide_container(struct control *control, struct control_pod_change *change,
	size_t index, struct kube_plan *plan)
{
	const struct api_container *container =
		&((const struct api_container *)change->pod->spec.containers.items)[index];
	struct restore_view view = {
		.pod = change->pod,
		.container = container,
		.node = control_node_of(control, change->pod),
	};
	struct wall_time now = clock_wall();
	struct restore_decision decision;
	const struct api_checkpoint **candidates;

	candidates = control_candidates(
		control, change->pod, container->name, plan->arena, &view.checkpoint_count);
	view.record = restore_records_find(&change->records, container->name);
	if (view.checkpoint_count == 0 && view.record == NULL)
		return;
	view.checkpoints = candidates;
	view.exit = control_reported_exit(
		change->pod, container->name, candidates, view.checkpoint_count);
	if (view.checkpoint_count > 0) {
		view.terms = control_restore_terms(
			control, control_newest(candidates, view.checkpoint_count));
		if (control_is_left_to_runtime(&view, now))
			return;
	}
	decision = restore_decide(&view, now, plan->arena);
	kube_plan_wake(plan, decision.wake_ms);
	if (!decision.is_change)
		return;
	change->is_changed = true;
	if (decision.forget)
		restore_records_drop(&change->records, container->name, plan->arena);
	else
		restore_records_set(&change->records, &decision.record, plan->arena);
	if (!str_equal(decision.image, container->image))
		change->images[index] = decision.image;
	change->is_restored[index] = decision.is_restored;
	control_tell_decision(control, change->pod, &decision, plan);
	control_count_decision(control, &decision, plan);
}

/* A Checkpoint has held: say so on it. */
static void control_record_restore(struct control *control, const struct control_pod_change *change,
	size_t index, struct kube_plan *plan)
{
	const struct api_container *container =
		&((const struct api_container *)change->pod->spec.containers.items)[index];
	const struct restore_record *record =
		restore_records_find(&change->records, container->name);
	size_t count;
	const struct api_checkpoint **candidates =
		control_candidates(control, change->pod, container->name, plan->arena, &count);

	for (size_t i = 0; i < count; i++) {
		struct api_checkpoint own;
		if (!str_equal(candidates[i]->metadata.uid, record->checkpoint_uid))
			continue;
		own = control_own_status(candidates[i], plan->arena);
		own.status.restore_count++;
		own.status.last_restore = record->since;
		control_plan_status(plan, &control_checkpoint_resource, &api_checkpoint_kind,
			&candidates[i]->metadata, &own);
	}
}

static void control_write_images(
	struct json_writer *writer, const struct control_pod_change *change)
{
	const struct api_container *containers = change->pod->spec.containers.items;

	json_set_object(writer, "spec");
	json_set_array(writer, "containers");
	for (size_t i = 0; i < change->pod->spec.containers.count; i++) {
		if (change->images[i].size == 0)
			continue;
		json_begin_object(writer);
		json_set_str(writer, "name", containers[i].name);
		json_set_str(writer, "image", change->images[i]);
		json_end_object(writer);
	}
	json_end_array(writer);
	json_end_object(writer);
}

/* One strategic merge patch; the resourceVersion makes it valid for what was looked at only. */
static struct str control_pod_patch(const struct control_pod_change *change, struct arena *arena)
{
	autobuf records = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	restore_records_write(&change->records, &records);
	json_begin_object(&writer);
	json_set_object(&writer, "metadata");
	json_set_str(&writer, "uid", change->pod->metadata.uid);
	json_set_str(&writer, "resourceVersion", change->pod->metadata.resource_version);
	json_set_object(&writer, "annotations");
	if (change->records.containers.count > 0)
		json_set_str(&writer, API_ANNOTATION_RESTORES, buf_str(&records));
	else
		json_set_value(&writer, API_ANNOTATION_RESTORES, NULL); /* null removes it */
	json_end_object(&writer);
	json_end_object(&writer);
	control_write_images(&writer, change);
	json_end_object(&writer);
	return arena_str(arena, buf_str(&body));
}

void control_decide_pod(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object = kube_informer_get(control->pods, key);
	struct control_pod_change change = {0};
	struct error err;
	size_t count;

	if (object == NULL)
		return;
	change.pod = kube_object_read(object, &api_pod_object, plan->arena);
	count = change.pod->spec.containers.count;
	change.images = arena_zeroed(plan->arena, count + 1, sizeof(*change.images));
	change.is_restored = arena_zeroed(plan->arena, count + 1, sizeof(*change.is_restored));
	if (restore_records_parse(change.pod->metadata.annotations.restores, plan->arena,
		    &change.records, &err) < 0)
		log_warning(&err, "Ignored a damaged annotation", "namespace",
			object->namespace.data, "pod", object->name.data);
	for (size_t i = 0; i < count; i++)
		control_decide_container(control, &change, i, plan);
	if (!change.is_changed)
		return;
	control_plan_pod_patch(
		plan, &change.pod->metadata, control_pod_patch(&change, plan->arena));
	for (size_t i = 0; i < count; i++)
		if (change.is_restored[i])
			control_record_restore(control, &change, i, plan);
}
