/* OpenSSL's SHA-256: fetched once per hasher, which is reused from one run of bytes to the next. */
#include "archive/digest.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "base/alloc.h"
#include "base/hex.h"

struct archive_hasher {
	EVP_MD *algorithm;
	EVP_MD_CTX *state;
	bool is_broken; /* OpenSSL refused a step; told by archive_hasher_end */
};

static const struct str digest_prefix = {"sha256:", 7};

/* Lower case only: one digest has one text. */
static int digest_hex_value(char digit)
{
	return digit >= 'A' && digit <= 'F' ? -1 : hex_value(digit);
}

bool archive_digest_parse(struct str text, struct archive_digest *ret_digest)
{
	struct archive_digest digest;
	struct str hex;

	if (!str_starts_with(text, digest_prefix))
		return false;
	hex = str_from(text, digest_prefix.size);
	if (hex.size != 2 * sizeof(digest.bytes))
		return false;
	for (size_t i = 0; i < sizeof(digest.bytes); i++) {
		int high = digest_hex_value(hex.data[2 * i]);
		int low = digest_hex_value(hex.data[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		digest.bytes[i] = (uint8_t)(high * 16 + low);
	}
	*ret_digest = digest;
	return true;
}

void archive_digest_format(
	const struct archive_digest *digest, char text[static ARCHIVE_DIGEST_TEXT_SIZE])
{
	memcpy(text, digest_prefix.data, digest_prefix.size);
	hex_format(digest->bytes, sizeof(digest->bytes), text + digest_prefix.size);
}

bool archive_digest_equal(const struct archive_digest *a, const struct archive_digest *b)
{
	return CRYPTO_memcmp(a->bytes, b->bytes, sizeof(a->bytes)) == 0;
}

static void hasher_start(struct archive_hasher *hasher)
{
	hasher->is_broken = EVP_DigestInit_ex2(hasher->state, hasher->algorithm, NULL) != 1;
}

int archive_hasher_new(struct archive_hasher **ret_hasher, struct error *err)
{
	autohasher *hasher = new_zeroed(struct archive_hasher);

	hasher->algorithm = EVP_MD_fetch(NULL, "SHA256", NULL);
	if (hasher->algorithm == NULL)
		return error_set(err, ERROR_UNSUPPORTED, "OpenSSL offers no SHA-256");
	hasher->state = EVP_MD_CTX_new();
	if (hasher->state == NULL)
		return error_set(err, ERROR_SYSTEM, "cannot start a SHA-256: out of memory");
	hasher_start(hasher);
	*ret_hasher = take_ptr(&hasher);
	return 0;
}

void archive_hasher_free(struct archive_hasher *hasher)
{
	if (hasher == NULL)
		return;
	EVP_MD_CTX_free(hasher->state);
	EVP_MD_free(hasher->algorithm);
	free(hasher);
}

void archive_hasher_add(struct archive_hasher *hasher, struct str bytes)
{
	if (EVP_DigestUpdate(hasher->state, bytes.data, bytes.size) != 1)
		hasher->is_broken = true;
}

int archive_hasher_end(
	struct archive_hasher *hasher, struct archive_digest *ret_digest, struct error *err)
{
	struct archive_digest digest;

	if (EVP_DigestFinal_ex(hasher->state, digest.bytes, NULL) != 1)
		hasher->is_broken = true;
	if (hasher->is_broken)
		return error_set(err, ERROR_SYSTEM, "OpenSSL failed to compute a SHA-256");
	hasher_start(hasher);
	*ret_digest = digest;
	return 0;
}

int archive_digest_of(struct str bytes, struct archive_digest *ret_digest, struct error *err)
{
	autohasher *hasher = NULL;

	if (archive_hasher_new(&hasher, err) < 0)
		return -1;
	archive_hasher_add(hasher, bytes);
	return archive_hasher_end(hasher, ret_digest, err);
}
