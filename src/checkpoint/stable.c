/* Readiness before and after a checkpoint, from what the Pod's status still tells. */
#include "checkpoint/stable.h"

/*
 * Since when the container of a checkpoint has been Ready without a break: since its Checkpoint was
 * made, or since the Pod became Ready again. It is made when the kubelet has answered, so that the
 * container has gone on, however long it stood still: an engine may keep it paused for longer than
 * CRIU measures. The freeze of a large container alone makes probes fail, which says nothing
 * against its memory. A Pod that is not Ready as a whole (another container of it is not) tells
 * nothing; then the container's own word counts.
 */
static struct wall_time checkpoint_ready_since(const struct api_pod *pod, struct wall_time made)
{
	const struct api_pod_condition *conditions = pod->status.conditions.items;

	for (size_t i = 0; i < pod->status.conditions.count; i++)
		if (str_is(conditions[i].type, "Ready") && str_is(conditions[i].status, "True") &&
			conditions[i].last_transition.us > made.us)
			return conditions[i].last_transition;
	return made;
}

/* Whoever brought it vouches for it: nobody has seen its container afterwards. */
static bool checkpoint_is_imported(const struct api_checkpoint *checkpoint)
{
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);

	return owner != NULL && str_is(owner->kind, api_import_kind.name);
}

struct checkpoint_stability checkpoint_stability(const struct api_checkpoint *checkpoint,
	const struct api_pod *pod, int64_t stable_seconds, struct wall_time now)
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;
	const struct api_container_status *status;
	struct wall_time proved;

	if (wall_time_is_set(checkpoint->status.stable) || checkpoint_is_imported(checkpoint))
		return (struct checkpoint_stability){.is_stable = true};
	if (pod == NULL || spec->pod == NULL || !spec->was_ready ||
		!str_equal(spec->pod->uid, pod->metadata.uid))
		return (struct checkpoint_stability){0};
	status = api_pod_container_status(pod, spec->container_name);
	if (status == NULL || !str_equal(status->container_id, spec->container_id) ||
		!status->ready)
		return (struct checkpoint_stability){0};
	proved = checkpoint_ready_since(pod, checkpoint->metadata.created);
	proved.us += stable_seconds * TIME_SECOND_US;
	if (now.us < proved.us)
		return (struct checkpoint_stability){.wake_ms = (proved.us - now.us + 999) / 1000};
	return (struct checkpoint_stability){.is_stable = true};
}
