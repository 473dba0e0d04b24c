/*
 * The steps of a RestoreRequest in their order: is there a container to be restored at all
 * (request_obstacle), from which Checkpoint (request_choose), then what became of it
 * (request_follow). What forbids a restore is found before anything is ended. For the first start
 * of a Pod there is nothing to be ended: a plan is made before the Pod comes (request_start).
 */
#include "restore/request.h"

enum {
	REQUEST_LATE_POD_MS = 5000, /* until the node's own view of its Pods shows a new one */
	REQUEST_LOOK_MS = 500,
	/* A container that runs for so long was created without kcr-runtime's putting it on record.
	 */
	REQUEST_UNRECORDED_MS = 10000,
};

static struct restore_request_next request_fail(const char *reason, struct str message)
{
	return (struct restore_request_next){
		.step = RESTORE_REQUEST_FAIL, .reason = str_of(reason), .message = message};
}

static struct restore_request_next request_wait(struct str message)
{
	return (struct restore_request_next){.message = message, .wake_ms = REQUEST_LOOK_MS};
}

struct wall_time restore_request_deadline(const struct api_restore_request *request)
{
	struct wall_time start = wall_time_is_set(request->status.started)
		? request->status.started
		: request->metadata.created;

	return (struct wall_time){start.us + request->spec.timeout_seconds * TIME_SECOND_US};
}

/* ---- The container ---- */

/* As KEP-5307 has it, a container's own policy comes before its Pod's. */
static struct str request_restart_policy(const struct restore_view *view)
{
	return view->container->restart_policy.size > 0 ? view->container->restart_policy
							: view->pod->spec.restart_policy;
}

/* Why nothing will ever run in the Pod; step WAIT: nothing speaks against it. */
static struct restore_request_next request_obstacle_of_pod(const struct api_pod *pod)
{
	if (wall_time_is_set(pod->metadata.deleted))
		return request_fail("PodTerminating", STR("the Pod is terminating"));
	if (str_is(pod->status.phase, "Succeeded") || str_is(pod->status.phase, "Failed"))
		return request_fail("PodEnded", STR("the Pod has ended"));
	return (struct restore_request_next){0};
}

/* Why the container will never be restored; step WAIT: nothing speaks against it. */
static struct restore_request_next request_obstacle(const struct restore_request_view *view)
{
	struct restore_request_next next = request_obstacle_of_pod(view->restore.pod);

	if (next.step == RESTORE_REQUEST_FAIL)
		return next;
	if (view->restore.container == NULL)
		return request_fail(
			"ContainerNotFound", STR("the Pod has no container of this name"));
	if (str_is(request_restart_policy(&view->restore), "Never"))
		return request_fail("NotRestarted",
			STR("the kubelet does not start the container again when it is ended: its "
			    "restartPolicy is Never"));
	return (struct restore_request_next){0};
}

/* ---- The Checkpoint ---- */

static const struct api_checkpoint *request_held(
	const struct restore_view *view, struct str checkpoint_uid)
{
	for (size_t i = 0; i < view->checkpoint_count; i++)
		if (str_equal(view->checkpoints[i]->metadata.uid, checkpoint_uid))
			return view->checkpoints[i];
	return NULL;
}

/* Fails with the restore rule's words; step WAIT: it may be used. */
static struct restore_request_next request_judge(
	const struct restore_view *view, const struct api_checkpoint *one, struct wall_time now)
{
	enum restore_verdict verdict = restore_judge(view, one, now);

	if (api_checkpoint_strategy(one) != API_STRATEGY_RUNTIME)
		return request_fail("StrategyUnsupported",
			STR("the Checkpoint is an archive of the kubelet's (strategy Image); on "
			    "request only those that kcr-runtime took are restored"));
	if (verdict != RESTORE_OK)
		return request_fail(restore_verdict_reason(verdict),
			restore_explain(view, api_checkpoint_strategy(one), verdict));
	if (request_held(view, one->metadata.uid) == NULL)
		return request_fail("NotStored", STR("the node does not have its files"));
	return (struct restore_request_next){.checkpoint = one};
}

/* To the second, as people read and write times. */
static bool request_is_after(const struct api_checkpoint *checkpoint, struct wall_time at)
{
	return wall_time_is_set(at) &&
		wall_time_seconds(checkpoint->spec.timestamp) > wall_time_seconds(at);
}

/* The newest good one that was taken no later than asked for. */
static struct restore_request_next request_choose_by_time(
	const struct restore_request_view *view, struct wall_time now)
{
	struct wall_time at = view->request->spec.at;
	struct restore_request_next next = request_fail("NoCheckpoint",
		wall_time_is_set(at) ? STR("kcr-runtime took no checkpoint of the container until "
					   "then that is kept")
				     : STR("the container has no checkpoint by kcr-runtime"));
	struct wall_time newest = {0};

	for (size_t i = 0; i < view->restore.checkpoint_count; i++) {
		const struct api_checkpoint *one = view->restore.checkpoints[i];
		struct restore_request_next judged = request_judge(&view->restore, one, now);
		bool is_better =
			judged.step == RESTORE_REQUEST_WAIT && next.step == RESTORE_REQUEST_FAIL;

		if (request_is_after(one, at) ||
			(judged.step == RESTORE_REQUEST_FAIL && next.step == RESTORE_REQUEST_WAIT))
			continue;
		if (!is_better && one->spec.timestamp.us <= newest.us)
			continue;
		next = judged;
		newest = one->spec.timestamp;
	}
	return next;
}

static struct restore_request_next request_choose(
	const struct restore_request_view *view, struct wall_time now)
{
	if (view->request->spec.checkpoint_name.size == 0)
		return request_choose_by_time(view, now);
	if (view->named == NULL)
		return request_fail("CheckpointNotFound",
			STR("the node of the Pod has no Checkpoint of this name"));
	return request_judge(&view->restore, view->named, now);
}

/* ---- Before ---- */

static struct restore_request_next request_begin(
	const struct restore_request_view *view, struct wall_time now)
{
	const struct restore_view *restore = &view->restore;
	struct restore_request_next next = request_obstacle(view);
	const struct api_container_status *status;

	if (next.step == RESTORE_REQUEST_FAIL)
		return next;
	if (view->is_behind)
		return request_wait(STR("another RestoreRequest for the container comes first"));
	status = api_pod_container_status(restore->pod, restore->container->name);
	if (status == NULL || status->state.running == NULL || status->container_id.size == 0)
		return request_wait(STR("the container is not running"));
	next = request_choose(view, now);
	if (next.step == RESTORE_REQUEST_FAIL)
		return next;
	if (!view->is_under_runtime)
		return request_fail("StrategyUnsupported",
			STR("kcr-runtime does not run the container; on request only those are "
			    "restored"));
	next.step = RESTORE_REQUEST_BEGIN;
	return next;
}

/* ---- Behind ---- */

/* The container is ended, or about to be, and nobody has created the next one. */
static struct restore_request_next request_end(const struct restore_request_view *view,
	const struct api_container_status *status, struct wall_time now, struct arena *arena)
{
	const struct api_container_waiting *waiting = status->state.waiting;
	const struct api_checkpoint_reference *chosen = view->request->status.checkpoint;
	const struct api_checkpoint *checkpoint;
	struct restore_request_next next;

	if (waiting != NULL && str_is(waiting->reason, "CrashLoopBackOff"))
		return request_wait(arena_printf(arena,
			"the kubelet waits before it starts the container: %.*s",
			STR_ARG(waiting->message)));
	if (status->state.running == NULL)
		return request_wait((struct str){0});
	checkpoint = chosen != NULL ? request_held(&view->restore, chosen->uid) : NULL;
	if (checkpoint == NULL)
		return request_fail("CheckpointNotFound",
			STR("the Checkpoint has gone before it could be restored"));
	next = request_judge(&view->restore, checkpoint, now);
	if (next.step == RESTORE_REQUEST_FAIL)
		return next;
	next.step = RESTORE_REQUEST_END;
	next.wake_ms = REQUEST_LOOK_MS;
	return next;
}

static bool request_is_container(const struct api_container_status *status, struct str plain_id)
{
	struct str scheme;
	struct str id;

	return str_cut_last(status->container_id, '/', &scheme, &id) && str_equal(id, plain_id);
}

static struct restore_request_next request_conclude(const struct restore_request_view *view,
	const struct api_container_status *status, struct arena *arena)
{
	const struct restore_request_outcome *outcome = view->outcome;
	const struct api_checkpoint_reference *chosen = view->request->status.checkpoint;

	if (!outcome->is_restored)
		return (struct restore_request_next){.step = RESTORE_REQUEST_FAIL,
			.reason = outcome->reason,
			.message = arena_printf(arena, "the container %s: %.*s",
				api_restore_is_for_start(view->request)
					? "does not start without its memory"
					: "was ended and starts without its memory",
				STR_ARG(outcome->message.size > 0 ? outcome->message
								  : outcome->reason))};
	if (chosen == NULL || !str_equal(chosen->uid, outcome->checkpoint_uid))
		return request_fail("OtherCheckpoint",
			STR("the container was ended and was restored from another Checkpoint"));
	if (outcome->has_ended)
		return request_fail("EndedAgain",
			STR("the container was restored from the Checkpoint and has ended again"));
	if (status == NULL || status->state.running == NULL ||
		!request_is_container(status, outcome->container_id))
		return request_wait((struct str){0}); /* the Pod's status will show it */
	return (struct restore_request_next){.step = RESTORE_REQUEST_COMPLETE};
}

/* Another container runs, of which nothing is on record. */
static struct restore_request_next request_unrecorded(
	const struct api_container_status *status, struct wall_time now)
{
	int64_t age_us =
		status->state.running != NULL ? now.us - status->state.running->started.us : 0;

	if (age_us < REQUEST_UNRECORDED_MS * INT64_C(1000))
		return request_wait((struct str){0});
	return request_fail("NotRestored",
		STR("another container runs now, which kcr-runtime did not restore on request"));
}

static struct restore_request_next request_follow(
	const struct restore_request_view *view, struct wall_time now, struct arena *arena)
{
	const struct api_restore_status *own = &view->request->status;
	const struct api_pod *pod = view->restore.pod;
	const struct api_container_status *status =
		api_pod_container_status(pod, view->request->spec.container_name);
	struct restore_request_next next;

	if (!str_equal(pod->metadata.uid, own->pod_uid))
		return request_fail("PodNotFound", STR("the Pod was replaced by another one"));
	if (view->outcome != NULL)
		return request_conclude(view, status, arena);
	next = request_obstacle(view);
	if (next.step == RESTORE_REQUEST_FAIL)
		return next;
	if (status == NULL)
		return request_wait((struct str){0});
	if (str_equal(status->container_id, own->ended_container))
		return request_end(view, status, now, arena);
	return request_unrecorded(status, now);
}

/* ---- The first start of a Pod ---- */

/* Planned: the Pod comes when the gate is away, and kcr-runtime does the rest. */
static struct restore_request_next request_follow_start(
	const struct restore_request_view *view, struct wall_time now, struct arena *arena)
{
	const struct api_pod *pod = view->restore.pod;
	const struct api_container_status *status =
		api_pod_container_status(pod, view->request->spec.container_name);
	struct restore_request_next next;

	if (view->outcome != NULL)
		return request_conclude(view, status, arena);
	next = request_obstacle_of_pod(pod);
	if (next.step == RESTORE_REQUEST_FAIL)
		return next;
	if (status == NULL)
		return request_wait((struct str){0});
	if (status->state.waiting != NULL && status->state.waiting->message.size > 0)
		return request_wait(arena_printf(arena, "the kubelet does not start it yet: %.*s",
			STR_ARG(status->state.waiting->message)));
	return request_unrecorded(status, now);
}

/* Nothing is ended for it, and the Pod is not here: the Checkpoint alone decides. */
static struct restore_request_next request_start(
	const struct restore_request_view *view, struct wall_time now, struct arena *arena)
{
	const struct json_list *conditions = &view->request->status.conditions;
	struct restore_request_next next;

	if (api_condition_is_true(conditions, API_CONDITION_PLANNED))
		return request_follow_start(view, now, arena);
	if (view->is_behind)
		return request_wait(STR("another RestoreRequest for the container comes first"));
	next = request_choose(view, now);
	if (next.step != RESTORE_REQUEST_FAIL)
		next.step = api_restore_phase(view->request) == API_RESTORE_PENDING
			? RESTORE_REQUEST_BEGIN
			: RESTORE_REQUEST_PLAN;
	return next;
}

/* ---- All ---- */

/* The time is over: what it was waited for tells why, if that was said. */
static struct restore_request_next request_time_out(struct str waited_for, struct arena *arena)
{
	if (waited_for.size == 0)
		return request_fail("Timeout",
			STR("the container was not restored within spec.timeoutSeconds"));
	return request_fail("Timeout",
		arena_printf(arena, "not within spec.timeoutSeconds: %.*s", STR_ARG(waited_for)));
}

static struct restore_request_next request_decide(
	const struct restore_request_view *view, struct wall_time now, struct arena *arena)
{
	bool is_begun = api_restore_phase(view->request) == API_RESTORE_RESTORING;
	struct wall_time patience = {
		view->request->metadata.created.us + REQUEST_LATE_POD_MS * INT64_C(1000)};

	if (api_restore_is_for_start(view->request))
		return request_start(view, now, arena);
	if (view->restore.pod == NULL && !is_begun && now.us < patience.us)
		return request_wait((struct str){0});
	if (view->restore.pod == NULL)
		return request_fail("PodNotFound", STR("the Pod is gone from the node"));
	return is_begun ? request_follow(view, now, arena) : request_begin(view, now);
}

struct restore_request_next restore_request_decide(
	const struct restore_request_view *view, struct wall_time now, struct arena *arena)
{
	struct api_request common = api_restore_as_request(view->request);
	struct restore_request_next next;
	struct error ignored; /* the controller says so */

	if (api_restore_is_finished(view->request) ||
		wall_time_is_set(view->request->metadata.deleted) ||
		api_request_check(&common, &ignored) < 0)
		return (struct restore_request_next){0};
	next = request_decide(view, now, arena);
	if (now.us >= restore_request_deadline(view->request).us &&
		next.step != RESTORE_REQUEST_COMPLETE && next.step != RESTORE_REQUEST_FAIL)
		return request_time_out(next.message, arena);
	return next;
}
