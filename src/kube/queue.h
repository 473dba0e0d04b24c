/*
 * Keys of objects that want work, each at most once. A key that is added while its work runs is
 * worked on again afterwards; one that failed comes back after a delay that doubles. The work is
 * asynchronous: the worker starts it and says later how it ended.
 * Facts: k8s.io/client-go/util/workqueue.
 */
#ifndef KUBE_QUEUE_H
#define KUBE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/metrics.h"
#include "base/str.h"
#include "loop/loop.h"

struct kube_queue;

/*
 * Begins the work for `key` (terminated, borrowed until kube_queue_done). No second call for the
 * same key comes before kube_queue_done(), which may be called from here. Must not release the
 * queue.
 */
typedef void (*kube_queue_work_fn)(void *context, struct str key);

enum kube_queue_outcome {
	KUBE_QUEUE_SUCCEEDED, /* failures are forgotten */
	KUBE_QUEUE_FAILED, /* again after the key's back-off: 5 ms, doubling, 30 s at most */
};

struct kube_queue_options {
	const char *name; /* for the workqueue_* metrics; copied */
	size_t max_active; /* keys in work at the same time */
	const struct kube_queue *first; /* borrowed; while keys wait in this one, which has the
					   more urgent work, only one of ours is in work; NULL:
					   there is none such */
	kube_queue_work_fn work;
	void *context;
	struct metrics *metrics; /* borrowed */
};

/* Keys may be added at once; work begins with kube_queue_start(). Never NULL. */
must_check struct kube_queue *kube_queue_new(
	struct loop *loop, const struct kube_queue_options *options);
void kube_queue_free(struct kube_queue *queue); /* may be NULL */

void kube_queue_start(struct kube_queue *queue);

/* Adds the key now, or after a delay, unless it is to come sooner anyhow. `key` is copied. */
void kube_queue_add(struct kube_queue *queue, struct str key);
void kube_queue_add_after(struct kube_queue *queue, struct str key, int64_t delay_ms);

/* The work that was begun for `key` has ended. */
void kube_queue_done(struct kube_queue *queue, struct str key, enum kube_queue_outcome outcome);

/* How often the key has failed since it last succeeded. */
unsigned kube_queue_failures(const struct kube_queue *queue, struct str key);

/* Keys that wait to be worked on (not those that wait for a delay), and keys in work. */
size_t kube_queue_depth(const struct kube_queue *queue);
size_t kube_queue_active(const struct kube_queue *queue);

/* Brings the gauges of running work up to date; to be called before metrics are written. */
void kube_queue_update_metrics(struct kube_queue *queue);

#endif
