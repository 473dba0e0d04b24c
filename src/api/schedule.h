/*
 * CheckpointSchedule: which Pods are checkpointed when, what is kept, when it is restored. What a
 * field means stands in the table of schedule.c and in docs/reference.md.
 */
#ifndef API_SCHEDULE_H
#define API_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/meta.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum api_concurrency { API_CONCURRENCY_FORBID, API_CONCURRENCY_ALLOW, API_CONCURRENCY_REPLACE };
enum api_restore_policy { API_RESTORE_ON_FAILURE, API_RESTORE_ALWAYS, API_RESTORE_NEVER };

#define API_CONDITION_COVERED                                                                      \
	"Covered" /* of a CheckpointSchedule: what became of the run that was due last */

#define API_REASON_SCHEDULED         "Scheduled"
#define API_REASON_SUSPENDED         "Suspended"
#define API_REASON_INVALID_SCHEDULE  "InvalidSchedule"
#define API_REASON_INVALID_TIME_ZONE "InvalidTimeZone"
#define API_REASON_EMPTY_SELECTOR    "EmptySelector"

/* Of Covered. */
#define API_REASON_REQUESTED       "CheckpointsRequested"
#define API_REASON_NO_PODS         "NoPods"
#define API_REASON_SKIPPED         "CheckpointSkipped"
#define API_REASON_MISSED_DEADLINE "MissedDeadline"
#define API_REASON_STILL_ACTIVE    "RequestsStillActive"
#define API_REASON_WAITS_FOR_PODS  "WaitsForPods"
#define API_REASON_WAITS_FOR_TURN  "WaitsForTurn"
#define API_REASON_NO_RUN_DUE      "NoRunDue"

struct api_retention {
	int64_t max_count;
	struct str max_age; /* Go duration, base/time.h reads it; empty: no limit */
};

struct api_restore {
	struct str policy; /* see api_schedule_restore_policy() */
	int64_t stable_seconds;
	int64_t retry_window_seconds;
};

struct api_schedule_spec {
	struct str schedule;
	struct api_selector *selector; /* NULL when absent */
	struct str time_zone; /* empty: UTC */
	bool immediate;
	bool suspend;
	int64_t starting_deadline_seconds; /* 0: none */
	struct str concurrency_policy; /* see api_schedule_concurrency() */
	struct json_strings containers; /* empty: all that are running */
	int64_t timeout_seconds;
	struct api_retention retention;
	struct api_restore restore;
	int64_t failed_requests_history_limit;
};

struct api_schedule_status {
	struct wall_time last_run;
	struct wall_time last_missed;
	struct wall_time last_successful;
	struct wall_time next_run;
	int64_t missed;
	int64_t active;
	int64_t observed_generation;
	struct json_list conditions; /* of struct api_condition: Ready, Covered */
};

struct api_schedule {
	struct api_metadata metadata;
	struct api_schedule_spec spec;
	struct api_schedule_status status;
};

/*
 * Of a schedule what it says of restoring, spec.retention and spec.restore: all that an agent,
 * which has to know the schedules of the whole cluster, keeps of them.
 */
extern const struct json_object api_schedule_terms_object;

/* Unknown text counts as the default. */
enum api_concurrency api_schedule_concurrency(const struct api_schedule *schedule);
enum api_restore_policy api_schedule_restore_policy(const struct api_schedule *schedule);

#endif
