/* Time zones: names, offsets at instants, local times to instants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "zones.h"

static const struct zone_change {
	enum test_zone zone;
	int64_t at;
	int32_t before;
	int32_t after;
} zone_changes[] = {
#include "zone_changes.inc"
};

static void names_of_zones_are_accepted(void **state)
{
	static const char *const names[] = {"UTC", "Europe/Berlin",
		"America/Argentina/Buenos_Aires", "America/Argentina/ComodRivadavia",
		"America/Port-au-Prince", "Etc/GMT+12", "Etc/GMT-14", "GB-Eire", "EST5EDT",
		"Antarctica/DumontDUrville", "PST8PDT", "W-SU"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(names); i++)
		assert_int_equal(schedule_zone_check_name(str_of(names[i]), &err), 0);
}

static void names_that_are_no_safe_paths_are_refused(void **state)
{
	static const char *const names[] = {"", "/", "/etc/passwd", "..", "../UTC", "Europe/..",
		"Europe/../../etc/shadow", ".", "./UTC", "Europe/", "/UTC", "Europe//Berlin",
		"-Europe", "Europe/-Berlin", "Europe/Ber lin", "Europe\\Berlin", "Europe/Berlin\n",
		"Zürich", "Europe/Berlin;", "~root", "$HOME", "aaaaaaaaaaaaaaa",
		"Europe/aaaaaaaaaaaaaaa", "UTC:", ":UTC", "Local", "local", "LOCAL"};
	struct error err;

	(void)state;
	for (size_t i = 0; i < array_size(names); i++) {
		err = (struct error){0};
		if (schedule_zone_check_name(str_of(names[i]), &err) == 0)
			fail_msg("'%s' was accepted", names[i]);
		assert_int_equal(err.kind, ERROR_INVALID);
	}
	assert_int_equal(schedule_zone_check_name((struct str){"UTC\0x", 5}, &err), -1);
}

static void utc_is_always_there_and_never_changes(void **state)
{
	struct schedule_zone_span span = schedule_zone_span_at(&schedule_zone_utc, 1800000000);

	(void)state;
	assert_int_equal(span.offset, 0);
	assert_int_equal(span.start, INT64_MIN);
	assert_int_equal(span.end, INT64_MAX);
	assert_int_equal(zone_offset_at(test_zones[UTC], 1800000000), 0);
}

static void clocks_change_when_go_says_so(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(zone_changes); i++) {
		const struct zone_change *change = &zone_changes[i];
		const struct schedule_zone *zone = test_zones[change->zone];

		assert_int_equal(zone_offset_at(zone, change->at - 1), change->before);
		assert_int_equal(zone_offset_at(zone, change->at), change->after);
	}
}

static void clocks_change_at_no_other_time(void **state)
{
	const int64_t start = 1704067200; /* 2024-01-01 */
	const int64_t end = 2240524800; /* 2041-01-01 */
	size_t changes = 0;

	(void)state;
	for (int i = 0; i < FAT_BERLIN; i++) {
		struct schedule_zone_span span = schedule_zone_span_at(test_zones[i], start);

		while (span.end < end) {
			int32_t before = span.offset;

			span = schedule_zone_span_at(test_zones[i], span.end);
			changes += span.offset != before;
		}
	}
	assert_int_equal(changes, array_size(zone_changes));
}

static void a_rule_says_what_a_list_of_changes_says(void **state)
{
	(void)state;
	for (int64_t at = 0; at < INT64_C(4102444800); at += 43200 + 7)
		assert_int_equal(zone_offset_at(test_zones[BERLIN], at),
			zone_offset_at(test_zones[FAT_BERLIN], at));
}

static void spans_follow_one_another_without_gaps(void **state)
{
	(void)state;
	for (int i = 0; i < ZONE_COUNT; i++) {
		struct schedule_zone_span span =
			schedule_zone_span_at(test_zones[i], INT64_C(-3000000000));

		for (int spans = 0; span.end < INT64_C(5000000000); spans++) {
			struct schedule_zone_span next =
				schedule_zone_span_at(test_zones[i], span.end);
			struct schedule_zone_span again =
				schedule_zone_span_at(test_zones[i], span.end - 1);

			assert_true(spans < 1000);
			assert_int_equal(again.offset, span.offset);
			assert_int_equal(again.end, span.end);
			assert_int_equal(next.start, span.end);
			span = next;
		}
	}
}

static void instants_far_away_are_taken_for_the_nearest_year(void **state)
{
	const struct schedule_zone *zone = test_zones[BERLIN];

	(void)state;
	assert_int_equal(zone_offset_at(zone, INT64_MAX), 3600);
	assert_int_equal(zone_offset_at(zone, INT64_MIN), 3208); /* local mean time */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_of_zones_are_accepted),
		cmocka_unit_test(names_that_are_no_safe_paths_are_refused),
		cmocka_unit_test(utc_is_always_there_and_never_changes),
		cmocka_unit_test(clocks_change_when_go_says_so),
		cmocka_unit_test(clocks_change_at_no_other_time),
		cmocka_unit_test(a_rule_says_what_a_list_of_changes_says),
		cmocka_unit_test(spans_follow_one_another_without_gaps),
		cmocka_unit_test(instants_far_away_are_taken_for_the_nearest_year),
	};

	return cmocka_run_group_tests_name("zone", tests, test_read_zones, test_free_zones);
}
