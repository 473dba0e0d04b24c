/* One Checkpoint before the restore rule, as if its container had just ended. */
#include "control/verdict.h"

enum restore_verdict control_verdict(const struct api_checkpoint *checkpoint,
	const struct api_checkpoint_status *own, const struct api_pod *pod,
	const struct restore_terms *terms, struct arena *arena)
{
	struct api_checkpoint judged = *checkpoint;
	struct restore_records records;
	struct error ignored;
	struct restore_view view = {.pod = pod, .terms = *terms};

	if (pod == NULL)
		return RESTORE_OTHER_POD;
	view.container = api_pod_container(pod, checkpoint->spec.container_name);
	if (view.container == NULL)
		return RESTORE_OTHER_CONTAINER;
	/* A damaged annotation counts as none; the Pod's reconciler says so. */
	if (restore_records_parse(pod->metadata.annotations.restores, arena, &records, &ignored) ==
		0)
		view.record = restore_records_find(&records, checkpoint->spec.container_name);
	judged.status.stable = own->stable;
	/* Its age changes without an event; the rule looks at it when it matters. */
	view.terms.max_age_seconds = 0;
	return restore_judge(&view, &judged, checkpoint->spec.timestamp);
}

struct api_checkpoint control_own_status(
	const struct api_checkpoint *checkpoint, struct arena *arena)
{
	struct api_checkpoint own = {.metadata = checkpoint->metadata};
	const struct api_condition *restorable =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_RESTORABLE);

	own.status.stable = checkpoint->status.stable;
	if (api_checkpoint_strategy(checkpoint) == API_STRATEGY_IMAGE) {
		own.status.restore_count = checkpoint->status.restore_count;
		own.status.last_restore = checkpoint->status.last_restore;
	}
	if (restorable != NULL)
		(void)api_condition_set(&own.status.conditions, restorable, arena);
	return own;
}
