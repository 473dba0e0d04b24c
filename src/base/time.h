/*
 * Points in time as values; reading a clock is sys/clock.h. Wall time is for people and for what
 * other machines wrote; monotonic time is for deadlines. They are different types so that they
 * cannot be mixed.
 */
#ifndef BASE_TIME_H
#define BASE_TIME_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"

struct wall_time {
	int64_t us; /* microseconds since 1970-01-01T00:00:00Z; 0 means "not set" */
};

struct mono_time {
	int64_t us; /* microseconds of CLOCK_MONOTONIC */
};

#define TIME_SECOND_US INT64_C(1000000)

struct time_civil {
	int year; /* 1970.. */
	int month; /* 1..12 */
	int day; /* 1..31 */
	int hour; /* 0..23 */
	int minute; /* 0..59 */
	int second; /* 0..59 */
};

/* Seconds since 1970 of a date and time in UTC (proleptic Gregorian), and back. */
int64_t time_seconds_of_civil(const struct time_civil *civil);
struct time_civil time_civil_of_seconds(int64_t seconds);

/* 0 = Sunday .. 6 = Saturday of the day that `seconds` since 1970 lie in. */
int time_weekday_of_seconds(int64_t seconds);

static inline bool wall_time_is_set(struct wall_time time)
{
	return time.us != 0;
}

static inline int64_t wall_time_seconds(struct wall_time time)
{
	return time.us / TIME_SECOND_US;
}

static inline struct wall_time wall_time_of_seconds(int64_t seconds)
{
	return (struct wall_time){seconds * TIME_SECOND_US};
}

/* Long enough for both formats, terminator included. */
enum { TIME_TEXT_SIZE = 40 };

/* "2026-11-21T22:00:00Z": metav1.Time (RFC 3339, seconds, UTC). */
void wall_time_format(struct wall_time time, char text[static TIME_TEXT_SIZE]);

/* "2026-11-21T22:00:00.000000Z": metav1.MicroTime, always six digits. */
void wall_time_format_micro(struct wall_time time, char text[static TIME_TEXT_SIZE]);

/* RFC 3339 with any fraction (cut to microseconds) and any offset. False when it is not that. */
must_check bool wall_time_parse(struct str text, struct wall_time *ret_time);

/* A duration as people read it in tables: "12s", "5m", "3h20m", "2d". */
void time_format_age(int64_t seconds, char text[static TIME_TEXT_SIZE]);

/* Go's duration format restricted to h, m, s and ms ("1h30m", "90s", "500ms"), as metav1.Duration.
 */
must_check bool time_parse_duration(struct str text, int64_t *ret_us);

#endif
