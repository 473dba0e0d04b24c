/*
 * The bytes of an archive on their way into a tar reader: read in large blocks, unpacked where the
 * file is compressed, hashed once, and watched for anything but zeros behind the content. Internal
 * to the room.
 */
#ifndef ARCHIVE_SOURCE_H
#define ARCHIVE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/decoder.h"
#include "archive/digest.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct archive_source {
	int fd; /* borrowed */
	bool is_file_at_end;
	int64_t unpacked_max; /* see archive_scan() */
	struct archive_decoder *decoder; /* NULL: the file is the tar */
	struct archive_hasher *file_hasher; /* of the file where that is not the tar */
	char *input; /* of the decoder: a block of the file */
	struct str input_left; /* what is not decoded of it */
	struct archive_hasher *hasher; /* of the tar, as all below is */
	char *block;
	int64_t position; /* bytes read and hashed so far */
	int64_t content_end; /* where the last entry that is known ends, padding included */
	int64_t garbage_offset; /* of a byte behind content_end that is not zero; -1: none seen */
	bool is_at_end;
};

/* Fails as archive_hasher_new. */
must_check int archive__source_init(
	struct archive_source *source, int fd, int64_t unpacked_max, struct error *err);
void archive__source_done(struct archive_source *source);

/*
 * The next block, valid until the next call; empty at the end. All blocks but the last are full, so
 * that blocks begin on record boundaries. Fails with SYSTEM; of a compressed file also with
 * CORRUPT, TOO_BIG.
 */
must_check int archive__source_next(
	struct archive_source *source, struct str *ret_block, struct error *err);

/* Once all was read: the digests of the tar, and of the file. As archive_hasher_end(). */
must_check int archive__source_end(struct archive_source *source, struct archive_digest *ret_digest,
	struct archive_digest *ret_file_digest, struct error *err);

/*
 * An entry is known whose content ends, padded, at `content_end`. To be told before its content is
 * read on, so that contents are not searched for garbage.
 */
void archive__source_expect(struct archive_source *source, int64_t content_end);

#endif
