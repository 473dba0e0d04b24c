/*
 * What to do now about one schedule: make a request, and for which due time, or wait, and until
 * when. A pure decision in the manner of CronJob's controller (Kubernetes 1.36, pkg/controller/
 * cronjob); looking again at the same state gives the same answer, so it may be asked at any time.
 *
 * A schedule's due times are those of its expression after `last_run`, or after `created` when it
 * never ran; the creation is one itself when the first run is to be immediate. Of those up to now
 * only the most recent one is run; the earlier ones were missed. Who acts on a decision records
 * `due` as the new `last_run`: then no due time is run twice, not even when the clock is set back,
 * and a request that is named after its due time (as seconds since 1970) cannot be made twice by a
 * controller that stopped between making and recording it. Who is told that a due time is too late
 * records it as `last_missed`, and is not told again.
 *
 * A due time that has requests and was not recorded, because its controller stopped or could not
 * write, was not missed. The newest of these is gone through again with the next run, which makes
 * the requests that it lacks.
 *
 * Differences from CronJob: the most recent due time is found exactly, where CronJob estimates it
 * from the distance of the first two and then may find none ("30 6-16/4 * * 1-5" on a Saturday);
 * the times of "@every" count from last_run always, where CronJob counts from the deadline when
 * there is one, which moves with each look.
 */
#ifndef SCHEDULE_DUE_H
#define SCHEDULE_DUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/str.h"
#include "base/time.h"
#include "schedule/cron.h"
#include "schedule/zone.h"

/* What a due time does when requests of earlier ones are still active (spec.concurrencyPolicy). */
enum schedule_due_concurrency {
	SCHEDULE_DUE_ALLOW,
	SCHEDULE_DUE_FORBID, /* wait until they have ended, or until the deadline */
	SCHEDULE_DUE_REPLACE, /* cancel them */
};

enum {
	SCHEDULE_DUE_NO_DEADLINE = -1,
	SCHEDULE_DUE_MISSED_MAX = 100, /* as CronJob's TooManyMissedTimes */
};

/* One schedule as it stands; all borrowed. */
struct schedule_due_view {
	const struct schedule_cron *cron;
	const struct schedule_zone *zone;
	struct wall_time now;
	struct wall_time created;
	struct wall_time last_run; /* `due` of the last request; may be not set */
	struct wall_time last_missed; /* `due` that was too late last; may be not set */
	bool is_immediate; /* the first run is due at the creation */
	const struct wall_time
		*begun; /* due times with requests; those after it are not recorded */
	size_t begun_count;
	bool is_suspended;
	int64_t starting_deadline_seconds; /* negative: none; 0 never runs, as with CronJob */
	enum schedule_due_concurrency concurrency;
	size_t active_count; /* requests of this schedule that have not ended */
	struct str uid; /* of the schedule: decides where in the window it lies */
	int64_t spread_seconds; /* the window in which schedules of one due time begin; 0: none */
};

/* Why a due time is not run. */
enum schedule_due_skip {
	SCHEDULE_DUE_SKIP_NONE,
	SCHEDULE_DUE_SKIP_SUSPENDED, /* told whether or not something is due */
	SCHEDULE_DUE_SKIP_TOO_LATE, /* the starting deadline has passed */
	SCHEDULE_DUE_SKIP_STILL_ACTIVE, /* look again when a request has ended */
};

struct schedule_due_decision {
	bool is_to_run; /* make the request of `due` now */
	bool is_to_replace; /* cancel the active requests before that */
	enum schedule_due_skip skip;
	struct wall_time due; /* most recent due time that was not run; not set: nothing is due */
	struct wall_time due_since; /* the first such, which stays while a run waits */
	struct wall_time unfinished; /* make what this due time lacks first; not set: none */
	unsigned missed_count; /* due times since the last run, before `due`; at most MISSED_MAX */
	bool is_missed_capped; /* there were more than missed_count says */
	struct wall_time next_due; /* first due time after now and the last run; not set: never */
	struct wall_time wake; /* when to decide again if nothing changes; not set: no need */
};

/*
 * Decides. With a window, a due time is run a little later: by an offset that depends on the uid
 * alone, at most half way to the following due time and at most half the starting deadline. The due
 * time itself is not moved.
 */
struct schedule_due_decision schedule_due_decide(const struct schedule_due_view *view);

#endif
