/*
 * A reconciler: keys of objects that may want work, a function that decides from what is known now
 * what to do, and the carrying out of it, over and over. Deciding has no effects of its own on the
 * cluster; a plan that fails half way is decided anew after a back-off, so every step has to be one
 * that may be repeated.
 */
#ifndef KUBE_RECONCILER_H
#define KUBE_RECONCILER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/metrics.h"
#include "base/str.h"
#include "kube/client.h"
#include "kube/informer.h"
#include "kube/plan.h"
#include "kube/queue.h"

struct kube_reconciler;

/* Decides about `key` (terminated) and fills the plan, which comes empty. */
typedef void (*kube_decide_fn)(void *context, struct str key, struct kube_plan *plan);

/* A plan failed and will be decided anew; for the program's log. */
typedef void (*kube_plan_failed_fn)(void *context, struct str key, const struct error *err);

/* Whether anything may be decided just now; while not, keys wait as if they had failed. */
typedef bool (*kube_may_act_fn)(void *context);

struct kube_reconciler_options {
	const char *name; /* the controller's name in metrics; static */
	size_t max_active; /* plans that are carried out at the same time */
	const struct kube_reconciler *first; /* borrowed; its keys are more urgent, see
						kube_queue_options.first; NULL: none */
	const struct kube_informer *objects; /* borrowed; the keys name what it has. After a plan
						that has written its key's object the next one
						is decided when that is seen, at the latest in a
						second: of the old state the same would come
						again. NULL: nothing is waited for */
	kube_decide_fn decide;
	kube_may_act_fn may_act; /* NULL: always */
	kube_plan_failed_fn failed;
	void *context;
	struct metrics *metrics; /* borrowed */
};

/* Keys may be added at once; work begins with the start. Never NULL; `client` must outlive it. */
must_check struct kube_reconciler *kube_reconciler_new(struct loop *loop,
	struct kube_client *client, const struct kube_reconciler_options *options);
void kube_reconciler_free(struct kube_reconciler *reconciler); /* may be NULL */

void kube_reconciler_start(struct kube_reconciler *reconciler);

/* Decides nothing new; plans that are being carried out go on. */
void kube_reconciler_stop(struct kube_reconciler *reconciler);

/* Wants `key` decided soon. `key` is copied. */
void kube_reconciler_add(struct kube_reconciler *reconciler, struct str key);

/* Plans that are being carried out. */
size_t kube_reconciler_active(const struct kube_reconciler *reconciler);

/* To be called before metrics are written. */
void kube_reconciler_update_metrics(struct kube_reconciler *reconciler);

#endif
