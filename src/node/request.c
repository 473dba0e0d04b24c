/*
 * A CheckpointRequest of this node: it waits for a place, is marked InProgress, the kubelet is
 * asked, and what came of it is written down: a Checkpoint and Completed, or Failed and why. Each
 * step is decided from what the objects say and from the call that is under way, so that a new
 * agent goes on where the last one stopped: it asks the kubelet again, for taking a checkpoint
 * twice harms nothing.
 */
#include "node/state.h"

#include "checkpoint/request.h"
#include "node/new_checkpoint.h"
#include "node/take.h"
#include "sys/clock.h"

/* ---- Writing down ---- */

/* The request's status with a phase, a Complete condition and what belongs to it. */
static void node_plan_phase(struct kube_plan *plan, const struct api_request *request,
	enum api_request_phase phase, struct api_request_status status)
{
	struct api_request written = {.metadata = request->metadata};
	struct api_condition complete = {
		.type = STR(API_CONDITION_COMPLETE),
		.status = STR("Unknown"),
		.reason = api_request_phase_text(phase),
		.message = status.message,
		.observed_generation = request->metadata.generation,
		.last_transition = clock_wall(),
	};

	if (phase == API_REQUEST_COMPLETED)
		complete.status = STR("True");
	if (phase == API_REQUEST_FAILED) {
		complete.status = STR("False");
		complete.reason = status.reason;
	}
	status.phase = api_request_phase_text(phase);
	status.observed_generation = request->metadata.generation;
	status.conditions = (struct json_list){&complete, 1};
	written.status = status;
	node_plan_status(
		plan, &node_request_resource, &api_request_kind, &request->metadata, &written);
}

static void node_fail(struct node *node, const struct api_request *request, const char *reason,
	struct str message, struct kube_plan *plan)
{
	struct api_request_status status = request->status;

	status.completed = clock_wall();
	status.reason = str_of(reason);
	status.message = message;
	node_plan_phase(plan, request, API_REQUEST_FAILED, status);
	node_plan_event(node, plan, "CheckpointRequest", &request->metadata, true,
		"CheckpointFailed", message);
}

static void node_begin(
	const struct api_request *request, const struct api_pod *pod, struct kube_plan *plan)
{
	struct api_request_status status = request->status;

	status.started = clock_wall();
	status.pod_uid = pod->metadata.uid;
	node_plan_phase(plan, request, API_REQUEST_IN_PROGRESS, status);
}

/*
 * The Pod may have gone while its container was dumped. `taken` may be NULL when the Checkpoint is
 * there already.
 */
static void node_complete(struct node *node, const struct api_request *request,
	const struct api_pod *pod, const struct node_take_result *taken, struct kube_plan *plan)
{
	struct api_request_status status = request->status;
	struct api_checkpoint_reference reference;
	bool is_made;

	if (pod == NULL || !str_equal(pod->metadata.uid, status.pod_uid)) {
		node_fail(node, request, "PodNotFound",
			STR("the Pod went while its container was checkpointed"), plan);
		return;
	}
	reference.name = node_choose_name(node, request, pod, plan->arena, &is_made);
	reference.uid = (struct str){0};
	if (!is_made)
		kube_plan_add(plan,
			&(struct kube_request){
				.verb = KUBE_CREATE,
				.resource = &node_checkpoint_resource,
				.namespace = arena_str(plan->arena, request->metadata.namespace),
				.body = node_checkpoint_body(
					node, request, reference.name, taken, plan->arena),
			});
	status.completed = clock_wall();
	status.checkpoint = &reference;
	status.message =
		arena_printf(plan->arena, "Checkpoint %.*s was taken", STR_ARG(reference.name));
	node_plan_phase(plan, request, API_REQUEST_COMPLETED, status);
	node_plan_event(node, plan, "CheckpointRequest", &request->metadata, false,
		"CheckpointTaken", status.message);
}

static void node_write_result(struct node *node, const struct api_request *request,
	const struct api_pod *pod, const struct node_take_result *taken, struct kube_plan *plan)
{
	if (taken->archive != NULL)
		node_complete(node, request, pod, taken, plan);
	else
		node_fail(node, request, error_reason(taken->err.kind),
			arena_str(plan->arena, str_of(taken->err.text)), plan);
}

/* ---- Deciding ---- */

static void node_take_step(struct node *node, struct str key, const struct api_request *request,
	const struct api_pod *pod, struct kube_plan *plan)
{
	bool is_begun = api_request_phase(request) == API_REQUEST_IN_PROGRESS;
	bool is_made = false;
	struct error err;

	if (is_begun)
		(void)node_choose_name(node, request, pod, plan->arena, &is_made);
	if (is_made) { /* an agent before us was stopped before it could say so */
		node_complete(node, request, pod, NULL, plan);
		return;
	}
	if ((is_begun ? node_has_archive_of_now(node, request)
		      : node_has_name_of_now(node, request, pod, plan->arena)) ||
		!node_take_give_place(node, key, request)) {
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
		return;
	}
	if (node_store_check_room(node->store, 0, 0, &err) < 0)
		node_fail(
			node, request, "StoreFull", arena_str(plan->arena, str_of(err.text)), plan);
	else if (!is_begun)
		node_begin(request, pod, plan);
	else
		node_take_start(node, key, request, plan);
}

void node_decide_request(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->requests, key);
	const struct api_request *request = object != NULL ? object->view : NULL;
	const struct node_take *take = map_get(&node->takes, key);
	const struct node_take_result *taken;
	const struct api_pod *pod;
	struct checkpoint_next next;

	if (request == NULL || api_request_is_finished(request)) {
		bool has_checkpoint = request != NULL && request->status.checkpoint != NULL;
		node_take_forget(node, key, has_checkpoint, plan);
		return;
	}
	if (take != NULL && !node_take_is_of(take, request)) {
		/* made anew under its name: what was taken for the one before is not its result */
		node_take_forget(node, key, false, plan);
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
		return;
	}
	pod = node_pod(node, object->namespace, request->spec.pod.name);
	taken = node_take_result(take);
	if (taken != NULL) {
		node_write_result(node, request, pod, taken, plan);
		return;
	}
	next = checkpoint_next_for_agent(request, pod, node_take_is_asked(take), clock_wall());
	if (next.step == CHECKPOINT_STEP_TAKE && !node->is_stopping)
		node_take_step(node, key, request, pod, plan);
	else
		node_take_give_up_place(node, key);
	if (next.step == CHECKPOINT_STEP_FAIL)
		node_fail(node, request, next.reason, str_of(next.message), plan);
	kube_plan_wake(plan, next.wake_ms);
}
