/* Due times: the same as robfig/cron's, as those found minute by minute, and the way back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "schedule/cron.h"
#include "zones.h"

enum { ROBFIG_STEPS = 5 };

struct robfig_row {
	enum test_zone zone;
	const char *expression;
	int64_t times[ROBFIG_STEPS];
};

struct robfig_astray_row {
	enum test_zone zone;
	const char *expression;
	int64_t after;
	int64_t answer;
	int64_t due;
};

#include "robfig.inc"

static struct schedule_cron parse(const char *text)
{
	struct schedule_cron cron = {0};
	struct error err;

	if (schedule_cron_parse(str_of(text), &cron, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return cron;
}

/* 0: never. */
static int64_t next_of(const struct schedule_cron *cron, enum test_zone zone, int64_t after)
{
	struct wall_time due = {0};

	if (!schedule_cron_next(cron, test_zones[zone], wall_time_of_seconds(after), &due))
		return 0;
	assert_true(due.us > after * TIME_SECOND_US);
	return wall_time_seconds(due);
}

static int64_t previous_of(const struct schedule_cron *cron, enum test_zone zone, int64_t before)
{
	struct wall_time due = {0};

	if (!schedule_cron_previous(cron, test_zones[zone], wall_time_of_seconds(before), &due))
		return 0;
	assert_true(due.us < before * TIME_SECOND_US);
	return wall_time_seconds(due);
}

static void next_runs_are_those_of_robfig(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(robfig_rows); i++) {
		const struct robfig_row *row = &robfig_rows[i];
		struct schedule_cron cron = parse(row->expression);

		for (int step = 1; step < ROBFIG_STEPS && row->times[step - 1] != 0; step++) {
			int64_t due = next_of(&cron, row->zone, row->times[step - 1]);

			if (due != row->times[step])
				fail_msg("zone %d '%s' after %lld: %lld, not %lld", row->zone,
					row->expression, (long long)row->times[step - 1],
					(long long)due, (long long)row->times[step]);
		}
	}
}

static void next_runs_keep_to_the_rule_where_robfig_errs(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(robfig_astray_rows); i++) {
		const struct robfig_astray_row *row = &robfig_astray_rows[i];
		struct schedule_cron cron = parse(row->expression);

		assert_int_not_equal(row->answer, row->due);
		assert_int_equal(next_of(&cron, row->zone, row->after), row->due);
	}
}

static void previous_runs_lead_back(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(robfig_rows); i++) {
		const struct robfig_row *row = &robfig_rows[i];
		struct schedule_cron cron = parse(row->expression);

		for (int step = ROBFIG_STEPS - 1; step >= 2; step--) {
			if (row->times[step] != 0)
				assert_int_equal(previous_of(&cron, row->zone, row->times[step]),
					row->times[step - 1]);
		}
		if (row->times[1] != 0)
			assert_true(previous_of(&cron, row->zone, row->times[1]) <= row->times[0]);
	}
}

static bool is_in(uint64_t set, int value)
{
	return (set >> value & 1) != 0;
}

/* The rule itself: do the zone's clocks begin to show a minute that matches? */
static bool is_due(const struct schedule_cron *cron, const struct schedule_zone *zone, int64_t at)
{
	int64_t local = at + zone_offset_at(zone, at);
	struct time_civil civil = time_civil_of_seconds(local);
	bool is_month_day = is_in(cron->days_of_month, civil.day);
	bool is_week_day = is_in(cron->days_of_week, time_weekday_of_seconds(local));

	return civil.second == 0 && is_in(cron->minutes, civil.minute) &&
		is_in(cron->hours, civil.hour) && is_in(cron->months, civil.month) &&
		(cron->is_either_day ? is_month_day || is_week_day : is_month_day && is_week_day);
}

/* Compares with trying each minute, forwards and backwards, from `start` to `end`. */
static void try_each_minute(
	const struct schedule_cron *cron, enum test_zone zone, int64_t start, int64_t end)
{
	int64_t expected = next_of(cron, zone, start - 1);
	int64_t last = previous_of(cron, zone, start);

	for (int64_t at = start; at < end; at += 60) {
		if (!is_due(cron, test_zones[zone], at)) {
			assert_true(expected > at);
			continue;
		}
		assert_int_equal(expected, at);
		assert_int_equal(previous_of(cron, zone, at), last);
		last = at;
		expected = next_of(cron, zone, at);
	}
}

static void due_times_are_found_minute_by_minute(void **state)
{
	static const char *const expressions[] = {"* * * * *", "*/20 * * * *", "0 0 * * *",
		"30 2 * * *", "45 1-3 * * *", "15 0,23 * * sun", "0 */2 29,30,31 * 0"};

	(void)state;
	for (int zone = 0; zone < FAT_BERLIN; zone++) {
		struct schedule_zone_span span =
			schedule_zone_span_at(test_zones[zone], 1767225600); /* 2026 */

		for (; span.end < 1798761600;
			span = schedule_zone_span_at(test_zones[zone], span.end)) {
			for (size_t i = 0; i < array_size(expressions); i++) {
				struct schedule_cron cron = parse(expressions[i]);

				try_each_minute(&cron, (enum test_zone)zone, span.end - 86400,
					span.end + 86400);
			}
		}
	}
}

/* A repeatable sequence; the quality does not matter here. */
static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

static struct schedule_cron draw_cron(uint64_t *seed)
{
	struct schedule_cron cron = {
		.minutes = draw(seed, 3) == 0 ? UINT64_C(0xfffffffffffffff)
					      : UINT64_C(1) << draw(seed, 60),
		.hours = draw(seed, 3) == 0
			? 0xffffff
			: (uint32_t)(1u << draw(seed, 24) | 1u << draw(seed, 5)),
		.days_of_month = draw(seed, 2) == 0 ? 0xfffffffe : 2u << draw(seed, 28),
		.months = draw(seed, 2) == 0 ? 0x1ffe : 2u << draw(seed, 12),
		.days_of_week = draw(seed, 2) == 0 ? 0x7f : 1u << draw(seed, 7),
	};

	cron.is_either_day = draw(seed, 2) == 0 || cron.days_of_week != 0x7f;
	return cron;
}

static void next_and_previous_agree_everywhere(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		struct schedule_cron cron = draw_cron(&seed);
		enum test_zone zone = (enum test_zone)draw(&seed, ZONE_COUNT);
		int64_t at = 1704067200 + (int64_t)draw(&seed, 536457600);
		int64_t next = next_of(&cron, zone, at);
		int64_t previous = previous_of(&cron, zone, at);

		assert_true(next > at && previous < at && previous > 0);
		assert_true(is_due(&cron, test_zones[zone], next));
		assert_true(is_due(&cron, test_zones[zone], previous));
		/* nothing is due in between but perhaps `at` itself */
		assert_int_equal(next_of(&cron, zone, previous),
			is_due(&cron, test_zones[zone], at) ? at : next);
		assert_int_equal(previous_of(&cron, zone, next),
			is_due(&cron, test_zones[zone], at) ? at : previous);
	}
}

static void a_skipped_time_is_not_made_up_for(void **state)
{
	struct schedule_cron cron = parse("30 2 * * *");

	(void)state;
	/* Berlin, from 28 March 2026 02:30+01 to 30 March 02:30+02 */
	assert_int_equal(next_of(&cron, BERLIN, 1774661400), 1774830600);
	assert_int_equal(previous_of(&cron, BERLIN, 1774830600), 1774661400);
}

static void a_repeated_time_is_due_twice(void **state)
{
	struct schedule_cron cron = parse("30 2 * * *");

	(void)state;
	/* Berlin, 25 October 2026 02:30+02, 02:30+01, 26 October */
	assert_int_equal(next_of(&cron, BERLIN, 1792810000), 1792888200);
	assert_int_equal(next_of(&cron, BERLIN, 1792888200), 1792891800);
	assert_int_equal(next_of(&cron, BERLIN, 1792891800), 1792978200);
	assert_int_equal(previous_of(&cron, BERLIN, 1792978200), 1792891800);
	assert_int_equal(previous_of(&cron, BERLIN, 1792891800), 1792888200);
}

static void dates_that_do_not_exist_are_never_due(void **state)
{
	static const char *const expressions[] = {
		"0 0 30 2 *", "0 0 31 2,4,6,9,11 *", "* * 30-31 feb *", "59 23 31 2 ?"};

	(void)state;
	for (size_t i = 0; i < array_size(expressions); i++) {
		struct schedule_cron cron = parse(expressions[i]);

		for (int zone = 0; zone < ZONE_COUNT; zone++) {
			assert_int_equal(next_of(&cron, (enum test_zone)zone, 1790000000), 0);
			assert_int_equal(previous_of(&cron, (enum test_zone)zone, 1790000000), 0);
		}
	}
}

static void leap_days_are_found_across_the_year_2100(void **state)
{
	struct schedule_cron cron = parse("0 0 29 2 *");

	(void)state;
	assert_int_equal(next_of(&cron, UTC, 1790000000), 1835395200); /* 2028 */
	assert_int_equal(next_of(&cron, UTC, 3981312000), 4233686400); /* 2096 to 2104 */
	assert_int_equal(previous_of(&cron, UTC, 4233686400), 3981312000);
}

static void next_is_strictly_later_by_parts_of_a_second(void **state)
{
	struct schedule_cron cron = parse("* * * * *");
	const int64_t minute_us = 1800000000 * TIME_SECOND_US;
	struct wall_time due;

	(void)state;
	for (int64_t us = -1; us <= 1; us++) {
		assert_true(schedule_cron_next(
			&cron, &schedule_zone_utc, (struct wall_time){minute_us + us}, &due));
		assert_int_equal(due.us, us < 0 ? minute_us : minute_us + 60 * TIME_SECOND_US);
		assert_true(schedule_cron_previous(
			&cron, &schedule_zone_utc, (struct wall_time){minute_us + us}, &due));
		assert_int_equal(due.us, us > 0 ? minute_us : minute_us - 60 * TIME_SECOND_US);
	}
}

static void every_counts_seconds_whatever_the_clocks_show(void **state)
{
	struct schedule_cron cron = parse("@every 1h30m");
	struct wall_time due;

	(void)state;
	assert_int_equal(next_of(&cron, BERLIN, 1792887000), 1792892400);
	assert_int_equal(previous_of(&cron, BERLIN, 1792892400), 1792887000);
	assert_true(
		schedule_cron_next(&cron, test_zones[BERLIN], (struct wall_time){1500000}, &due));
	assert_int_equal(due.us, 5401 * TIME_SECOND_US); /* on a second, as robfig/cron */
	assert_true(schedule_cron_previous(
		&cron, test_zones[BERLIN], (struct wall_time){5401500000}, &due));
	assert_int_equal(due.us, 2 * TIME_SECOND_US);
}

static void times_at_both_ends_do_no_harm(void **state)
{
	static const char *const expressions[] = {
		"* * * * *", "@yearly", "0 0 29 2 *", "@every 1h"};
	static const int64_t ends[] = {INT64_MIN, INT64_MIN + 1, -1, 0, 1, INT64_MAX - 1, INT64_MAX,
		SCHEDULE_ZONE_FIRST * TIME_SECOND_US, SCHEDULE_ZONE_LAST * TIME_SECOND_US};

	(void)state;
	for (size_t i = 0; i < array_size(expressions) * array_size(ends); i++) {
		struct schedule_cron cron = parse(expressions[i / array_size(ends)]);
		struct wall_time at = {ends[i % array_size(ends)]};
		struct wall_time due;

		if (schedule_cron_next(&cron, test_zones[SANTIAGO], at, &due))
			assert_true(due.us > at.us);
		if (schedule_cron_previous(&cron, test_zones[SANTIAGO], at, &due))
			assert_true(due.us < at.us);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(next_runs_are_those_of_robfig),
		cmocka_unit_test(next_runs_keep_to_the_rule_where_robfig_errs),
		cmocka_unit_test(previous_runs_lead_back),
		cmocka_unit_test(due_times_are_found_minute_by_minute),
		cmocka_unit_test(next_and_previous_agree_everywhere),
		cmocka_unit_test(a_skipped_time_is_not_made_up_for),
		cmocka_unit_test(a_repeated_time_is_due_twice),
		cmocka_unit_test(dates_that_do_not_exist_are_never_due),
		cmocka_unit_test(leap_days_are_found_across_the_year_2100),
		cmocka_unit_test(next_is_strictly_later_by_parts_of_a_second),
		cmocka_unit_test(every_counts_seconds_whatever_the_clocks_show),
		cmocka_unit_test(times_at_both_ends_do_no_harm),
	};

	return cmocka_run_group_tests_name("cron", tests, test_read_zones, test_free_zones);
}
