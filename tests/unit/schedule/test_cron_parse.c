/* Cron expressions: what they mean, and what is said about those that are wrong. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/limits.h"
#include "schedule/cron.h"

static struct schedule_cron parse(const char *text)
{
	struct schedule_cron cron = {0};
	struct error err;

	if (schedule_cron_parse(str_of(text), &cron, &err) < 0)
		fail_msg("'%s': %s", text, err.text);
	return cron;
}

static void assert_same(const char *a, const char *b)
{
	struct schedule_cron x = parse(a);
	struct schedule_cron y = parse(b);

	if (x.minutes != y.minutes || x.hours != y.hours || x.days_of_month != y.days_of_month ||
		x.months != y.months || x.days_of_week != y.days_of_week ||
		x.is_either_day != y.is_either_day || x.every_seconds != y.every_seconds)
		fail_msg("'%s' is not the same as '%s'", a, b);
}

static void stars_are_all_values(void **state)
{
	struct schedule_cron cron = parse("* * * * *");

	(void)state;
	assert_int_equal(cron.minutes, UINT64_C(0xfffffffffffffff));
	assert_int_equal(cron.hours, 0xffffff);
	assert_int_equal(cron.days_of_month, 0xfffffffe);
	assert_int_equal(cron.months, 0x1ffe);
	assert_int_equal(cron.days_of_week, 0x7f);
	assert_false(cron.is_either_day);
	assert_int_equal(cron.every_seconds, 0);
}

static const char *const spellings[][2] = {
	{"? ? ? ? ?", "* * * * *"},
	{"*/1 */1 */1 */1 */1", "* * * * *"},
	{"  *\t* \t * *  *\n", "* * * * *"},
	{"0-59 0-23 * 1-12 *", "* * * * *"},
	{"00 07 01 02 *", "0 7 1 2 *"},
	{"0,0,0 1,1 * * *", "0 1 * * *"},
	{"3,1,2 * * * *", "1-3 * * * *"},
	{"*/5 * * * *", "0,5,10,15,20,25,30,35,40,45,50,55 * * * *"},
	{"*/7 * * * *", "0,7,14,21,28,35,42,49,56 * * * *"},
	{"?/20 * * * *", "0,20,40 * * * *"},
	{"1-30/2 * * * *", "1,3,5,7,9,11,13,15,17,19,21,23,25,27,29 * * * *"},
	{"5/15 * * * *", "5,20,35,50 * * * *"},
	{"59/1 * * * *", "59 * * * *"},
	{"10-10 * * * *", "10 * * * *"},
	{"10-12/5 * * * *", "10 * * * *"},
	{"*/59 * * * *", "0,59 * * * *"},
	{"*/60 * * * *", "0 * * * *"},
	{"*/90 * * * *", "0 * * * *"},
	{"*/18446744073709551615 * * * *", "0 * * * *"},
	{"7/18446744073709551615 * * * *", "7 * * * *"},
	{"1-5,40-42,59 * * * *", "1,2,3,4,5,40,41,42,59 * * * *"},
	{"1-10/3,20/30 * * * *", "1,4,7,10,20,50 * * * *"},
	{"0 */6 * * *", "0 0,6,12,18 * * *"},
	{"0 9-17/4 * * *", "0 9,13,17 * * *"},
	{"0 20/2 * * *", "0 20,22 * * *"},
	{"0 0 */10 * *", "0 0 1,11,21,31 * *"},
	{"0 0 28/1 * *", "0 0 28-31 * *"},
	{"0 0 1 */3 *", "0 0 1 1,4,7,10 *"},
	{"0 0 1 jan *", "0 0 1 1 *"},
	{"0 0 1 JAN,Feb,mAr *", "0 0 1 1-3 *"},
	{"0 0 1 apr-jun *", "0 0 1 4-6 *"},
	{"0 0 1 jul/2 *", "0 0 1 7,9,11 *"},
	{"0 0 1 aug-dec/2 *", "0 0 1 8,10,12 *"},
	{"0 0 1 sep,oct,nov,dec *", "0 0 1 9-12 *"},
	{"0 0 1 may-8 *", "0 0 1 5-8 *"},
	{"0 0 * * sun", "0 0 * * 0"},
	{"0 0 * * MON-Fri", "0 0 * * 1-5"},
	{"0 0 * * tue,thu", "0 0 * * 2,4"},
	{"0 0 * * wed/2", "0 0 * * 3,5"},
	{"0 0 * * 7", "0 0 * * 0"},
	{"0 0 * * 07", "0 0 * * sun"},
	{"0 0 * * 7-7", "0 0 * * 0"},
	{"0 0 * * 5-7", "0 0 * * 0,5,6"},
	{"0 0 * * sat-7", "0 0 * * 6,0"},
	{"0 0 * * 0-7", "0 0 * * 0-6"},
	{"0 0 * * 1-7", "0 0 * * 0-6"},
	{"0 0 * * 1-7/2", "0 0 * * 0,1,3,5"},
	{"0 0 * * 7/2", "0 0 * * 0,2,4,6"},
	{"0 0 * * 5/2", "0 0 * * 5"},
	{"0 0 * * */2", "0 0 * * 0,2,4,6"},
	{"0 0 * * */7", "0 0 * * 0"},
	{"0 0 * * 0,7", "0 0 * * 0"},
	{"@hourly", "0 * * * *"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"},
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
	{" @daily ", "0 0 * * *"},
	{"@every 90m", "@every 1h30m"},
	{"@every  5400s\t", "@every 1h30m0s"},
	{"@every 1000ms", "@every 1s"},
};

static void different_spellings_mean_the_same(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(spellings); i++)
		assert_same(spellings[i][0], spellings[i][1]);
}

static void days_are_joined_by_or_when_both_are_restricted(void **state)
{
	static const struct {
		const char *text;
		bool is_either;
	} rows[] = {
		{"0 0 * * *", false},
		{"0 0 1 * *", false},
		{"0 0 * * 1", false},
		{"0 0 ? * 1", false},
		{"0 0 1 * ?", false},
		{"0 0 1 * 1", true},
		{"0 0 1-31 * 1", true},
		{"0 0 1 * 0-6", true},
		{"0 0 */1 * 1", false},
		{"0 0 */2 * 1", true},
		{"0 0 1 * */2", true},
		{"0 0 */2 * *", false},
		{"0 0 */2,* * 1", false},
		{"0 0 1,? * 1", false},
		{"0 0 1 * 2,*", false},
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		if (parse(rows[i].text).is_either_day != rows[i].is_either)
			fail_msg("'%s'", rows[i].text);
	}
}

static void every_is_a_duration(void **state)
{
	(void)state;
	assert_int_equal(parse("@every 1s").every_seconds, 1);
	assert_int_equal(parse("@every 1h30m").every_seconds, 5400);
	assert_int_equal(parse("@every 24h").every_seconds, 86400);
	assert_int_equal(parse("@every 43920h").every_seconds, 5 * 366 * 86400);
}

#define MINUTES "; allowed are 0-59, ranges, steps and lists of these, and '*'"
#define HOURS   "; allowed are 0-23, ranges, steps and lists of these, and '*'"
#define DAYS    "; allowed are 1-31, ranges, steps and lists of these, and '*'"
#define MONTHS  "; allowed are 1-12 and jan-dec, ranges, steps and lists of these, and '*'"
#define WEEKDAYS                                                                                   \
	"; allowed are 0-7 (0 and 7 are Sunday) and sun-sat, ranges, steps and lists of these, "   \
	"and '*'"
#define FIELDS                                                                                     \
	" fields; allowed are five (minute, hour, day of month, month, day of week) or a macro "   \
	"such as '@hourly'"
#define MACROS                                                                                     \
	" is not known; allowed are @hourly, @daily, @midnight, @weekly, @monthly, @yearly, "      \
	"@annually and '@every 1h30m'"
#define NO_DURATION                                                                                \
	": not a duration; allowed are hours, minutes and seconds such as '1h30m' or '90s'"
#define NO_RANGE ": out of range; allowed are whole seconds from '1s' to five years"
#define ZONE(word)                                                                                 \
	"a time zone does not belong into the schedule: remove '" word "' and set timeZone "       \
	"instead"

static const char *const mistakes[][2] = {
	{"", "the schedule has 0" FIELDS},
	{" \t\n ", "the schedule has 0" FIELDS},
	{"*", "the schedule has 1" FIELDS},
	{"* * * *", "the schedule has 4" FIELDS},
	{"0 * * * * *", "the schedule has 6" FIELDS},
	{"0 0 0 1 1 * 2026", "the schedule has 7" FIELDS},
	{"60 * * * *", "minute '60': out of range" MINUTES},
	{"99999999999999999999 * * * *", "minute '99999999999999999999': not a number" MINUTES},
	{"0-60 * * * *", "minute '0-60': out of range" MINUTES},
	{"x * * * *", "minute 'x': not a number" MINUTES},
	{"jan * * * *", "minute 'jan': not a number" MINUTES},
	{"-1 * * * *", "minute '-1': a value is missing" MINUTES},
	{"+1 * * * *", "minute '+1': not a number" MINUTES},
	{"1.5 * * * *", "minute '1.5': not a number" MINUTES},
	{"5- * * * *", "minute '5-': a value is missing" MINUTES},
	{"- * * * *", "minute '-': a value is missing" MINUTES},
	{"/5 * * * *", "minute '/5': a value is missing" MINUTES},
	{"1,,2 * * * *", "minute '1,,2': an item of the list is empty" MINUTES},
	{", * * * *", "minute ',': an item of the list is empty" MINUTES},
	{"1, * * * *", "minute '1,': an item of the list is empty" MINUTES},
	{"5,61 * * * *", "minute '61': out of range" MINUTES},
	{"30-10 * * * *", "minute '30-10': the range runs backwards" MINUTES},
	{"1-2-3 * * * *", "minute '1-2-3': not a number" MINUTES},
	{"** * * * *", "minute '**': not a number" MINUTES},
	{"*5 * * * *", "minute '*5': not a number" MINUTES},
	{"*-5 * * * *", "minute '*-5': '*' cannot be the end of a range" MINUTES},
	{"5-* * * * *", "minute '5-*': '*' cannot be the end of a range" MINUTES},
	{"*/0 * * * *", "minute '*/0': the step after '/' must be a number above 0" MINUTES},
	{"*/ * * * *", "minute '*/': the step after '/' must be a number above 0" MINUTES},
	{"*/x * * * *", "minute '*/x': the step after '/' must be a number above 0" MINUTES},
	{"*/-5 * * * *", "minute '*/-5': the step after '/' must be a number above 0" MINUTES},
	{"*/5/5 * * * *", "minute '*/5/5': the step after '/' must be a number above 0" MINUTES},
	{"1-10/ * * * *", "minute '1-10/': the step after '/' must be a number above 0" MINUTES},
	{"* 24 * * *", "hour '24': out of range" HOURS},
	{"0 1-25/2 * * *", "hour '1-25/2': out of range" HOURS},
	{"0 9am * * *", "hour '9am': not a number" HOURS},
	{"0 9:30 * * *", "hour '9:30': not a number" HOURS},
	{"0 0 0 * *", "day of month '0': out of range" DAYS},
	{"0 0 32 * *", "day of month '32': out of range" DAYS},
	{"0 0 L * *", "day of month 'L': not a number" DAYS},
	{"0 0 15W * *", "day of month '15W': not a number" DAYS},
	{"0 0 1 0 *", "month '0': out of range" MONTHS},
	{"0 0 1 13 *", "month '13': out of range" MONTHS},
	{"0 0 1 january *", "month 'january': neither a number nor a name" MONTHS},
	{"0 0 1 ja *", "month 'ja': neither a number nor a name" MONTHS},
	{"0 0 1 mon *", "month 'mon': neither a number nor a name" MONTHS},
	{"0 0 1 dec-jan *", "month 'dec-jan': the range runs backwards" MONTHS},
	{"0 0 * * 8", "day of week '8': out of range" WEEKDAYS},
	{"0 0 * * monday", "day of week 'monday': neither a number nor a name" WEEKDAYS},
	{"0 0 * * fri-sun", "day of week 'fri-sun': the range runs backwards" WEEKDAYS},
	{"0 0 * * 7-1", "day of week '7-1': the range runs backwards" WEEKDAYS},
	{"0 0 * * 5#2", "day of week '5#2': neither a number nor a name" WEEKDAYS},
	{"0 0 * * 5L", "day of week '5L': neither a number nor a name" WEEKDAYS},
	{"\x01' * * * *", "minute '?'': not a number" MINUTES},
	{"\xc3\xbc * * * *",
		"minute '?"
		"?': not a number" MINUTES},
	{"1234567890123456789012345678901234567890x * * * *",
		"minute '1234567890123456789012345678901234567890...': not a "
		"number" MINUTES},
	{"@", "macro '@'" MACROS},
	{"@Daily", "macro '@Daily'" MACROS},
	{"@reboot", "macro '@reboot'" MACROS},
	{"@daily 5", "macro '@daily 5'" MACROS},
	{"@every5m", "macro '@every5m'" MACROS},
	{"@every", "@every ''" NO_DURATION},
	{"@every 5", "@every '5'" NO_DURATION},
	{"@every -5m", "@every '-5m'" NO_DURATION},
	{"@every 1.5h", "@every '1.5h'" NO_DURATION},
	{"@every 1d", "@every '1d'" NO_DURATION},
	{"@every 1h 30m", "@every '1h'" NO_DURATION},
	{"@every 0s", "@every '0s'" NO_RANGE},
	{"@every 500ms", "@every '500ms'" NO_RANGE},
	{"@every 1500ms", "@every '1500ms'" NO_RANGE},
	{"@every 43921h", "@every '43921h'" NO_RANGE},
	{"@every 9999999999999999h", "@every '9999999999999999h'" NO_DURATION},
	{"TZ=UTC 0 0 * * *", ZONE("TZ=UTC")},
	{"CRON_TZ=Europe/Berlin 0 0 * * *", ZONE("CRON_TZ=Europe/Berlin")},
	{"TZ=UTC @daily", ZONE("TZ=UTC")},
	{"CRON_TZ=UTC", ZONE("CRON_TZ=UTC")},
	{"TZ=", ZONE("TZ=")},
	{" TZ=UTC * * * * *", ZONE("TZ=UTC")},
	{"0 0 * * * TZ=UTC", ZONE("TZ=UTC")},
};

static void mistakes_are_told_in_words(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(mistakes); i++) {
		struct schedule_cron cron;
		struct error err = {0};

		if (schedule_cron_parse(str_of(mistakes[i][0]), &cron, &err) == 0)
			fail_msg("'%s' was accepted", mistakes[i][0]);
		assert_int_equal(err.kind, ERROR_INVALID);
		assert_string_equal(err.text, mistakes[i][1]);
	}
}

static void a_mistake_leaves_the_result_alone(void **state)
{
	struct schedule_cron cron = {.every_seconds = 42};
	struct error err;

	(void)state;
	assert_int_equal(schedule_cron_parse(STR("1 2 3 4 8"), &cron, &err), -1);
	assert_int_equal(cron.every_seconds, 42);
	assert_int_equal(cron.minutes, 0);
}

static void bytes_after_a_nul_count(void **state)
{
	struct schedule_cron cron;
	struct error err;

	(void)state;
	assert_int_equal(schedule_cron_parse(STR("0 0 * * *\0"), &cron, &err), -1);
	assert_int_equal(schedule_cron_parse(STR("0 0 * * su\0"), &cron, &err), -1);
}

static void huge_expressions_are_refused(void **state)
{
	char text[LIMIT_CRON_BYTES + 1];
	struct schedule_cron cron;
	struct error err;

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, "@hourly", 7);
	assert_int_equal(schedule_cron_parse((struct str){text, sizeof(text)}, &cron, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
	assert_int_equal(schedule_cron_parse((struct str){text, sizeof(text) - 1}, &cron, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stars_are_all_values),
		cmocka_unit_test(different_spellings_mean_the_same),
		cmocka_unit_test(days_are_joined_by_or_when_both_are_restricted),
		cmocka_unit_test(every_is_a_duration),
		cmocka_unit_test(mistakes_are_told_in_words),
		cmocka_unit_test(a_mistake_leaves_the_result_alone),
		cmocka_unit_test(bytes_after_a_nul_count),
		cmocka_unit_test(huge_expressions_are_refused),
	};

	return cmocka_run_group_tests_name("cron_parse", tests, NULL, NULL);
}
