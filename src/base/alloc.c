/* Allocation that aborts instead of failing, and the moves of ownership that go with it. */
#include "base/alloc.h"

#include <stdlib.h>
#include <string.h>

void *alloc_zeroed(size_t count, size_t size)
{
	void *memory = calloc(count > 0 ? count : 1, size);
	if (memory == NULL)
		abort();
	return memory;
}

void *alloc_resize(void *pointer, size_t count, size_t size)
{
	void *memory = reallocarray(pointer, count > 0 ? count : 1, size);
	if (memory == NULL)
		abort();
	return memory;
}

char *alloc_text(const char *text, size_t size)
{
	char *copy = alloc_zeroed(size + 1, 1);
	if (size > 0)
		memcpy(copy, text, size);
	return copy;
}

void *alloc_room_for_one(void *items, size_t count, size_t *capacity, size_t size)
{
	if (count < *capacity)
		return items;
	*capacity = *capacity == 0 ? 4 : *capacity * 2;
	return alloc_resize(items, *capacity, size);
}

void *alloc_take_pointer(void *variable)
{
	void *pointer = NULL;
	void *nothing = NULL;

	memcpy(&pointer, variable, sizeof(pointer));
	memcpy(variable, &nothing, sizeof(nothing));
	return pointer;
}

void alloc_free_clean(void *variable)
{
	free(alloc_take_pointer(variable));
}
