/*
 * Bytes that lie elsewhere and are wanted here and there: fetched in blocks, of which the newest
 * are kept. A tar's headers and a checkpoint's images are small and lie together, so that a block
 * serves many reads; the memory's pages between them are passed over. Who reads on and on gets
 * larger ones, up to LEND_RANGE_BYTES.
 */
#ifndef LEND_BLOCKS_H
#define LEND_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "lend/message.h"

enum {
	LEND_BLOCK_BYTES = 64 * 1024,
	LEND_BLOCKS_KEPT = 64,
	LEND_BLOCKS_IN_A_ROW = 4, /* after so many, more is fetched at once */
};

struct lend_blocks;

/* Fills `bytes` with what is there, all of it. */
typedef int (*lend_blocks_fetch_fn)(
	void *context, int64_t offset, char *bytes, size_t size, struct error *err);

/* Never NULL. */
must_check struct lend_blocks *lend_blocks_new(lend_blocks_fetch_fn fetch, void *context);
void lend_blocks_free(struct lend_blocks *blocks); /* may be NULL */

/* Reads of `total` bytes, all that there are; all within. Fails as `fetch`. */
must_check int lend_blocks_read(struct lend_blocks *blocks, int64_t total, int64_t offset,
	char *bytes, size_t size, struct error *err);

#endif
