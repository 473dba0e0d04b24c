/*
 * When a schedule is due: five fields "minute hour day-of-month month day-of-week" or a macro, as
 * CronJob's spec.schedule has them.
 *
 *   field         values         names
 *   minute        0-59
 *   hour          0-23
 *   day of month  1-31
 *   month         1-12           jan-dec
 *   day of week   0-7            sun-sat; 0 and 7 are Sunday
 *
 * A field is a list, joined by ',', of a value, a range "1-5", or all values '*' or '?'; each may
 * have a step: "1-30/2", "?/5", and "5/15", which goes on to the field's end. Names are of any
 * case. When day of month and day of week are both restricted, a day that is in either is meant;
 * a field counts as restricted unless one of its items is '*' or '?' with no step above 1.
 * The macros are @hourly, @daily and @midnight, @weekly (Sunday), @monthly, @yearly and @annually,
 * all at the first minute, and "@every 1h30m": that long after the time before, whatever the clocks
 * show.
 *
 * Time zones and changes of the clocks: a schedule is due at each instant at which the zone's
 * clocks begin to show a minute that matches. So a time that a change to summer time skips is not
 * made up for, and a time that the change back repeats is due twice. That is CronJob's rule, by
 * robfig/cron v3.0.1 (SpecSchedule.Next). Compared at 5.7 million points for all zones of tzdata
 * 2025b, 2024 to 2040, next runs are the same but for 607, all of them in the days around a change
 * in ten zones where robfig/cron's steps of whole days and hours land beside the mark:
 * - Clocks move at midnight (Asia/Beirut, Africa/Cairo, America/Santiago, Coyhaique, Havana and
 *   Asuncion, Atlantic/Azores): it may leave out a day or take Sunday for Saturday, as with
 *   "30 2 * * SAT" in Santiago after 3 September 2039.
 * - Clocks do not move by one hour at a full hour (Australia/Lord_Howe, Pacific/Chatham,
 *   Antarctica/Troll): it may leave out one or two days, one of two repeated times, or name a time
 *   that does not match, as 02:45 for "45 1 * * *" in Lord_Howe on 5 October 2036.
 * There its answers depend on where it starts, so that no "previous run" would agree with them. We
 * keep to the rule; tests/unit/schedule/robfig.inc lists both answers.
 *
 * What CronJob takes and we refuse, because it is a mistake: "TZ=" and "CRON_TZ=" (CronJob refuses
 * those, too), empty items of a list, "*-5", and "@every" of less than a second, of a fraction of
 * one or of more than five years. CronJob refuses 7 for Sunday, and looks at most five years ahead
 * where we look nine, so that 29 February is found around the year 2100.
 */
#ifndef SCHEDULE_CRON_H
#define SCHEDULE_CRON_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "schedule/zone.h"

/* A schedule that was read; a value without pointers. Bit n of a set stands for the value n. */
struct schedule_cron {
	uint64_t minutes;
	uint32_t hours;
	uint32_t days_of_month;
	uint32_t months;
	uint32_t days_of_week;
	bool is_either_day; /* a day in one of the two sets is enough; else it must be in both */
	int64_t every_seconds; /* of "@every"; 0 for all others, whose sets are then used */
};

/*
 * Reads an expression. Fails with INVALID: the text names the field, the part of it that is wrong
 * and what is allowed there. TOO_BIG beyond LIMIT_CRON_BYTES.
 */
must_check int schedule_cron_parse(
	struct str text, struct schedule_cron *ret_cron, struct error *err);

/*
 * The first time after `after` that is due, always a whole second. False: never, as for
 * "0 0 30 2 *" or beyond the year 9999.
 */
must_check bool schedule_cron_next(const struct schedule_cron *cron,
	const struct schedule_zone *zone, struct wall_time after, struct wall_time *ret_due);

/*
 * The last time before `before` that is due. "@every" counts back from `before`. False: never
 * within the nine years before it.
 */
must_check bool schedule_cron_previous(const struct schedule_cron *cron,
	const struct schedule_zone *zone, struct wall_time before, struct wall_time *ret_due);

#endif
