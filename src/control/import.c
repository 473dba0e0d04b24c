/*
 * A CheckpointImport gets its end when no agent says so. One that has failed is deleted when its
 * time after that is over; one that was completed stays as long as its Checkpoint, which it owns.
 */
#include "control/state.h"

#include "checkpoint/import.h"
#include "sys/clock.h"

static void control_fail_import(const struct api_import *import,
	const struct checkpoint_import_next *next, struct kube_plan *plan)
{
	struct api_import failed = {.metadata = import->metadata};

	failed.status.phase = api_import_phase_text(API_IMPORT_FAILED);
	failed.status.reason = str_of(next->reason);
	failed.status.message = str_of(next->message);
	failed.status.closed = clock_wall();
	failed.status.observed_generation = import->metadata.generation;
	control_plan_status(
		plan, &control_import_resource, &api_import_kind, &import->metadata, &failed);
}

static bool control_has_imported(const struct control *control, const struct api_import *import)
{
	return api_import_phase(import) == API_IMPORT_COMPLETED &&
		import->status.checkpoint != NULL &&
		control_checkpoint(control, import->metadata.namespace,
			import->status.checkpoint->name) != NULL;
}

void control_decide_import(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object = kube_informer_get(control->imports, key);
	const struct api_import *import = object != NULL ? object->view : NULL;
	struct checkpoint_import_next next;

	if (import == NULL || control_has_imported(control, import))
		return;
	if (api_import_is_finished(import)) {
		control_plan_let_go(plan, &control_import_resource, &import->metadata,
			import->status.closed, import->spec.ttl_seconds);
		return;
	}
	next = checkpoint_import_for_controller(
		import, control_knows_node(control, import->spec.node_name), clock_wall());
	if (next.step == CHECKPOINT_IMPORT_FAIL)
		control_fail_import(import, &next, plan);
	kube_plan_wake(plan, next.wake_ms);
}
