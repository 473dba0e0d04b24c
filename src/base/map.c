/* Open addressing with linear probing; removed entries leave a marker until the next growth. */
#include "base/map.h"

#include <assert.h>
#include <stdlib.h>

#include "base/alloc.h"

struct map_slot {
	char *key; /* NULL: free, or removed when `value` is the marker */
	size_t key_size;
	uint64_t hash;
	void *value;
};

static char map_removed_marker;

static struct str map_slot_key(const struct map_slot *slot)
{
	return (struct str){slot->key, slot->key_size};
}

void map_done(struct map *map)
{
	for (size_t i = 0; i < map->capacity; i++)
		free(map->slots[i].key);
	free(map->slots);
	*map = MAP_INIT;
}

/* The slot of `key`, or NULL. */
static struct map_slot *map_find(const struct map *map, struct str key, uint64_t hash)
{
	if (map->capacity == 0)
		return NULL;
	for (size_t i = hash & (map->capacity - 1);; i = (i + 1) & (map->capacity - 1)) {
		struct map_slot *slot = &map->slots[i];
		if (slot->key == NULL && slot->value == NULL)
			return NULL;
		if (slot->key != NULL && slot->hash == hash && str_equal(map_slot_key(slot), key))
			return slot;
	}
}

static struct map_slot *map_free_slot(const struct map *map, uint64_t hash)
{
	size_t i = hash & (map->capacity - 1);

	while (map->slots[i].value != NULL)
		i = (i + 1) & (map->capacity - 1);
	return &map->slots[i];
}

/* A table of twice the live entries at least, without markers. */
static void map_rebuild(struct map *map)
{
	struct map old = *map;

	map->capacity = 8;
	while (map->capacity < old.count * 4)
		map->capacity *= 2;
	map->slots = alloc_zeroed(map->capacity, sizeof(*map->slots));
	map->used = map->count;
	for (size_t i = 0; i < old.capacity; i++)
		if (old.slots[i].key != NULL)
			*map_free_slot(map, old.slots[i].hash) = old.slots[i];
	free(old.slots);
}

void *map_get(const struct map *map, struct str key)
{
	const struct map_slot *slot = map_find(map, key, str_hash(key));

	return slot != NULL ? slot->value : NULL;
}

void *map_set(struct map *map, struct str key, void *value)
{
	uint64_t hash = str_hash(key);
	struct map_slot *slot = map_find(map, key, hash);

	assert(value != NULL);
	if (slot != NULL) {
		void *before = slot->value;
		slot->value = value;
		return before;
	}
	if ((map->used + 1) * 4 > map->capacity * 3)
		map_rebuild(map);
	slot = map_free_slot(map, hash);
	*slot = (struct map_slot){str_dup(key), key.size, hash, value};
	map->count++;
	map->used++;
	return NULL;
}

void *map_remove(struct map *map, struct str key)
{
	struct map_slot *slot = map_find(map, key, str_hash(key));
	void *value;

	if (slot == NULL)
		return NULL;
	value = slot->value;
	free(slot->key);
	*slot = (struct map_slot){.value = &map_removed_marker};
	map->count--;
	return value;
}

void *map_next(const struct map *map, size_t *position, struct str *ret_key)
{
	while (*position < map->capacity) {
		const struct map_slot *slot = &map->slots[(*position)++];
		if (slot->key == NULL)
			continue;
		if (ret_key != NULL)
			*ret_key = map_slot_key(slot);
		return slot->value;
	}
	return NULL;
}
