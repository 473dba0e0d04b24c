/* Zone files: versions, rules in footers, and bytes that mean harm. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/time.h"
#include "zones.h"

/* A file to be built; what is not said is 0 or empty. */
struct zone_file {
	char version;
	const int64_t *times;
	const char *type_of_times; /* one byte each */
	size_t transition_count;
	const int32_t *offsets; /* of the types */
	size_t type_count;
	uint32_t leap_count;
	const char *footer; /* with its line ends */
};

static void add_number(struct buf *buf, int64_t value, int size)
{
	for (int shift = (size - 1) * 8; shift >= 0; shift -= 8)
		buf_add_byte(buf, (char)((uint64_t)value >> shift));
}

static void add_block(struct buf *buf, const struct zone_file *file, int time_size)
{
	const size_t counts[] = {
		0, 0, file->leap_count, file->transition_count, file->type_count, 4};

	buf_add(buf, STR("TZif"));
	buf_add_byte(buf, file->version);
	for (int i = 0; i < 15; i++)
		buf_add_byte(buf, '\0');
	for (size_t i = 0; i < array_size(counts); i++)
		add_number(buf, (int64_t)counts[i], 4);
	for (size_t i = 0; i < file->transition_count; i++)
		add_number(buf, file->times[i], time_size);
	buf_add(buf, (struct str){file->type_of_times, file->transition_count});
	for (size_t i = 0; i < file->type_count; i++) {
		add_number(buf, file->offsets[i], 4);
		add_number(buf, 0, 2);
	}
	buf_add(buf, STR("LMT\0"));
	for (size_t i = 0; i < file->leap_count; i++) {
		add_number(buf, 0, time_size);
		add_number(buf, 0, 4);
	}
}

static int parse_file(
	const struct zone_file *file, struct schedule_zone **ret_zone, struct error *err)
{
	autobuf buf = BUF_INIT(100000);

	if (file->version == '\0') {
		add_block(&buf, file, 4);
	} else {
		add_block(&buf, &(struct zone_file){.version = file->version}, 4);
		add_block(&buf, file, 8);
		buf_add_text(&buf, file->footer);
	}
	return schedule_zone_parse(buf_str(&buf), ret_zone, err);
}

static const int64_t two_times[] = {1000000000, 1500000000};
static const int32_t three_offsets[] = {3600, 7200, -1800};

static void a_file_of_version_1_holds_after_its_last_change(void **state)
{
	autozone *zone = NULL;
	struct error err;
	struct zone_file file = {.times = two_times,
		.type_of_times = "\1\2",
		.transition_count = 2,
		.offsets = three_offsets,
		.type_count = 3};

	(void)state;
	assert_int_equal(parse_file(&file, &zone, &err), 0);
	assert_int_equal(zone_offset_at(zone, 999999999), 3600);
	assert_int_equal(zone_offset_at(zone, 1000000000), 7200);
	assert_int_equal(zone_offset_at(zone, 1499999999), 7200);
	assert_int_equal(zone_offset_at(zone, 1500000000), -1800);
	assert_int_equal(zone_offset_at(zone, INT64_C(9000000000)), -1800);
}

static void later_versions_are_read_alike(void **state)
{
	(void)state;
	for (char version = '2'; version <= '5'; version++) {
		autozone *zone = NULL;
		struct error err;
		struct zone_file file = {.version = version,
			.times = (const int64_t[]){-9000000000, 1500000000},
			.type_of_times = "\1\2",
			.transition_count = 2,
			.offsets = three_offsets,
			.type_count = 3,
			.footer = "\nXYZ-5\n"};

		assert_int_equal(parse_file(&file, &zone, &err), 0);
		assert_int_equal(zone_offset_at(zone, -9000000001), 3600);
		assert_int_equal(zone_offset_at(zone, -9000000000), 7200);
		assert_int_equal(zone_offset_at(zone, 1600000000), 5 * 3600);
	}
}

static void without_a_rule_the_last_offset_stays(void **state)
{
	autozone *zone = NULL;
	struct error err;
	struct zone_file file = {.version = '2',
		.times = two_times,
		.type_of_times = "\1\0",
		.transition_count = 2,
		.offsets = three_offsets,
		.type_count = 1,
		.footer = "\n\n"};

	(void)state;
	assert_int_equal(parse_file(&file, &zone, &err), -1);
	file.type_count = 2;
	assert_int_equal(parse_file(&file, &zone, &err), 0);
	assert_int_equal(zone_offset_at(zone, INT64_C(9000000000)), 3600);
}

static int parse_rule(const char *rule, struct schedule_zone **ret_zone, struct error *err)
{
	char footer[200];
	struct zone_file file = {
		.version = '3', .offsets = three_offsets, .type_count = 1, .footer = footer};

	(void)snprintf(footer, sizeof(footer), "\n%s\n", rule);
	return parse_file(&file, ret_zone, err);
}

static void rules_say_when_summer_begins_and_ends(void **state)
{
	/* a second before a change and the change, as UTC */
	static const struct {
		const char *rule;
		struct time_civil change;
		int32_t before;
		int32_t after;
	} rows[] = {
		{"CET-1CEST,M3.5.0,M10.5.0/3", {2045, 3, 26, 1, 0, 0}, 3600, 7200},
		{"CET-1CEST,M3.5.0,M10.5.0/3", {2045, 10, 29, 1, 0, 0}, 7200, 3600},
		{"EST5EDT,M3.2.0,M11.1.0", {2099, 3, 8, 7, 0, 0}, -18000, -14400},
		{"EST5EDT,M3.2.0,M11.1.0", {2099, 11, 1, 6, 0, 0}, -14400, -18000},
		/* south of the equator summer goes over the new year */
		{"<-04>4<-03>,M9.1.6/24,M4.1.6/24", {2050, 9, 4, 4, 0, 0}, -14400, -10800},
		{"<-04>4<-03>,M9.1.6/24,M4.1.6/24", {2050, 4, 3, 3, 0, 0}, -10800, -14400},
		{"<+1030>-10:30<+11>-11,M10.1.0,M4.1.0", {2050, 10, 1, 15, 30, 0}, 37800, 39600},
		/* negative hours and more than a day of them (Nuuk, Gaza) */
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", {2030, 3, 31, 1, 0, 0}, -7200, -3600},
		{"<-02>2<-01>,M3.5.0/-1,M10.5.0/0", {2030, 10, 27, 1, 0, 0}, -3600, -7200},
		{"EET-2EEST,M3.4.4/50,M10.4.4/50", {2040, 3, 24, 0, 0, 0}, 7200, 10800},
		{"EET-2EEST,M3.4.4/50,M10.4.4/50", {2040, 10, 26, 23, 0, 0}, 10800, 7200},
		/* Dublin's summer time is its standard time */
		{"IST-1GMT0,M10.5.0,M3.5.0/1", {2030, 10, 27, 1, 0, 0}, 3600, 0},
		{"IST-1GMT0,M10.5.0,M3.5.0/1", {2030, 3, 31, 1, 0, 0}, 0, 3600},
		/* day 60 is 1 March in all years by Jn and in common years by n+1 */
		{"AAA0BBB,J60/0,J300/0", {2027, 3, 1, 0, 0, 0}, 0, 3600},
		{"AAA0BBB,J60/0,J300/0", {2028, 3, 1, 0, 0, 0}, 0, 3600},
		{"AAA0BBB,J59/0,J300/0", {2028, 2, 28, 0, 0, 0}, 0, 3600},
		{"AAA0BBB,59/0,J300/0", {2027, 3, 1, 0, 0, 0}, 0, 3600},
		{"AAA0BBB,59/0,J300/0", {2028, 2, 29, 0, 0, 0}, 0, 3600},
		{"AAA0BBB,0/0,J300/0", {2028, 1, 1, 0, 0, 0}, 0, 3600},
		/* seconds; a change that lies in the year after or before */
		{"AAA+0:00:10BBB+0:00:05,M6.1.1/1:02:03,M7.1.1", {2026, 6, 1, 1, 2, 13}, -10, -5},
		{"AAA0BBB,J365/167,J100", {2027, 1, 6, 23, 0, 0}, 0, 3600},
		{"AAA0BBB,J1/-167,J100", {2026, 12, 25, 1, 0, 0}, 0, 3600},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		autozone *zone = NULL;
		struct error err;
		int64_t at = time_seconds_of_civil(&rows[i].change);

		if (parse_rule(rows[i].rule, &zone, &err) < 0)
			fail_msg("%s: %s", rows[i].rule, err.text);
		if (zone_offset_at(zone, at - 1) != rows[i].before ||
			zone_offset_at(zone, at) != rows[i].after)
			fail_msg("row %zu '%s': %d to %d", i, rows[i].rule,
				zone_offset_at(zone, at - 1), zone_offset_at(zone, at));
	}
}

static void summer_time_may_last_all_year(void **state)
{
	static const char *const rules[] = {
		"EST5EDT,0/0,J365/25", "XXX3EDT4,0/0,J365/23", "AAA5EDT4,J1/0,J365/25"};

	(void)state;
	for (size_t i = 0; i < array_size(rules); i++) {
		autozone *zone = NULL;
		struct error err;

		assert_int_equal(parse_rule(rules[i], &zone, &err), 0);
		for (int64_t at = 1700000000; at < 1900000000; at += 3600)
			assert_int_equal(zone_offset_at(zone, at), -4 * 3600);
	}
}

static void rules_that_are_none_are_refused(void **state)
{
	static const char *const rules[] = {"CET", "CE-1", "-1", "CET-1CEST", "CET-1CEST,",
		"CET-1CEST,M3.5.0", "CET-1CEST,M3.5.0,", "CET-1CEST,M3.5.0,M10.5.0/3x",
		"CET-1CEST,M0.5.0,M10.5.0", "CET-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.0.0,M10.5.0",
		"CET-1CEST,M3.6.0,M10.5.0", "CET-1CEST,M3.5.7,M10.5.0", "CET-1CEST,M3.5,M10.5.0",
		"CET-1CEST,J0,J365", "CET-1CEST,J366,J1", "CET-1CEST,366,1", "CET-1CEST,J,J1",
		"CET-25", "CET-1:60", "CET-1:00:60", "CET-1:", "CET--1", "<CET-1", "<C>1",
		"<+01>-1<+02>,M3.5.0/168,M10.5.0", "CET-1CEST,M3.5.0/-168,M10.5.0",
		"CET-99999999999", " CET-1", "CET-1 ", "CET-1CEST;M3.5.0;M10.5.0", "C\xc3\xa9T-1",
		"CET-1CEST-25,1,2"};

	(void)state;
	for (size_t i = 0; i < array_size(rules); i++) {
		autozone *zone = NULL;
		struct error err = {0};

		if (parse_rule(rules[i], &zone, &err) == 0)
			fail_msg("'%s' was accepted", rules[i]);
		assert_string_equal(err.text, "the time zone file's footer is not a rule");
	}
}

static void files_that_contradict_themselves_are_refused(void **state)
{
	static const int64_t backwards[] = {1500000000, 1000000000};
	static const int64_t equal[] = {1500000000, 1500000000};
	static const int32_t absurd[] = {26 * 3600};
	static const int32_t absurd_west[] = {-26 * 3600};
	const struct {
		struct zone_file file;
		enum error_kind kind;
		const char *text;
	} rows[] = {
		{{'2', backwards, "\0\0", 2, three_offsets, 3, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file's changes are not in order"},
		{{'2', equal, "\0\0", 2, three_offsets, 3, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file's changes are not in order"},
		{{'2', two_times, "\0\3", 2, three_offsets, 3, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file names a type it lacks"},
		{{'2', two_times, "\0\xff", 2, three_offsets, 3, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file names a type it lacks"},
		{{'2', NULL, NULL, 0, NULL, 0, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file names a type it lacks"},
		{{'2', NULL, NULL, 0, absurd, 1, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file has an absurd offset"},
		{{'2', NULL, NULL, 0, absurd_west, 1, 0, "\n\n"}, ERROR_CORRUPT,
			"the time zone file has an absurd offset"},
		{{'2', NULL, NULL, 0, three_offsets, 1, 0, ""}, ERROR_CORRUPT,
			"the time zone file has no footer"},
		{{'2', NULL, NULL, 0, three_offsets, 1, 0, "\nUTC0"}, ERROR_CORRUPT,
			"the time zone file has no footer"},
		{{'2', NULL, NULL, 0, three_offsets, 1, 0, "UTC0\n"}, ERROR_CORRUPT,
			"the time zone file has no footer"},
		{{'2', NULL, NULL, 0, three_offsets, 1, 27, "\n\n"}, ERROR_UNSUPPORTED,
			"the time zone counts leap seconds, clocks of computers do not"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		autozone *zone = NULL;
		struct error err = {0};

		assert_int_equal(parse_file(&rows[i].file, &zone, &err), -1);
		assert_int_equal(err.kind, rows[i].kind);
		assert_string_equal(err.text, rows[i].text);
		assert_null(zone);
	}
}

static void other_files_are_refused(void **state)
{
	autobuf huge = BUF_INIT(2 * LIMIT_ZONE_BYTES);
	autozone *zone = NULL;
	struct error err;

	(void)state;
	assert_int_equal(schedule_zone_parse((struct str){0}, &zone, &err), -1);
	assert_string_equal(err.text, "this is not a time zone file (TZif)");
	assert_int_equal(schedule_zone_parse(STR("# version 2025b\n# This zic input file is in "
						 "the public domain.\n"),
				 &zone, &err),
		-1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	while (huge.size <= LIMIT_ZONE_BYTES)
		buf_add(&huge, test_zone_bytes(NEW_YORK));
	assert_int_equal(schedule_zone_parse(buf_str(&huge), &zone, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

/* Heap copies, so that the sanitizer sees each byte read beyond the end. */
static void files_that_are_cut_off_are_refused(void **state)
{
	(void)state;
	for (int i = 0; i < ZONE_COUNT; i++) {
		struct str bytes = test_zone_bytes((enum test_zone)i);

		for (size_t size = 0; size < bytes.size; size++) {
			autozone *zone = NULL;
			char *copy = str_dup((struct str){bytes.data, size});
			struct error err = {0};
			int result = schedule_zone_parse((struct str){copy, size}, &zone, &err);

			free(copy);
			assert_int_equal(result, -1);
			assert_int_equal(err.kind, ERROR_CORRUPT);
		}
	}
}

static void files_with_a_wrong_byte_do_no_harm(void **state)
{
	struct str bytes = test_zone_bytes(LORD_HOWE);
	char *copy = str_dup(bytes);
	size_t accepted = 0;

	(void)state;
	for (size_t at = 0; at < bytes.size; at++) {
		for (int bit = 0; bit < 8; bit++) {
			autozone *zone = NULL;
			struct error err;

			copy[at] ^= (char)(1 << bit);
			if (schedule_zone_parse((struct str){copy, bytes.size}, &zone, &err) == 0) {
				accepted++;
				for (int64_t t = -3000000000; t < 5000000000; t += 999999999)
					(void)schedule_zone_span_at(zone, t);
			}
			copy[at] ^= (char)(1 << bit);
		}
	}
	free(copy);
	assert_true(accepted > 0 && accepted < bytes.size * 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_file_of_version_1_holds_after_its_last_change),
		cmocka_unit_test(later_versions_are_read_alike),
		cmocka_unit_test(without_a_rule_the_last_offset_stays),
		cmocka_unit_test(rules_say_when_summer_begins_and_ends),
		cmocka_unit_test(summer_time_may_last_all_year),
		cmocka_unit_test(rules_that_are_none_are_refused),
		cmocka_unit_test(files_that_contradict_themselves_are_refused),
		cmocka_unit_test(other_files_are_refused),
		cmocka_unit_test(files_that_are_cut_off_are_refused),
		cmocka_unit_test(files_with_a_wrong_byte_do_no_harm),
	};

	return cmocka_run_group_tests_name("zone_file", tests, NULL, NULL);
}
