/*
 * The bytes of an archive on their way into a tar reader: read in large blocks, hashed once, and
 * watched for anything but zeros behind the content. Internal to the room.
 */
#ifndef ARCHIVE_SOURCE_H
#define ARCHIVE_SOURCE_H

#include <stdbool.h>
#include <stdint.h>

#include "archive/digest.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct archive_source {
	int fd; /* borrowed */
	struct archive_hasher *hasher;
	char *block;
	int64_t position; /* bytes read and hashed so far */
	int64_t content_end; /* where the last entry that is known ends, padding included */
	int64_t garbage_offset; /* of a byte behind content_end that is not zero; -1: none seen */
	bool is_at_end;
};

/* Fails as archive_hasher_new. */
must_check int archive__source_init(struct archive_source *source, int fd, struct error *err);
void archive__source_done(struct archive_source *source);

/*
 * The next block, valid until the next call; empty at the end of the file. All blocks but the last
 * are full, so that blocks begin on record boundaries. Fails with SYSTEM.
 */
must_check int archive__source_next(
	struct archive_source *source, struct str *ret_block, struct error *err);

/*
 * An entry is known whose content ends, padded, at `content_end`. To be told before its content is
 * read on, so that contents are not searched for garbage.
 */
void archive__source_expect(struct archive_source *source, int64_t content_end);

#endif
