/* A chunk's state is kept until it is full; the file's state takes the chunks' sums. */
#include "handover/sum.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/*
 * As part of this file, and once more for wider registers: a copy out of the page cache and its sum
 * take a quarter less time than with Debian's static library, which knows one way for all
 * processors.
 */
#define XXH_INLINE_ALL
#include <xxhash.h>

#include "base/alloc.h"
#include "base/hex.h"
#include "handover/sum_wide.h"

struct handover_sum {
	XXH3_state_t *chunk;
	XXH3_state_t *file;
	size_t in_chunk; /* bytes */
	size_t full_chunks;
	uint8_t first[HANDOVER_CHUNK_SUM]; /* the sum of the first chunk */
};

static void sum_write(XXH128_hash_t hash, uint8_t ret_sum[static HANDOVER_CHUNK_SUM])
{
	XXH128_canonical_t canonical;

	XXH128_canonicalFromHash(&canonical, hash);
	memcpy(ret_sum, canonical.digest, HANDOVER_CHUNK_SUM);
}

static XXH3_state_t *sum_state(void)
{
	XXH3_state_t *state = XXH3_createState();

	if (state == NULL)
		abort(); /* as base/alloc.h does */
	(void)XXH3_128bits_reset(state);
	return state;
}

struct handover_sum *handover_sum_new(void)
{
	struct handover_sum *sum = new_zeroed(struct handover_sum);

	sum->chunk = sum_state();
	sum->file = sum_state();
	return sum;
}

void handover_sum_free(struct handover_sum *sum)
{
	if (sum == NULL)
		return;
	(void)XXH3_freeState(sum->chunk);
	(void)XXH3_freeState(sum->file);
	free(sum);
}

static void sum_end_chunk(struct handover_sum *sum)
{
	uint8_t chunk[HANDOVER_CHUNK_SUM];

	sum_write(XXH3_128bits_digest(sum->chunk), chunk);
	(void)XXH3_128bits_reset(sum->chunk);
	(void)XXH3_128bits_update(sum->file, chunk, sizeof(chunk));
	if (sum->full_chunks == 0)
		memcpy(sum->first, chunk, sizeof(chunk));
	sum->full_chunks++;
	sum->in_chunk = 0;
}

static void sum_add_to(XXH3_state_t *state, struct str bytes)
{
#if defined(__x86_64__)
	if (__builtin_cpu_supports("avx2")) {
		handover__sum_add_wide(state, bytes);
		return;
	}
#endif
	(void)XXH3_128bits_update(state, bytes.data, bytes.size);
}

void handover_sum_add(struct handover_sum *sum, struct str bytes)
{
	while (bytes.size > 0) {
		size_t room = HANDOVER_CHUNK_BYTES - sum->in_chunk;
		size_t step = bytes.size < room ? bytes.size : room;

		sum_add_to(sum->chunk, (struct str){bytes.data, step});
		sum->in_chunk += step;
		bytes = str_from(bytes, step);
		if (sum->in_chunk == HANDOVER_CHUNK_BYTES)
			sum_end_chunk(sum);
	}
}

static void sum_begin_anew(struct handover_sum *sum)
{
	(void)XXH3_128bits_reset(sum->file);
	sum->full_chunks = 0;
}

void handover_sum_finish(struct handover_sum *sum, char ret_text[static HANDOVER_SUM_TEXT])
{
	uint8_t file[HANDOVER_CHUNK_SUM];

	if (sum->in_chunk > 0 || sum->full_chunks == 0)
		sum_end_chunk(sum);
	sum_write(XXH3_128bits_digest(sum->file), file);
	hex_format(sum->full_chunks == 1 ? sum->first : file, HANDOVER_CHUNK_SUM, ret_text);
	sum_begin_anew(sum);
}

void handover_sum_finish_chunk(struct handover_sum *sum, uint8_t ret_sum[static HANDOVER_CHUNK_SUM])
{
	if (sum->in_chunk > 0 || sum->full_chunks == 0)
		sum_end_chunk(sum);
	assert(sum->full_chunks == 1);
	memcpy(ret_sum, sum->first, HANDOVER_CHUNK_SUM);
	sum_begin_anew(sum);
}

void handover_sum_of_chunks(uint8_t (*chunks)[HANDOVER_CHUNK_SUM], size_t count,
	char ret_text[static HANDOVER_SUM_TEXT])
{
	uint8_t file[HANDOVER_CHUNK_SUM];

	assert(count > 0);
	sum_write(XXH3_128bits(chunks, count * sizeof(*chunks)), file);
	hex_format(count == 1 ? chunks[0] : file, HANDOVER_CHUNK_SUM, ret_text);
}
