/*
 * Which checkpoints a due schedule asks for: one CheckpointRequest for each chosen container of
 * each matching Pod that can be checkpointed now; and for each Pod or container that is left out,
 * why.
 */
#ifndef CHECKPOINT_PLAN_H
#define CHECKPOINT_PLAN_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/time.h"

struct checkpoint_plan_request {
	struct str name; /* of the CheckpointRequest: the same due time gives the same name */
	const struct api_pod *pod;
	struct str container;
};

struct checkpoint_plan_skip {
	const struct api_pod *pod; /* NULL: no Pod has the container */
	struct str container; /* empty: the whole Pod */
	const char *why; /* for people, static */
};

/* All from the arena; Pods are borrowed. */
struct checkpoint_plan {
	struct checkpoint_plan_request *requests;
	size_t request_count;
	struct checkpoint_plan_skip *skips;
	size_t skip_count;
};

/*
 * Plans for the time `due`, which names the requests. `pods` are all Pods of the schedule's
 * namespace. A Pod that is terminating, has ended or is not on a node is skipped, as is a container
 * that does not run or is not Ready: its memory is no state worth to come back to. Of a Pod that is
 * not Ready as a whole the Ready containers are taken. A chosen container that none of the
 * schedule's Pods has is told, too.
 */
struct checkpoint_plan checkpoint_plan(const struct api_schedule *schedule,
	const struct api_pod *const *pods, size_t count, struct wall_time due, struct arena *arena);

/* Why this container cannot be checkpointed now (static, for people), NULL when it can. */
const char *checkpoint_obstacle(const struct api_pod *pod, struct str container);

#endif
