/*
 * Whether a checkpoint has proved to be worth restoring: the container it was taken of was Ready at
 * that moment and then Ready for a while without a break, so its memory did not hold what made it
 * fail. One that was imported has been judged by who did that.
 */
#ifndef CHECKPOINT_STABLE_H
#define CHECKPOINT_STABLE_H

#include <stdbool.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/time.h"

struct checkpoint_stability {
	bool is_stable;
	int64_t wake_ms; /* it may be by then; 0: it is, or not before the Pod changes */
};

/* `pod` is the one of the name that the Checkpoint has, NULL when there is none. */
struct checkpoint_stability checkpoint_stability(const struct api_checkpoint *checkpoint,
	const struct api_pod *pod, int64_t stable_seconds, struct wall_time now);

#endif
