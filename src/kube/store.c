/*
 * An object is one allocation where it can be. With its view in full it is its arena: the struct
 * itself, its names and its view lie in it. Packed it is the struct and behind it the bytes, which
 * have the names, too.
 */
#include "kube/store.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "json/pack.h"

struct store_object {
	struct kube_object object; /* first, so that both have one address */
	struct arena *arena; /* NULL: packed */
	struct texts *texts; /* packed: what it shares with others */
	unsigned references;
	unsigned round; /* the last list that mentioned it */
	size_t packed_size;
	char packed[];
};

enum { STORE_TRIAL_BYTES = 8192 }; /* most objects fit */

static struct store_object *store_object_of(const struct kube_object *object)
{
	return (struct store_object *)(uintptr_t)object; /* const is for those outside the room */
}

static struct str store_packed(const struct store_object *own)
{
	return (struct str){own->packed, own->packed_size};
}

struct kube_object *kube_object_ref(const struct kube_object *object)
{
	store_object_of(object)->references++;
	return &store_object_of(object)->object;
}

void kube_object_unref(const struct kube_object *object)
{
	struct store_object *own = object != NULL ? store_object_of(object) : NULL;

	if (own == NULL || --own->references > 0)
		return;
	if (own->arena != NULL) {
		arena_free(own->arena);
		return;
	}
	json_packed_release(store_packed(own), own->texts);
	free(own);
}

const void *kube_object_read(
	const struct kube_object *object, const struct json_object *view, struct arena *arena)
{
	const struct store_object *own = store_object_of(object);
	void *target;

	if (own->arena != NULL)
		return object->view;
	target = arena_zeroed(arena, 1, view->size);
	json_unpack(store_packed(own), view, own->texts, arena, target);
	return target;
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

/* The packed form of an object in full. */
static struct store_object *object_pack(
	const struct kube_object *full, const struct json_object *view, struct texts *texts)
{
	const struct str names[] = {full->namespace, full->name, full->uid, full->resource_version};
	autobuf bytes = BUF_INIT(2 * LIMIT_OBJECT_BYTES);
	struct store_object *own;
	struct str packed;

	json_pack(view, full->view, names, array_size(names), texts, &bytes);
	own = alloc_zeroed(1, sizeof(*own) + bytes.size);
	memcpy(own->packed, bytes.data, bytes.size);
	own->packed_size = bytes.size;
	own->texts = texts;
	own->references = 1;
	packed = store_packed(own);
	own->object.namespace = json_packed_own(packed, 0);
	own->object.name = json_packed_own(packed, 1);
	own->object.uid = json_packed_own(packed, 2);
	own->object.resource_version = json_packed_own(packed, 3);
	return own;
}

/*
 * Made twice: what is kept, by the ten thousand, has no room to spare. The first time tells its
 * size, or is what gets packed.
 */
struct kube_object *kube__object_new(
	const struct json *value, const struct json_object *view, struct texts *texts)
{
	const struct json *metadata = json_get(value, "metadata");
	struct str name = json_str(json_get(metadata, "name"));
	struct str namespace = json_str(json_get(metadata, "namespace"));
	autoarena *trial = NULL;
	struct store_object *full;

	if (!kube_name_is_valid(name) || (namespace.size > 0 && !kube_name_is_valid(namespace)))
		return NULL;
	trial = arena_new(STORE_TRIAL_BYTES);
	full = object_make(trial, value, view);
	if (texts != NULL && view != NULL)
		return &object_pack(&full->object, view, texts)->object;
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
