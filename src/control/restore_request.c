/*
 * A RestoreRequest gets its node as a CheckpointRequest does, its end when nobody carries it out in
 * time, and is deleted when its time after that is over. A Pod that waits for its first start is
 * let go when the request says that its node is prepared (restore/start.h).
 */
#include "control/state.h"

#include "api/names.h"
#include "checkpoint/request.h"
#include "restore/start.h"
#include "sys/clock.h"

/* What the status has of the controller: what is left out of an apply would be taken away. */
static struct api_restore_request control_own_restore(
	const struct api_restore_request *restore, struct arena *arena)
{
	const struct api_condition *start =
		api_condition_find(&restore->status.conditions, API_CONDITION_FIRST_START);
	struct api_restore_request own = {.metadata = restore->metadata};

	if (start == NULL)
		return own;
	own.status.pod_uid = restore->status.pod_uid;
	(void)api_condition_set(&own.status.conditions, start, arena);
	return own;
}

static void control_fail_restore(struct control *control, const struct api_restore_request *restore,
	struct str reason, struct str message, struct kube_plan *plan)
{
	struct api_restore_request failed = control_own_restore(restore, plan->arena);
	const struct api_condition complete = {
		.type = STR(API_CONDITION_COMPLETE),
		.status = STR("False"),
		.reason = reason,
		.message = message,
		.observed_generation = restore->metadata.generation,
		.last_transition = clock_wall(),
	};

	failed.status.phase = api_restore_phase_text(API_RESTORE_FAILED);
	failed.status.reason = reason;
	failed.status.message = message;
	failed.status.completed = clock_wall();
	failed.status.observed_generation = restore->metadata.generation;
	(void)api_condition_set(&failed.status.conditions, &complete, plan->arena);
	control_plan_event(control, plan, API_GROUP_VERSION, api_restore_request_kind.name,
		&restore->metadata, true, API_REASON_RESTORE_FAILED, message);
	control_plan_status(plan, &control_restore_request_resource, &api_restore_request_kind,
		&restore->metadata, &failed);
}

/* ---- The first start of a Pod ---- */

/* The uid is in the status: in the spec a user could name a Pod that is none of theirs. */
static void control_mark_start(const struct api_restore_request *restore, const struct api_pod *pod,
	struct kube_plan *plan)
{
	struct api_restore_request marked = control_own_restore(restore, plan->arena);
	const struct api_condition start = {
		.type = STR(API_CONDITION_FIRST_START),
		.status = STR("True"),
		.reason = STR("SchedulingGated"),
		.message = STR("the Pod waits to be started from the Checkpoint"),
		.observed_generation = restore->metadata.generation,
		.last_transition = clock_wall(),
	};

	marked.status.pod_uid = pod->metadata.uid;
	(void)api_condition_set(&marked.status.conditions, &start, plan->arena);
	control_plan_status(plan, &control_restore_request_resource, &api_restore_request_kind,
		&restore->metadata, &marked);
}

/* A strategic merge patch, by which one gate of several goes; for what was looked at only. */
static void control_open_gate(const struct api_pod *pod, struct kube_plan *plan)
{
	autobuf body = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct json_writer writer = json_writer(&body);

	json_begin_object(&writer);
	json_set_object(&writer, "metadata");
	json_set_str(&writer, "uid", pod->metadata.uid);
	json_set_str(&writer, "resourceVersion", pod->metadata.resource_version);
	json_end_object(&writer);
	json_set_object(&writer, "spec");
	json_set_array(&writer, "schedulingGates");
	json_begin_object(&writer);
	json_set_text(&writer, "$patch", "delete");
	json_set_text(&writer, "name", API_GATE_RESTORE);
	json_end_object(&writer);
	json_end_array(&writer);
	json_end_object(&writer);
	json_end_object(&writer);
	control_plan_pod_patch(plan, &pod->metadata, buf_str(&body));
}

static void control_decide_start(struct control *control, const struct api_restore_request *restore,
	const struct api_pod *pod, struct kube_plan *plan)
{
	struct restore_start_view view = {.request = restore, .pod = pod};
	const struct kube_object *named = kube_informer_get(control->checkpoints,
		control_key(
			plan->arena, restore->metadata.namespace, restore->spec.checkpoint_name));
	struct restore_start_next next;

	view.checkpoint = named != NULL ? named->view : NULL;
	if (view.checkpoint != NULL)
		view.node = control_node(control, view.checkpoint->spec.node_name);
	if (!restore_start_is_meant(&view))
		return;
	next = restore_start_decide(&view, clock_wall());
	kube_plan_wake(plan, next.wake_ms);
	switch (next.step) {
	case RESTORE_START_WAIT:
		return;
	case RESTORE_START_MARK:
		control_mark_start(restore, pod, plan);
		return;
	case RESTORE_START_ASSIGN:
		control_plan_node(plan, &control_restore_request_resource, &restore->metadata,
			view.checkpoint->spec.node_name);
		return;
	case RESTORE_START_OPEN:
		control_open_gate(pod, plan);
		return;
	case RESTORE_START_FAIL:
		control_fail_restore(control, restore, next.reason, next.message, plan);
		return;
	}
}

/* ---- All of them ---- */

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
		control_plan_let_go(plan, &control_restore_request_resource, &restore->metadata,
			restore->status.completed, restore->spec.ttl_seconds);
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
		control_fail_restore(
			control, restore, str_of(next.reason), str_of(next.message), plan);
	else
		control_decide_start(control, restore, pod, plan);
	kube_plan_wake(plan, next.wake_ms);
}
