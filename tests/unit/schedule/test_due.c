/* The decision about one schedule: as CronJob takes it, and what follows from it over time. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "schedule/due.h"
#include "zones.h"

/* 2026-11-21T12:00:00Z, a Saturday. */
#define NOON INT64_C(1795262400)

static struct schedule_cron cron;

/* A schedule in UTC, created at 10:00, that is asked at noon. */
static struct schedule_due_view view_of(const char *expression)
{
	struct error err;

	if (schedule_cron_parse(str_of(expression), &cron, &err) < 0)
		fail_msg("'%s': %s", expression, err.text);
	return (struct schedule_due_view){
		.cron = &cron,
		.zone = &schedule_zone_utc,
		.now = wall_time_of_seconds(NOON),
		.created = wall_time_of_seconds(NOON - 7200),
		.starting_deadline_seconds = SCHEDULE_DUE_NO_DEADLINE,
		.uid = STR("5f7a0c1e-8f59-4d4c-9a51-6d1b9f3d2c11"),
	};
}

static void decisions_are_those_of_cronjob(void **state)
{
	static const struct {
		enum test_zone zone;
		const char *expression;
		int64_t created;
		int64_t last;
		int64_t now;
		int64_t deadline;
		int64_t run;
	} rows[] = {
#include "cronjob.inc"
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct schedule_due_view view = view_of(rows[i].expression);
		struct schedule_due_decision decision;

		view.zone = test_zones[rows[i].zone];
		view.created = wall_time_of_seconds(rows[i].created);
		view.last_run = wall_time_of_seconds(rows[i].last);
		view.now = wall_time_of_seconds(rows[i].now);
		view.starting_deadline_seconds = rows[i].deadline;
		decision = schedule_due_decide(&view);
		assert_int_equal(decision.is_to_run, rows[i].run != 0);
		if (decision.is_to_run)
			assert_int_equal(wall_time_seconds(decision.due), rows[i].run);
	}
}

static void nothing_is_due_before_the_first_time(void **state)
{
	struct schedule_due_view view = view_of("30 12 * * *");
	struct schedule_due_decision decision = schedule_due_decide(&view);

	(void)state;
	assert_false(decision.is_to_run);
	assert_int_equal(decision.skip, SCHEDULE_DUE_SKIP_NONE);
	assert_false(wall_time_is_set(decision.due));
	assert_int_equal(decision.missed_count, 0);
	assert_false(wall_time_is_set(decision.due_since));
	assert_int_equal(wall_time_seconds(decision.next_due), NOON + 1800);
	assert_int_equal(decision.wake.us, decision.next_due.us);
}

static void a_time_is_due_from_its_first_moment_on(void **state)
{
	struct schedule_due_view view = view_of("0 12 * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.now.us--;
	assert_false(schedule_due_decide(&view).is_to_run);
	view.now.us++;
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.due), NOON);
	assert_int_equal(wall_time_seconds(decision.next_due), NOON + 86400);
}

static void the_moment_of_creation_is_not_due(void **state)
{
	struct schedule_due_view view = view_of("0 12 * * *");

	(void)state;
	view.created = view.now;
	assert_false(schedule_due_decide(&view).is_to_run);
}

static void only_the_most_recent_of_missed_times_is_run(void **state)
{
	struct schedule_due_view view = view_of("*/5 * * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.now = wall_time_of_seconds(NOON + 100);
	view.last_run = wall_time_of_seconds(NOON - 1800);
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.due), NOON);
	assert_int_equal(decision.missed_count, 5);
	assert_false(decision.is_missed_capped);
	assert_int_equal(wall_time_seconds(decision.wake), NOON + 300);
}

static void missed_times_are_counted_up_to_a_hundred(void **state)
{
	struct schedule_due_view view = view_of("* * * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.last_run = wall_time_of_seconds(NOON - 101 * 60);
	decision = schedule_due_decide(&view);
	assert_int_equal(decision.missed_count, 100);
	assert_false(decision.is_missed_capped);
	view.last_run = wall_time_of_seconds(NOON - 102 * 60);
	decision = schedule_due_decide(&view);
	assert_int_equal(decision.missed_count, 100);
	assert_true(decision.is_missed_capped);
	view.last_run = wall_time_of_seconds(1); /* since 1970 */
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.due), NOON);
	assert_int_equal(decision.missed_count, 100);
	assert_true(decision.is_missed_capped);
}

static void uneven_times_are_found_where_cronjob_misses_them(void **state)
{
	struct schedule_due_view view = view_of("30 6-16/4 * * 1-5");
	struct schedule_due_decision decision;

	(void)state;
	view.last_run = wall_time_of_seconds(NOON - 86400 - 19800); /* Friday 06:30 */
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.due), NOON - 86400 + 9000); /* 14:30 */
	assert_int_equal(decision.missed_count, 1);
}

static void the_deadline_lets_late_times_go(void **state)
{
	static const struct {
		int64_t deadline;
		int64_t late;
		bool is_to_run;
	} rows[] = {{-1, 3599, true}, {0, 0, false}, {1, 0, true}, {10, 9, true}, {10, 10, false},
		{10, 11, false}, {600, 599, true}, {600, 600, false}, {INT64_MAX, 3599, true}};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct schedule_due_view view = view_of("0 * * * *");
		struct schedule_due_decision decision;

		view.now = wall_time_of_seconds(NOON + rows[i].late);
		view.starting_deadline_seconds = rows[i].deadline;
		decision = schedule_due_decide(&view);
		assert_int_equal(decision.is_to_run, rows[i].is_to_run);
		assert_int_equal(decision.skip,
			rows[i].is_to_run ? SCHEDULE_DUE_SKIP_NONE : SCHEDULE_DUE_SKIP_TOO_LATE);
		assert_int_equal(wall_time_seconds(decision.due), NOON);
		assert_int_equal(wall_time_seconds(decision.wake), NOON + 3600);
	}
}

/* Due at 11:40, 11:45 and so on; the run of 11:40 is the last one that was recorded. */
static void a_run_that_was_begun_is_not_missed_and_what_it_lacks_is_made(void **state)
{
	static const struct {
		int64_t begun[2];
		unsigned missed;
		int64_t unfinished;
	} cases[] = {
		{{0, 0}, 3, 0}, {{NOON - 900, 0}, 2, NOON - 900},
		{{NOON - 300, NOON - 900}, 1, NOON - 300}, {{NOON, NOON - 600}, 2, NOON - 600},
		{{NOON, 0}, 3, 0}, /* it is the one to run */
		{{NOON - 1200, NOON - 1500}, 3, 0}, /* they are recorded */
		{{NOON + 300, 0}, 3, 0}, /* the clock was set back */
		{{NOON - 299, 0}, 3, NOON - 299}, /* of an earlier expression */
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct wall_time begun[] = {wall_time_of_seconds(cases[i].begun[0]),
			wall_time_of_seconds(cases[i].begun[1])};
		struct schedule_due_view view = view_of("*/5 * * * *");
		struct schedule_due_decision decision;

		view.last_run = wall_time_of_seconds(NOON - 1200);
		view.begun = begun;
		view.begun_count = array_size(begun);
		decision = schedule_due_decide(&view);
		assert_true(decision.is_to_run);
		assert_int_equal(wall_time_seconds(decision.due), NOON);
		assert_int_equal(decision.missed_count, cases[i].missed);
		assert_int_equal(wall_time_seconds(decision.unfinished), cases[i].unfinished);
	}
}

static void a_run_that_was_begun_waits_and_goes_as_the_policy_says(void **state)
{
	struct wall_time begun = wall_time_of_seconds(NOON - 300);
	struct schedule_due_view view = view_of("*/5 * * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.begun = &begun;
	view.begun_count = 1;
	view.active_count = 1; /* its own */
	view.concurrency = SCHEDULE_DUE_FORBID;
	decision = schedule_due_decide(&view);
	assert_int_equal(decision.skip, SCHEDULE_DUE_SKIP_STILL_ACTIVE);
	assert_false(wall_time_is_set(decision.unfinished));
	view.concurrency = SCHEDULE_DUE_REPLACE;
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_replace);
	assert_false(wall_time_is_set(decision.unfinished));
}

static void a_run_that_waits_is_due_since_the_first_time_that_passed(void **state)
{
	static const char *const expressions[] = {"*/5 * * * *", "@every 5m"};

	(void)state;
	for (size_t i = 0; i < array_size(expressions); i++) {
		struct schedule_due_view view = view_of(expressions[i]);

		view.last_run = wall_time_of_seconds(NOON - 1200);
		view.concurrency = SCHEDULE_DUE_FORBID;
		view.active_count = 1;
		for (int64_t due = NOON - 900; due <= NOON; due += 300) {
			struct schedule_due_decision decision;

			view.now = wall_time_of_seconds(due + 1);
			decision = schedule_due_decide(&view);
			assert_int_equal(wall_time_seconds(decision.due), due);
			assert_int_equal(wall_time_seconds(decision.due_since), NOON - 900);
		}
	}
}

static void a_run_that_was_begun_is_recorded_however_late(void **state)
{
	struct wall_time begun = wall_time_of_seconds(NOON);
	struct schedule_due_view view = view_of("0 * * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.now = wall_time_of_seconds(NOON + 600);
	view.starting_deadline_seconds = 60;
	assert_int_equal(schedule_due_decide(&view).skip, SCHEDULE_DUE_SKIP_TOO_LATE);
	view.begun = &begun;
	view.begun_count = 1;
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.due), NOON);
}

static void a_late_time_is_told_once_and_the_following_ones_count_from_it(void **state)
{
	static const char *const expressions[] = {"*/10 * * * *", "@every 10m"};

	(void)state;
	for (size_t i = 0; i < array_size(expressions); i++) {
		struct schedule_due_view view = view_of(expressions[i]);
		struct schedule_due_decision decision;

		view.last_run = wall_time_of_seconds(NOON - 3600);
		view.now = wall_time_of_seconds(NOON + 100);
		view.starting_deadline_seconds = 60;
		decision = schedule_due_decide(&view);
		assert_int_equal(decision.skip, SCHEDULE_DUE_SKIP_TOO_LATE);
		assert_int_equal(decision.missed_count, 5);
		view.last_missed = decision.due;
		decision = schedule_due_decide(&view);
		assert_int_equal(decision.skip, SCHEDULE_DUE_SKIP_NONE);
		assert_false(wall_time_is_set(decision.due));
		assert_int_equal(wall_time_seconds(decision.wake), NOON + 600);
		view.now = decision.wake;
		decision = schedule_due_decide(&view);
		assert_true(decision.is_to_run);
		assert_int_equal(decision.missed_count, 0);
		view.last_run = decision.due; /* later than what was missed: that is forgotten */
		decision = schedule_due_decide(&view);
		assert_int_equal(wall_time_seconds(decision.next_due), NOON + 1200);
	}
}

static void the_first_run_may_be_due_at_the_creation(void **state)
{
	struct schedule_due_view view = view_of("30 12 * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.is_immediate = true;
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(decision.due.us, view.created.us);
	assert_int_equal(decision.due_since.us, view.created.us);
	assert_int_equal(decision.missed_count, 0);
	assert_int_equal(wall_time_seconds(decision.next_due), NOON + 1800);
	view.last_run = decision.due;
	decision = schedule_due_decide(&view);
	assert_false(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.wake), NOON + 1800);
}

static void an_immediate_run_that_was_late_gives_way_to_the_time_that_is_due(void **state)
{
	struct schedule_due_view view = view_of("0 * * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.is_immediate = true;
	decision = schedule_due_decide(&view);
	assert_int_equal(wall_time_seconds(decision.due), NOON);
	view.now = wall_time_of_seconds(NOON - 7000); /* soon after the creation */
	view.starting_deadline_seconds = 10;
	decision = schedule_due_decide(&view);
	assert_int_equal(decision.skip, SCHEDULE_DUE_SKIP_TOO_LATE);
	assert_int_equal(decision.due.us, view.created.us);
	view.last_missed = decision.due;
	assert_false(wall_time_is_set(schedule_due_decide(&view).due));
}

static void a_schedule_that_has_run_is_not_immediate_any_more(void **state)
{
	struct schedule_due_view view = view_of("30 12 * * *");

	(void)state;
	view.is_immediate = true;
	view.last_run = wall_time_of_seconds(NOON - 3600);
	assert_false(wall_time_is_set(schedule_due_decide(&view).due));
	view.is_suspended = true;
	view.last_run = (struct wall_time){0};
	assert_false(schedule_due_decide(&view).is_to_run);
}

static void a_suspended_schedule_waits_without_waking(void **state)
{
	struct schedule_due_view view = view_of("0 * * * *");
	struct schedule_due_decision decision;

	(void)state;
	view.is_suspended = true;
	decision = schedule_due_decide(&view);
	assert_false(decision.is_to_run);
	assert_int_equal(decision.skip, SCHEDULE_DUE_SKIP_SUSPENDED);
	assert_int_equal(wall_time_seconds(decision.due), NOON);
	assert_false(wall_time_is_set(decision.wake));
	view.is_suspended = false; /* what was missed is then run, as CronJob does */
	assert_true(schedule_due_decide(&view).is_to_run);
}

static void active_requests_matter_as_the_policy_says(void **state)
{
	static const struct {
		enum schedule_due_concurrency concurrency;
		size_t active;
		bool is_to_run;
		bool is_to_replace;
		enum schedule_due_skip skip;
	} rows[] = {
		{SCHEDULE_DUE_ALLOW, 0, true, false, SCHEDULE_DUE_SKIP_NONE},
		{SCHEDULE_DUE_ALLOW, 3, true, false, SCHEDULE_DUE_SKIP_NONE},
		{SCHEDULE_DUE_FORBID, 0, true, false, SCHEDULE_DUE_SKIP_NONE},
		{SCHEDULE_DUE_FORBID, 1, false, false, SCHEDULE_DUE_SKIP_STILL_ACTIVE},
		{SCHEDULE_DUE_REPLACE, 0, true, false, SCHEDULE_DUE_SKIP_NONE},
		{SCHEDULE_DUE_REPLACE, 2, true, true, SCHEDULE_DUE_SKIP_NONE},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		struct schedule_due_view view = view_of("0 * * * *");
		struct schedule_due_decision decision;

		view.concurrency = rows[i].concurrency;
		view.active_count = rows[i].active;
		decision = schedule_due_decide(&view);
		assert_int_equal(decision.is_to_run, rows[i].is_to_run);
		assert_int_equal(decision.is_to_replace, rows[i].is_to_replace);
		assert_int_equal(decision.skip, rows[i].skip);
		assert_int_equal(wall_time_seconds(decision.wake), NOON + 3600);
	}
}

static void a_schedule_that_is_never_due_never_wakes(void **state)
{
	struct schedule_due_view view = view_of("0 0 30 2 *");
	struct schedule_due_decision decision = schedule_due_decide(&view);

	(void)state;
	assert_false(decision.is_to_run);
	assert_false(wall_time_is_set(decision.due));
	assert_false(wall_time_is_set(decision.next_due));
	assert_false(wall_time_is_set(decision.wake));
}

static void every_counts_from_the_last_run_also_with_a_deadline(void **state)
{
	struct schedule_due_view view = view_of("@every 7m");
	struct schedule_due_decision decision;

	(void)state;
	view.last_run = wall_time_of_seconds(NOON - 3 * 420 - 17);
	view.starting_deadline_seconds = 60;
	decision = schedule_due_decide(&view);
	assert_true(decision.is_to_run);
	assert_int_equal(wall_time_seconds(decision.due), NOON - 17);
	assert_int_equal(decision.missed_count, 2);
	assert_int_equal(wall_time_seconds(decision.next_due), NOON - 17 + 420);
}

static void a_clock_that_is_set_back_runs_nothing_twice(void **state)
{
	struct schedule_due_view view = view_of("*/5 * * * *");
	struct schedule_due_decision decision = schedule_due_decide(&view);

	(void)state;
	assert_true(decision.is_to_run);
	view.last_run = decision.due;
	for (int64_t back = 0; back <= 7 * 86400; back += 97) {
		view.now = wall_time_of_seconds(NOON - back);
		decision = schedule_due_decide(&view);
		assert_false(decision.is_to_run);
		assert_false(wall_time_is_set(decision.due));
		assert_int_equal(wall_time_seconds(decision.wake), NOON + 300);
	}
}

static uint64_t draw(uint64_t *seed, uint64_t below)
{
	*seed = *seed * 6364136223846793005u + 1442695040888963407u;
	return (*seed >> 33) % below;
}

/* A controller that is stopped, restarted and whose clock jumps to and fro in Berlin's longest day.
 */
static void due_times_only_ever_rise_whatever_the_clock_does(void **state)
{
	static const char *const expressions[] = {
		"* * * * *", "*/7 * * * *", "30 2 * * *", "0 */2 * * *", "@every 13m"};
	uint64_t seed = 5;

	(void)state;
	for (size_t i = 0; i < array_size(expressions); i++) {
		struct schedule_due_view view = view_of(expressions[i]);
		int runs = 0;

		view.zone = test_zones[BERLIN];
		view.created = wall_time_of_seconds(1792850000); /* 24 October 2026 */
		view.spread_seconds = 40;
		view.now = view.created;
		for (int step = 0; step < 3000; step++) {
			struct schedule_due_decision decision = schedule_due_decide(&view);

			if (decision.is_to_run) {
				assert_true(decision.due.us > view.last_run.us);
				assert_true(decision.due.us <= view.now.us);
				view.last_run = decision.due;
				runs++;
				assert_false(schedule_due_decide(&view).is_to_run);
			}
			view.now.us += ((int64_t)draw(&seed, 900) - 400) * TIME_SECOND_US;
		}
		assert_true(runs > 0);
	}
}

static void waking_when_told_runs_each_due_time_once(void **state)
{
	struct schedule_due_view view = view_of("*/10 * * * *");
	int runs = 0;

	(void)state;
	view.spread_seconds = 30;
	while (view.now.us < (NOON + 86400) * TIME_SECOND_US) {
		struct schedule_due_decision decision = schedule_due_decide(&view);

		assert_true(decision.wake.us > view.now.us);
		if (decision.is_to_run) {
			assert_true(view.last_run.us == 0 || decision.missed_count == 0);
			view.last_run = decision.due;
			runs++;
		}
		view.now = decision.wake;
	}
	assert_true(runs >= 143 && runs <= 145);
}

static void a_window_spreads_the_beginning_and_not_the_due_time(void **state)
{
	int64_t earliest = INT64_MAX;
	int64_t latest = 0;

	(void)state;
	for (int i = 0; i < 500; i++) {
		struct schedule_due_view view = view_of("0 * * * *");
		struct schedule_due_decision decision;
		char uid[40];
		int64_t offset;

		(void)snprintf(uid, sizeof(uid), "%08x-8f59-4d4c-9a51-6d1b9f3d2c11", i * 7919);
		view.uid = str_of(uid);
		view.spread_seconds = 60;
		view.last_run = view.now;
		decision = schedule_due_decide(&view);
		assert_int_equal(wall_time_seconds(decision.next_due), NOON + 3600);
		offset = wall_time_seconds(decision.wake) - NOON - 3600;
		assert_true(offset >= 0 && offset < 60);
		earliest = offset < earliest ? offset : earliest;
		latest = offset > latest ? offset : latest;

		/* asked before its moment it waits, at its moment it runs */
		view.now = wall_time_of_seconds(NOON + 3600);
		decision = schedule_due_decide(&view);
		assert_int_equal(decision.is_to_run, offset == 0);
		view.now = wall_time_of_seconds(NOON + 3600 + offset);
		decision = schedule_due_decide(&view);
		assert_true(decision.is_to_run);
		assert_int_equal(wall_time_seconds(decision.due), NOON + 3600);
	}
	assert_int_equal(earliest, 0);
	assert_int_equal(latest, 59);
}

static void the_window_ends_before_the_following_due_time_and_the_deadline(void **state)
{
	(void)state;
	for (int i = 0; i < 200; i++) {
		struct schedule_due_view view = view_of("* * * * *");
		char uid[20];
		int64_t offset;

		(void)snprintf(uid, sizeof(uid), "uid-%d", i);
		view.uid = str_of(uid);
		view.spread_seconds = INT64_MAX;
		view.last_run = view.now;
		offset = wall_time_seconds(schedule_due_decide(&view).wake) - NOON - 60;
		assert_true(offset >= 0 && offset < 30);
		view.starting_deadline_seconds = 20;
		offset = wall_time_seconds(schedule_due_decide(&view).wake) - NOON - 60;
		assert_true(offset >= 0 && offset < 10);
		view.starting_deadline_seconds = 1;
		offset = wall_time_seconds(schedule_due_decide(&view).wake) - NOON - 60;
		assert_int_equal(offset, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decisions_are_those_of_cronjob),
		cmocka_unit_test(nothing_is_due_before_the_first_time),
		cmocka_unit_test(a_time_is_due_from_its_first_moment_on),
		cmocka_unit_test(the_moment_of_creation_is_not_due),
		cmocka_unit_test(only_the_most_recent_of_missed_times_is_run),
		cmocka_unit_test(missed_times_are_counted_up_to_a_hundred),
		cmocka_unit_test(uneven_times_are_found_where_cronjob_misses_them),
		cmocka_unit_test(the_deadline_lets_late_times_go),
		cmocka_unit_test(a_run_that_was_begun_is_not_missed_and_what_it_lacks_is_made),
		cmocka_unit_test(a_run_that_was_begun_waits_and_goes_as_the_policy_says),
		cmocka_unit_test(a_run_that_waits_is_due_since_the_first_time_that_passed),
		cmocka_unit_test(a_run_that_was_begun_is_recorded_however_late),
		cmocka_unit_test(a_late_time_is_told_once_and_the_following_ones_count_from_it),
		cmocka_unit_test(the_first_run_may_be_due_at_the_creation),
		cmocka_unit_test(an_immediate_run_that_was_late_gives_way_to_the_time_that_is_due),
		cmocka_unit_test(a_schedule_that_has_run_is_not_immediate_any_more),
		cmocka_unit_test(a_suspended_schedule_waits_without_waking),
		cmocka_unit_test(active_requests_matter_as_the_policy_says),
		cmocka_unit_test(a_schedule_that_is_never_due_never_wakes),
		cmocka_unit_test(every_counts_from_the_last_run_also_with_a_deadline),
		cmocka_unit_test(a_clock_that_is_set_back_runs_nothing_twice),
		cmocka_unit_test(due_times_only_ever_rise_whatever_the_clock_does),
		cmocka_unit_test(waking_when_told_runs_each_due_time_once),
		cmocka_unit_test(a_window_spreads_the_beginning_and_not_the_due_time),
		cmocka_unit_test(the_window_ends_before_the_following_due_time_and_the_deadline),
	};

	return cmocka_run_group_tests_name("due", tests, test_read_zones, test_free_zones);
}
