/* Retention: group, sort by age, count. */
#include "checkpoint/retention.h"

#include <stdlib.h>

enum {
	CHECKPOINT_PROBATION_SECONDS = 600, /* by then it has proved stable, or it is not */
	/*
	 * The request is deleted with what it owns: a watch that hangs must have been noticed and
	 * made anew long before.
	 */
	CHECKPOINT_UNSEEN_SECONDS = 3600,
};

static struct str checkpoint_group_pod(const struct checkpoint_kept *item)
{
	const struct api_checkpoint_pod *pod = item->checkpoint->spec.pod;

	return item->is_pod_alive && pod != NULL ? pod->uid : (struct str){0};
}

/* A living Pod is on one node: what another node's agent says to be of it pushes nothing out. */
static struct str checkpoint_group_node(const struct checkpoint_kept *item)
{
	return item->is_pod_alive ? item->checkpoint->spec.node_name : (struct str){0};
}

static int checkpoint_compare_groups(
	const struct checkpoint_kept *a, const struct checkpoint_kept *b)
{
	int order = str_compare(checkpoint_group_pod(a), checkpoint_group_pod(b));

	if (order == 0)
		order = str_compare(checkpoint_group_node(a), checkpoint_group_node(b));
	if (order != 0)
		return order;
	return str_compare(a->checkpoint->spec.container_name, b->checkpoint->spec.container_name);
}

/* By group, the newest first; of the same time that with the greater name. */
static int checkpoint_compare(const void *left, const void *right)
{
	const struct checkpoint_kept *a = left;
	const struct checkpoint_kept *b = right;
	int64_t a_us = a->checkpoint->spec.timestamp.us;
	int64_t b_us = b->checkpoint->spec.timestamp.us;
	int order = checkpoint_compare_groups(a, b);

	if (order != 0)
		return order;
	if (a_us != b_us)
		return a_us < b_us ? 1 : -1;
	return str_compare(b->checkpoint->metadata.name, a->checkpoint->metadata.name);
}

/* Restorable, or so young that it may still turn out to be. */
static bool checkpoint_is_good(const struct checkpoint_kept *item, struct wall_time now)
{
	const struct api_checkpoint *checkpoint = item->checkpoint;
	bool is_young = now.us - checkpoint->spec.timestamp.us <
		CHECKPOINT_PROBATION_SECONDS * TIME_SECOND_US;

	return api_checkpoint_phase(checkpoint) != API_CHECKPOINT_FAILED &&
		checkpoint->spec.was_ready &&
		(wall_time_is_set(checkpoint->status.stable) || is_young);
}

static bool checkpoint_is_expired(
	const struct checkpoint_kept *item, int64_t max_age_seconds, struct wall_time now)
{
	return max_age_seconds > 0 &&
		now.us - item->checkpoint->spec.timestamp.us > max_age_seconds * TIME_SECOND_US;
}

void checkpoint_mark_surplus(struct checkpoint_kept *items, size_t count, int64_t max_count,
	int64_t max_age_seconds, struct wall_time now)
{
	int64_t good = 0;
	int64_t place = 0;

	if (count > 1)
		qsort(items, count, sizeof(*items), checkpoint_compare);
	for (size_t i = 0; i < count; i++) {
		struct checkpoint_kept *item = &items[i];
		bool is_good = checkpoint_is_good(item, now);
		bool is_newest_good;

		item->is_surplus = false;
		if (i == 0 || checkpoint_compare_groups(&items[i - 1], item) != 0) {
			good = 0;
			place = 0;
		}
		if (wall_time_is_set(item->checkpoint->metadata.deleted))
			continue; /* it is going already and takes no place */
		is_newest_good = is_good && good == 0 && item->is_pod_alive;
		item->is_surplus = is_good ? good >= max_count : place >= max_count;
		if (checkpoint_is_expired(item, max_age_seconds, now) && !is_newest_good)
			item->is_surplus = true;
		if (item->is_in_use)
			item->is_surplus = false;
		good += is_good ? 1 : 0;
		place++;
	}
}

bool checkpoint_request_is_spent(
	const struct api_request *request, bool has_checkpoint, struct wall_time now)
{
	return api_request_phase(request) == API_REQUEST_COMPLETED &&
		request->status.checkpoint != NULL && !has_checkpoint &&
		!wall_time_is_set(request->metadata.deleted) &&
		now.us - request->status.completed.us >= CHECKPOINT_UNSEEN_SECONDS * TIME_SECOND_US;
}

static int checkpoint_compare_requests(const void *left, const void *right)
{
	const struct api_request *a = *(const struct api_request *const *)left;
	const struct api_request *b = *(const struct api_request *const *)right;

	return (a->metadata.created.us > b->metadata.created.us) -
		(a->metadata.created.us < b->metadata.created.us);
}

const struct api_request **checkpoint_surplus_requests(const struct api_request *const *requests,
	size_t count, int64_t limit, struct arena *arena, size_t *ret_count)
{
	const struct api_request **failed = arena_zeroed(arena, count + 1, sizeof(*failed));
	size_t found = 0;

	for (size_t i = 0; i < count; i++)
		if (api_request_phase(requests[i]) == API_REQUEST_FAILED &&
			!wall_time_is_set(requests[i]->metadata.deleted))
			failed[found++] = requests[i];
	if (found > 1)
		qsort(failed, found, sizeof(*failed), checkpoint_compare_requests);
	*ret_count = found > (size_t)limit ? found - (size_t)limit : 0;
	return failed;
}
