/*
 * A bound on how often something may be said about one object: a token bucket per key. Of this room
 * only; pure. The numbers are client-go's (tools/record, EventSourceObjectSpamFilter).
 */
#ifndef KUBE_SPAM_H
#define KUBE_SPAM_H

#include <stdbool.h>

#include "base/list.h"
#include "base/map.h"
#include "base/str.h"
#include "base/time.h"

enum {
	KUBE__SPAM_BURST = 25,
	KUBE__SPAM_REFILL_SECONDS = 300, /* one more in this time */
	KUBE__SPAM_KEYS_MAX = 4096, /* beyond, the key that was quiet longest is forgotten */
};

struct kube__spam {
	struct map buckets;
	struct list by_use; /* quiet longest first */
};

void kube__spam_init(struct kube__spam *spam);
void kube__spam_done(struct kube__spam *spam);

/* Whether one more may be said about `key` now; it is counted then. */
bool kube__spam_allows(struct kube__spam *spam, struct str key, struct mono_time now);

#endif
