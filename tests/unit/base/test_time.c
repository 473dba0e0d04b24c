/* Time: the calendar against the C library, and the text forms with everything that is almost one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/time.h"

/* Every day of 800 years, and a time of day that changes with it. timegm and gmtime_r know. */
static void the_calendar_agrees_with_the_c_library(void **state)
{
	(void)state;
	for (int64_t day = -146097; day < 146097; day++) {
		int64_t seconds = day * 86400 + (day * 7919 % 86400 + 86400) % 86400;
		struct time_civil civil = time_civil_of_seconds(seconds);
		time_t given = (time_t)seconds;
		struct tm known;
		assert_non_null(gmtime_r(&given, &known));
		if (civil.year != known.tm_year + 1900 || civil.month != known.tm_mon + 1 ||
			civil.day != known.tm_mday || civil.hour != known.tm_hour ||
			civil.minute != known.tm_min || civil.second != known.tm_sec ||
			time_weekday_of_seconds(seconds) != known.tm_wday ||
			time_seconds_of_civil(&civil) != seconds)
			fail_msg("second %lld is not %d-%d-%d", (long long)seconds, civil.year,
				civil.month, civil.day);
	}
}

static void times_are_read_and_written_as_kubernetes_does(void **state)
{
	static const struct {
		const char *text;
		int64_t us;
		const char *seconds, *micro;
	} cases[] = {
		{"1970-01-01T00:00:00Z", 0, "1970-01-01T00:00:00Z", "1970-01-01T00:00:00.000000Z"},
		{"2026-11-21T22:00:00Z", 1795298400000000, "2026-11-21T22:00:00Z",
			"2026-11-21T22:00:00.000000Z"},
		{"2026-11-21t22:00:00z", 1795298400000000, "2026-11-21T22:00:00Z",
			"2026-11-21T22:00:00.000000Z"},
		{"2026-11-21T23:30:00.5+01:30", 1795298400500000, "2026-11-21T22:00:00Z",
			"2026-11-21T22:00:00.500000Z"},
		{"2026-11-21T12:00:00.1234567-10:00", 1795298400123456, "2026-11-21T22:00:00Z",
			"2026-11-21T22:00:00.123456Z"},
		{"2024-02-29T23:59:60Z", 1709251200000000, "2024-03-01T00:00:00Z",
			"2024-03-01T00:00:00.000000Z"}, /* a leap second */
		{"1969-12-31T23:59:59.999999Z", -1, "1969-12-31T23:59:59Z",
			"1969-12-31T23:59:59.999999Z"},
		{"0001-01-01T00:00:00Z", -62135596800000000, "0001-01-01T00:00:00Z",
			"0001-01-01T00:00:00.000000Z"}, /* Go's zero time */
		{"9999-12-31T23:59:59Z", 253402300799000000, "9999-12-31T23:59:59Z",
			"9999-12-31T23:59:59.000000Z"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		char text[TIME_TEXT_SIZE];
		struct wall_time time = {77};
		if (!wall_time_parse(str_of(cases[i].text), &time) || time.us != cases[i].us)
			fail_msg("'%s' gave %lld", cases[i].text, (long long)time.us);
		wall_time_format(time, text);
		assert_string_equal(text, cases[i].seconds);
		wall_time_format_micro(time, text);
		assert_string_equal(text, cases[i].micro);
	}
}

static void what_is_almost_a_time_is_refused(void **state)
{
	static const char *const cases[] = {"", "2026", "2026-11-21", "2026-11-21T22:00:00",
		"2026-11-21 22:00:00Z", "2026-11-21T22:00Z", "2026-11-21T22:00:00.Z",
		"2026-11-21T22:00:00,5Z", "2026-13-21T22:00:00Z", "2026-00-21T22:00:00Z",
		"2026-11-31T22:00:00Z", "2026-11-00T22:00:00Z", "2025-02-29T22:00:00Z",
		"1900-02-29T22:00:00Z", "2026-11-21T24:00:00Z", "2026-11-21T22:60:00Z",
		"2026-11-21T22:00:61Z", "2026-11-21T22:00:00+1:00", "2026-11-21T22:00:00+24:00",
		"2026-11-21T22:00:00+01:60", "2026-11-21T22:00:00+0100", "2026-11-21T22:00:00Z ",
		" 2026-11-21T22:00:00Z", "26-11-21T22:00:00Z", "12026-11-21T22:00:00Z",
		"-026-11-21T22:00:00Z", "2026-11-21T22:00:00ZZ", "2026-11-21T22:00:00+01:00Z",
		"2026-11-21T-2:00:00Z", "2026-11-21T22:00:00.5", "\xd9\xa2-11-21T22:00:00Z"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct wall_time time = {77};
		if (wall_time_parse(str_of(cases[i]), &time) || time.us != 77)
			fail_msg("'%s' was read", cases[i]);
	}
}

static void any_time_has_a_text_that_fits(void **state)
{
	static const int64_t cases[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX};
	char text[TIME_TEXT_SIZE];

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		wall_time_format((struct wall_time){cases[i]}, text);
		assert_non_null(strchr(text, 'Z'));
		wall_time_format_micro((struct wall_time){cases[i]}, text);
		assert_non_null(strchr(text, 'Z'));
	}
}

static void durations_are_sums_of_numbers_with_units(void **state)
{
	static const struct {
		const char *text;
		int64_t us; /* -1: refused */
	} cases[] = {
		{"500ms", 500000},
		{"90s", 90000000},
		{"1h30m", 5400000000},
		{"1h0m0s", 3600000000},
		{"2m3s4ms", 123004000},
		{"0s", 0},
		{"2562047788h", INT64_C(2562047788) * 3600000000},
		{"2562047789h", -1}, /* beyond 64 bits of microseconds */
		{"99999999999999999999s", -1},
		{"2562047788h2562047788h", -1},
		{"", -1},
		{"5", -1},
		{"s", -1},
		{"1.5h", -1},
		{"-1s", -1},
		{"1 s", -1},
		{"1s ", -1},
		{"1d", -1},
		{"1us", -1},
		{"1H", -1},
		{"1mm", -1},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		int64_t us = -1;
		bool is_read = time_parse_duration(str_of(cases[i].text), &us);
		if (is_read != (cases[i].us >= 0) || us != cases[i].us)
			fail_msg("'%s' gave %lld", cases[i].text, (long long)us);
	}
}

static void ages_are_short(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{-5, "0s"},
		{0, "0s"},
		{119, "119s"},
		{120, "2m"},
		{3599, "59m"},
		{3600, "1h0m"},
		{12000, "3h20m"},
		{86399, "23h59m"},
		{86400, "1d"},
		{INT64_MAX, "106751991167300d"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		char text[TIME_TEXT_SIZE];
		time_format_age(cases[i].seconds, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_calendar_agrees_with_the_c_library),
		cmocka_unit_test(times_are_read_and_written_as_kubernetes_does),
		cmocka_unit_test(what_is_almost_a_time_is_refused),
		cmocka_unit_test(any_time_has_a_text_that_fits),
		cmocka_unit_test(durations_are_sums_of_numbers_with_units),
		cmocka_unit_test(ages_are_short),
	};

	return cmocka_run_group_tests_name("time", tests, NULL, NULL);
}
