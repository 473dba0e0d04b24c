/*
 * Memory that is released all at once: for one pass, or for an object and everything it refers to.
 * A view of a cluster object lives in an arena of its own, so that it is one or two allocations.
 */
#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/str.h"

struct arena;

/* An arena whose first block has room for `first_bytes`; later blocks are larger. Never NULL. */
must_check struct arena *arena_new(size_t first_bytes);

/* Releases the arena and all that was allocated from it. May be NULL. */
void arena_free(struct arena *arena);

/*
 * What has been taken so far. An arena whose first block has just this room holds the same again in
 * one block, when here one block was enough.
 */
must_check size_t arena_used(const struct arena *arena);

/* `count` zeroed items, aligned for any type. Aborts when memory is gone. Never NULL. */
must_check void *arena_zeroed(struct arena *arena, size_t count, size_t size);

/* A terminated copy of the bytes; the result's data is never NULL. */
must_check struct str arena_str(struct arena *arena, struct str text);

/* A formatted, terminated text. */
must_check struct str arena_printf(struct arena *arena, const char *format, ...)
	format_printf(2, 3);

define_clean_up(struct arena, arena_free, arena_free)
#define autoarena clean_up(arena_free_clean) struct arena

#endif
