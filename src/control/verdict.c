/* One Checkpoint before the restore rule, as if its container had just ended. */
#include "control/verdict.h"

#include "sys/clock.h"

/* Fills what the Checkpoint's container adds to the view. */
static enum restore_verdict control_verdict(const struct api_checkpoint *checkpoint,
	const struct api_checkpoint_status *own, struct restore_view *view, struct arena *arena)
{
	struct api_checkpoint judged = *checkpoint;
	struct restore_records records;
	struct error ignored;

	if (view->pod == NULL)
		return RESTORE_OTHER_POD;
	view->container = api_pod_container(view->pod, checkpoint->spec.container_name);
	if (view->container == NULL)
		return RESTORE_OTHER_CONTAINER;
	/* A damaged annotation counts as none; the Pod's reconciler says so. */
	if (restore_records_parse(
		    view->pod->metadata.annotations.restores, arena, &records, &ignored) == 0)
		view->record = restore_records_find(&records, checkpoint->spec.container_name);
	judged.status.stable = own->stable;
	/* Its age changes without an event; the rule looks at it when it matters. */
	view->terms.max_age_seconds = 0;
	return restore_judge(view, &judged, checkpoint->spec.timestamp);
}

struct api_condition control_restorable(const struct api_checkpoint *checkpoint,
	const struct api_checkpoint_status *own, const struct restore_view *view,
	struct arena *arena)
{
	struct restore_view whole = *view;
	enum restore_verdict verdict = control_verdict(checkpoint, own, &whole, arena);

	return (struct api_condition){
		.type = STR(API_CONDITION_RESTORABLE),
		.status = verdict == RESTORE_OK ? STR("True") : STR("False"),
		.reason = str_of(restore_verdict_reason(verdict)),
		.message = restore_explain(view, api_checkpoint_strategy(checkpoint), verdict),
		.observed_generation = checkpoint->metadata.generation,
		.last_transition = clock_wall(),
	};
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
