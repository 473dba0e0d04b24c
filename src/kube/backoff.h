/*
 * How long to wait before the next try: doubling from a first delay to a longest one, with jitter,
 * and from the start again after a time of health (client-go's exponential back-off manager). Of
 * this room only; pure.
 */
#ifndef KUBE_BACKOFF_H
#define KUBE_BACKOFF_H

#include <stdint.h>

#include "base/time.h"

struct kube__backoff {
	int64_t first_ms;
	int64_t longest_ms;
	int64_t health_ms; /* without a failure for so long, the next delay is the first one again
			    */
	int64_t next_ms; /* the next delay before jitter; 0: the first */
	struct mono_time failed_at; /* the last failure */
};

/*
 * The delay after a failure at `now`: the current one plus a share of it; `jitter` is a random
 * number in [0, 1000] for none to all of it again.
 */
int64_t kube__backoff_next(struct kube__backoff *backoff, struct mono_time now, int64_t jitter);

#endif
