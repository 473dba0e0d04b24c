/*
 * What the cluster says about one kind of object, kept up to date: list, then watch, for ever. Each
 * object is kept as the struct that a table describes, or packed; its JSON is dropped. Objects are
 * immutable.
 * Facts: Kubernetes API concepts ("Efficient detection of changes"), k8s.io/client-go/tools/cache
 * (Reflector).
 */
#ifndef KUBE_INFORMER_H
#define KUBE_INFORMER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "base/texts.h"
#include "kube/client.h"
#include "kube/resource.h"
#include "json/json.h"

/* All texts are terminated. Reference-counted: borrowed ones are valid until control returns to the
 * loop. */
struct kube_object {
	struct str namespace; /* empty for cluster-scoped objects */
	struct str name;
	struct str uid;
	struct str resource_version; /* opaque: equal or not, nothing else */
	const void *view; /* the struct of kube_informer_options.view; NULL: it is packed */
};

/*
 * The view of an object, packed or not: its texts are borrowed from the object and what it shares
 * with others, the rest is from the arena. `view` is what the informer has; or a table that has
 * only the beginning of that (json/pack.h), which costs less to read. Never NULL.
 */
must_check const void *kube_object_read(
	const struct kube_object *object, const struct json_object *view, struct arena *arena);

struct kube_object *kube_object_ref(const struct kube_object *object);
void kube_object_unref(const struct kube_object *object); /* may be NULL */

struct kube_informer;

/*
 * An object was added (`old` NULL), changed, or deleted (`new` NULL). Also called for what a new
 * list shows to have happened while we were not looking: an object that is missing is deleted, one
 * with another uid is deleted and added. For a deletion that was watched `old` is the object's last
 * state. The store already has the new state. Must not release the informer.
 */
typedef void (*kube_informer_change_fn)(
	void *context, const struct kube_object *old, const struct kube_object *new);

/* The first complete list is in the store, and its additions have been told. Must not release the
 * informer. */
typedef void (*kube_informer_synced_fn)(void *context);

/* A list or a watch failed and will be tried again; for the program's log. */
typedef void (*kube_informer_failed_fn)(void *context, const struct error *err);

enum kube_informer_state {
	KUBE_INFORMER_IDLE, /* not started */
	KUBE_INFORMER_STREAMING, /* a watch that begins with a list */
	KUBE_INFORMER_LISTING, /* in pages, from a server that cannot stream one */
	KUBE_INFORMER_WATCHING,
	KUBE_INFORMER_EXPIRED, /* our resourceVersion is too old: soon a new list */
	KUBE_INFORMER_BACKING_OFF, /* after a failure: soon the same again */
};

/* Texts are copied. */
struct kube_informer_options {
	const struct kube_resource *resource;
	const struct json_object *view; /* NULL: names only */
	struct texts *texts; /* NULL: views are kept as they are. Else they are kept packed, a
				fraction of that, and share their texts here: it is borrowed and
				has to outlive all objects */
	struct str namespace; /* empty: all */
	struct str label_selector; /* empty: all */
	struct str field_selector;
	kube_informer_synced_fn synced; /* may be NULL */
	kube_informer_failed_fn failed; /* may be NULL */
	void *context;
	int64_t first_delay_ms; /* of the back-off; 0: 800 */
	int64_t silence_ms; /* a watch without a byte for so long is cut; 0: 150 s (the server
			       sends a bookmark each minute) */
};

/* The caller owns it; `client` must outlive it. Never NULL. */
must_check struct kube_informer *kube_informer_new(
	struct kube_client *client, const struct kube_informer_options *options);
void kube_informer_free(struct kube_informer *informer); /* may be NULL */

enum { KUBE_INFORMER_HANDLERS_MAX = 8 };

/* Adds a handler, before the start; handlers are called in the order they were added. */
void kube_informer_on_change(
	struct kube_informer *informer, kube_informer_change_fn changed, void *context);

/* Begins with a list. Nothing is called back before this returns. */
void kube_informer_start(struct kube_informer *informer);

bool kube_informer_is_synced(const struct kube_informer *informer);
enum kube_informer_state kube_informer_state(const struct kube_informer *informer);

/* By key ("namespace/name"); NULL when absent. */
const struct kube_object *kube_informer_get(const struct kube_informer *informer, struct str key);
size_t kube_informer_count(const struct kube_informer *informer);

/* Iteration in no particular order: start with *position 0; NULL at the end. */
const struct kube_object *kube_informer_next(
	const struct kube_informer *informer, size_t *position);

#endif
