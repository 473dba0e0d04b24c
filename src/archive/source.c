/* Large sequential reads; the hash sees each block while it is still in the processor's cache. */
#include "archive/source.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/alloc.h"

/* Measured on 1 GiB in the page cache: from 64 KiB to 1 MiB it is one SHA-256 pass plus a copy. */
enum { SOURCE_BLOCK_BYTES = 256 * 1024 };

int archive__source_init(
	struct archive_source *source, int fd, int64_t unpacked_max, struct error *err)
{
	*source = (struct archive_source){
		.fd = fd, .unpacked_max = unpacked_max, .garbage_offset = -1};
	if (archive_hasher_new(&source->hasher, err) < 0)
		return -1;
	source->block = alloc_zeroed(1, SOURCE_BLOCK_BYTES);
	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL); /* a pipe does not need it */
	return 0;
}

void archive__source_done(struct archive_source *source)
{
	archive__decoder_free(source->decoder);
	archive_hasher_free(source->file_hasher);
	archive_hasher_free(source->hasher);
	free(source->input);
	free(source->block);
}

/* Remembers the last byte behind the known content that is not zero. */
static void source_watch(struct archive_source *source, struct str block)
{
	int64_t offset = source->position + (int64_t)block.size;

	for (size_t left = block.size; left > 0 && offset > source->content_end; left--, offset--)
		if (block.data[left - 1] != 0) {
			source->garbage_offset = offset - 1;
			return;
		}
}

/* A block of the file, full but at its end. */
static int source_read(
	struct archive_source *source, char *block, size_t *ret_size, struct error *err)
{
	size_t size = 0;

	while (size < SOURCE_BLOCK_BYTES && !source->is_file_at_end) {
		ssize_t got = read(source->fd, block + size, SOURCE_BLOCK_BYTES - size);
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot read the archive");
		source->is_file_at_end = got == 0;
		size += (size_t)got;
	}
	*ret_size = size;
	return 0;
}

/* The first block of the file turns out to be compressed: it is the decoder's first input. */
static int source_begin_unpacking(
	struct archive_source *source, struct str begin, struct error *err)
{
	enum archive_compression compression = archive_compression_of_bytes(begin);

	if (archive__decoder_new(compression, &source->decoder, err) < 0 ||
		archive_hasher_new(&source->file_hasher, err) < 0)
		return -1;
	archive_hasher_add(source->file_hasher, begin);
	source->input = source->block;
	source->input_left = begin;
	source->block = alloc_zeroed(1, SOURCE_BLOCK_BYTES);
	return 0;
}

static int source_refill(struct archive_source *source, struct error *err)
{
	struct str input = {source->input, 0};

	if (source_read(source, source->input, &input.size, err) < 0)
		return -1;
	archive_hasher_add(source->file_hasher, input);
	source->input_left = input;
	return 0;
}

/* A block of what is in the file, full but at the end of that. */
static int source_unpack(struct archive_source *source, size_t *ret_size, struct error *err)
{
	size_t size = 0;
	size_t got;

	do {
		if (source->input_left.size == 0 && source_refill(source, err) < 0)
			return -1;
		if (archive__decoder_step(source->decoder, &source->input_left,
			    source->block + size, SOURCE_BLOCK_BYTES - size, &got, err) < 0)
			return -1;
		size += got;
	} while (size < SOURCE_BLOCK_BYTES &&
		(got > 0 || source->input_left.size > 0 || !source->is_file_at_end));
	if (source->position + (int64_t)size > source->unpacked_max)
		return error_set(err, ERROR_TOO_BIG,
			"the archive unpacks to more than the %lld MiB that there is room for",
			(long long)(source->unpacked_max >> 20));
	*ret_size = size;
	return size < SOURCE_BLOCK_BYTES ? archive__decoder_end(source->decoder, err) : 0;
}

/* A block of the tar, full but at its end. */
static int source_fill(struct archive_source *source, size_t *ret_size, struct error *err)
{
	struct str begin = {source->block, 0};

	if (source->decoder != NULL)
		return source_unpack(source, ret_size, err);
	if (source_read(source, source->block, &begin.size, err) < 0)
		return -1;
	*ret_size = begin.size;
	if (source->position > 0 || source->unpacked_max == 0 ||
		archive_compression_of_bytes(begin) == ARCHIVE_PLAIN)
		return 0;
	if (source_begin_unpacking(source, begin, err) < 0)
		return -1;
	return source_unpack(source, ret_size, err);
}

int archive__source_next(struct archive_source *source, struct str *ret_block, struct error *err)
{
	struct str block = {0};

	if (source_fill(source, &block.size, err) < 0)
		return -1;
	block.data = source->block;
	archive_hasher_add(source->hasher, block);
	source_watch(source, block);
	source->position += (int64_t)block.size;
	source->is_at_end = block.size < SOURCE_BLOCK_BYTES;
	*ret_block = block;
	return 0;
}

int archive__source_end(struct archive_source *source, struct archive_digest *ret_digest,
	struct archive_digest *ret_file_digest, struct error *err)
{
	if (archive_hasher_end(source->hasher, ret_digest, err) < 0)
		return -1;
	if (source->decoder != NULL)
		return archive_hasher_end(source->file_hasher, ret_file_digest, err);
	*ret_file_digest = *ret_digest;
	return 0;
}

void archive__source_expect(struct archive_source *source, int64_t content_end)
{
	source->content_end = content_end;
	if (source->garbage_offset < content_end)
		source->garbage_offset = -1;
}
