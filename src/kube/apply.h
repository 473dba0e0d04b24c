/*
 * Carries out what a reconciler has decided: a prepared list of requests, one after another, until
 * the first failure.
 */
#ifndef KUBE_APPLY_H
#define KUBE_APPLY_H

#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "kube/client.h"

struct kube_apply;

/*
 * The end: all requests succeeded (`err` NULL), or request `done_count` failed with `err`. `answer`
 * is the last one's, borrowed; NULL when there was no request. Called exactly once, from the loop,
 * unless the handle is released before.
 */
typedef void (*kube_apply_done_fn)(void *context, size_t done_count,
	const struct kube_answer *answer, const struct error *err);

/*
 * Starts with the first of `count` requests (none is fine). Takes over `arena` (may be NULL), which
 * holds the requests and their texts; without one they are borrowed until the end. The caller owns
 * the handle. Nothing is called back before this returns. Never NULL.
 */
must_check struct kube_apply *kube_apply_start(struct kube_client *client, struct arena *arena,
	const struct kube_request *requests, size_t count, kube_apply_done_fn done, void *context);

/* Cancels and releases. May be NULL; may be called from `done`. */
void kube_apply_free(struct kube_apply *apply);

#endif
