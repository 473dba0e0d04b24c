/* The objects that an informer knows, by key. Of this room only. */
#ifndef KUBE_STORE_H
#define KUBE_STORE_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/map.h"
#include "kube/informer.h"
#include "json/json.h"

/*
 * A round is one complete list: what is put or kept in it stays, what was not mentioned when it
 * ends is swept out.
 */
struct kube__store {
	struct map objects;
	unsigned round;
};

#define KUBE__STORE_INIT ((struct kube__store){.objects = MAP_INIT})

void kube__store_done(struct kube__store *store);

/*
 * An object with one reference, its view read by `view` (may be NULL) and packed when there are
 * `texts` to share (may be NULL). NULL when `value` has no name, or its names are none.
 */
must_check struct kube_object *kube__object_new(
	const struct json *value, const struct json_object *view, struct texts *texts);

/* Borrowed, NULL when absent. */
struct kube_object *kube__store_get(const struct kube__store *store, struct str key);

/* Takes the object's reference; returns the replaced one with its reference, or NULL. */
struct kube_object *kube__store_put(struct kube__store *store, struct kube_object *object);

/* Takes the object out and returns it with its reference, NULL when absent. */
struct kube_object *kube__store_remove(struct kube__store *store, struct str key);

/* In the current round the object was mentioned again, unchanged. */
void kube__store_keep(struct kube__store *store, struct kube_object *object);

/* Takes out one object that the current round did not mention, NULL when there is none left. */
struct kube_object *kube__store_sweep(struct kube__store *store, size_t *position);

#endif
