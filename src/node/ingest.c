/*
 * A Checkpoint of this node on its way from the kubelet's archive to an image: a worker describes
 * and hashes the archive in one pass, the archive moves into the store, the registry serves it.
 * What was done so far can be read off the disk and the object, so that a new agent goes on from
 * there.
 */
#include "node/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "image/manifest.h"
#include "node/direct.h"
#include "node/serve.h"
#include "node/work.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

#define NODE_REASON_LOST "Lost" /* of the condition ImageBuilt */

enum { NODE_ORPHAN_MS = 600000 };

/* An archive that is being taken in, until its result is written down. */
struct node_ingest {
	struct node *node;
	char *key;
	char *uid;
	char *archive;
	char *request_uid; /* of kcr-runtime's directory; NULL: all is in the archive */
	struct api_checkpoint_pod pod; /* what the archive must be of; owned texts */
	char *container;
	struct node_work *work;
	struct node_push *push;
	bool is_done;
	bool has_failed;
	struct error err; /* why it failed, or why it could not be pushed */
	bool is_push_failed;
	char *pushed_image; /* NULL: not pushed */
};

static void node_ingest_free(struct node_ingest *ingest)
{
	if (ingest == NULL)
		return;
	node_work_free(ingest->work);
	node_push_free(ingest->push);
	free(ingest->key);
	free(ingest->uid);
	free(ingest->archive);
	free(ingest->request_uid);
	free(ingest->container);
	free(ingest->pushed_image);
	free((char *)(uintptr_t)ingest->pod.name.data);
	free((char *)(uintptr_t)ingest->pod.namespace.data);
	free(ingest);
}

void node_ingests_free(struct node *node)
{
	struct node_ingest *ingest;
	size_t position = 0;

	while ((ingest = map_next(&node->ingests, &position, NULL)) != NULL)
		node_ingest_free(ingest);
	map_done(&node->ingests);
}

static void node_ingest_end(struct node_ingest *ingest)
{
	ingest->is_done = true;
	kube_reconciler_add(ingest->node->checkpoint_reconciler, str_of(ingest->key));
}

static void node_ingest_fail(struct node_ingest *ingest, const struct error *err)
{
	ingest->has_failed = true;
	ingest->err = *err;
	node_ingest_end(ingest);
}

/* ---- From the description to the store ---- */

/* The archive must be what the kubelet was asked for, and whole. */
static int node_check_description(const struct node_ingest *ingest,
	const struct checkpoint_description *description, struct error *err)
{
	if (description->dump_error.size > 0)
		return error_set(err, ERROR_CORRUPT, "CRIU could not dump the container: %.*s",
			STR_ARG(description->dump_error));
	if (description->missing.count > 0)
		return error_set(err, ERROR_CORRUPT, "the archive lacks '%.*s' and %zu more",
			STR_ARG(description->missing.items[0]), description->missing.count - 1);
	if (!str_equal(description->pod_name, ingest->pod.name) ||
		!str_equal(description->pod_namespace, ingest->pod.namespace) ||
		!str_is(description->container_name, ingest->container))
		return error_set(err, ERROR_CORRUPT,
			"the archive is of container '%.*s/%.*s/%.*s', not of the one asked for",
			STR_ARG(description->pod_namespace), STR_ARG(description->pod_name),
			STR_ARG(description->container_name));
	return 0;
}

static const char *node_architecture(void)
{
#if defined(__x86_64__)
	return "amd64";
#elif defined(__aarch64__)
	return "arm64";
#else
#error "name this architecture as Go does"
#endif
}

static int node_write_documents(const struct checkpoint_description *description,
	struct image_documents *documents, struct error *err)
{
	struct image_layer layer = {.digest = description->digest, .size = description->size_bytes};
	struct image_facts facts = {
		.container_name = description->container_name,
		.architecture = str_of(node_architecture()),
		.created = description->checkpointed,
		.pod_name = description->pod_name,
		.pod_namespace = description->pod_namespace,
		.pod_uid = description->pod_uid,
		.engine_name = description->engine,
		.runtime_name = description->runtime,
		.criu_version = description->criu_version,
		.base_image_name = description->image_name,
		.base_image_id = description->image_ref,
	};

	return image_documents_write(&layer, &facts, documents, err);
}

static struct node_entry node_ingest_entry(const struct node_ingest *ingest,
	const struct checkpoint_description *description, const struct image_documents *documents)
{
	struct node_entry entry = {.uid = str_of(ingest->uid)};

	kube_key_split(str_of(ingest->key), &entry.namespace, &entry.name);
	entry.manifest_digest = str_of(documents->manifest_digest);
	entry.config_digest = str_of(documents->config_digest);
	entry.layer_digest = description->digest;
	entry.manifest_bytes = (int64_t)documents->manifest.size;
	entry.config_bytes = (int64_t)documents->config.size;
	entry.layer_bytes = description->size_bytes;
	entry.memory_bytes = description->memory_bytes;
	entry.frozen_us = description->frozen_us;
	entry.engine = description->engine;
	entry.criu_version = description->criu_version;
	return entry;
}

/* kcr-runtime's directory and what it says of it, in place of the archive. */
static int node_ingest_direct(struct node_ingest *ingest,
	const struct checkpoint_description *description, const struct image_documents *documents,
	struct node_entry *entry, const struct node_entry **ret_entry, struct error *err)
{
	struct node *node = ingest->node;
	autoarena *arena = arena_new(1024);
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	const struct handover_files files = {HANDOVER_FORMAT_VERSION, description->files};
	struct handover_direct direct;
	struct error left;

	node_direct_path(&path, str_of(ingest->request_uid));
	if (node_direct_result(node, str_of(ingest->request_uid), arena, &direct, err) < 0)
		return -1;
	entry->is_directory = true;
	entry->image_name = direct.image;
	entry->image_layers = direct.layers;
	entry->frozen_us = direct.frozen_us;
	if (node_store_add(node->store,
		    &(struct node_store_content){.name = path.data, .files = &files}, entry,
		    documents, ret_entry, err) < 0)
		return -1;
	/* it goes with the Checkpoint at the latest, which is not lost for it */
	if (file_remove_tree(node->archives_fd, ingest->archive, &left) < 0)
		log_warning(&left, "Failed to remove an archive", "archive", ingest->archive);
	return 0;
}

static int node_ingest_store(struct node_ingest *ingest,
	const struct checkpoint_description *description, const struct node_entry **ret_entry,
	struct error *err)
{
	struct node *node = ingest->node;
	autodocuments documents = IMAGE_DOCUMENTS_INIT;
	char repository[IMAGE_REPOSITORY_MADE_MAX + 1];
	struct node_entry entry;

	if (node_check_description(ingest, description, err) < 0 ||
		node_write_documents(description, &documents, err) < 0)
		return -1;
	entry = node_ingest_entry(ingest, description, &documents);
	image_repository_make(entry.namespace, entry.name, repository);
	entry.repository = str_of(repository);
	if (ingest->request_uid != NULL)
		return node_ingest_direct(ingest, description, &documents, &entry, ret_entry, err);
	return node_store_add(node->store,
		&(struct node_store_content){
			.parent_fd = node->archives_fd, .name = ingest->archive},
		&entry, &documents, ret_entry, err);
}

static void node_ingest_pushed(void *context, struct str image, const struct error *err)
{
	struct node_ingest *ingest = context;

	if (err == NULL) {
		ingest->pushed_image = str_dup(image);
	} else {
		ingest->is_push_failed = true;
		ingest->err = *err;
	}
	node_ingest_end(ingest);
}

static void node_ingest_described(void *context, const struct checkpoint_description *description,
	const struct error *work_err)
{
	struct node_ingest *ingest = context;
	struct node *node = ingest->node;
	const struct node_entry *entry;
	struct error err;

	if (work_err != NULL) {
		node_ingest_fail(ingest, work_err);
		return;
	}
	if (node_ingest_store(ingest, description, &entry, &err) < 0) {
		node_ingest_fail(ingest, &err);
		return;
	}
	node_observe_entry(node, entry);
	if (node->push == NULL) {
		node_ingest_end(ingest);
		return;
	}
	if (node_push_start(node->loop, node->http, node->push, node->store, entry,
		    node_ingest_pushed, ingest, &ingest->push, &err) < 0)
		node_ingest_pushed(ingest, (struct str){0}, &err);
}

/* What is no regular file is not opened for long: a pipe would hold us up. */
static int node_ingest_open(
	const struct node *node, const struct node_ingest *ingest, int *ret_fd, struct error *err)
{
	autoclose int fd = -1;
	struct stat archive;

	if (strchr(ingest->archive, '/') != NULL)
		return error_set(
			err, ERROR_INVALID, "'%s' is not the name of an archive", ingest->archive);
	if (file_open_beneath(
		    node->archives_fd, ingest->archive, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0)
		return -1;
	if (fstat(fd, &archive) < 0)
		return error_set_errno(err, "cannot look at '%s'", ingest->archive);
	if (!S_ISREG(archive.st_mode))
		return error_set(err, ERROR_CORRUPT, "'%s' is not a file", ingest->archive);
	*ret_fd = fd_take(&fd);
	return 0;
}

/* kcr-runtime's directory, if there is one for this Checkpoint. */
static int node_ingest_open_directory(
	struct node *node, const struct node_ingest *ingest, int *ret_fd, struct error *err)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	if (ingest->request_uid == NULL)
		return 0;
	node_direct_path(&path, str_of(ingest->request_uid));
	return file_open_beneath(
		node_store_fd(node->store), path.data, O_RDONLY | O_DIRECTORY, 0, ret_fd, err);
}

static void node_ingest_start(
	struct node *node, struct str key, const struct api_checkpoint *checkpoint)
{
	struct node_ingest *ingest = new_zeroed(struct node_ingest);
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);
	autoclose int archive = -1;
	autoclose int directory = -1;
	struct error err;

	ingest->node = node;
	ingest->key = str_dup(key);
	ingest->uid = str_dup(checkpoint->metadata.uid);
	ingest->archive = str_dup(checkpoint->spec.data);
	ingest->container = str_dup(checkpoint->spec.container_name);
	ingest->pod.name = str_of(str_dup(checkpoint->spec.pod->name));
	ingest->pod.namespace = str_of(str_dup(checkpoint->metadata.namespace));
	if (api_checkpoint_strategy(checkpoint) == API_STRATEGY_RUNTIME && owner != NULL)
		ingest->request_uid = str_dup(owner->uid);
	(void)map_set(&node->ingests, checkpoint->metadata.uid, ingest);
	if (node_ingest_open(node, ingest, &archive, &err) < 0 ||
		node_ingest_open_directory(node, ingest, &directory, &err) < 0 ||
		node_work_start(node->loop, archive, directory, node_ingest_described, ingest,
			&ingest->work, &err) < 0)
		node_ingest_fail(ingest, &err);
}

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
	const struct node_entry *entry, const struct node_ingest *ingest, struct kube_plan *plan)
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
	if (ingest != NULL && ingest->pushed_image != NULL) {
		status->runtime_image = arena_str(plan->arena, str_of(ingest->pushed_image));
		message = STR("the image was pushed to the registry");
	}
	if (ingest != NULL && ingest->is_push_failed)
		node_plan_event(node, plan, "Checkpoint", &checkpoint->metadata, true, "PushFailed",
			arena_str(plan->arena, str_of(ingest->err.text)));
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

	if (ingest != NULL && !ingest->is_done)
		return;
	if (ingest != NULL && ingest->has_failed)
		node_plan_failed(node, checkpoint, error_reason(ingest->err.kind),
			arena_str(plan->arena, str_of(ingest->err.text)), plan);
	else if (entry != NULL)
		node_plan_built(node, checkpoint, entry, ingest, plan);
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

	node_ingest_free(map_remove(&node->ingests, checkpoint->metadata.uid));
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

	node_ingest_free(map_remove(&node->ingests, checkpoint->metadata.uid));
	if (node_store_remove(node->store, checkpoint->metadata.uid, &err) < 0)
		log_warning(&err, "Failed to remove a checkpoint from the store", "namespace",
			checkpoint->metadata.namespace.data, "checkpoint",
			checkpoint->metadata.name.data);
	if (api_checkpoint_strategy(checkpoint) == API_STRATEGY_RUNTIME && owner != NULL)
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
