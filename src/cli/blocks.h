/*
 * Bytes that lie elsewhere and are wanted here and there: fetched in blocks, of which the newest
 * are kept. A tar's headers and a checkpoint's images are small and lie together, so that a block
 * serves many reads; the memory's pages between them are passed over. Who reads on and on gets
 * larger ones.
 */
#ifndef CLI_BLOCKS_H
#define CLI_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

enum {
	CLI_BLOCK_BYTES = 64 * 1024,
	CLI_BLOCKS_KEPT = 64,
	CLI_BLOCKS_IN_A_ROW = 4, /* after so many, more is fetched at once */
	CLI_BLOCKS_RUN_BYTES = 1024 * 1024, /* at most */
};

struct cli_blocks;

/* Fills `bytes` with what is there, all of it. */
typedef int (*cli_blocks_fetch_fn)(
	void *context, int64_t offset, char *bytes, size_t size, struct error *err);

/* Never NULL. */
must_check struct cli_blocks *cli_blocks_new(cli_blocks_fetch_fn fetch, void *context);
void cli_blocks_free(struct cli_blocks *blocks); /* may be NULL */

/* Reads of `total` bytes, all that there are; all within. Fails as `fetch`. */
must_check int cli_blocks_read(struct cli_blocks *blocks, int64_t total, int64_t offset,
	char *bytes, size_t size, struct error *err);

#endif
