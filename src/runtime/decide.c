/* Each candidate is judged by itself; the first good one wins, the worst excuse is told. */
#include "runtime/decide.h"

/* One may be chance; what takes too long or too much each time is not tried for ever. */
enum { DECIDE_TROUBLES_MAX = 2 };

static const struct {
	struct str reason;
	struct str message;
} decide_texts[RUNTIME_VERDICT_COUNT] = {
	[RUNTIME_RESTORE] = {STR_INIT(""), STR_INIT("")},
	[RUNTIME_COLD_NO_CHECKPOINT] = {STR_INIT("NoCheckpoint"),
		STR_INIT("there is no checkpoint to restore from")},
	[RUNTIME_COLD_POLICY] = {STR_INIT("RestoreDisabled"),
		STR_INIT("the policy is never to restore")},
	[RUNTIME_COLD_AGENT] = {STR_INIT("Agent"), STR_INIT("the node's agent says so")},
	[RUNTIME_COLD_PLAN_TOO_OLD] = {STR_INIT("PlanTooOld"),
		STR_INIT("the node's agent does not answer and has left the plan alone for long")},
	[RUNTIME_COLD_IMAGE_CHANGED] = {STR_INIT("ImageChanged"),
		STR_INIT("the checkpoints were taken with another image")},
	[RUNTIME_COLD_TOO_OLD] = {STR_INIT("TooOld"), STR_INIT("the checkpoints are too old")},
	[RUNTIME_COLD_SET_BACK] = {STR_INIT("SetBack"),
		STR_INIT("the checkpoints are of a time before which the container was put back on "
			 "request")},
	[RUNTIME_COLD_EXHAUSTED] = {STR_INIT("RestoresFailed"),
		STR_INIT("the restores from all checkpoints have failed")},
};

/*
 * It has ended, for it is to be started again, if only now as far as we know. A clock that was set
 * back says nothing about a life, nor does an end on request.
 */
static bool decide_was_short(const struct runtime_view *view,
	const struct handover_attempt *attempt, struct wall_time now)
{
	struct wall_time end = wall_time_is_set(attempt->ended) ? attempt->ended : now;
	int64_t lived_us = end.us - attempt->started.us;

	return !attempt->is_replaced && lived_us >= 0 &&
		lived_us < view->plan->retry_window_seconds * TIME_SECOND_US;
}

static bool decide_has_failed(const struct runtime_view *view,
	const struct handover_candidate *candidate, struct wall_time now)
{
	const struct handover_record *record = view->record;
	const struct handover_attempt *attempts = record != NULL ? record->attempts.items : NULL;
	size_t count = record != NULL ? record->attempts.count : 0;
	int troubles = 0; /* of the node, one after the other */

	for (size_t i = 0; i < count; i++) {
		if (!str_equal(attempts[i].checkpoint, candidate->uid))
			continue;
		if (str_is(attempts[i].outcome, HANDOVER_COLD)) {
			if (++troubles == DECIDE_TROUBLES_MAX)
				return true;
			continue;
		}
		troubles = 0;
		if (!str_is(attempts[i].outcome, HANDOVER_RESTORED))
			return true;
		if (decide_was_short(view, &attempts[i], now))
			return true;
	}
	return false;
}

static bool decide_is_too_old(const struct handover_plan *plan,
	const struct handover_candidate *candidate, struct wall_time now)
{
	return plan->max_age_seconds > 0 &&
		now.us / TIME_SECOND_US - wall_time_seconds(candidate->taken) >
		plan->max_age_seconds;
}

/* But not while a request, which may want it back, is still to be done. */
static bool decide_is_set_back(const struct runtime_view *view,
	const struct handover_candidate *candidate, struct wall_time now)
{
	return view->record != NULL && runtime_decide_requested(view, now) == NULL &&
		handover_record_takes_back(view->record, candidate->taken);
}

/* An image of the same name may be another one; what is not known on one side is not compared. */
static bool decide_differ(struct str a, struct str b)
{
	return a.size > 0 && b.size > 0 && !str_equal(a, b);
}

static enum runtime_verdict decide_judge(const struct runtime_view *view,
	const struct handover_candidate *candidate, struct wall_time now)
{
	if (decide_differ(candidate->image, view->container->image) ||
		decide_differ(candidate->layers, view->layers))
		return RUNTIME_COLD_IMAGE_CHANGED;
	if (decide_is_too_old(view->plan, candidate, now))
		return RUNTIME_COLD_TOO_OLD;
	if (decide_is_set_back(view, candidate, now))
		return RUNTIME_COLD_SET_BACK;
	if (decide_has_failed(view, candidate, now))
		return RUNTIME_COLD_EXHAUSTED;
	return RUNTIME_RESTORE;
}

static struct runtime_decision decide_cold(enum runtime_verdict verdict)
{
	return (struct runtime_decision){.verdict = verdict,
		.reason = decide_texts[verdict].reason,
		.message = decide_texts[verdict].message};
}

/* The agent's own words where it gave some. */
static struct runtime_decision decide_cold_by_agent(const struct handover_answer *answer)
{
	struct runtime_decision decision = decide_cold(RUNTIME_COLD_AGENT);

	if (answer->reason.size > 0)
		decision.reason = answer->reason;
	if (answer->message.size > 0)
		decision.message = answer->message;
	return decision;
}

/* The newest good candidate; with `only`, that one or none. */
static struct runtime_decision decide_by_plan(
	const struct runtime_view *view, struct str only, struct wall_time now)
{
	const struct handover_candidate *candidates = view->plan->candidates.items;
	enum runtime_verdict worst = RUNTIME_COLD_NO_CHECKPOINT;

	for (size_t i = 0; i < view->plan->candidates.count; i++) {
		enum runtime_verdict verdict;

		if (only.size > 0 && !str_equal(candidates[i].uid, only))
			continue;
		verdict = decide_judge(view, &candidates[i], now);
		if (verdict == RUNTIME_RESTORE)
			return (struct runtime_decision){
				.verdict = verdict, .candidate = &candidates[i]};
		worst = verdict > worst ? verdict : worst;
	}
	return decide_cold(worst);
}

/* The newest attempt that was made for what the plan requests; NULL: none. */
static const struct handover_attempt *decide_attempt_on_request(const struct runtime_view *view)
{
	const struct handover_requested *requested = view->plan->requested;
	const struct handover_record *record = view->record;
	const struct handover_attempt *attempts = record != NULL ? record->attempts.items : NULL;

	for (size_t i = requested != NULL && record != NULL ? record->attempts.count : 0; i > 0;
		i--)
		if (str_equal(attempts[i - 1].request, requested->request))
			return &attempts[i - 1];
	return NULL;
}

const struct handover_requested *runtime_decide_requested(
	const struct runtime_view *view, struct wall_time now)
{
	const struct handover_requested *requested = view->plan->requested;
	bool is_late = requested != NULL && wall_time_is_set(requested->until) &&
		now.us >= requested->until.us;

	return is_late || decide_attempt_on_request(view) != NULL ? NULL : requested;
}

bool runtime_decide_is_required(
	const struct runtime_view *view, const struct handover_attempt **ret_failed)
{
	*ret_failed = decide_attempt_on_request(view);
	return view->plan->requested != NULL && view->plan->requested->is_required &&
		(*ret_failed == NULL || !str_is((*ret_failed)->outcome, HANDOVER_RESTORED));
}

struct runtime_decision runtime_decide(const struct runtime_view *view, struct wall_time now)
{
	const struct handover_answer *answer = view->answer;
	const struct handover_requested *requested = runtime_decide_requested(view, now);
	struct runtime_decision decision;

	if (requested == NULL && str_is(view->plan->policy, "Never"))
		return decide_cold(RUNTIME_COLD_POLICY);
	if (answer == NULL && view->is_plan_old)
		return decide_cold(RUNTIME_COLD_PLAN_TOO_OLD);
	if (answer != NULL && str_is(answer->action, HANDOVER_ANSWER_COLD))
		return decide_cold_by_agent(answer);
	if (requested != NULL)
		return decide_by_plan(view, requested->checkpoint, now);
	if (answer != NULL && answer->checkpoint.size > 0) {
		decision = decide_by_plan(view, answer->checkpoint, now);
		if (decision.verdict == RUNTIME_RESTORE)
			return decision;
	}
	return decide_by_plan(view, (struct str){NULL, 0}, now);
}
