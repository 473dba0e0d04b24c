/* From a schedule's fields to the terms of restoring. */
#include "restore/rule.h"

struct restore_terms restore_terms_of(const struct api_schedule *schedule)
{
	struct api_schedule defaults;
	int64_t max_age_us = 0;

	if (schedule == NULL) {
		api_init(&api_schedule_kind, &defaults);
		schedule = &defaults;
	}
	if (!time_parse_duration(schedule->spec.retention.max_age, &max_age_us))
		max_age_us = 0; /* the API server has refused what is no duration */
	return (struct restore_terms){
		.policy = api_schedule_restore_policy(schedule),
		.stable_seconds = schedule->spec.restore.stable_seconds,
		.retry_window_seconds = schedule->spec.restore.retry_window_seconds,
		.max_age_seconds = max_age_us / TIME_SECOND_US,
	};
}
