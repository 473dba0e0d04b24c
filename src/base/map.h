/*
 * A hash table from byte strings to pointers. Keys are copied; values belong to the caller. The
 * order of iteration is unspecified; the table must not change during one, except that the current
 * entry may be removed.
 */
#ifndef BASE_MAP_H
#define BASE_MAP_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

struct map_slot;

struct map {
	struct map_slot *slots;
	size_t capacity;
	size_t count;
	size_t used; /* slots that are or were in use */
};

#define MAP_INIT ((struct map){0})

/* Releases the table, not the values. */
void map_done(struct map *map);
#define automap clean_up(map_done) struct map

/* The value of `key`, NULL when there is none. */
void *map_get(const struct map *map, struct str key);

/* Sets the value (not NULL) of `key`; returns the value that was there before, or NULL. */
void *map_set(struct map *map, struct str key, void *value);

/* Removes `key`; returns its value, or NULL. */
void *map_remove(struct map *map, struct str key);

/*
 * Iteration: start with *position 0; returns the next value or NULL at the end, and its key in
 * *ret_key (may be NULL; borrowed until the entry is removed or the table grows).
 */
void *map_next(const struct map *map, size_t *position, struct str *ret_key);

#endif
