/*
 * Which runs of schedules were begun, as the API server itself says. A watch may be late, or silent
 * for minutes; so before a run without requests is told as missed the server is asked for them. An
 * answer holds until the schedule's next run is made, for nobody else makes its requests.
 */
#ifndef CONTROL_BEGUN_H
#define CONTROL_BEGUN_H

#include <stdbool.h>
#include <stddef.h>

#include "api/request.h"
#include "api/schedule.h"
#include "base/attributes.h"
#include "kube/plan.h"

struct control_begun; /* of all schedules */

must_check struct control_begun *control_begun_new(void); /* never NULL */
void control_begun_free(struct control_begun *begun); /* may be NULL */

/* Whether the server has answered. If not, the plan asks it: nothing may be added to it any more,
 * and the next decision has the answer. */
must_check bool control_begun_is_known(
	struct control_begun *begun, const struct api_schedule *schedule, struct kube_plan *plan);

/* The requests of runs after the last one that is recorded; none while the server was not asked.
 * Borrowed until they are forgotten. */
const struct api_request *const *control_begun_get(
	const struct control_begun *begun, const struct api_schedule *schedule, size_t *ret_count);

/* The schedule ("namespace/name") makes a run, or is gone. */
void control_begun_forget(struct control_begun *begun, struct str key);

#endif
