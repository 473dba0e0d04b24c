/*
 * For this room: the rule in the footer of a zone file, such as "CET-1CEST,M3.5.0,M10.5.0/3", which
 * says what holds after the last change that the file lists.
 */
#ifndef SCHEDULE_ZONE_RULE_H
#define SCHEDULE_ZONE_RULE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/str.h"
#include "schedule/zone.h"

/* How the day of a change is written. */
enum schedule__turn_kind {
	TURN_ON_WEEKDAY, /* Mm.w.d: week `week` (5: the last one) of the month, on the weekday */
	TURN_ON_DAY_WITHOUT_LEAP, /* Jn: 1..365, 29 February is never counted */
	TURN_ON_DAY, /* n: 0..365 */
};

/* When the clocks change, each year. */
struct schedule__turn {
	enum schedule__turn_kind kind;
	int month;
	int week;
	int weekday;
	int day;
	int32_t seconds; /* after that day's midnight; -167 to 167 hours */
};

struct schedule__rule {
	bool has_summer;
	int32_t standard_offset; /* seconds ahead of UTC */
	int32_t summer_offset;
	struct schedule__turn begin; /* of summer time, in standard time */
	struct schedule__turn end; /* of summer time, in summer time */
};

/*
 * Reads a TZ string (POSIX, Base Definitions 8.3, with the hours of RFC 9636 section 3.3.2). A
 * summer time without the days of its changes is refused: what they are would be a guess. False
 * when the text is not that.
 */
must_check bool schedule__rule_parse(struct str text, struct schedule__rule *ret_rule);

/* The span around an instant, as if the rule had always held. */
struct schedule_zone_span schedule__rule_span_at(
	const struct schedule__rule *rule, int64_t instant);

#endif
