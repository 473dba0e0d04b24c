/*
 * SHA-256 of bytes that stream by, and digests as OCI writes them: "sha256:" and 64 lower-case
 * hexadecimal digits (image-spec 1.1, descriptor.md, "Digests"). Other algorithms are not used by
 * anything that we read or write.
 */
#ifndef ARCHIVE_DIGEST_H
#define ARCHIVE_DIGEST_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

enum {
	ARCHIVE_DIGEST_BYTES = 32,
	ARCHIVE_DIGEST_TEXT_SIZE = 72, /* the text form, terminator included */
};

struct archive_digest {
	uint8_t bytes[ARCHIVE_DIGEST_BYTES];
};

/* Reads the text form. False when it is anything else, other algorithms included. */
must_check bool archive_digest_parse(struct str text, struct archive_digest *ret_digest);

void archive_digest_format(
	const struct archive_digest *digest, char text[static ARCHIVE_DIGEST_TEXT_SIZE]);

/* Takes as long wherever they differ: it may be a secret's. */
bool archive_digest_equal(const struct archive_digest *a, const struct archive_digest *b);

/* The digest of bytes in memory. Fails with UNSUPPORTED (OpenSSL offers no SHA-256), SYSTEM. */
must_check int archive_digest_of(
	struct str bytes, struct archive_digest *ret_digest, struct error *err);

/* A digest in the making. */
struct archive_hasher;

/* The caller owns *ret_hasher. Fails as archive_digest_of. */
must_check int archive_hasher_new(struct archive_hasher **ret_hasher, struct error *err);
void archive_hasher_free(struct archive_hasher *hasher); /* may be NULL */

void archive_hasher_add(struct archive_hasher *hasher, struct str bytes);

/*
 * The digest of all that was added since the start or since the last end; the hasher is then ready
 * for other bytes. Fails with SYSTEM when OpenSSL failed since then.
 */
must_check int archive_hasher_end(
	struct archive_hasher *hasher, struct archive_digest *ret_digest, struct error *err);

define_clean_up(struct archive_hasher, archive_hasher_free, archive_hasher_free)
#define autohasher clean_up(archive_hasher_free_clean) struct archive_hasher

#endif
