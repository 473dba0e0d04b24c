/* UTF-8: every character there is goes there and back, everything else is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "json/utf8.h"

/* Encodes as RFC 3629, section 3 describes it, surrogates included. */
static struct str encoded(uint32_t character, char bytes[static 4])
{
	size_t followers = character < 0x80 ? 0
		: character < 0x800         ? 1
		: character < 0x10000       ? 2
					    : 3;
	static const unsigned char first[] = {0, 0xc0, 0xe0, 0xf0};

	bytes[0] = (char)(first[followers] | character >> (6 * followers));
	for (size_t i = 1; i <= followers; i++)
		bytes[i] = (char)(0x80 | (character >> (6 * (followers - i)) & 0x3f));
	return (struct str){bytes, followers + 1};
}

static void every_character_is_read_as_it_was_written(void **state)
{
	(void)state;
	for (uint32_t character = 0; character <= 0x10ffff; character++) {
		bool is_surrogate = character >= 0xd800 && character <= 0xdfff;
		char bytes[4];
		struct str text = encoded(character, bytes);
		uint32_t decoded = 0;
		size_t size = json__utf8_decode(text, &decoded);
		if (size != (is_surrogate ? 0 : text.size) ||
			(!is_surrogate && decoded != character))
			fail_msg("U+%04X: size %zu, character %X", character, size, decoded);
	}
}

static void a_cut_character_is_none(void **state)
{
	const struct str cases[] = {STR("\xc3"), STR("\xe2\x82"), STR("\xf0\x9f\x98")};
	uint32_t character;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(json__utf8_decode(cases[i], &character), 0);
}

static void overlong_and_too_large_ones_are_none(void **state)
{
	const struct str cases[] = {STR("\x80"), STR("\xbf"), STR("\xc0\x80"), STR("\xc1\xbf"),
		STR("\xe0\x9f\xbf"), STR("\xf0\x8f\xbf\xbf"), STR("\xf4\x90\x80\x80"),
		STR("\xf5\x80\x80\x80"), STR("\xf8\x88\x80\x80\x80"), STR("\xfe"), STR("\xff"),
		STR("\xc3\xc3"), STR("\xe2\x82\x28"), STR("\xf0\x9f\x28\x80")};
	uint32_t character;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(json__utf8_decode(cases[i], &character), 0);
}

static void counting_counts_characters(void **state)
{
	(void)state;
	assert_int_equal(json__utf8_count(STR("")), 0);
	assert_int_equal(json__utf8_count(STR("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80")), 4);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_character_is_read_as_it_was_written),
		cmocka_unit_test(a_cut_character_is_none),
		cmocka_unit_test(overlong_and_too_large_ones_are_none),
		cmocka_unit_test(counting_counts_characters),
	};

	return cmocka_run_group_tests_name("utf8", tests, NULL, NULL);
}
