/* A CheckpointRequest gets its node, or its end when nobody completes it in time. */
#include "control/state.h"

#include "checkpoint/request.h"
#include "sys/clock.h"

static void control_fail(struct control *control, const struct api_request *request,
	const struct checkpoint_next *next, struct kube_plan *plan)
{
	struct api_request failed = {.metadata = request->metadata};
	struct api_condition complete = {
		.type = STR(API_CONDITION_COMPLETE),
		.status = STR("False"),
		.reason = str_of(next->reason),
		.message = str_of(next->message),
		.observed_generation = request->metadata.generation,
		.last_transition = clock_wall(),
	};

	failed.status.phase = api_request_phase_text(API_REQUEST_FAILED);
	failed.status.reason = complete.reason;
	failed.status.message = complete.message;
	failed.status.completed = clock_wall();
	failed.status.observed_generation = request->metadata.generation;
	failed.status.conditions = (struct json_list){&complete, 1};
	control_plan_event(control, plan, API_GROUP_VERSION, "CheckpointRequest",
		&request->metadata, true, "CheckpointFailed", complete.message);
	control_plan_status(
		plan, &control_request_resource, &api_request_kind, &request->metadata, &failed);
}

void control_decide_request(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object = kube_informer_get(control->requests, key);
	const struct api_request *request;
	const struct api_pod *pod;
	struct checkpoint_next next;

	if (object == NULL)
		return;
	request = object->view;
	pod = control_pod(control, object->namespace, request->spec.pod.name, plan->arena);
	next = checkpoint_next_for_controller(
		request, pod, control_knows_node(control, request->spec.node_name), clock_wall());
	if (next.step == CHECKPOINT_STEP_ASSIGN)
		control_plan_node(plan, &control_request_resource, &request->metadata, next.node);
	else if (next.step == CHECKPOINT_STEP_FAIL)
		control_fail(control, request, &next, plan);
	kube_plan_wake(plan, next.wake_ms);
}
