/*
 * What became of the run that a schedule was due for last, in words: the condition Covered. Each
 * function returns a condition of which status, reason and message are set; texts are static or
 * from the arena.
 */
#ifndef CONTROL_COVERAGE_H
#define CONTROL_COVERAGE_H

#include "api/kinds.h"
#include "base/arena.h"
#include "base/time.h"
#include "checkpoint/plan.h"
#include "schedule/due.h"

/* The requests of the run `due` were made as planned. */
struct api_condition control_covered(
	struct arena *arena, const struct checkpoint_plan *planned, struct wall_time due);

struct api_condition control_missed_deadline(
	struct arena *arena, struct wall_time due, int64_t deadline_seconds);

/* Why a run that has been due since then does not begin yet. What they say stays the same while
 * the following ones are due as well. */
struct api_condition control_waits_for_requests(
	struct arena *arena, struct wall_time since, size_t active);
struct api_condition control_waits_for_turn(struct arena *arena, struct wall_time since);
struct api_condition control_waits_for_pods(void);

/* It waited, and then was suspended or changed. */
struct api_condition control_waits_for_nothing(void);

/* "Pod a, container b: the container is not Ready". */
struct str control_skip_text(struct arena *arena, const struct checkpoint_plan_skip *skip);

/* "3 runs before that of 2026-11-22T05:00:00Z were missed and are not made up for". */
struct str control_missed_text(struct arena *arena, const struct schedule_due_decision *due);

#endif
