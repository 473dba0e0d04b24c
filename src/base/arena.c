/* Blocks in a chain; the first one also holds the arena itself. */
#include "base/arena.h"

#include <assert.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct arena_block {
	struct arena_block *next;
	size_t used;
	size_t capacity;
	alignas(max_align_t) char bytes[];
};

struct arena {
	struct arena_block *newest;
};

static struct arena_block *arena_block_new(size_t capacity, struct arena_block *next)
{
	struct arena_block *block;

	assert(capacity <= PTRDIFF_MAX);
	block = alloc_zeroed(1, sizeof(*block) + capacity);
	block->next = next;
	block->capacity = capacity;
	return block;
}

static size_t arena_aligned(size_t size, size_t alignment)
{
	assert(size < SIZE_MAX - alignment);
	return (size + alignment - 1) / alignment * alignment;
}

struct arena *arena_new(size_t first_bytes)
{
	size_t header = arena_aligned(sizeof(struct arena), alignof(max_align_t));
	struct arena_block *block = arena_block_new(header + first_bytes, NULL);
	struct arena *arena = (struct arena *)block->bytes;

	block->used = header;
	arena->newest = block;
	return arena;
}

void arena_free(struct arena *arena)
{
	struct arena_block *block = arena != NULL ? arena->newest : NULL;

	while (block != NULL) {
		struct arena_block *next = block->next;
		free(block);
		block = next;
	}
}

size_t arena_used(const struct arena *arena)
{
	size_t used = 0;

	for (const struct arena_block *block = arena->newest; block != NULL; block = block->next)
		used += block->used;
	return used - arena_aligned(sizeof(*arena), alignof(max_align_t));
}

static void *arena_take(struct arena *arena, size_t bytes, size_t alignment)
{
	struct arena_block *block = arena->newest;
	size_t start = arena_aligned(block->used, alignment);

	if (start > block->capacity || bytes > block->capacity - start) {
		size_t capacity = block->capacity * 2 > bytes ? block->capacity * 2 : bytes;
		block = arena_block_new(capacity, block);
		arena->newest = block;
		start = 0;
	}
	block->used = start + bytes;
	return block->bytes + start;
}

void *arena_zeroed(struct arena *arena, size_t count, size_t size)
{
	size_t bytes;

	if (__builtin_mul_overflow(count, size, &bytes))
		abort();
	return arena_take(arena, bytes, alignof(max_align_t));
}

struct str arena_str(struct arena *arena, struct str text)
{
	char *copy = arena_take(arena, text.size + 1, 1);

	if (text.size > 0)
		memcpy(copy, text.data, text.size);
	return (struct str){copy, text.size};
}

struct str arena_printf(struct arena *arena, const char *format, ...)
{
	va_list arguments;
	va_list again;
	char *text;
	int size;

	va_start(arguments, format);
	va_copy(again, arguments);
	size = vsnprintf(NULL, 0, format, arguments);
	va_end(arguments);
	assert(size >= 0);
	text = arena_take(arena, (size_t)size + 1, 1);
	(void)vsnprintf(text, (size_t)size + 1, format, again);
	va_end(again);
	return (struct str){text, (size_t)size};
}
