/* The delay doubles on each failure and is forgotten by health. */
#include "kube/backoff.h"

int64_t kube__backoff_next(struct kube__backoff *backoff, struct mono_time now, int64_t jitter)
{
	int64_t quiet_ms = (now.us - backoff->failed_at.us) / 1000;
	int64_t delay_ms = backoff->next_ms;

	if (delay_ms == 0 || quiet_ms > backoff->health_ms)
		delay_ms = backoff->first_ms;
	backoff->failed_at = now;
	backoff->next_ms = delay_ms * 2 < backoff->longest_ms ? delay_ms * 2 : backoff->longest_ms;
	return delay_ms + delay_ms * jitter / 1000;
}
