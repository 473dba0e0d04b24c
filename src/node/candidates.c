/* A judgement for each, then the good ones in order; for a plan, the most useful of them. */
#include "node/candidates.h"

#include <stdlib.h>

static int candidates_compare(const void *a, const void *b)
{
	const struct api_checkpoint *left = *(const struct api_checkpoint *const *)a;
	const struct api_checkpoint *right = *(const struct api_checkpoint *const *)b;

	if (left->spec.timestamp.us != right->spec.timestamp.us)
		return left->spec.timestamp.us > right->spec.timestamp.us ? -1 : 1;
	return str_compare(left->metadata.uid, right->metadata.uid); /* the same each time */
}

struct node_candidates node_candidates_choose(
	const struct restore_view *view, struct wall_time now, struct arena *arena)
{
	struct restore_view judged = *view;
	struct node_candidates chosen = {.why = RESTORE_OTHER_POD};

	judged.record = NULL;
	chosen.items = arena_zeroed(arena, view->checkpoint_count + 1, sizeof(*chosen.items));
	for (size_t i = 0; i < view->checkpoint_count; i++) {
		const struct api_checkpoint *one = view->checkpoints[i];
		enum restore_verdict verdict = restore_judge(&judged, one, now);

		if (verdict == RESTORE_OK)
			chosen.items[chosen.count++] = one;
		if (chosen.newest == NULL || candidates_compare(&one, &chosen.newest) < 0) {
			chosen.newest = one;
			chosen.why = verdict;
		}
	}
	if (chosen.count > 0)
		qsort(chosen.items, chosen.count, sizeof(*chosen.items), candidates_compare);
	return chosen;
}

/* Appends those of which this holds to `to`, in their order; returns how many. */
static size_t candidates_pick(const struct node_candidates *from,
	const struct handover_record *record, bool is_taken_back, const struct api_checkpoint **to)
{
	size_t count = 0;

	for (size_t i = 0; i < from->count; i++)
		if (handover_record_takes_back(record, from->items[i]->spec.timestamp) ==
			is_taken_back)
			to[count++] = from->items[i];
	return count;
}

void node_candidates_limit(
	struct node_candidates *chosen, const struct handover_record *record, struct arena *arena)
{
	const struct api_checkpoint **items =
		arena_zeroed(arena, chosen->count + 1, sizeof(*items));
	size_t count = candidates_pick(chosen, record, false, items);

	count += candidates_pick(chosen, record, true, items + count);
	chosen->items = items;
	chosen->count = count < NODE_CANDIDATES_MAX ? count : NODE_CANDIDATES_MAX;
}

bool node_candidates_include(struct node_candidates *chosen, const struct restore_view *view,
	struct str uid, struct wall_time now)
{
	for (size_t i = 0; i < chosen->count; i++)
		if (str_equal(chosen->items[i]->metadata.uid, uid))
			return true;
	for (size_t i = 0; i < view->checkpoint_count; i++) {
		const struct api_checkpoint *one = view->checkpoints[i];

		if (!str_equal(one->metadata.uid, uid) ||
			restore_judge(view, one, now) != RESTORE_OK)
			continue;
		if (chosen->count == NODE_CANDIDATES_MAX)
			chosen->count--;
		chosen->items[chosen->count++] = one;
		return true;
	}
	return false;
}

bool node_candidates_are_wanted(const struct restore_view *view)
{
	const struct api_pod *pod = view->pod;
	const struct api_container_status *status =
		api_pod_container_status(pod, view->container->name);

	return view->terms.policy != API_RESTORE_NEVER && status != NULL &&
		status->container_id.size > 0 && !wall_time_is_set(pod->metadata.deleted) &&
		!str_is(pod->spec.restart_policy, "Never") &&
		!str_is(pod->status.phase, "Succeeded") && !str_is(pod->status.phase, "Failed");
}
