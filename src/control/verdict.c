/* One Checkpoint before the restore rule, as if its container had just ended. */
#include "control/verdict.h"

#include "sys/clock.h"

/* Fills what the Checkpoint's container adds to the view. */
static enum restore_verdict control_verdict(const struct api_checkpoint *checkpoint,
	const struct api_checkpoint_status *own, struct restore_view *view, bool is_believed,
	struct arena *arena)
{
	struct api_checkpoint judged = *checkpoint;
	struct restore_records records;
	struct error ignored;

	if (view->pod == NULL)
		return RESTORE_OTHER_POD;
	if (!is_believed)
		return RESTORE_OTHER_NODE;
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
	const struct api_checkpoint_status *own, const struct restore_view *view, bool is_believed,
	struct arena *arena)
{
	struct restore_view whole = *view;
	enum restore_verdict verdict = control_verdict(checkpoint, own, &whole, is_believed, arena);

	return (struct api_condition){
		.type = STR(API_CONDITION_RESTORABLE),
		.status = verdict == RESTORE_OK ? STR("True") : STR("False"),
		.reason = str_of(restore_verdict_reason(verdict)),
		.message = restore_explain(view, api_checkpoint_strategy(checkpoint), verdict),
		.observed_generation = checkpoint->metadata.generation,
		.last_transition = clock_wall(),
	};
}

/*
 * What speaks against a Checkpoint; an empty reason: nothing does. Until it is built the reason is
 * one for all phases, as Restorable's is, so that Ready costs no write of its own.
 */
static struct api_condition control_fault(const struct api_checkpoint *checkpoint)
{
	const struct json_list *conditions = &checkpoint->status.conditions;
	const struct api_condition *built =
		api_condition_find(conditions, API_CONDITION_IMAGE_BUILT);
	const struct api_condition *usable = api_condition_find(conditions, API_CONDITION_USABLE);
	enum api_checkpoint_phase phase = api_checkpoint_phase(checkpoint);

	if (phase == API_CHECKPOINT_FAILED)
		return (struct api_condition){
			.reason = built != NULL ? built->reason : STR("Failed"),
			.message = checkpoint->status.failed_reason};
	if (phase != API_CHECKPOINT_IMAGE_BUILT)
		return (struct api_condition){
			.reason = str_of(restore_verdict_reason(RESTORE_NOT_BUILT)),
			.message = STR("it is not complete yet")};
	if (usable != NULL && str_is(usable->status, "False"))
		return (struct api_condition){.reason = usable->reason, .message = usable->message};
	return (struct api_condition){0};
}

struct api_condition control_ready(
	const struct api_checkpoint *checkpoint, bool is_node_known, struct arena *arena)
{
	struct api_condition ready = control_fault(checkpoint);

	if (ready.reason.size > 0) {
		ready.status = STR("False");
	} else if (!is_node_known) {
		ready.status = STR("Unknown");
		ready.reason = STR("NodeUnknown");
		ready.message = arena_printf(arena,
			"node '%.*s' has no CheckpointNode: it is gone, or its agent has not "
			"reported",
			STR_ARG(checkpoint->spec.node_name));
	} else {
		ready.status = STR("True");
		ready.reason = STR("Complete");
		ready.message = STR("it is complete, on its node");
	}
	ready.type = STR(API_CONDITION_READY);
	ready.observed_generation = checkpoint->metadata.generation;
	ready.last_transition = clock_wall();
	return ready;
}

struct api_checkpoint control_own_status(
	const struct api_checkpoint *checkpoint, struct arena *arena)
{
	static const char *const types[] = {API_CONDITION_READY, API_CONDITION_RESTORABLE};
	struct api_checkpoint own = {.metadata = checkpoint->metadata};

	own.status.stable = checkpoint->status.stable;
	if (api_checkpoint_strategy(checkpoint) == API_STRATEGY_IMAGE) {
		own.status.restore_count = checkpoint->status.restore_count;
		own.status.last_restore = checkpoint->status.last_restore;
	}
	for (size_t i = 0; i < array_size(types); i++) {
		const struct api_condition *condition =
			api_condition_find(&checkpoint->status.conditions, types[i]);

		if (condition != NULL)
			(void)api_condition_set(&own.status.conditions, condition, arena);
	}
	return own;
}
