/*
 * Sets of minutes, hours and days in, points in time out. The zone cuts time into spans of one
 * offset; within a span local time runs evenly, and the search is plain calendar arithmetic that
 * skips a month, day or hour in which nothing matches. Searching span by span is what makes skipped
 * times vanish and repeated ones appear twice, with no case for either.
 */
#include "schedule/cron.h"

enum { MINUTE_SECONDS = 60, HOUR_SECONDS = 3600, DAY_SECONDS = 86400 };

/* How far to look: 29 February may be eight years away. */
#define CRON_HORIZON_SECONDS (INT64_C(9) * 366 * DAY_SECONDS)

static bool cron_has(uint64_t set, int value)
{
	return (set >> value & 1) != 0;
}

static bool cron_has_day(const struct schedule_cron *cron, int day_of_month, int day_of_week)
{
	bool is_in_month = cron_has(cron->days_of_month, day_of_month);
	bool is_in_week = cron_has(cron->days_of_week, day_of_week);

	return cron->is_either_day ? is_in_month || is_in_week : is_in_month && is_in_week;
}

/* The month, day, hour or minute around a local time, as local times. */
struct cron_stretch {
	int64_t start;
	int64_t end;
};

static struct cron_stretch cron_month_of(const struct time_civil *civil)
{
	struct time_civil first = {.year = civil->year, .month = civil->month, .day = 1};
	struct cron_stretch month = {.start = time_seconds_of_civil(&first)};

	first.year += civil->month / 12;
	first.month = civil->month % 12 + 1;
	month.end = time_seconds_of_civil(&first);
	return month;
}

/* The stretch of `length` seconds that `local` lies `into`. */
static struct cron_stretch cron_stretch_of(int64_t local, int64_t into, int64_t length)
{
	return (struct cron_stretch){local - into, local - into + length};
}

/*
 * Whether the minute that begins at local time `minute` matches. If it does not, *ret_blank is the
 * longest stretch around it in which no minute does.
 */
static bool cron_matches(
	const struct schedule_cron *cron, int64_t minute, struct cron_stretch *ret_blank)
{
	struct time_civil civil = time_civil_of_seconds(minute);
	int64_t into_hour = civil.minute * MINUTE_SECONDS;
	int64_t into_day = civil.hour * HOUR_SECONDS + into_hour;

	if (!cron_has(cron->months, civil.month)) {
		*ret_blank = cron_month_of(&civil);
		return false;
	}
	if (!cron_has_day(cron, civil.day, time_weekday_of_seconds(minute))) {
		*ret_blank = cron_stretch_of(minute, into_day, DAY_SECONDS);
		return false;
	}
	if (!cron_has(cron->hours, civil.hour)) {
		*ret_blank = cron_stretch_of(minute, into_hour, HOUR_SECONDS);
		return false;
	}
	*ret_blank = cron_stretch_of(minute, 0, MINUTE_SECONDS);
	return cron_has(cron->minutes, civil.minute);
}

static int64_t cron_floor(int64_t value, int64_t unit)
{
	int64_t rest = value % unit;

	return value - (rest < 0 ? rest + unit : rest);
}

static int64_t cron_ceil(int64_t value, int64_t unit)
{
	return -cron_floor(-value, unit);
}

/* The first minute that matches and begins in [from, to), local times. */
static bool cron_first_in(
	const struct schedule_cron *cron, int64_t from, int64_t to, int64_t *ret_minute)
{
	int64_t minute = cron_ceil(from, MINUTE_SECONDS);
	struct cron_stretch blank;

	while (minute < to) {
		if (cron_matches(cron, minute, &blank)) {
			*ret_minute = minute;
			return true;
		}
		minute = blank.end;
	}
	return false;
}

/* The last minute that matches and begins in [from, to), local times. */
static bool cron_last_in(
	const struct schedule_cron *cron, int64_t from, int64_t to, int64_t *ret_minute)
{
	int64_t minute = cron_floor(to - 1, MINUTE_SECONDS);
	struct cron_stretch blank;

	while (minute >= from) {
		if (cron_matches(cron, minute, &blank)) {
			*ret_minute = minute;
			return true;
		}
		minute = blank.start - MINUTE_SECONDS;
	}
	return false;
}

/* The first due instant in [from, to). */
static bool cron_search_forward(const struct schedule_cron *cron, const struct schedule_zone *zone,
	int64_t from, int64_t to, int64_t *ret_instant)
{
	struct schedule_zone_span span;
	int64_t minute;

	for (; from < to; from = span.end) {
		span = schedule_zone_span_at(zone, from);
		if (span.end > to)
			span.end = to;
		if (cron_first_in(cron, from + span.offset, span.end + span.offset, &minute)) {
			*ret_instant = minute - span.offset;
			return true;
		}
	}
	return false;
}

/* The last due instant in [from, to). */
static bool cron_search_backward(const struct schedule_cron *cron, const struct schedule_zone *zone,
	int64_t from, int64_t to, int64_t *ret_instant)
{
	struct schedule_zone_span span;
	int64_t minute;

	for (; from < to; to = span.start) {
		span = schedule_zone_span_at(zone, to - 1);
		if (span.start < from)
			span.start = from;
		if (cron_last_in(cron, span.start + span.offset, to + span.offset, &minute)) {
			*ret_instant = minute - span.offset;
			return true;
		}
	}
	return false;
}

static int64_t cron_limit(int64_t value, int64_t least, int64_t most)
{
	if (value < least)
		return least;
	return value > most ? most : value;
}

static int64_t cron_limit_us(struct wall_time time)
{
	return cron_limit(
		time.us, SCHEDULE_ZONE_FIRST * TIME_SECOND_US, SCHEDULE_ZONE_LAST * TIME_SECOND_US);
}

bool schedule_cron_next(const struct schedule_cron *cron, const struct schedule_zone *zone,
	struct wall_time after, struct wall_time *ret_due)
{
	int64_t second = cron_floor(cron_limit_us(after), TIME_SECOND_US) / TIME_SECOND_US;
	int64_t end = cron_limit(second + CRON_HORIZON_SECONDS, second, SCHEDULE_ZONE_LAST);
	int64_t due = second + cron->every_seconds;

	if (cron->every_seconds > 0 ? due > SCHEDULE_ZONE_LAST
				    : !cron_search_forward(cron, zone, second + 1, end, &due))
		return false;
	*ret_due = wall_time_of_seconds(due);
	return true;
}

bool schedule_cron_previous(const struct schedule_cron *cron, const struct schedule_zone *zone,
	struct wall_time before, struct wall_time *ret_due)
{
	int64_t second = cron_ceil(cron_limit_us(before), TIME_SECOND_US) / TIME_SECOND_US;
	int64_t from = cron_limit(second - CRON_HORIZON_SECONDS, SCHEDULE_ZONE_FIRST, second);
	int64_t due = second - cron->every_seconds;

	if (cron->every_seconds > 0 ? due < SCHEDULE_ZONE_FIRST
				    : !cron_search_backward(cron, zone, from, second, &due))
		return false;
	*ret_due = wall_time_of_seconds(due);
	return true;
}
