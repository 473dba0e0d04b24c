/* Compresses archives for tests, by the libraries themselves. */
#ifndef TESTS_COMPRESSED_H
#define TESTS_COMPRESSED_H

#include <assert.h>
#include <zlib.h>
#include <zstd.h>

#include "tar_builder.h"

/* Each appends one member to `out`. */
typedef void (*compress_fn)(struct tar *out, struct str bytes);

static inline void compress_gzip(struct tar *out, struct str bytes)
{
	z_stream stream = {0};
	size_t room;

	assert(deflateInit2(&stream, 6, Z_DEFLATED, MAX_WBITS + 16, 8, Z_DEFAULT_STRATEGY) == Z_OK);
	room = deflateBound(&stream, bytes.size);
	stream.next_in = (Bytef *)(uintptr_t)bytes.data;
	stream.avail_in = (uInt)bytes.size;
	stream.next_out = (Bytef *)buf_room(&out->bytes, room);
	stream.avail_out = (uInt)room;
	assert(deflate(&stream, Z_FINISH) == Z_STREAM_END);
	buf_claim(&out->bytes, room - stream.avail_out);
	assert(deflateEnd(&stream) == Z_OK);
}

/* With a checksum, as `zstd` and podman do. */
static inline void compress_zstd_window(struct tar *out, struct str bytes, int window_log)
{
	ZSTD_CCtx *context = ZSTD_createCCtx();
	size_t room = ZSTD_compressBound(bytes.size);
	ZSTD_inBuffer input = {bytes.data, bytes.size, 0};
	ZSTD_outBuffer output = {buf_room(&out->bytes, room), room, 0};

	assert(!ZSTD_isError(ZSTD_CCtx_setParameter(context, ZSTD_c_checksumFlag, 1)));
	if (window_log != 0)
		assert(!ZSTD_isError(
			ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, window_log)));
	/* as a stream of a length that is not known before, so that the window is as it was asked
	 */
	assert(!ZSTD_isError(ZSTD_compressStream2(context, &output, &input, ZSTD_e_continue)));
	assert(ZSTD_compressStream2(context, &output, &input, ZSTD_e_end) == 0);
	buf_claim(&out->bytes, output.pos);
	ZSTD_freeCCtx(context);
}

static inline void compress_zstd(struct tar *out, struct str bytes)
{
	compress_zstd_window(out, bytes, 0);
}

static const struct {
	const char *name;
	compress_fn add;
} compressors[] = {{"gzip", compress_gzip}, {"zstd", compress_zstd}};

#endif
