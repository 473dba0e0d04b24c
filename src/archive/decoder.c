/* zlib and libzstd behind one table: each step of either uses up input, gives output, or ends a
 * member. */
#include "archive/decoder.h"

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <zlib.h>
#include <zstd.h>

#include "base/alloc.h"
#include "base/limits.h"

enum {
	DECODER_GZIP_ONLY = 16, /* of inflateInit2(): no raw deflate, no zlib */
};

/* What a step reads and writes; both move on. */
struct decoder_bytes {
	struct str input;
	char *output;
	size_t room;
};

enum decoder_result { DECODER_GOES_ON, DECODER_MEMBER_ENDS, DECODER_FAILS };

struct decoder_format {
	int (*begin)(struct archive_decoder *decoder);
	enum decoder_result (*step)(struct archive_decoder *decoder, struct decoder_bytes *bytes,
		const char **ret_fault);
};

struct archive_decoder {
	const struct decoder_format *format;
	z_stream gzip;
	ZSTD_DCtx *zstd;
	int64_t position; /* in the input */
	bool is_within; /* a member has begun and not ended */
};

static int decoder_begin_gzip(struct archive_decoder *decoder)
{
	return inflateInit2(&decoder->gzip, MAX_WBITS + DECODER_GZIP_ONLY) == Z_OK ? 0 : -1;
}

static enum decoder_result decoder_step_gzip(
	struct archive_decoder *decoder, struct decoder_bytes *bytes, const char **ret_fault)
{
	z_stream *stream = &decoder->gzip;
	int code;

	stream->next_in = (Bytef *)(uintptr_t)bytes->input.data;
	stream->avail_in = (uInt)bytes->input.size;
	stream->next_out = (Bytef *)bytes->output;
	stream->avail_out = (uInt)bytes->room;
	code = inflate(stream, Z_NO_FLUSH);
	bytes->input = str_from(bytes->input, bytes->input.size - stream->avail_in);
	bytes->output = (char *)stream->next_out;
	bytes->room = stream->avail_out;
	if (code == Z_STREAM_END && inflateReset(stream) == Z_OK)
		return DECODER_MEMBER_ENDS;
	if (code == Z_OK || code == Z_BUF_ERROR)
		return DECODER_GOES_ON;
	*ret_fault = stream->msg != NULL ? stream->msg : zError(code);
	return DECODER_FAILS;
}

static int decoder_begin_zstd(struct archive_decoder *decoder)
{
	decoder->zstd = ZSTD_createDCtx();
	return decoder->zstd != NULL &&
			!ZSTD_isError(ZSTD_DCtx_setParameter(
				decoder->zstd, ZSTD_d_windowLogMax, LIMIT_ARCHIVE_WINDOW_LOG))
		? 0
		: -1;
}

static enum decoder_result decoder_step_zstd(
	struct archive_decoder *decoder, struct decoder_bytes *bytes, const char **ret_fault)
{
	ZSTD_inBuffer input = {bytes->input.data, bytes->input.size, 0};
	ZSTD_outBuffer output = {bytes->output, bytes->room, 0};
	size_t left = ZSTD_decompressStream(decoder->zstd, &output, &input);

	bytes->input = str_from(bytes->input, input.pos);
	bytes->output += output.pos;
	bytes->room -= output.pos;
	if (ZSTD_isError(left)) {
		*ret_fault = ZSTD_getErrorName(left);
		return DECODER_FAILS;
	}
	return left == 0 ? DECODER_MEMBER_ENDS : DECODER_GOES_ON;
}

static const struct decoder_format decoder_formats[] = {
	[ARCHIVE_GZIP] = {decoder_begin_gzip, decoder_step_gzip},
	[ARCHIVE_ZSTD] = {decoder_begin_zstd, decoder_step_zstd},
};

int archive__decoder_new(enum archive_compression compression, struct archive_decoder **ret_decoder,
	struct error *err)
{
	struct archive_decoder *decoder = new_zeroed(struct archive_decoder);

	assert(compression != ARCHIVE_PLAIN);
	decoder->format = &decoder_formats[compression];
	if (decoder->format->begin(decoder) < 0) {
		archive__decoder_free(decoder);
		return error_set(err, ERROR_SYSTEM, "cannot start to unpack: out of memory");
	}
	*ret_decoder = decoder;
	return 0;
}

void archive__decoder_free(struct archive_decoder *decoder)
{
	if (decoder == NULL)
		return;
	(void)inflateEnd(&decoder->gzip); /* one that never began is fine */
	(void)ZSTD_freeDCtx(decoder->zstd); /* likewise */
	free(decoder);
}

int archive__decoder_step(struct archive_decoder *decoder, struct str *input, char *bytes,
	size_t size, size_t *ret_size, struct error *err)
{
	struct decoder_bytes at = {*input, bytes, size};
	struct decoder_bytes before;
	const char *fault;

	do {
		enum decoder_result result;

		if (!decoder->is_within && at.input.size == 0)
			break;
		before = at;
		result = decoder->format->step(decoder, &at, &fault);
		if (result == DECODER_FAILS)
			return error_set(err, ERROR_CORRUPT,
				"the compressed archive cannot be unpacked beyond byte %lld: %s",
				(long long)decoder->position, fault);
		decoder->is_within = result == DECODER_GOES_ON;
		decoder->position += (int64_t)(before.input.size - at.input.size);
	} while (at.room > 0 && (at.room != before.room || at.input.size != before.input.size));
	*input = at.input;
	*ret_size = size - at.room;
	return 0;
}

int archive__decoder_end(const struct archive_decoder *decoder, struct error *err)
{
	if (!decoder->is_within)
		return 0;
	return error_set(err, ERROR_CORRUPT,
		"the compressed archive ends after %lld bytes, before its end",
		(long long)decoder->position);
}
