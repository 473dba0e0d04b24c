/*
 * A CheckpointExport gets the node of its Checkpoint, its end when no agent says so, and is deleted
 * when its time after that is over.
 */
#include "control/state.h"

#include "checkpoint/export.h"
#include "sys/clock.h"

static void control_end_export(const struct api_export *export, enum api_export_phase phase,
	const struct checkpoint_export_next *next, struct kube_plan *plan)
{
	struct api_export ended = {.metadata = export->metadata};

	ended.status.phase = api_export_phase_text(phase);
	ended.status.reason = str_of(next->reason);
	ended.status.message = str_of(next->message);
	ended.status.closed = clock_wall();
	ended.status.observed_generation = export->metadata.generation;
	control_plan_status(
		plan, &control_export_resource, &api_export_kind, &export->metadata, &ended);
}

void control_decide_export(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object = kube_informer_get(control->exports, key);
	const struct api_export *export = object != NULL ? object->view : NULL;
	struct checkpoint_export_next next;

	if (export == NULL)
		return;
	if (api_export_is_finished(export)) {
		control_plan_let_go(plan, &control_export_resource, &export->metadata,
			export->status.closed, export->spec.ttl_seconds);
		return;
	}
	next = checkpoint_export_for_controller(export,
		control_checkpoint(control, object->namespace, export->spec.checkpoint_name),
		control_knows_node(control, export->spec.node_name), clock_wall());
	if (next.step == CHECKPOINT_EXPORT_ASSIGN)
		control_plan_node(plan, &control_export_resource, &export->metadata, next.node);
	else if (next.step == CHECKPOINT_EXPORT_CLOSE)
		control_end_export(export, API_EXPORT_CLOSED, &next, plan);
	else if (next.step == CHECKPOINT_EXPORT_FAIL)
		control_end_export(export, API_EXPORT_FAILED, &next, plan);
	kube_plan_wake(plan, next.wake_ms);
}
