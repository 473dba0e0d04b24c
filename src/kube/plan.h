/*
 * What a reconciler has decided to do about one object: requests in their order, and when to look
 * again. Deciding fills a plan from what the informers know; carrying it out is the reconciler's.
 */
#ifndef KUBE_PLAN_H
#define KUBE_PLAN_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "kube/client.h"
#include "kube/events.h"

/* What follows a plan that was carried out: an event, a count. `data` is from the plan's arena. */
typedef void (*kube_then_fn)(void *context, const void *data);

struct kube_then {
	kube_then_fn call;
	void *context;
	const void *data;
};

/* What the server answered to the question of a plan; `doc` is borrowed. */
typedef void (*kube_answered_fn)(void *context, struct json_doc *doc);

struct kube_plan {
	struct arena *arena; /* for all that the requests refer to */
	struct kube_request *requests;
	size_t count;
	size_t capacity;
	struct kube_then *thens;
	size_t then_count;
	size_t then_capacity;
	kube_answered_fn answered; /* NULL: no question */
	void *answered_context;
	int64_t wake_ms; /* decide again after so long; 0: when something changes */
};

/* Adds a request; its texts must live in the plan's arena or be static. */
void kube_plan_add(struct kube_plan *plan, const struct kube_request *request);

/*
 * Adds a question, a GET or LIST: what informers know may be late. It has to be the plan's only
 * request; the next decision, at once, has the answer.
 */
void kube_plan_ask(struct kube_plan *plan, const struct kube_request *request,
	kube_answered_fn answered, void *context);

/* Calls back once all requests have succeeded, in the order of these calls; else never. */
void kube_plan_then(struct kube_plan *plan, kube_then_fn call, void *context, const void *data);

/* Adds a server-side apply; all texts are copied. An object that is gone meanwhile is fine. */
void kube_plan_apply(struct kube_plan *plan, const struct kube_resource *resource,
	struct str namespace, struct str name, const char *subresource, struct str body,
	const char *field_manager);

/* Emits the event once the plan is carried out; all its texts are copied. */
void kube_plan_event(
	struct kube_plan *plan, struct kube_events *events, const struct kube_event *event);

/* Wakes after `ms` (> 0), unless it is to wake sooner anyhow. 0 is ignored. */
void kube_plan_wake(struct kube_plan *plan, int64_t ms);

#endif
