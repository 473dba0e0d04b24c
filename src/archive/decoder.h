/*
 * Compressed bytes on their way to what was compressed: gzip or zstd, one member (frame) behind the
 * other and nothing else behind the last. Reads and writes nothing itself. Internal to the room.
 */
#ifndef ARCHIVE_DECODER_H
#define ARCHIVE_DECODER_H

#include <stddef.h>

#include "archive/compression.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct archive_decoder;

/* Not of what is plain. The caller owns *ret_decoder. Fails with SYSTEM. */
must_check int archive__decoder_new(enum archive_compression compression,
	struct archive_decoder **ret_decoder, struct error *err);
void archive__decoder_free(struct archive_decoder *decoder); /* may be NULL */

/*
 * Decodes until `bytes` is full or all of *input is used up, which is moved on. Fails with CORRUPT:
 * damaged, something else behind the end, or a zstd window beyond LIMIT_ARCHIVE_WINDOW_LOG.
 */
must_check int archive__decoder_step(struct archive_decoder *decoder, struct str *input,
	char *bytes, size_t size, size_t *ret_size, struct error *err);

/* There is no more input. Fails with CORRUPT when there should be. */
must_check int archive__decoder_end(const struct archive_decoder *decoder, struct error *err);

#endif
