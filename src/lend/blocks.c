/* Single blocks are kept, and the last run: what is read on and on is not read again soon. */
#include "lend/blocks.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"

struct blocks_block {
	int64_t index; /* in the whole; -1: it holds nothing */
	uint64_t used; /* when it was asked for last, counted by reads */
	char *bytes;
};

struct lend_blocks {
	lend_blocks_fetch_fn fetch;
	void *context;
	struct blocks_block kept[LEND_BLOCKS_KEPT];
	uint64_t reads;
	int64_t next; /* the block behind what was fetched last */
	unsigned in_a_row;
	/* the last run */
	char *run;
	int64_t run_index;
	size_t run_size;
	size_t run_step; /* what the next one has */
};

struct lend_blocks *lend_blocks_new(lend_blocks_fetch_fn fetch, void *context)
{
	struct lend_blocks *blocks = new_zeroed(struct lend_blocks);

	blocks->fetch = fetch;
	blocks->context = context;
	blocks->next = -1;
	for (size_t i = 0; i < LEND_BLOCKS_KEPT; i++)
		blocks->kept[i].index = -1;
	return blocks;
}

void lend_blocks_free(struct lend_blocks *blocks)
{
	if (blocks == NULL)
		return;
	for (size_t i = 0; i < LEND_BLOCKS_KEPT; i++)
		free(blocks->kept[i].bytes);
	free(blocks->run);
	free(blocks);
}

static size_t blocks_cut(int64_t total, int64_t index, size_t size)
{
	int64_t left = total - index * LEND_BLOCK_BYTES;

	return left < (int64_t)size ? (size_t)left : size;
}

/* The block in what is there, NULL when it is not. */
static const char *blocks_find(struct lend_blocks *blocks, int64_t index)
{
	if (index >= blocks->run_index &&
		(index - blocks->run_index) * LEND_BLOCK_BYTES < (int64_t)blocks->run_size)
		return blocks->run + (index - blocks->run_index) * LEND_BLOCK_BYTES;
	for (size_t i = 0; i < LEND_BLOCKS_KEPT; i++)
		if (blocks->kept[i].index == index) {
			blocks->kept[i].used = ++blocks->reads;
			return blocks->kept[i].bytes;
		}
	return NULL;
}

/* In place of the block that was not asked for longest. */
static const char *blocks_fetch_one(
	struct lend_blocks *blocks, int64_t total, int64_t index, struct error *err)
{
	struct blocks_block *block = &blocks->kept[0];

	for (size_t i = 1; i < LEND_BLOCKS_KEPT; i++)
		if (blocks->kept[i].used < block->used)
			block = &blocks->kept[i];
	if (block->bytes == NULL)
		block->bytes = alloc_zeroed(LEND_BLOCK_BYTES, 1);
	block->index = -1;
	if (blocks->fetch(blocks->context, index * LEND_BLOCK_BYTES, block->bytes,
		    blocks_cut(total, index, LEND_BLOCK_BYTES), err) < 0)
		return NULL;
	block->index = index;
	block->used = ++blocks->reads;
	blocks->next = index + 1;
	return block->bytes;
}

static const char *blocks_fetch_run(
	struct lend_blocks *blocks, int64_t total, int64_t index, struct error *err)
{
	size_t size = blocks_cut(total, index, blocks->run_step);

	if (blocks->run == NULL)
		blocks->run = alloc_zeroed(LEND_RANGE_BYTES, 1);
	blocks->run_size = 0;
	if (blocks->fetch(blocks->context, index * LEND_BLOCK_BYTES, blocks->run, size, err) < 0)
		return NULL;
	blocks->run_index = index;
	blocks->run_size = size;
	blocks->next = index + (int64_t)(size / LEND_BLOCK_BYTES);
	if (blocks->run_step < LEND_RANGE_BYTES)
		blocks->run_step *= 2;
	return blocks->run;
}

static const char *blocks_at(
	struct lend_blocks *blocks, int64_t total, int64_t index, struct error *err)
{
	const char *bytes = blocks_find(blocks, index);

	if (bytes != NULL)
		return bytes;
	if (index == blocks->next) {
		blocks->in_a_row++;
	} else {
		blocks->in_a_row = 0;
		blocks->run_step = 2 * LEND_BLOCK_BYTES;
	}
	return blocks->in_a_row < LEND_BLOCKS_IN_A_ROW
		? blocks_fetch_one(blocks, total, index, err)
		: blocks_fetch_run(blocks, total, index, err);
}

int lend_blocks_read(struct lend_blocks *blocks, int64_t total, int64_t offset, char *bytes,
	size_t size, struct error *err)
{
	while (size > 0) {
		const char *block = blocks_at(blocks, total, offset / LEND_BLOCK_BYTES, err);
		size_t within = (size_t)(offset % LEND_BLOCK_BYTES);
		size_t part = LEND_BLOCK_BYTES - within;
		if (block == NULL)
			return -1;
		if (part > size)
			part = size;
		memcpy(bytes, block + within, part);
		offset += (int64_t)part;
		bytes += part;
		size -= part;
	}
	return 0;
}
