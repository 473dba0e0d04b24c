/* SHA-256 against the examples of FIPS 180-4, and the text form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/digest.h"

static const char empty_digest[] =
	"sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
static const char abc_digest[] =
	"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

static void assert_digest(const struct archive_digest *digest, const char *expected)
{
	char text[ARCHIVE_DIGEST_TEXT_SIZE];

	archive_digest_format(digest, text);
	assert_string_equal(text, expected);
}

static void the_digests_of_the_standard_come_out(void **state)
{
	struct archive_digest digest;
	struct error err;

	(void)state;
	assert_int_equal(archive_digest_of(STR(""), &digest, &err), 0);
	assert_digest(&digest, empty_digest);
	assert_int_equal(archive_digest_of((struct str){NULL, 0}, &digest, &err), 0);
	assert_digest(&digest, empty_digest);
	assert_int_equal(archive_digest_of(STR("abc"), &digest, &err), 0);
	assert_digest(&digest, abc_digest);
}

static void a_hasher_is_reused_and_pieces_do_not_matter(void **state)
{
	autohasher *hasher = NULL;
	struct archive_digest digest;
	struct error err;

	(void)state;
	assert_int_equal(archive_hasher_new(&hasher, &err), 0);
	for (int round = 0; round < 3; round++) {
		archive_hasher_add(hasher, STR("a"));
		archive_hasher_add(hasher, STR(""));
		archive_hasher_add(hasher, STR("bc"));
		assert_int_equal(archive_hasher_end(hasher, &digest, &err), 0);
		assert_digest(&digest, abc_digest);
	}
	assert_int_equal(archive_hasher_end(hasher, &digest, &err), 0);
	assert_digest(&digest, empty_digest);
}

static void a_digest_survives_its_text_form(void **state)
{
	struct archive_digest digest;
	struct archive_digest other;

	(void)state;
	assert_true(archive_digest_parse(str_of(abc_digest), &digest));
	assert_digest(&digest, abc_digest);
	assert_true(archive_digest_parse(str_of(empty_digest), &other));
	assert_true(archive_digest_equal(&digest, &digest));
	assert_false(archive_digest_equal(&digest, &other));
}

static void other_texts_are_no_digests(void **state)
{
	static const char *const texts[] = {
		"",
		"sha256:",
		"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015a",
		"sha256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015adf",
		"sha256:BA7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256:ga7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"SHA256:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha512:ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
		"sha256 ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
	};
	struct archive_digest digest;

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++)
		if (archive_digest_parse(str_of(texts[i]), &digest))
			fail_msg("'%s' was taken for a digest", texts[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_digests_of_the_standard_come_out),
		cmocka_unit_test(a_hasher_is_reused_and_pieces_do_not_matter),
		cmocka_unit_test(a_digest_survives_its_text_form),
		cmocka_unit_test(other_texts_are_no_digests),
	};

	return cmocka_run_group_tests_name("digest", tests, NULL, NULL);
}
