/*
 * The restore rule. The order of the story: from what an image may be put in place
 * (restore_choose, after judge.c), which container ended (restore_find_end), and what the next
 * record and image are for each phase (restore_decide). The constants are the waits that the
 * kubelet's own pace imposes.
 */
#include "restore/rule.h"

enum {
	/*
	 * The kubelet shows what it started for an ended container within this; else it lets the
	 * container wait (back-off), and we act. Its times are cut to seconds.
	 */
	RESTORE_SHOW_MS = 2500,
	/* A container that was started cold so long ago has memory of its own: it is left alone. */
	RESTORE_LATE_SECONDS = 30,
	/* A restored container that ran for so long, and is Ready, is serving. */
	RESTORE_SETTLE_MS = 3000,
	/* So soon the kubelet replaces a cold start that it had begun, the grace period aside. */
	RESTORE_REPLACE_MS = 10000,
	/* The agent that serves the image may be starting anew; the kubelet pulls again after 10 s.
	 */
	RESTORE_PULL_MS = 20000,
	/* A restore that has not led to a running container by then has failed. */
	RESTORE_DEADLINE_MS = 300000,
};

static int64_t restore_ms_between(struct wall_time from, struct wall_time to)
{
	return (to.us - from.us) / 1000;
}

/* Why the Pod's image is not changed to this one's; the empty text: it may be. */
static struct str restore_obstacle(const struct restore_view *view,
	const struct api_checkpoint *checkpoint, const struct json_strings *failed,
	struct wall_time now)
{
	enum restore_verdict verdict = restore_judge(view, checkpoint, now);

	if (verdict != RESTORE_OK)
		return restore_explain(view, api_checkpoint_strategy(checkpoint), verdict);
	if (restore_list_has(failed, checkpoint->metadata.uid))
		return restore_explain(view, API_STRATEGY_IMAGE, RESTORE_FAILED_BEFORE);
	if (api_checkpoint_node_refuses(view->node, API_STRATEGY_IMAGE))
		return restore_explain(view, API_STRATEGY_IMAGE, RESTORE_NOT_OFFERED);
	return (struct str){0};
}

/*
 * The newest Checkpoint whose image may be put in place, except those in `failed`; NULL: none,
 * *ret_why says why not the newest.
 */
static const struct api_checkpoint *restore_choose(const struct restore_view *view,
	const struct json_strings *failed, struct wall_time now, struct str *ret_why)
{
	const struct api_checkpoint *best = NULL;
	const struct api_checkpoint *newest = NULL;

	*ret_why = restore_explain(view, API_STRATEGY_IMAGE, RESTORE_OTHER_POD);
	for (size_t i = 0; i < view->checkpoint_count; i++) {
		const struct api_checkpoint *one = view->checkpoints[i];
		struct str obstacle = restore_obstacle(view, one, failed, now);

		if (newest == NULL || one->spec.timestamp.us > newest->spec.timestamp.us) {
			newest = one;
			*ret_why = obstacle;
		}
		if (obstacle.size == 0 &&
			(best == NULL || one->spec.timestamp.us > best->spec.timestamp.us))
			best = one;
	}
	return best;
}

/* ---- Which container ended ---- */

enum restore_end_state {
	RESTORE_END_NONE, /* nothing ended that is not dealt with */
	RESTORE_END_WAIT, /* it ended; what the kubelet does about it is not shown yet */
	RESTORE_END_KNOWN, /* act */
};

struct restore_end {
	enum restore_end_state state;
	struct str container_id;
	struct str replacement_id; /* started cold by the kubelet meanwhile; empty: none */
	int64_t exit_code;
	struct str reason;
	struct wall_time started; /* by the clock of its node, as the next; 0: not told */
	struct wall_time finished;
	int64_t wait_ms; /* RESTORE_END_WAIT: look again after so long, too; 0: no need */
};

static bool restore_is_handled(const struct restore_view *view, struct str container_id)
{
	return container_id.size == 0 ||
		(view->record != NULL && restore_list_has(&view->record->handled, container_id));
}

static struct restore_end restore_end_of(
	const struct api_container_terminated *terminated, enum restore_end_state state)
{
	return (struct restore_end){
		.state = state,
		.container_id = terminated->container_id,
		.exit_code = terminated->exit_code,
		.reason = terminated->reason,
		.started = terminated->started,
		.finished = terminated->finished,
	};
}

/* The agent saw the end before the kubelet did. */
static bool restore_is_reported(
	const struct restore_view *view, const struct api_container_status *status)
{
	return view->exit != NULL && status->state.running != NULL &&
		str_equal(view->exit->container_id, status->container_id) &&
		!restore_is_handled(view, status->container_id);
}

/* Whether the agent has seen this container run restored. */
static bool restore_was_seen(const struct restore_view *view, struct str container_id)
{
	for (size_t i = 0; i < view->checkpoint_count; i++)
		if (str_equal(view->checkpoints[i]->status.restored_container, container_id))
			return container_id.size > 0;
	return false;
}

/*
 * While a restore is under way, what ended may be the restored container or a cold start that the
 * kubelet had begun before it saw the new image and now replaces. The kubelet will tell.
 */
static enum restore_end_state restore_state_of_report(const struct restore_view *view)
{
	bool is_restoring = view->record != NULL &&
		restore_record_phase(view->record) == RESTORE_PHASE_RESTORING;

	return is_restoring && !restore_was_seen(view, view->exit->container_id)
		? RESTORE_END_WAIT
		: RESTORE_END_KNOWN;
}

/* The kubelet shows the end and nothing new yet: it starts the container, or lets it wait. */
static struct restore_end restore_end_shown(const struct restore_view *view,
	const struct api_container_terminated *terminated, struct wall_time now)
{
	struct restore_end end = restore_end_of(terminated, RESTORE_END_WAIT);
	bool is_final =
		terminated->exit_code == 0 && str_is(view->pod->spec.restart_policy, "OnFailure");

	end.wait_ms = RESTORE_SHOW_MS - restore_ms_between(terminated->finished, now);
	if (is_final)
		end.state = RESTORE_END_NONE;
	else if (end.wait_ms <= 0)
		end.state = RESTORE_END_KNOWN;
	return end;
}

static struct restore_end restore_find_end(const struct restore_view *view, struct wall_time now)
{
	const struct api_container_status *status =
		api_pod_container_status(view->pod, view->container->name);
	const struct api_container_terminated *last;
	struct restore_end end = {0};

	if (status == NULL)
		return end;
	if (restore_is_reported(view, status))
		return (struct restore_end){.state = restore_state_of_report(view),
			.container_id = status->container_id,
			.exit_code = view->exit->exit_code,
			.reason = view->exit->reason,
			.started = status->state.running->started,
			.finished = view->exit->finished};
	if (status->state.terminated != NULL &&
		!restore_is_handled(view, status->state.terminated->container_id))
		return restore_end_shown(view, status->state.terminated, now);
	last = status->last_state.terminated;
	if (last == NULL || restore_is_handled(view, last->container_id))
		return end;
	end = restore_end_of(last, RESTORE_END_KNOWN);
	if (status->state.waiting != NULL &&
		str_is(status->state.waiting->reason, "CrashLoopBackOff"))
		return end;
	if (status->state.running == NULL) {
		end.state = RESTORE_END_WAIT;
		return end;
	}
	end.replacement_id = status->container_id;
	if (now.us - status->state.running->started.us > RESTORE_LATE_SECONDS * TIME_SECOND_US)
		end.state = RESTORE_END_NONE;
	return end;
}

/* ---- Decisions ---- */

static struct restore_decision restore_nothing(const struct restore_view *view, int64_t wake_ms)
{
	return (struct restore_decision){.image = view->container->image, .wake_ms = wake_ms};
}

/* A record that continues the view's, or a first one. */
static struct restore_record restore_next_record(
	const struct restore_view *view, enum restore_phase phase, struct wall_time now)
{
	struct restore_record record = {0};

	if (view->record != NULL)
		record = *view->record;
	record.container = view->container->name;
	record.original_image = restore_original_image(view->record, view->container->image);
	record.phase = restore_phase_text(phase);
	record.since = now;
	record.reason = (struct str){0};
	record.message = (struct str){0};
	return record;
}

/*
 * The end is dealt with by `decision`; so is the container that the kubelet started meanwhile, when
 * the decision replaces it by another image.
 */
static struct restore_decision restore_handle_end(const struct restore_view *view,
	struct restore_decision decision, const struct restore_end *end, struct arena *arena)
{
	restore_list_add(&decision.record.handled, end->container_id, arena);
	if (!str_equal(decision.image, view->container->image))
		restore_list_add(&decision.record.handled, end->replacement_id, arena);
	return decision;
}

static struct restore_decision restore_cold(const struct restore_view *view,
	struct restore_record record, const char *reason, struct str message, struct arena *arena)
{
	record.phase = restore_phase_text(RESTORE_PHASE_COLD);
	record.image = (struct str){0};
	record.checkpoint = (struct str){0};
	record.checkpoint_uid = (struct str){0};
	record.reason = str_of(reason);
	record.message = message;
	return (struct restore_decision){
		.is_change = true,
		.image = record.original_image,
		.record = record,
		.event = str_is(record.reason, "CleanExit") ? RESTORE_EVENT_NORMAL
							    : RESTORE_EVENT_WARNING,
		.event_reason = reason,
		.event_message =
			arena_printf(arena, "Container %.*s starts without its memory: %.*s",
				STR_ARG(view->container->name), STR_ARG(message)),
	};
}

/* From the newest usable Checkpoint, else cold with the reason. `why_now` says what happened. */
static struct restore_decision restore_from_newest(const struct restore_view *view,
	struct restore_record record, struct str why_now, struct wall_time now, struct arena *arena)
{
	struct str why;
	const struct api_checkpoint *chosen;

	if (view->terms.policy == API_RESTORE_NEVER)
		return restore_cold(view, record, "RestoreDisabled",
			arena_printf(
				arena, "%.*s and the schedule's policy is Never", STR_ARG(why_now)),
			arena);
	chosen = restore_choose(view, &record.failed, now, &why);
	if (chosen == NULL)
		return restore_cold(view, record, "ColdStart",
			arena_printf(arena, "%.*s and no checkpoint can be used (newest: %.*s)",
				STR_ARG(why_now), STR_ARG(why)),
			arena);
	record.image = chosen->status.runtime_image;
	record.checkpoint = chosen->metadata.name;
	record.checkpoint_uid = chosen->metadata.uid;
	record.attempts++;
	return (struct restore_decision){
		.is_change = true,
		.image = record.image,
		.record = record,
		.event = RESTORE_EVENT_NORMAL,
		.event_reason = "Restoring",
		.event_message = arena_printf(arena,
			"%.*s; restoring container %.*s from Checkpoint %.*s", STR_ARG(why_now),
			STR_ARG(record.container), STR_ARG(record.checkpoint)),
		.wake_ms = RESTORE_SETTLE_MS,
	};
}

static struct str restore_end_text(const struct restore_end *end, struct arena *arena)
{
	if (end->reason.size > 0)
		return arena_printf(arena, "Container ended with exit code %lld (%.*s)",
			(long long)end->exit_code, STR_ARG(end->reason));
	return arena_printf(
		arena, "Container ended with exit code %lld", (long long)end->exit_code);
}

/* A container has ended: restore it, or let it start cold. */
static struct restore_decision restore_after_end(const struct restore_view *view,
	const struct restore_end *end, struct restore_record record, struct wall_time now,
	struct arena *arena)
{
	struct restore_decision decision;

	if (end->exit_code == 0 && view->terms.policy != API_RESTORE_ALWAYS)
		decision = restore_cold(view, record, "CleanExit",
			STR("it ended by itself with exit code 0"), arena);
	else
		decision =
			restore_from_newest(view, record, restore_end_text(end, arena), now, arena);
	return restore_handle_end(view, decision, end, arena);
}

/* Nothing of ours is in place: the original image runs, or did. */
static struct restore_decision restore_decide_original(
	const struct restore_view *view, struct wall_time now, struct arena *arena)
{
	struct restore_end end = restore_find_end(view, now);

	if (end.state != RESTORE_END_KNOWN)
		return restore_nothing(view, end.wait_ms);
	return restore_after_end(
		view, &end, restore_next_record(view, RESTORE_PHASE_RESTORING, now), now, arena);
}

static bool restore_is_one_of(struct str reason, const char *const *reasons)
{
	for (; *reasons != NULL; reasons++)
		if (str_is(reason, *reasons))
			return true;
	return false;
}

/* The runtime or the kubelet will not start the restored container. */
static bool restore_is_refused(const struct restore_view *view,
	const struct api_container_waiting *waiting, struct wall_time now)
{
	static const char *const pulls[] = {"ErrImagePull", "ImagePullBackOff", NULL};
	static const char *const refusals[] = {"CreateContainerError", "CreateContainerConfigError",
		"RunContainerError", "ImageInspectError", "InvalidImageName", "ErrImageNeverPull",
		"StartError", "ContainerCannotRun", NULL};
	int64_t waited_ms = restore_ms_between(view->record->since, now);

	if (waiting == NULL)
		return false;
	if (restore_is_one_of(waiting->reason, pulls))
		return waited_ms >= RESTORE_PULL_MS;
	if (!restore_is_one_of(waiting->reason, refusals))
		return false;
	/* what is shown at first may be of the attempt before */
	return view->record->attempts <= 1 || waited_ms >= RESTORE_SETTLE_MS;
}

/* The Checkpoint did not hold: the next older one, else cold. */
static struct restore_decision restore_try_older(const struct restore_view *view,
	struct restore_record record, struct str why, struct wall_time now, struct arena *arena)
{
	struct restore_decision decision;

	restore_list_add(&record.failed, view->record->checkpoint_uid, arena);
	decision = restore_from_newest(view, record, why, now, arena);
	if (decision.event == RESTORE_EVENT_NORMAL)
		decision.event = RESTORE_EVENT_WARNING; /* something did go wrong */
	return decision;
}

/* Words by which runtimes say that they do not restore at all: an older Checkpoint cannot help. */
static bool restore_is_node_refusal(struct str message)
{
	return str_contains(message, STR("disabled by configuration")) ||
		str_contains(message, STR("no command specified")) ||
		str_contains(message, STR("checkpoint/restore support not available")) ||
		str_contains(message, STR("checkpoint restore is not enabled"));
}

static struct restore_decision restore_after_refusal(const struct restore_view *view,
	const struct api_container_waiting *waiting, struct wall_time now, struct arena *arena)
{
	struct restore_record record = restore_next_record(view, RESTORE_PHASE_RESTORING, now);
	struct str why = arena_printf(arena, "restore from Checkpoint %.*s was refused: %.*s: %.*s",
		STR_ARG(view->record->checkpoint), STR_ARG(waiting->reason),
		STR_ARG(waiting->message));

	if (!restore_is_node_refusal(waiting->message))
		return restore_try_older(view, record, why, now, arena);
	restore_list_add(&record.failed, view->record->checkpoint_uid, arena);
	return restore_cold(view, record, "RestoreRefused", why, arena);
}

static struct restore_decision restore_found_serving(
	const struct restore_view *view, struct wall_time now, struct arena *arena)
{
	struct restore_record record = restore_next_record(view, RESTORE_PHASE_SERVING, now);

	return (struct restore_decision){
		.is_change = true,
		.is_restored = true,
		.image = view->container->image,
		.record = record,
		.event = RESTORE_EVENT_NORMAL,
		.event_reason = "Restored",
		.event_message = arena_printf(arena,
			"Container %.*s runs again with its memory from Checkpoint %.*s",
			STR_ARG(record.container), STR_ARG(record.checkpoint)),
	};
}

/*
 * A container that ended while it was being restored. The first one may be a cold start that the
 * kubelet had begun before it saw the new image, and then replaced: that is no failed restore.
 */
static struct restore_decision restore_ended_early(const struct restore_view *view,
	const struct restore_end *end, struct wall_time now, struct arena *arena)
{
	struct restore_record record = *view->record;
	struct restore_decision decision;
	bool may_be_cold_start = record.attempts <= 1 && end->replacement_id.size > 0 &&
		!str_is(record.reason, "Replaced") && !restore_was_seen(view, end->container_id);

	if (may_be_cold_start) {
		restore_list_add(&record.handled, end->container_id, arena);
		record.reason = STR("Replaced");
		return (struct restore_decision){.is_change = true,
			.image = view->container->image,
			.record = record,
			.wake_ms = RESTORE_SETTLE_MS};
	}
	record = restore_next_record(view, RESTORE_PHASE_RESTORING, now);
	decision = restore_try_older(view, record,
		arena_printf(arena, "%.*s soon after its restore from Checkpoint %.*s",
			STR_ARG(restore_end_text(end, arena)), STR_ARG(view->record->checkpoint)),
		now, arena);
	return restore_handle_end(view, decision, end, arena);
}

/*
 * The container that runs is the restored one: the agent has seen it, or it has outlived the time
 * in which the kubelet would have replaced a cold start.
 */
static bool restore_is_replaced(const struct restore_view *view,
	const struct api_container_status *status, struct wall_time now)
{
	int64_t replaced_ms = view->pod->spec.grace_seconds * 1000 + RESTORE_REPLACE_MS;

	return restore_was_seen(view, status->container_id) ||
		restore_ms_between(view->record->since, now) >= replaced_ms;
}

static bool restore_is_serving(const struct restore_view *view,
	const struct api_container_status *status, struct wall_time now)
{
	return status->state.running != NULL && status->ready &&
		!restore_is_handled(view, status->container_id) &&
		restore_ms_between(view->record->since, now) >= RESTORE_SETTLE_MS &&
		restore_ms_between(status->state.running->started, now) >= RESTORE_SETTLE_MS &&
		restore_is_replaced(view, status, now);
}

static struct restore_decision restore_decide_restoring(
	const struct restore_view *view, struct wall_time now, struct arena *arena)
{
	const struct api_container_status *status =
		api_pod_container_status(view->pod, view->container->name);
	struct restore_end end = restore_find_end(view, now);
	int64_t waited_ms = restore_ms_between(view->record->since, now);

	if (status != NULL && restore_is_refused(view, status->state.waiting, now))
		return restore_after_refusal(view, status->state.waiting, now, arena);
	if (end.state == RESTORE_END_KNOWN)
		return restore_ended_early(view, &end, now, arena);
	if (status != NULL && end.state == RESTORE_END_NONE &&
		restore_is_serving(view, status, now))
		return restore_found_serving(view, now, arena);
	if (waited_ms >= RESTORE_DEADLINE_MS)
		return restore_cold(view, restore_next_record(view, RESTORE_PHASE_COLD, now),
			"RestoreTimeout",
			arena_printf(arena, "restore from Checkpoint %.*s did not end within %d s",
				STR_ARG(view->record->checkpoint), RESTORE_DEADLINE_MS / 1000),
			arena);
	return restore_nothing(view, RESTORE_SETTLE_MS);
}

/*
 * How long the container lived: it may have ended long before anybody led and looked. Where that is
 * not told, or the clock was set back, since it was found serving.
 */
static int64_t restore_lived_ms(
	const struct restore_view *view, const struct restore_end *end, struct wall_time now)
{
	bool is_told = wall_time_is_set(end->started) && wall_time_is_set(end->finished) &&
		end->finished.us >= end->started.us;

	return is_told ? restore_ms_between(end->started, end->finished)
		       : restore_ms_between(view->record->since, now);
}

static struct restore_decision restore_decide_serving(
	const struct restore_view *view, struct wall_time now, struct arena *arena)
{
	struct restore_end end = restore_find_end(view, now);
	struct restore_record record;
	struct restore_decision decision;

	if (end.state != RESTORE_END_KNOWN)
		return restore_nothing(view, end.wait_ms);
	record = restore_next_record(view, RESTORE_PHASE_RESTORING, now);
	if (restore_lived_ms(view, &end, now) >= view->terms.retry_window_seconds * 1000) {
		record.attempts = 0;
		return restore_after_end(view, &end, record, now, arena);
	}
	if (end.exit_code == 0 && view->terms.policy != API_RESTORE_ALWAYS)
		return restore_after_end(view, &end, record, now, arena);
	decision = restore_try_older(view, record,
		arena_printf(arena, "%.*s within %lld s of its restore from Checkpoint %.*s",
			STR_ARG(restore_end_text(&end, arena)),
			(long long)view->terms.retry_window_seconds, STR_ARG(record.checkpoint)),
		now, arena);
	return restore_handle_end(view, decision, &end, arena);
}

/*
 * Pods that end or are not started again by the kubelet are none of our business; nor is a
 * container that may not be restored, unless it runs from a checkpoint and would come back from it.
 */
static bool restore_is_wanted(const struct restore_view *view, enum restore_phase phase)
{
	bool is_from_checkpoint =
		phase == RESTORE_PHASE_RESTORING || phase == RESTORE_PHASE_SERVING;

	return (view->terms.policy != API_RESTORE_NEVER || is_from_checkpoint) &&
		!wall_time_is_set(view->pod->metadata.deleted) &&
		!str_is(view->pod->spec.restart_policy, "Never") &&
		!str_is(view->pod->status.phase, "Succeeded") &&
		!str_is(view->pod->status.phase, "Failed");
}

struct restore_decision restore_decide(
	const struct restore_view *view, struct wall_time now, struct arena *arena)
{
	enum restore_phase phase =
		view->record != NULL ? restore_record_phase(view->record) : RESTORE_PHASE_NONE;
	struct restore_decision decision;

	if (!restore_is_wanted(view, phase))
		return restore_nothing(view, 0);
	if ((phase == RESTORE_PHASE_RESTORING || phase == RESTORE_PHASE_SERVING) &&
		!str_equal(view->container->image, view->record->image)) {
		decision = restore_nothing(view, 0);
		decision.is_change = true;
		decision.forget = true;
		return decision;
	}
	switch (phase) {
	case RESTORE_PHASE_RESTORING:
		return restore_decide_restoring(view, now, arena);
	case RESTORE_PHASE_SERVING:
		return restore_decide_serving(view, now, arena);
	case RESTORE_PHASE_NONE:
	case RESTORE_PHASE_COLD:
		break;
	}
	return restore_decide_original(view, now, arena);
}
