/* Base64: the RFC's vectors both ways, and everything that is not quite base64. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/base64.h"

/* RFC 4648, section 10, and bytes that use the last two characters of the alphabet. */
static const struct {
	const char *plain;
	const char *encoded;
} vectors[] = {
	{"", ""},
	{"f", "Zg=="},
	{"fo", "Zm8="},
	{"foo", "Zm9v"},
	{"foob", "Zm9vYg=="},
	{"fooba", "Zm9vYmE="},
	{"foobar", "Zm9vYmFy"},
	{"\xfb\xff\xbf", "+/+/"},
	{"\xff\xfe\xfd\xfc", "//79/A=="},
};

static void bytes_are_encoded_as_the_rfc_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(vectors); i++) {
		autobuf encoded = BUF_INIT(100);
		base64_encode(str_of(vectors[i].plain), &encoded);
		assert_string_equal(encoded.data, vectors[i].encoded);
	}
}

static void texts_are_decoded_as_the_rfc_says(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(vectors); i++) {
		autobuf decoded = BUF_INIT(100);
		assert_true(base64_decode(str_of(vectors[i].encoded), &decoded));
		assert_string_equal(decoded.data, vectors[i].plain);
	}
}

static void white_space_may_stand_anywhere(void **state)
{
	autobuf decoded = BUF_INIT(100);

	(void)state;
	assert_true(base64_decode(STR(" \tZm 9v\r\nYg=\n= \n"), &decoded));
	assert_string_equal(decoded.data, "foob");
}

static void bytes_may_be_zero(void **state)
{
	autobuf decoded = BUF_INIT(100);

	(void)state;
	assert_true(base64_decode(STR("AAAA"), &decoded));
	assert_int_equal(decoded.size, 3);
	assert_memory_equal(decoded.data, "\0\0\0", 3);
}

static void what_is_not_base64_is_refused_and_leaves_nothing(void **state)
{
	static const struct str cases[] = {
		STR_INIT("Z"),
		STR_INIT("Zg"),
		STR_INIT("Zg="),
		STR_INIT("Z==="),
		STR_INIT("===="),
		STR_INIT("="),
		STR_INIT("Zh=="), /* bits behind the last byte */
		STR_INIT("Zm9="),
		STR_INIT("Zg==Zg=="),
		STR_INIT("Zg==="),
		STR_INIT("Zg=a"),
		STR_INIT("Zm9v="),
		STR_INIT("Zm-_"), /* the alphabet of URLs */
		STR_INIT("Zm9v*"),
		STR_INIT("Zm9\0"),
		STR_INIT("Zm9\xff"),
		STR_INIT("Zm9vZm9vZ"),
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf decoded = BUF_INIT(100);
		buf_add_text(&decoded, "before");
		if (base64_decode(cases[i], &decoded))
			fail_msg("'%.*s' was decoded", STR_ARG(cases[i]));
		assert_string_equal(decoded.data, "before");
	}
}

static void what_does_not_fit_is_refused(void **state)
{
	autobuf decoded = BUF_INIT(5);

	(void)state;
	assert_false(base64_decode(STR("Zm9vYmFy"), &decoded));
	assert_int_equal(decoded.size, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bytes_are_encoded_as_the_rfc_says),
		cmocka_unit_test(texts_are_decoded_as_the_rfc_says),
		cmocka_unit_test(white_space_may_stand_anywhere),
		cmocka_unit_test(bytes_may_be_zero),
		cmocka_unit_test(what_is_not_base64_is_refused_and_leaves_nothing),
		cmocka_unit_test(what_does_not_fit_is_refused),
	};

	return cmocka_run_group_tests_name("base64", tests, NULL, NULL);
}
