/*
 * A Checkpoint's own conditions: whether the container stayed Ready after it was taken (recorded
 * once, as status.stableTime, while it can be seen), whether it is ready, and whether it could be
 * restored now.
 */
#include "control/state.h"

#include "checkpoint/stable.h"
#include "control/verdict.h"
#include "sys/clock.h"

void control_decide_checkpoint(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object = kube_informer_get(control->checkpoints, key);
	const struct api_checkpoint *checkpoint = object != NULL ? object->view : NULL;
	struct api_checkpoint own;
	struct api_condition restorable;
	struct api_condition ready;
	struct checkpoint_stability stability;
	struct restore_view view = {0};
	bool is_changed;

	if (checkpoint == NULL || wall_time_is_set(checkpoint->metadata.deleted))
		return;
	if (checkpoint->spec.pod != NULL)
		view.pod = control_pod(
			control, object->namespace, checkpoint->spec.pod->name, plan->arena);
	view.node = control_node_of(control, view.pod);
	view.terms = control_restore_terms(control, checkpoint);
	own = control_own_status(checkpoint, plan->arena);
	stability =
		checkpoint_stability(checkpoint, view.pod, view.terms.stable_seconds, clock_wall());
	is_changed = stability.is_stable && !wall_time_is_set(own.status.stable);
	if (is_changed)
		own.status.stable = clock_wall();
	restorable = control_restorable(checkpoint, &own.status, &view,
		view.pod == NULL || control_believes(control, view.pod, checkpoint), plan->arena);
	is_changed |= api_condition_set(&own.status.conditions, &restorable, plan->arena);
	ready = control_ready(
		checkpoint, control_knows_node(control, checkpoint->spec.node_name), plan->arena);
	is_changed |= api_condition_set(&own.status.conditions, &ready, plan->arena);
	if (is_changed)
		control_plan_status(plan, &control_checkpoint_resource, &api_checkpoint_kind,
			&checkpoint->metadata, &own);
	kube_plan_wake(plan, stability.wake_ms);
}
