/*
 * A time zone: which offset from UTC its clocks show at an instant, and for how long. It is made
 * from the bytes of a file of the IANA time zone database; where those bytes come from is the
 * caller's business (on Debian: below /usr/share/zoneinfo, package tzdata), and
 * schedule_zone_check_name() says whether a name may be used as a path there.
 *
 * Instants are seconds since 1970-01-01T00:00:00Z. Local time is written the same way, as if the
 * clock on the wall showed UTC: local = instant + offset. Instants outside the years 1 to 9999 are
 * taken for the nearest one within.
 */
#ifndef SCHEDULE_ZONE_H
#define SCHEDULE_ZONE_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct schedule_zone;

/* UTC, always there; never released. */
extern const struct schedule_zone schedule_zone_utc;

/*
 * Whether `name` may be the name of a zone and thus a path beneath the zone database: parts of
 * letters, digits and "._-+", 1 to 14 bytes each, joined by '/'; no part is "." or ".." or begins
 * with '-' (theory.html of tzdb, "Names of timezones"; Kubernetes checks CronJob's timeZone
 * likewise). "Local" in any case is refused, for it would be the zone of whoever reads it. That a
 * zone of this name exists is not said. Fails with INVALID.
 */
must_check int schedule_zone_check_name(struct str name, struct error *err);

/*
 * Reads a TZif file, versions 1 to 4 (RFC 9636, which replaced RFC 8536). The caller owns
 * *ret_zone. Fails with TOO_BIG beyond LIMIT_ZONE_BYTES, CORRUPT, and UNSUPPORTED for a zone that
 * counts leap seconds (those below "right/"), because the clocks of computers do not.
 */
must_check int schedule_zone_parse(
	struct str bytes, struct schedule_zone **ret_zone, struct error *err);

/* May be NULL. Not for schedule_zone_utc. */
void schedule_zone_free(struct schedule_zone *zone);

#define SCHEDULE_ZONE_FIRST INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define SCHEDULE_ZONE_LAST  INT64_C(253402300799) /* 9999-12-31T23:59:59Z */

/* A time during which the offset stays the same: from `start` until just before `end`. */
struct schedule_zone_span {
	int64_t start; /* INT64_MIN: since ever */
	int64_t end; /* INT64_MAX: for ever */
	int32_t offset; /* seconds ahead of UTC; within 26 hours */
};

/* The span around an instant; its neighbours may have the same offset. */
struct schedule_zone_span schedule_zone_span_at(const struct schedule_zone *zone, int64_t instant);

define_clean_up(struct schedule_zone, schedule_zone_free, schedule_zone_free)
#define autozone clean_up(schedule_zone_free_clean) struct schedule_zone

#endif
