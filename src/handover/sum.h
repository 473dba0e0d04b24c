/*
 * The sum of a file of a checkpoint. It is against flipped bits and lost blocks, not against
 * people: who can write the store can write the plan. XXH3-128 runs at the speed of memory.
 *
 * A file of up to HANDOVER_CHUNK_BYTES has the XXH3-128 of its content. A longer one has the
 * XXH3-128 of the sums of its chunks, one behind the other in their canonical form, so that several
 * threads can check one file.
 */
#ifndef HANDOVER_SUM_H
#define HANDOVER_SUM_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

enum {
	HANDOVER_CHUNK_BYTES = 16 * 1024 * 1024,
	HANDOVER_CHUNK_SUM = 16, /* bytes of a chunk's sum */
	HANDOVER_SUM_TEXT = 33, /* hexadecimal digits of 128 bits, terminator included */
};

struct handover_sum;

/* A sum that is built as the bytes come by. The caller owns it. Never NULL. */
must_check struct handover_sum *handover_sum_new(void);
void handover_sum_free(struct handover_sum *sum); /* may be NULL */

void handover_sum_add(struct handover_sum *sum, struct str bytes);

/* The text of what was added; `sum` is as new afterwards. */
void handover_sum_finish(struct handover_sum *sum, char ret_text[static HANDOVER_SUM_TEXT]);

/* The sum of what was added, at most one chunk; `sum` is as new afterwards. */
void handover_sum_finish_chunk(
	struct handover_sum *sum, uint8_t ret_sum[static HANDOVER_CHUNK_SUM]);

/* The text of a file of `count` chunks (at least 1) from their sums. */
void handover_sum_of_chunks(uint8_t (*chunks)[HANDOVER_CHUNK_SUM], size_t count,
	char ret_text[static HANDOVER_SUM_TEXT]);

#endif
