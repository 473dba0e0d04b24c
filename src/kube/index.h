/*
 * Objects of an informer by something else than their name: the Pods of a namespace, the
 * Checkpoints of a Pod. Kept up to date with the informer.
 */
#ifndef KUBE_INDEX_H
#define KUBE_INDEX_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "kube/informer.h"

struct kube_index;

/* Appends the object's index key to `key`; leaving it empty keeps the object out of the index. */
typedef void (*kube_index_fn)(const struct kube_object *object, struct buf *key);

/*
 * To be made before the informer starts and before handlers that use the index are added, so that
 * it is right when they are called. The caller owns it and releases it after the informer.
 * Never NULL.
 */
must_check struct kube_index *kube_index_new(struct kube_informer *informer, kube_index_fn key_of);
void kube_index_free(struct kube_index *index); /* may be NULL */

/*
 * The objects under `key`, in no particular order; *ret_count says how many. Borrowed until the
 * index changes, that is until control returns to the loop.
 */
const struct kube_object *const *kube_index_get(
	const struct kube_index *index, struct str key, size_t *ret_count);

#endif
