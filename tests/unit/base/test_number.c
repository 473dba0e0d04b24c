/* Numbers: the whole text or nothing, and never beyond what fits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/number.h"

static void unsigned_numbers_are_digits_that_fit(void **state)
{
	static const struct {
		const char *text;
		bool is_number;
		uint64_t value;
	} cases[] = {
		{"0", true, 0},
		{"007", true, 7},
		{"18446744073709551615", true, UINT64_MAX},
		{"18446744073709551616", false, 0},
		{"99999999999999999999999", false, 0},
		{"", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1 ", false, 0},
		{"1.0", false, 0},
		{"0x10", false, 0},
		{"1e3", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		uint64_t value = 77;
		if (number_parse_u64(str_of(cases[i].text), &value) != cases[i].is_number ||
			value != (cases[i].is_number ? cases[i].value : 77))
			fail_msg("'%s' gave %llu", cases[i].text, (unsigned long long)value);
	}
}

static void signed_numbers_reach_both_ends(void **state)
{
	static const struct {
		const char *text;
		bool is_number;
		int64_t value;
	} cases[] = {
		{"0", true, 0},
		{"-0", true, 0},
		{"-42", true, -42},
		{"9223372036854775807", true, INT64_MAX},
		{"9223372036854775808", false, 0},
		{"-9223372036854775808", true, INT64_MIN},
		{"-9223372036854775809", false, 0},
		{"-", false, 0},
		{"--1", false, 0},
		{"", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		int64_t value = 77;
		if (number_parse_i64(str_of(cases[i].text), &value) != cases[i].is_number ||
			value != (cases[i].is_number ? cases[i].value : 77))
			fail_msg("'%s' gave %lld", cases[i].text, (long long)value);
	}
}

static void quantities_have_the_suffixes_of_kubernetes(void **state)
{
	static const struct {
		const char *text;
		bool is_quantity;
		uint64_t bytes;
	} cases[] = {
		{"0", true, 0},
		{"123", true, 123},
		{"1k", true, 1000},
		{"1M", true, 1000000},
		{"1G", true, 1000000000},
		{"2T", true, UINT64_C(2000000000000)},
		{"1P", true, UINT64_C(1000000000000000)},
		{"1E", true, UINT64_C(1000000000000000000)},
		{"1Ki", true, 1024},
		{"500Mi", true, UINT64_C(500) << 20},
		{"10Gi", true, UINT64_C(10) << 30},
		{"1Ti", true, UINT64_C(1) << 40},
		{"1Pi", true, UINT64_C(1) << 50},
		{"15Ei", true, UINT64_C(15) << 60},
		{"16Ei", false, 0},
		{"18446744073709551615k", false, 0},
		{"", false, 0},
		{"i", false, 0},
		{"1i", false, 0},
		{"Mi", false, 0},
		{"M", false, 0},
		{"1K", false, 0}, /* Kubernetes writes k for 1000 */
		{"1ki", false, 0},
		{"1MiB", false, 0},
		{"1Mii", false, 0},
		{"1.5Gi", false, 0},
		{"-1Gi", false, 0},
		{"1e3", false, 0},
		{"1m", false, 0},
		{"1 Gi", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		uint64_t bytes = 77;
		bool is_quantity = number_parse_quantity(str_of(cases[i].text), &bytes);
		if (is_quantity != cases[i].is_quantity ||
			bytes != (is_quantity ? cases[i].bytes : 77))
			fail_msg("'%s' gave %d, %llu", cases[i].text, is_quantity,
				(unsigned long long)bytes);
	}
}

static void a_nul_is_no_digit(void **state)
{
	uint64_t value;

	(void)state;
	assert_false(number_parse_u64(STR("1\0"), &value));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unsigned_numbers_are_digits_that_fit),
		cmocka_unit_test(signed_numbers_reach_both_ends),
		cmocka_unit_test(quantities_have_the_suffixes_of_kubernetes),
		cmocka_unit_test(a_nul_is_no_digit),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
