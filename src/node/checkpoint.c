/*
 * A Checkpoint of this node: it is taken in, its status says what came of that and what happens to
 * its container afterwards, and when it goes, its data go. What was done so far can be read off the
 * store and the object, so that a new agent goes on from there.
 */
#include "node/state.h"

#include <string.h>

#include "base/alloc.h"
#include "node/direct.h"
#include "node/imported.h"
#include "node/ingest.h"
#include "node/serve.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

#define NODE_REASON_LOST "Lost" /* of the condition ImageBuilt */

enum { NODE_ORPHAN_MS = 600000 };

/* ---- The status ---- */

/* The Checkpoint with only those status fields that are the agent's. */
static struct api_checkpoint node_own_status(
	const struct api_checkpoint *checkpoint, struct arena *arena)
{
	struct api_checkpoint own = {.metadata = checkpoint->metadata};
	const struct api_condition *built =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_IMAGE_BUILT);
	const struct api_condition *usable =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_USABLE);

	own.status = checkpoint->status;
	own.status.stable = (struct wall_time){0};
	if (api_checkpoint_strategy(checkpoint) == API_STRATEGY_IMAGE) {
		own.status.restore_count = 0; /* the controller restores, and counts */
		own.status.last_restore = (struct wall_time){0};
	}
	own.status.conditions = (struct json_list){0};
	if (built != NULL)
		(void)api_condition_set(&own.status.conditions, built, arena);
	if (usable != NULL)
		(void)api_condition_set(&own.status.conditions, usable, arena);
	return own;
}

static void node_plan_checkpoint_phase(const struct api_checkpoint *checkpoint,
	struct api_checkpoint own, enum api_checkpoint_phase phase, const char *reason,
	struct str message, struct kube_plan *plan)
{
	struct api_condition built = {
		.type = STR(API_CONDITION_IMAGE_BUILT),
		.status = phase == API_CHECKPOINT_IMAGE_BUILT ? STR("True") : STR("False"),
		.reason = str_of(reason),
		.message = message,
		.observed_generation = checkpoint->metadata.generation,
		.last_transition = clock_wall(),
	};

	own.status.phase = api_checkpoint_phase_text(phase);
	own.status.observed_generation = checkpoint->metadata.generation;
	(void)api_condition_set(&own.status.conditions, &built, plan->arena);
	node_plan_status(
		plan, &node_checkpoint_resource, &api_checkpoint_kind, &checkpoint->metadata, &own);
}

static void node_plan_failed(struct node *node, const struct api_checkpoint *checkpoint,
	const char *reason, struct str message, struct kube_plan *plan)
{
	struct api_checkpoint own = node_own_status(checkpoint, plan->arena);

	own.status.failed_reason = message;
	node_plan_checkpoint_phase(checkpoint, own, API_CHECKPOINT_FAILED, reason, message, plan);
	node_plan_event(
		node, plan, "Checkpoint", &checkpoint->metadata, true, "ImageFailed", message);
}

static void node_plan_built(struct node *node, const struct api_checkpoint *checkpoint,
	const struct node_entry *entry, const struct node_ingest_result *result,
	struct kube_plan *plan)
{
	struct api_checkpoint own = node_own_status(checkpoint, plan->arena);
	struct api_checkpoint_status *status = &own.status;
	struct str message = STR("the image is served by the node's agent");

	status->failed_reason = (struct str){0};
	status->checkpoint_image =
		arena_printf(plan->arena, "%.*s:%s", STR_ARG(entry->repository), NODE_TAG);
	status->runtime_image = arena_printf(plan->arena, "localhost:%u/%.*s@%.*s",
		node->registry_port, STR_ARG(entry->repository), STR_ARG(entry->manifest_digest));
	status->digest = entry->layer_digest;
	status->size_bytes = entry->layer_bytes;
	status->memory_bytes = entry->memory_bytes;
	status->frozen_us = entry->frozen_us;
	status->engine = entry->engine;
	status->criu_version = entry->criu_version;
	api_checkpoint_set_amounts(status, plan->arena);
	if (result != NULL && result->pushed_image != NULL) {
		status->runtime_image = arena_str(plan->arena, str_of(result->pushed_image));
		message = STR("the image was pushed to the registry");
	}
	message = arena_printf(plan->arena, "%.*s%.*s", STR_ARG(message),
		STR_ARG(node_imported_left_out(entry->left_out, plan->arena)));
	if (result != NULL && result->is_push_failed)
		node_plan_event(node, plan, "Checkpoint", &checkpoint->metadata, true, "PushFailed",
			arena_str(plan->arena, str_of(result->err.text)));
	node_plan_checkpoint_phase(
		checkpoint, own, API_CHECKPOINT_IMAGE_BUILT, "ImageBuilt", message, plan);
	node_plan_event(node, plan, "Checkpoint", &checkpoint->metadata, false, "ImageBuilt",
		arena_printf(plan->arena, "%.*s, frozen for %.*s", STR_ARG(status->size),
			STR_ARG(status->frozen)));
}

/* ---- Deciding ---- */

static void node_decide_unbuilt(struct node *node, struct str key,
	const struct api_checkpoint *checkpoint, struct kube_plan *plan)
{
	const struct node_entry *entry = node_store_find(node->store, checkpoint->metadata.uid);
	const struct node_ingest *ingest = map_get(&node->ingests, checkpoint->metadata.uid);
	const struct node_ingest_result *result = node_ingest_result(ingest);

	if (ingest != NULL && result == NULL)
		return;
	if (result != NULL && result->has_failed)
		node_plan_failed(node, checkpoint, error_reason(result->err.kind),
			arena_str(plan->arena, str_of(result->err.text)), plan);
	else if (entry != NULL && result == NULL)
		node_ingest_resume(node, key, checkpoint, entry);
	else if (entry != NULL)
		node_plan_built(node, checkpoint, entry, result, plan);
	else if (checkpoint->spec.pod == NULL)
		node_plan_failed(node, checkpoint, "NoPodReference",
			STR("spec.podReference is missing: it was not made by this version"), plan);
	else if (api_checkpoint_phase(checkpoint) == API_CHECKPOINT_CREATED)
		node_plan_checkpoint_phase(checkpoint, node_own_status(checkpoint, plan->arena),
			API_CHECKPOINT_PROCESSING, "Processing", STR("the archive is taken in"),
			plan);
	else
		node_ingest_start(node, key, checkpoint);
}

/* A spec that was added to leaves what was taken as it is. Returns whether it was. */
static bool node_observe(const struct api_checkpoint *checkpoint, struct api_checkpoint_status *own,
	struct arena *arena)
{
	const struct api_condition *built =
		api_condition_find(&own->conditions, API_CONDITION_IMAGE_BUILT);
	struct api_condition again;

	if (built == NULL || built->observed_generation == checkpoint->metadata.generation)
		return false;
	again = *built;
	again.observed_generation = checkpoint->metadata.generation;
	own->observed_generation = checkpoint->metadata.generation;
	return api_condition_set(&own->conditions, &again, arena);
}

static void node_decide_built(
	struct node *node, const struct api_checkpoint *checkpoint, struct kube_plan *plan)
{
	const struct api_container_exit *exit = node_exit_to_report(node, checkpoint);
	struct str restored = node_restored_to_report(node, checkpoint);
	struct api_checkpoint own;
	struct api_container_exit reported;
	bool is_changed;

	node_ingest_drop(node, checkpoint->metadata.uid);
	if (node_store_find(node->store, checkpoint->metadata.uid) == NULL) {
		node_plan_failed(node, checkpoint, NODE_REASON_LOST,
			STR("it is not in the node's store any more"), plan);
		return;
	}
	own = node_own_status(checkpoint, plan->arena);
	is_changed = node_record_to_report(node, checkpoint, &own.status, plan->arena);
	is_changed |= node_observe(checkpoint, &own.status, plan->arena);
	if (!is_changed && exit == NULL && restored.size == 0)
		return;
	if (exit != NULL) {
		reported = *exit;
		own.status.container_exit = &reported;
	}
	if (restored.size > 0)
		own.status.restored_container = restored;
	node_plan_status(
		plan, &node_checkpoint_resource, &api_checkpoint_kind, &checkpoint->metadata, &own);
}

/* A store whose disk was not there for a while: what is lost may come back, all else is dropped. */
static void node_decide_failed(
	struct node *node, const struct api_checkpoint *checkpoint, struct kube_plan *plan)
{
	const struct node_entry *entry = node_store_find(node->store, checkpoint->metadata.uid);
	const struct api_condition *built =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_IMAGE_BUILT);

	if (entry != NULL && built != NULL && str_is(built->reason, NODE_REASON_LOST))
		node_plan_built(node, checkpoint, entry, NULL, plan);
	else
		node_drop_checkpoint(node, checkpoint);
}

void node_decide_checkpoint(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->checkpoints, key);
	const struct api_checkpoint *checkpoint = object != NULL ? object->view : NULL;

	if (checkpoint == NULL || wall_time_is_set(checkpoint->metadata.deleted))
		return;
	switch (api_checkpoint_phase(checkpoint)) {
	case API_CHECKPOINT_CREATED:
	case API_CHECKPOINT_PROCESSING:
		node_decide_unbuilt(node, key, checkpoint, plan);
		return;
	case API_CHECKPOINT_IMAGE_BUILT:
		node_decide_built(node, checkpoint, plan);
		return;
	case API_CHECKPOINT_FAILED:
		node_decide_failed(node, checkpoint, plan);
		return;
	}
}

/* ---- What goes ---- */

void node_drop_checkpoint(struct node *node, const struct api_checkpoint *checkpoint)
{
	autofree char *archive = str_dup(checkpoint->spec.data);
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);
	struct error err;

	node_ingest_drop(node, checkpoint->metadata.uid);
	if (node_store_remove(node->store, checkpoint->metadata.uid, &err) < 0)
		log_warning(&err, "Failed to remove a checkpoint from the store", "namespace",
			checkpoint->metadata.namespace.data, "checkpoint",
			checkpoint->metadata.name.data);
	if (owner != NULL)
		node_direct_remove(node, owner->uid); /* it was not taken in */
	if (archive[0] != '\0' && strchr(archive, '/') == NULL &&
		file_remove_tree(node->archives_fd, archive, &err) < 0)
		log_warning(&err, "Failed to remove an archive", "archive", archive);
}

static bool node_has_checkpoint(const struct node *node, const struct node_entry *entry)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	kube_key_write(&key, entry->namespace, entry->name);
	object = kube_informer_get(node->checkpoints, buf_str(&key));
	return object != NULL && str_equal(object->uid, entry->uid);
}

/*
 * Deletions that happened while no agent ran show as entries without an object. They go only after
 * a while, so that an API server that has lost its memory for a moment does not cost the data.
 */
void node_collect_orphans(struct node *node)
{
	int64_t now_us = clock_mono().us;
	const struct node_entry *entry;
	size_t position = 0;
	struct error err;

	if (node_objects_missing(node) != NULL)
		return;
	while ((entry = node_store_next(node->store, &position)) != NULL) {
		if (node_has_checkpoint(node, entry)) {
			node_store_adopt(node->store, entry->uid);
			continue;
		}
		if (node_store_orphaned_us(node->store, entry->uid, now_us) < NODE_ORPHAN_MS * 1000)
			continue;
		log_info("Removed a checkpoint without an object", "namespace",
			entry->namespace.data, "checkpoint", entry->name.data);
		if (node_store_remove(node->store, entry->uid, &err) < 0)
			log_warning(&err, "Failed to remove a checkpoint from the store");
	}
}
