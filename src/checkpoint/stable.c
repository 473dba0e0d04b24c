/* Readiness before and after a checkpoint, from what the Pod's status still tells. */
#include "checkpoint/stable.h"

/*
 * Whether the Pod became Ready after `since`: it was not Ready meanwhile. A Pod that is not Ready
 * as a whole (another container of it is not) tells nothing; then the container's own word counts.
 */
static bool checkpoint_became_ready_after(const struct api_pod *pod, struct wall_time since)
{
	const struct api_pod_condition *conditions = pod->status.conditions.items;

	for (size_t i = 0; i < pod->status.conditions.count; i++)
		if (str_is(conditions[i].type, "Ready"))
			return str_is(conditions[i].status, "True") &&
				conditions[i].last_transition.us > since.us + TIME_SECOND_US;
	return false;
}

struct checkpoint_stability checkpoint_stability(const struct api_checkpoint *checkpoint,
	const struct api_pod *pod, int64_t stable_seconds, struct wall_time now)
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;
	const struct api_container_status *status;
	struct wall_time proved = {spec->timestamp.us + stable_seconds * TIME_SECOND_US};

	if (wall_time_is_set(checkpoint->status.stable))
		return (struct checkpoint_stability){.is_stable = true};
	if (pod == NULL || spec->pod == NULL || !spec->was_ready ||
		!str_equal(spec->pod->uid, pod->metadata.uid))
		return (struct checkpoint_stability){0};
	status = api_pod_container_status(pod, spec->container_name);
	if (status == NULL || !str_equal(status->container_id, spec->container_id) ||
		!status->ready || checkpoint_became_ready_after(pod, spec->timestamp))
		return (struct checkpoint_stability){0};
	if (now.us < proved.us)
		return (struct checkpoint_stability){.wake_ms = (proved.us - now.us + 999) / 1000};
	return (struct checkpoint_stability){.is_stable = true};
}
