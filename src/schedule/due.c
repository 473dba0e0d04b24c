/* One schedule's state in, what to do and when to look again out. */
#include "schedule/due.h"

static int64_t due_whole_seconds(struct wall_time later, struct wall_time earlier)
{
	return (later.us - earlier.us) / TIME_SECOND_US;
}

/* The last due time that was run or let go; not set when there was none. */
static struct wall_time due_last(const struct schedule_due_view *view)
{
	return view->last_run.us > view->last_missed.us ? view->last_run : view->last_missed;
}

/* Due times lie after this. */
static struct wall_time due_origin(const struct schedule_due_view *view)
{
	struct wall_time last = due_last(view);

	return wall_time_is_set(last) ? last : view->created;
}

/* The first and the last due time up to now; not set when there is none. */
static void due_find(const struct schedule_due_view *view, struct schedule_due_decision *decision)
{
	const int64_t every = view->cron->every_seconds;
	struct wall_time just_after_now = {view->now.us + 1};
	struct wall_time first;

	if (!schedule_cron_next(view->cron, view->zone, due_origin(view), &first) ||
		first.us > view->now.us) {
		if (view->is_immediate && !wall_time_is_set(due_last(view)))
			decision->due_since = decision->due = view->created;
		return;
	}
	decision->due_since = first;
	if (every > 0)
		decision->due.us = first.us +
			due_whole_seconds(view->now, first) / every * every * TIME_SECOND_US;
	else if (!schedule_cron_previous(view->cron, view->zone, just_after_now, &decision->due))
		decision->due = first;
}

static bool due_was_begun(const struct schedule_due_view *view, struct wall_time due)
{
	for (size_t i = 0; i < view->begun_count; i++)
		if (view->begun[i].us == due.us)
			return true;
	return false;
}

/* The newest due time that was begun and not recorded, before `due`. */
static struct wall_time due_unfinished(const struct schedule_due_view *view, struct wall_time due)
{
	struct wall_time newest = {0};

	for (size_t i = 0; i < view->begun_count; i++)
		if (view->begun[i].us > due_origin(view).us && view->begun[i].us < due.us &&
			view->begun[i].us > newest.us)
			newest = view->begun[i];
	return newest;
}

/* Counts the due times between the origin and `due` that nothing was begun of. */
static void due_count_missed(
	const struct schedule_due_view *view, struct schedule_due_decision *decision)
{
	struct wall_time origin = due_origin(view);
	struct wall_time due = decision->due;

	while (schedule_cron_previous(view->cron, view->zone, due, &due) && due.us > origin.us) {
		if (due_was_begun(view, due))
			continue;
		if (decision->missed_count == SCHEDULE_DUE_MISSED_MAX) {
			decision->is_missed_capped = true;
			return;
		}
		decision->missed_count++;
	}
}

static int64_t due_at_most(int64_t value, int64_t most)
{
	return value < most ? value : most;
}

/* When the request of `due` is made: a little later than due, to spread the schedules. */
static struct wall_time due_begin(const struct schedule_due_view *view, struct wall_time due)
{
	int64_t window = view->spread_seconds;
	struct wall_time following;

	if (schedule_cron_next(view->cron, view->zone, due, &following))
		window = due_at_most(window, due_whole_seconds(following, due) / 2);
	if (view->starting_deadline_seconds >= 0)
		window = due_at_most(window, view->starting_deadline_seconds / 2);
	if (window > 0)
		due.us += (int64_t)(str_hash(view->uid) % (uint64_t)window) * TIME_SECOND_US;
	return due;
}

static bool due_is_too_late(const struct schedule_due_view *view, struct wall_time due)
{
	return view->starting_deadline_seconds >= 0 &&
		due_whole_seconds(view->now, due) >= view->starting_deadline_seconds;
}

struct schedule_due_decision schedule_due_decide(const struct schedule_due_view *view)
{
	struct schedule_due_decision decision = {0};
	struct wall_time begin;
	bool is_due;

	due_find(view, &decision);
	is_due = wall_time_is_set(decision.due);
	if (is_due)
		due_count_missed(view, &decision);
	if (schedule_cron_next(view->cron, view->zone, is_due ? decision.due : due_origin(view),
		    &decision.next_due))
		decision.wake = due_begin(view, decision.next_due);
	if (view->is_suspended) {
		decision.skip = SCHEDULE_DUE_SKIP_SUSPENDED;
		decision.wake = (struct wall_time){0};
		return decision;
	}
	if (!is_due)
		return decision;
	if (due_is_too_late(view, decision.due) && !due_was_begun(view, decision.due)) {
		decision.skip = SCHEDULE_DUE_SKIP_TOO_LATE;
		return decision;
	}
	begin = due_begin(view, decision.due);
	if (view->now.us < begin.us) {
		decision.wake = begin;
		return decision;
	}
	if (view->concurrency == SCHEDULE_DUE_FORBID && view->active_count > 0) {
		decision.skip = SCHEDULE_DUE_SKIP_STILL_ACTIVE;
		return decision;
	}
	decision.is_to_run = true;
	decision.is_to_replace =
		view->concurrency == SCHEDULE_DUE_REPLACE && view->active_count > 0;
	if (view->concurrency != SCHEDULE_DUE_REPLACE) /* it would be replaced at once */
		decision.unfinished = due_unfinished(view, decision.due);
	return decision;
}
