/* Hexadecimal digits, both ways. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/hex.h"

static void every_byte_is_written_and_read_back(void **state)
{
	char text[3];

	(void)state;
	for (int i = 0; i < 256; i++) {
		uint8_t byte = (uint8_t)i;
		hex_format(&byte, 1, text);
		assert_int_equal(strlen(text), 2);
		assert_int_equal(hex_value(text[0]) * 16 + hex_value(text[1]), i);
	}
}

static void bytes_are_written_in_their_order_in_lower_case(void **state)
{
	const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
	char text[9] = "xxxxxxxx";

	(void)state;
	hex_format(bytes, sizeof(bytes), text);
	assert_string_equal(text, "000fa5ff");
	hex_format(bytes, 0, text);
	assert_string_equal(text, "");
}

static void only_digits_have_a_value(void **state)
{
	static const char digits[] = "0123456789abcdefABCDEF";

	(void)state;
	for (int i = 0; i < 256; i++) {
		bool is_digit = i != 0 && strchr(digits, i) != NULL;
		assert_int_equal(hex_value((char)i) >= 0, is_digit);
	}
	assert_int_equal(hex_value('F'), 15);
	assert_int_equal(hex_value('f'), 15);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_byte_is_written_and_read_back),
		cmocka_unit_test(bytes_are_written_in_their_order_in_lower_case),
		cmocka_unit_test(only_digits_have_a_value),
	};

	return cmocka_run_group_tests_name("hex", tests, NULL, NULL);
}
