/*
 * A RestoreRequest gets its node as a CheckpointRequest does, its end when nobody carries it out in
 * time, and is deleted when its time after that is over.
 */
#include "control/state.h"

#include "checkpoint/request.h"
#include "sys/clock.h"

static void control_fail_restore(struct control *control, const struct api_restore_request *restore,
	const struct checkpoint_next *next, struct kube_plan *plan)
{
	struct api_restore_request failed = {.metadata = restore->metadata};
	struct api_condition complete = {
		.type = STR(API_CONDITION_COMPLETE),
		.status = STR("False"),
		.reason = str_of(next->reason),
		.message = str_of(next->message),
		.observed_generation = restore->metadata.generation,
		.last_transition = clock_wall(),
	};

	failed.status.phase = api_restore_phase_text(API_RESTORE_FAILED);
	failed.status.reason = complete.reason;
	failed.status.message = complete.message;
	failed.status.completed = clock_wall();
	failed.status.observed_generation = restore->metadata.generation;
	failed.status.conditions = (struct json_list){&complete, 1};
	control_plan_event(control, plan, API_GROUP_VERSION, api_restore_request_kind.name,
		&restore->metadata, true, API_REASON_RESTORE_FAILED, complete.message);
	control_plan_status(plan, &control_restore_request_resource, &api_restore_request_kind,
		&restore->metadata, &failed);
}

/* Without a time of its own it stays, as the record of what was done. */
static void control_let_go(const struct api_restore_request *restore, struct kube_plan *plan)
{
	struct wall_time end = {
		restore->status.completed.us + restore->spec.ttl_seconds * TIME_SECOND_US};

	if (restore->spec.ttl_seconds == 0 || !wall_time_is_set(restore->status.completed) ||
		wall_time_is_set(restore->metadata.deleted))
		return;
	if (end.us > clock_wall().us)
		kube_plan_wake(plan, control_ms_until(end));
	else
		control_plan_delete(plan, &control_restore_request_resource, &restore->metadata);
}

void control_decide_restore_request(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object = kube_informer_get(control->restore_requests, key);
	const struct api_restore_request *restore = object != NULL ? object->view : NULL;
	const struct api_pod *pod;
	struct api_request common;
	struct checkpoint_next next;

	if (restore == NULL)
		return;
	if (api_restore_is_finished(restore)) {
		control_let_go(restore, plan);
		return;
	}
	common = api_restore_as_request(restore);
	pod = control_pod(control, object->namespace, restore->spec.pod.name, plan->arena);
	next = checkpoint_next_for_controller(
		&common, pod, control_knows_node(control, common.spec.node_name), clock_wall());
	if (next.step == CHECKPOINT_STEP_ASSIGN)
		control_plan_node(
			plan, &control_restore_request_resource, &restore->metadata, next.node);
	else if (next.step == CHECKPOINT_STEP_FAIL)
		control_fail_restore(control, restore, &next, plan);
	kube_plan_wake(plan, next.wake_ms);
}
