/* The end of a test's world that lies in an arena of its own. */
#ifndef TESTS_UNIT_NODE_ARENA_WORLD_H
#define TESTS_UNIT_NODE_ARENA_WORLD_H

#include "base/arena.h"

/* The arena, which is the first member of the world, has all that there is to free. */
static inline int drop_arena_world(void **state)
{
	struct arena *const *first = *state;

	arena_free(*first);
	return 0;
}

#endif
