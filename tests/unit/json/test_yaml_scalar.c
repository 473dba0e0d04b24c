/*
 * What plain scalars mean. The expected values are what sigs.k8s.io/yaml 1.6.0 (with
 * go.yaml.in/yaml/v2 2.4.3) makes of the same texts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/yaml_scalar.h"

static void words_mean_null_and_booleans(void **state)
{
	static const struct {
		const char *text;
		enum json_type type;
		bool is_true;
	} cases[] = {
		{"", JSON_NULL, false},
		{"~", JSON_NULL, false},
		{"null", JSON_NULL, false},
		{"NULL", JSON_NULL, false},
		{"nuLL", JSON_STRING, false},
		{"true", JSON_BOOL, true},
		{"True", JSON_BOOL, true},
		{"y", JSON_BOOL, true},
		{"yes", JSON_BOOL, true},
		{"yEs", JSON_STRING, false},
		{"On", JSON_BOOL, true},
		{"N", JSON_BOOL, false},
		{"no", JSON_BOOL, false},
		{"OFF", JSON_BOOL, false},
		{"oFF", JSON_STRING, false},
		{"false", JSON_BOOL, false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct yaml_scalar scalar = yaml__resolve(str_of(cases[i].text));
		if (scalar.type != cases[i].type || scalar.is_true != cases[i].is_true)
			fail_msg("'%s': type %d", cases[i].text, scalar.type);
	}
}

static void numbers_are_what_kubectl_takes_them_for(void **state)
{
	static const struct {
		const char *text;
		const char *number;
	} cases[] = {
		{"5", "5"},
		{"+5", "5"},
		{"-5", "-5"},
		{"-0", "0"},
		{"00", "0"},
		{"010", "8"},
		{"0644", "420"},
		{"-010", "-8"},
		{"08", "8"},
		{"09.5", "9.5"},
		{"0o17", "15"},
		{"0O7", "7"},
		{"0x1F", "31"},
		{"0X1f", "31"},
		{"+0x10", "16"},
		{"0b101", "5"},
		{"-0b101", "-5"},
		{"1_000", "1000"},
		{"1__0", "10"},
		{"0x_1", "1"},
		{"0_7", "7"},
		{"5_", "5"},
		{"1_000.5", "1000.5"},
		{"1_e5", "100000"},
		{"1e3", "1000"},
		{"1E+3", "1000"},
		{"1e-3", "0.001"},
		{".5", "0.5"},
		{"+.5", "0.5"},
		{"-.5", "-0.5"},
		{".5e5", "50000"},
		{"5.", "5"},
		{"0.1", "0.1"},
		{"1.10", "1.1"},
		{"1e21", "1e+21"},
		{"1e-400", "0"},
		{"9223372036854775807", "9223372036854775807"},
		{"-9223372036854775808", "-9223372036854775808"},
		{"-0x8000000000000000", "-9223372036854775808"},
		{"18446744073709551615", "18446744073709551615"},
		{"18446744073709551616", "1.8446744073709552e+19"},
		{"-9223372036854775809", "-9.223372036854776e+18"},
		{"0777777777777777777777", "9223372036854775807"},
		{"07777777777777777777777", "7.777777777777777e+21"},
		{".inf", ""},
		{"-.INF", ""},
		{"+.Inf", ""},
		{".NaN", ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct yaml_scalar scalar = yaml__resolve(str_of(cases[i].text));
		if (scalar.type != JSON_NUMBER)
			fail_msg("'%s' is no number", cases[i].text);
		assert_string_equal(scalar.number, cases[i].number);
	}
}

static void what_only_looks_like_a_number_is_a_string(void **state)
{
	static const char *const cases[] = {"_1", "._5", ".e5", ".", "1.5e", "1e", "1e+", "1e400",
		"-1e400", "0x", "0b", "0b2", "0x1p4", ".0x5", "1_2:3", "12:30:45", "2001-12-14",
		"2001-12-14T21:59:43.10Z", "0x1ffffffffffffffffffff", ".inF", ".infinity", "inf",
		"nan", "--5", "+-5", "+", "-", "1.2.3", "10.0.0.1", "5 ", "5x", "1,000"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		if (yaml__resolve(str_of(cases[i])).type != JSON_STRING)
			fail_msg("'%s' is no string", cases[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(words_mean_null_and_booleans),
		cmocka_unit_test(numbers_are_what_kubectl_takes_them_for),
		cmocka_unit_test(what_only_looks_like_a_number_is_a_string),
	};

	return cmocka_run_group_tests_name("yaml_scalar", tests, NULL, NULL);
}
