/* A schedule's retention: what checkpoint/retention.h marks as surplus is deleted. */
#include "control/state.h"

#include "checkpoint/retention.h"
#include "restore/record.h"
#include "sys/clock.h"

/* Whether a container of the living Pod runs from this Checkpoint or is being restored from it. */
static bool control_is_in_use(
	const struct api_pod *pod, const struct api_checkpoint *checkpoint, struct arena *arena)
{
	struct restore_records records;
	const struct restore_record *record;
	struct error ignored;

	if (pod == NULL ||
		restore_records_parse(
			pod->metadata.annotations.restores, arena, &records, &ignored) < 0)
		return false;
	record = restore_records_find(&records, checkpoint->spec.container_name);
	return record != NULL && record->image.size > 0 &&
		str_equal(record->checkpoint_uid, checkpoint->metadata.uid);
}

/* Whether a RestoreRequest is for it, in its Pod or another one, and is not finished. */
static bool control_is_requested(struct control *control, const struct api_checkpoint *checkpoint)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *const *objects;
	size_t count;

	kube_key_write(&key, checkpoint->metadata.namespace, checkpoint->metadata.name);
	objects = kube_index_get(control->restore_requests_by_checkpoint, buf_str(&key), &count);
	for (size_t i = 0; i < count; i++)
		if (!api_restore_is_finished(objects[i]->view))
			return true;
	return false;
}

static void control_fill_kept(struct control *control, const struct api_checkpoint *checkpoint,
	struct checkpoint_kept *ret_item, struct arena *arena)
{
	const struct api_checkpoint_pod *taken_of = checkpoint->spec.pod;
	const struct api_pod *pod = NULL;

	if (taken_of != NULL)
		pod = control_pod(control, checkpoint->metadata.namespace, taken_of->name, arena);
	*ret_item = (struct checkpoint_kept){
		.checkpoint = checkpoint,
		.is_pod_alive = pod != NULL && str_equal(pod->metadata.uid, taken_of->uid),
		.is_in_use = control_is_in_use(pod, checkpoint, arena) ||
			control_is_requested(control, checkpoint),
	};
}

/*
 * A Checkpoint goes with the request that made it, which owns it; one that has lost its request
 * goes by itself, as does one that claims a request of another node.
 */
static void control_drop_checkpoint(
	struct control *control, const struct api_checkpoint *checkpoint, struct kube_plan *plan)
{
	const struct api_request *request = control_request_of(control, checkpoint);
	struct str node = request != NULL ? request->spec.node_name : (struct str){0};

	control_plan_delete(plan, &control_checkpoint_resource, &checkpoint->metadata);
	if (request != NULL && (node.size == 0 || str_equal(node, checkpoint->spec.node_name)))
		control_plan_delete(plan, &control_request_resource, &request->metadata);
}

static void control_retain_checkpoints(
	struct control *control, const struct api_schedule *schedule, struct kube_plan *plan)
{
	size_t count;
	const struct kube_object *const *objects =
		kube_index_get(control->checkpoints_by_schedule, schedule->metadata.uid, &count);
	struct checkpoint_kept *items = arena_zeroed(plan->arena, count + 1, sizeof(*items));
	int64_t max_age_us = 0;

	for (size_t i = 0; i < count; i++)
		control_fill_kept(control, objects[i]->view, &items[i], plan->arena);
	if (!time_parse_duration(schedule->spec.retention.max_age, &max_age_us))
		max_age_us = 0; /* the API server has refused what is no duration */
	checkpoint_mark_surplus(items, count, schedule->spec.retention.max_count,
		max_age_us / TIME_SECOND_US, clock_wall());
	for (size_t i = 0; i < count; i++)
		if (items[i].is_surplus)
			control_drop_checkpoint(control, items[i].checkpoint, plan);
}

static void control_drop_if_spent(
	struct control *control, const struct api_request *request, struct kube_plan *plan)
{
	const struct api_checkpoint_reference *made = request->status.checkpoint;
	struct str key;

	if (made == NULL)
		return;
	key = control_key(plan->arena, request->metadata.namespace, made->name);
	if (checkpoint_request_is_spent(
		    request, kube_informer_get(control->checkpoints, key) != NULL, clock_wall()))
		control_plan_delete(plan, &control_request_resource, &request->metadata);
}

static void control_retain_requests(
	struct control *control, const struct api_schedule *schedule, struct kube_plan *plan)
{
	size_t count;
	const struct kube_object *const *objects =
		kube_index_get(control->requests_by_schedule, schedule->metadata.uid, &count);
	const struct api_request **requests =
		arena_zeroed(plan->arena, count + 1, sizeof(*requests));
	const struct api_request **surplus;

	for (size_t i = 0; i < count; i++) {
		requests[i] = objects[i]->view;
		control_drop_if_spent(control, requests[i], plan);
	}
	surplus = checkpoint_surplus_requests(
		requests, count, schedule->spec.failed_requests_history_limit, plan->arena, &count);
	for (size_t i = 0; i < count; i++)
		control_plan_delete(plan, &control_request_resource, &surplus[i]->metadata);
}

void control_retain(
	struct control *control, const struct api_schedule *schedule, struct kube_plan *plan)
{
	control_retain_checkpoints(control, schedule, plan);
	control_retain_requests(control, schedule, plan);
}
