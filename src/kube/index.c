/* A table from index keys to arrays of objects; each array is one allocation. */
#include "kube/index.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/map.h"

enum { INDEX_KEY_BYTES = 1024 };

struct index_bucket {
	const struct kube_object **objects; /* referenced */
	size_t count;
	size_t capacity;
};

struct kube_index {
	kube_index_fn key_of;
	struct map buckets; /* struct index_bucket, owned */
};

static void index_bucket_free(struct index_bucket *bucket)
{
	for (size_t i = 0; i < bucket->count; i++)
		kube_object_unref(bucket->objects[i]);
	free(bucket->objects);
	free(bucket);
}

static void index_add(struct kube_index *index, struct str key, const struct kube_object *object)
{
	struct index_bucket *bucket = map_get(&index->buckets, key);

	if (bucket == NULL) {
		bucket = new_zeroed(struct index_bucket);
		(void)map_set(&index->buckets, key, bucket);
	}
	bucket->objects = alloc_room_for_one(
		bucket->objects, bucket->count, &bucket->capacity, sizeof(struct kube_object *));
	bucket->objects[bucket->count++] = kube_object_ref(object);
}

static bool index_is_same(const struct kube_object *a, const struct kube_object *b)
{
	return str_equal(a->name, b->name) && str_equal(a->namespace, b->namespace);
}

/*
 * Where the object lies; the count when it is not there. Nearly always it is the very one that was
 * added, so that names, which lie all over the memory, are compared only for a deleted one.
 */
static size_t index_place(const struct index_bucket *bucket, const struct kube_object *object)
{
	for (size_t i = 0; i < bucket->count; i++)
		if (bucket->objects[i] == object)
			return i;
	for (size_t i = 0; i < bucket->count; i++)
		if (index_is_same(bucket->objects[i], object))
			return i;
	return bucket->count;
}

static void index_remove(struct kube_index *index, struct str key, const struct kube_object *object)
{
	struct index_bucket *bucket = map_get(&index->buckets, key);
	size_t place = bucket != NULL ? index_place(bucket, object) : 0;

	if (bucket == NULL || place == bucket->count)
		return;
	kube_object_unref(bucket->objects[place]);
	bucket->objects[place] = bucket->objects[--bucket->count];
	if (bucket->count == 0)
		index_bucket_free(map_remove(&index->buckets, key));
}

static void index_follow(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct kube_index *index = context;
	autobuf key = BUF_INIT(INDEX_KEY_BYTES);

	if (old != NULL)
		index->key_of(old, &key);
	if (key.size > 0)
		index_remove(index, buf_str(&key), old);
	buf_clear(&key);
	if (new != NULL)
		index->key_of(new, &key);
	if (key.size > 0)
		index_add(index, buf_str(&key), new);
	assert(!key.is_overflown);
}

struct kube_index *kube_index_new(struct kube_informer *informer, kube_index_fn key_of)
{
	struct kube_index *index = new_zeroed(struct kube_index);

	index->key_of = key_of;
	kube_informer_on_change(informer, index_follow, index);
	return index;
}

void kube_index_free(struct kube_index *index)
{
	struct index_bucket *bucket;
	size_t position = 0;

	if (index == NULL)
		return;
	while ((bucket = map_next(&index->buckets, &position, NULL)) != NULL)
		index_bucket_free(bucket);
	map_done(&index->buckets);
	free(index);
}

const struct kube_object *const *kube_index_get(
	const struct kube_index *index, struct str key, size_t *ret_count)
{
	const struct index_bucket *bucket = map_get(&index->buckets, key);

	*ret_count = bucket != NULL ? bucket->count : 0;
	return bucket != NULL ? bucket->objects : NULL;
}
