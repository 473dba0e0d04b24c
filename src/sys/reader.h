/*
 * A known number of bytes that can be read at any place: a part of a file, or what is made as it is
 * asked for (the layer of an image). Who serves or sends a content takes a reader and does not know
 * which it is. Every kind embeds this struct.
 */
#ifndef SYS_READER_H
#define SYS_READER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

struct reader {
	int64_t size_bytes;
	/* What reader_read and reader_free call. */
	int (*read)(
		struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err);
	void (*free)(struct reader *reader);
};

/*
 * Fills `bytes` with the `size` bytes at `offset`, all of them within size_bytes. Not from two
 * threads at a time. Fails with CORRUPT (the content is not what it was when the reader was made),
 * SYSTEM.
 */
must_check int reader_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err);
void reader_free(struct reader *reader); /* may be NULL */

define_clean_up(struct reader, reader_free, reader_free)
#define autoreader clean_up(reader_free_clean) struct reader

/*
 * `size` bytes at `offset` of the file *fd, which is taken over on success. The caller owns
 * *ret_reader. Fails with CORRUPT when the file does not have them, SYSTEM.
 */
must_check int reader_of_file(
	int *fd, int64_t offset, int64_t size, struct reader **ret_reader, struct error *err);

#endif
