/* The Pod has to be there all the time; what to do depends on what the request says already. */
#include "restore/start.h"

enum { START_LATE_CHECKPOINT_MS = 5000 /* a new one may reach us a little later */ };

static struct restore_start_next start_fail(const char *reason, struct str message)
{
	return (struct restore_start_next){
		.step = RESTORE_START_FAIL, .reason = str_of(reason), .message = message};
}

bool restore_start_is_meant(const struct restore_start_view *view)
{
	return api_restore_is_for_start(view->request) ||
		(view->request->spec.node_name.size == 0 && view->pod != NULL &&
			api_pod_is_gated(view->pod));
}

/* The rule, for the Pod as it will be once it is let go. */
static struct restore_start_next start_judge(
	const struct restore_start_view *view, struct wall_time now)
{
	const struct api_checkpoint *checkpoint = view->checkpoint;
	struct restore_view judged = {
		.pod = view->pod,
		.container = api_pod_container(view->pod, view->request->spec.container_name),
		.node = view->node,
		.made_for = checkpoint->metadata.uid,
	};
	enum restore_verdict verdict;

	if (judged.container == NULL)
		return start_fail(
			"ContainerNotFound", STR("the Pod has no container of this name"));
	if (api_checkpoint_strategy(checkpoint) != API_STRATEGY_RUNTIME)
		return start_fail("StrategyUnsupported",
			STR("the Checkpoint is an archive of the kubelet's (strategy Image): a Pod "
			    "starts from that when its status.runtimeImage is the container's "
			    "image"));
	verdict = restore_judge(&judged, checkpoint, now);
	if (verdict != RESTORE_OK)
		return start_fail(restore_verdict_reason(verdict),
			restore_explain(&judged, api_checkpoint_strategy(checkpoint), verdict));
	return (struct restore_start_next){.step = api_restore_is_for_start(view->request)
			? RESTORE_START_ASSIGN
			: RESTORE_START_MARK};
}

static struct restore_start_next start_assign(
	const struct restore_start_view *view, struct wall_time now)
{
	int64_t age_ms = (now.us - view->request->metadata.created.us) / 1000;

	if (view->request->spec.checkpoint_name.size == 0)
		return start_fail("CheckpointNotNamed",
			STR("a Pod that was never started has no checkpoints of its own: name one "
			    "by spec.checkpointName"));
	if (view->checkpoint == NULL && age_ms < START_LATE_CHECKPOINT_MS)
		return (struct restore_start_next){.wake_ms = START_LATE_CHECKPOINT_MS - age_ms};
	if (view->checkpoint == NULL)
		return start_fail("CheckpointNotFound",
			STR("there is no Checkpoint of this name in the namespace"));
	return start_judge(view, now);
}

/* Whether the agent has said that the Pod may come. */
static bool start_is_planned(const struct api_restore_request *request)
{
	return api_restore_phase(request) == API_RESTORE_RESTORING &&
		api_condition_is_true(&request->status.conditions, API_CONDITION_PLANNED);
}

struct restore_start_next restore_start_decide(
	const struct restore_start_view *view, struct wall_time now)
{
	const struct api_restore_request *request = view->request;
	const struct api_pod *pod = view->pod;

	/* the agent does not see a Pod that is not on its node, so its end is told here */
	if (pod == NULL ||
		(api_restore_is_for_start(request) &&
			!str_equal(pod->metadata.uid, request->status.pod_uid)))
		return start_fail("PodNotFound", STR("the Pod is gone"));
	if (wall_time_is_set(pod->metadata.deleted))
		return start_fail("PodTerminating", STR("the Pod is terminating"));
	if (request->spec.node_name.size == 0)
		return start_assign(view, now);
	return (struct restore_start_next){
		.step = api_pod_is_gated(pod) && start_is_planned(request) ? RESTORE_START_OPEN
									   : RESTORE_START_WAIT};
}
