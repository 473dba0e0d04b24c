/*
 * An object is its arena: the struct itself, its names and its view lie in it, so that an object of
 * the cluster costs one or two allocations and is released by dropping the last reference.
 */
#include "kube/store.h"

#include <assert.h>

struct store_object {
	struct kube_object object; /* first, so that both have one address */
	struct arena *arena;
	unsigned references;
	unsigned round; /* the last list that mentioned it */
};

enum { STORE_TRIAL_BYTES = 8192 }; /* most objects fit */

static struct store_object *store_object_of(const struct kube_object *object)
{
	return (struct store_object *)(uintptr_t)object; /* const is for those outside the room */
}

struct kube_object *kube_object_ref(const struct kube_object *object)
{
	store_object_of(object)->references++;
	return &store_object_of(object)->object;
}

void kube_object_unref(const struct kube_object *object)
{
	struct store_object *own = object != NULL ? store_object_of(object) : NULL;

	if (own != NULL && --own->references == 0)
		arena_free(own->arena);
}

static struct str object_text(struct arena *arena, const struct json *metadata, const char *name)
{
	return arena_str(arena, json_str(json_get(metadata, name)));
}

static void object_read_view(
	struct store_object *own, const struct json *value, const struct json_object *view)
{
	struct error ignored; /* not strict: what cannot be read counts as absent */
	void *target = arena_zeroed(own->arena, 1, view->size);

	own->object.view = target;
	if (json_decode(value, view, false, own->arena, target, &ignored) < 0)
		memset(target, 0, view->size);
}

static struct store_object *object_make(
	struct arena *arena, const struct json *value, const struct json_object *view)
{
	const struct json *metadata = json_get(value, "metadata");
	struct store_object *own = arena_zeroed(arena, 1, sizeof(*own));

	own->arena = arena;
	own->references = 1;
	own->object.namespace = object_text(arena, metadata, "namespace");
	own->object.name = object_text(arena, metadata, "name");
	own->object.uid = object_text(arena, metadata, "uid");
	own->object.resource_version = object_text(arena, metadata, "resourceVersion");
	if (view != NULL)
		object_read_view(own, value, view);
	return own;
}

/*
 * Made twice: once to learn its size, so that what is kept, by the ten thousand, has no room to
 * spare.
 */
struct kube_object *kube__object_new(const struct json *value, const struct json_object *view)
{
	const struct json *metadata = json_get(value, "metadata");
	struct str name = json_str(json_get(metadata, "name"));
	struct str namespace = json_str(json_get(metadata, "namespace"));
	autoarena *trial = NULL;

	if (!kube_name_is_valid(name) || (namespace.size > 0 && !kube_name_is_valid(namespace)))
		return NULL;
	trial = arena_new(STORE_TRIAL_BYTES);
	(void)object_make(trial, value, view);
	return &object_make(arena_new(arena_used(trial)), value, view)->object;
}

void kube__store_done(struct kube__store *store)
{
	size_t position = 0;
	struct store_object *own;

	while ((own = map_next(&store->objects, &position, NULL)) != NULL)
		kube_object_unref(&own->object);
	map_done(&store->objects);
}

struct kube_object *kube__store_get(const struct kube__store *store, struct str key)
{
	struct store_object *own = map_get(&store->objects, key);

	return own != NULL ? &own->object : NULL;
}

struct kube_object *kube__store_put(struct kube__store *store, struct kube_object *object)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE * 2);
	struct store_object *before;

	store_object_of(object)->round = store->round;
	kube_key_write(&key, object->namespace, object->name);
	assert(!key.is_overflown);
	before = map_set(&store->objects, buf_str(&key), store_object_of(object));
	return before != NULL ? &before->object : NULL;
}

struct kube_object *kube__store_remove(struct kube__store *store, struct str key)
{
	struct store_object *own = map_remove(&store->objects, key);

	return own != NULL ? &own->object : NULL;
}

void kube__store_keep(struct kube__store *store, struct kube_object *object)
{
	store_object_of(object)->round = store->round;
}

struct kube_object *kube__store_sweep(struct kube__store *store, size_t *position)
{
	struct store_object *own;
	struct str key;

	while ((own = map_next(&store->objects, position, &key)) != NULL) {
		if (own->round == store->round)
			continue;
		(void)map_remove(&store->objects, key); /* it is `own` */
		return &own->object;
	}
	return NULL;
}
