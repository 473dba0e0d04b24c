/* One row for each outcome, then what several of them add up to. */
#include "node/attempts.h"

#include "base/attributes.h"
#include "node/direct.h"

void node_attempts_settle(struct handover_record *record)
{
	const struct handover_attempt *attempts = record->attempts.items;
	size_t count = record->attempts.count;

	if (count > 0 && str_is(attempts[count - 1].reason, HANDOVER_INTERRUPTED))
		record->attempts.count--;
}

size_t node_attempts_untold(const struct handover_record *record, struct str told)
{
	const struct handover_attempt *attempts = record->attempts.items;

	for (size_t i = record->attempts.count; i > 0; i--)
		if (told.size > 0 && str_equal(attempts[i - 1].container_id, told))
			return i;
	return 0;
}

bool node_attempts_made_since(
	const struct handover_record *record, struct str container_id, struct wall_time ended)
{
	const struct handover_attempt *attempts = record->attempts.items;
	size_t count = record->attempts.count;

	/* the kubelet's times are cut to seconds: a short life seems to end before it began */
	return count > 0 &&
		!str_equal(attempts[count - 1].container_id, node_plain_id(container_id)) &&
		attempts[count - 1].started.us > ended.us;
}

/* ---- News ---- */

static const struct {
	const char *outcome;
	const char *because; /* the attempt's reason; NULL: any */
	bool is_warning;
	const char *reason;
	const char *labels;
} attempt_rows[] = {
	{HANDOVER_RESTORED, NULL, false, "Restored", "strategy=\"runtime\",outcome=\"restored\""},
	{HANDOVER_FAILED, NULL, true, API_REASON_RESTORE_FAILED,
		"strategy=\"runtime\",outcome=\"failed\""},
	{HANDOVER_DAMAGED, NULL, true, API_REASON_CHECKPOINT_DAMAGED,
		"strategy=\"runtime\",outcome=\"damaged\""},
	{HANDOVER_COLD, "CleanExit", false, "CleanExit", "strategy=\"runtime\",outcome=\"clean\""},
	{HANDOVER_COLD, "RestoreDisabled", false, "RestoreDisabled",
		"strategy=\"runtime\",outcome=\"cold\""},
	{HANDOVER_COLD, NULL, true, "ColdStart", "strategy=\"runtime\",outcome=\"cold\""},
};

const char *node_attempt_labels(size_t index)
{
	return index < array_size(attempt_rows) ? attempt_rows[index].labels : NULL;
}

static double attempt_seconds(int64_t microseconds)
{
	return (double)microseconds / (double)TIME_SECOND_US;
}

static struct str attempt_note(const struct handover_attempt *attempt, struct str container,
	struct str checkpoint, struct arena *arena)
{
	struct str why = attempt->message.size > 0 ? attempt->message : attempt->reason;

	if (str_is(attempt->outcome, HANDOVER_RESTORED))
		return arena_printf(arena,
			"Container %.*s was restored from Checkpoint %.*s in %.2f s "
			"(checking %.2f s, files %.2f s, memory %.2f s)",
			STR_ARG(container), STR_ARG(checkpoint),
			attempt_seconds(
				attempt->verify_us + attempt->layer_us + attempt->restore_us),
			attempt_seconds(attempt->verify_us), attempt_seconds(attempt->layer_us),
			attempt_seconds(attempt->restore_us));
	if (str_is(attempt->outcome, HANDOVER_COLD))
		return arena_printf(arena, "Container %.*s starts without its memory: %.*s",
			STR_ARG(container), STR_ARG(why));
	return arena_printf(arena,
		"Container %.*s starts without its memory, it could not be restored "
		"from Checkpoint %.*s: %.*s",
		STR_ARG(container), STR_ARG(checkpoint), STR_ARG(why));
}

struct node_attempt_news node_attempt_news(const struct handover_attempt *attempt,
	struct str container, struct str checkpoint, struct arena *arena)
{
	size_t row = 0;

	/* the last row is for whatever no other one is for */
	while (row < array_size(attempt_rows) - 1 &&
		(!str_is(attempt->outcome, attempt_rows[row].outcome) ||
			(attempt_rows[row].because != NULL &&
				!str_is(attempt->reason, attempt_rows[row].because))))
		row++;
	return (struct node_attempt_news){
		.is_warning = attempt_rows[row].is_warning,
		.reason = attempt_rows[row].reason,
		.note = attempt_note(attempt, container, checkpoint, arena),
		.labels = attempt_rows[row].labels,
	};
}

/* ---- The Checkpoint ---- */

/*
 * The time of the last one that was counted stands on the Checkpoint, to the second; a container is
 * not restored twice within one.
 */
static bool attempts_count(const struct node_attempts_view *view,
	const struct handover_attempt *attempt, struct api_checkpoint_status *own)
{
	bool is_changed = false;

	if (wall_time_seconds(attempt->started) > wall_time_seconds(own->last_restore)) {
		own->restore_count++;
		own->last_restore = attempt->started;
		is_changed = true;
	}
	if (str_equal(node_plain_id(view->container_id), attempt->container_id) &&
		!str_equal(own->restored_container, view->container_id)) {
		own->restored_container = view->container_id;
		is_changed = true;
	}
	return is_changed;
}

/* Why the attempt speaks against the Checkpoint; an empty reason: it does not. */
static struct api_condition attempts_complaint(const struct node_attempts_view *view,
	const struct handover_attempt *attempt, struct arena *arena)
{
	int64_t lived_us = attempt->ended.us - attempt->started.us;

	if (str_is(attempt->outcome, HANDOVER_DAMAGED))
		return (struct api_condition){
			.reason = STR(API_REASON_CHECKPOINT_DAMAGED), .message = attempt->message};
	if (str_is(attempt->outcome, HANDOVER_FAILED))
		return (struct api_condition){
			.reason = STR(API_REASON_RESTORE_FAILED), .message = attempt->message};
	if (str_is(attempt->outcome, HANDOVER_RESTORED) && !view->is_ending &&
		!attempt->is_replaced && wall_time_is_set(attempt->ended) && lived_us >= 0 &&
		lived_us < view->retry_window_seconds * TIME_SECOND_US)
		return (struct api_condition){.reason = STR(API_REASON_RESTORE_FAILED),
			.message = arena_printf(arena,
				"the container ended %.1f s after it was restored",
				attempt_seconds(lived_us))};
	return (struct api_condition){0};
}

static bool attempts_complain(const struct node_attempts_view *view,
	const struct handover_attempt *attempt, struct wall_time now,
	struct api_checkpoint_status *own, struct arena *arena)
{
	struct api_condition usable = attempts_complaint(view, attempt, arena);

	/* the first complaint stands: nothing is restored from it after that */
	if (usable.reason.size == 0 ||
		api_condition_find(&own->conditions, API_CONDITION_USABLE) != NULL)
		return false;
	usable.type = STR(API_CONDITION_USABLE);
	usable.status = STR("False");
	usable.observed_generation = view->checkpoint->metadata.generation;
	usable.last_transition = now;
	return api_condition_set(&own->conditions, &usable, arena);
}

bool node_attempts_apply(const struct node_attempts_view *view, struct wall_time now,
	struct api_checkpoint_status *own, struct arena *arena)
{
	const struct handover_attempt *attempts = view->record->attempts.items;
	bool is_changed = false;

	for (size_t i = 0; i < view->record->attempts.count; i++) {
		if (!str_equal(attempts[i].checkpoint, view->checkpoint->metadata.uid))
			continue;
		if (str_is(attempts[i].outcome, HANDOVER_RESTORED))
			is_changed |= attempts_count(view, &attempts[i], own);
		is_changed |= attempts_complain(view, &attempts[i], now, own, arena);
	}
	return is_changed;
}
