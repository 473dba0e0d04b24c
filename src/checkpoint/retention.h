/*
 * What to keep: which Checkpoints and finished CheckpointRequests have had their time. Only those
 * that a schedule asked for are ever dropped; what a person asked for stays until that person
 * deletes it.
 */
#ifndef CHECKPOINT_RETENTION_H
#define CHECKPOINT_RETENTION_H

#include <stdbool.h>

#include "api/kinds.h"
#include "base/arena.h"
#include "base/time.h"

/* One Checkpoint of a schedule, with what the decision needs to know of it. */
struct checkpoint_kept {
	const struct api_checkpoint *checkpoint;
	bool is_pod_alive; /* the Pod that it was taken of still exists */
	bool is_in_use; /* a container runs from it, or is being restored from it */
	bool is_surplus; /* the result: to be deleted */
};

/*
 * Marks the surplus among the Checkpoints of one schedule. For each container of each living Pod,
 * and each node that is said to be its, the newest `max_count` that are or may become restorable
 * stay; Checkpoints of Pods that are gone compete, per container, for the same number together.
 * Failed ones stay while they are among the newest `max_count` of their group. Those older than
 * `max_age_seconds` (0: no limit) go, except the newest good one of a living Pod. What is in use
 * stays; what is being deleted takes no place. `items` is sorted by this.
 */
void checkpoint_mark_surplus(struct checkpoint_kept *items, size_t count, int64_t max_count,
	int64_t max_age_seconds, struct wall_time now);

/*
 * Whether a completed request has nothing to show any more: its Checkpoint was deleted by somebody.
 * `has_checkpoint`: it is seen. One that is not seen may yet come, up to an hour after the request
 * was completed.
 */
bool checkpoint_request_is_spent(
	const struct api_request *request, bool has_checkpoint, struct wall_time now);

/*
 * The failed requests of one schedule that exceed its history limit: from the arena, oldest first;
 * *ret_count says how many. `requests` may hold requests in any phase.
 */
const struct api_request **checkpoint_surplus_requests(const struct api_request *const *requests,
	size_t count, int64_t limit, struct arena *arena, size_t *ret_count);

#endif
