/*
 * CheckpointImports of this node: opened, and when all of the archive is there, looked at by a
 * worker and made a Checkpoint, which is then taken in like one of the kubelet's. The archive lies
 * in the kubelet's directory from its first byte on: how much of it is there is what the next agent
 * knows.
 */
#include "node/state.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/names.h"
#include "base/alloc.h"
#include "checkpoint/import.h"
#include "node/imported.h"
#include "node/work.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

/* What this agent does about one. */
struct node_import_use {
	struct node *node;
	char *key;
	bool is_given_up; /* who has the secret said so */
	unsigned connection; /* the newest that brings bytes */
	bool is_receiving; /* it has not ended */
	struct node_work *work; /* NULL: not looked at yet */
	bool is_looked_at;
	struct buf description; /* JSON; empty: `err` says why there is none */
	bool is_creating; /* its Checkpoint: no other plan is made meanwhile, but to end it */
	bool is_created; /* and will be seen */
	bool is_name_taken;
	const char *failure; /* why it cannot go on, static; `err` says more. NULL: it can */
	struct error err;
};

static void import_use_free(struct node_import_use *use)
{
	if (use == NULL)
		return;
	node_work_free(use->work);
	buf_done(&use->description);
	free(use->key);
	free(use);
}

static struct node_import_use *import_use(struct node *node, const struct api_import *import)
{
	struct node_import_use *use = map_get(&node->import_uses, import->metadata.uid);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	if (use != NULL)
		return use;
	kube_key_write(&key, import->metadata.namespace, import->metadata.name);
	use = new_zeroed(struct node_import_use);
	use->node = node;
	use->key = str_dup(buf_str(&key));
	use->description = BUF_INIT(LIMIT_ARCHIVE_METADATA);
	(void)map_set(&node->import_uses, import->metadata.uid, use);
	return use;
}

void node_imports_free(struct node *node)
{
	struct node_import_use *use;
	size_t position = 0;

	while ((use = map_next(&node->import_uses, &position, NULL)) != NULL)
		import_use_free(use);
	map_done(&node->import_uses);
}

/* ---- What is known of one ---- */

const struct api_import *node_import(const struct node *node, struct str key)
{
	const struct kube_object *object = kube_informer_get(node->imports, key);

	return object != NULL ? object->view : NULL;
}

int64_t node_import_received(const struct node *node, const struct api_import *import)
{
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct stat archive;

	node_imported_archive(&name, import);
	if (fstatat(node->archives_fd, name.data, &archive, AT_SYMLINK_NOFOLLOW) < 0)
		return 0;
	return archive.st_size;
}

static struct checkpoint_import_view import_view(
	const struct node *node, const struct api_import *import)
{
	const struct node_import_use *use = map_get(&node->import_uses, import->metadata.uid);

	return (struct checkpoint_import_view){
		.import = import,
		.received_bytes = node_import_received(node, import),
		.is_made = node_imported(node, import) != NULL,
		.has_relay = node->is_door_open && node_relay(node) != NULL,
		.is_given_up = use != NULL && use->is_given_up,
		.failure = use != NULL ? use->failure : NULL,
		.failure_message = use != NULL ? use->err.text : NULL,
	};
}

bool node_import_is_good(const struct node *node, const struct api_import *import)
{
	struct checkpoint_import_view view = import_view(node, import);

	return checkpoint_import_is_good(&view, clock_wall());
}

bool node_import_is_spent(const struct node *node, const struct api_import *import)
{
	struct checkpoint_import_view view = import_view(node, import);

	return api_import_is_finished(import) ||
		checkpoint_import_for_agent(&view, clock_wall()).step == CHECKPOINT_IMPORT_FAIL;
}

/* ---- What the door tells ---- */

static void import_want(struct node *node, struct str namespace, struct str name)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, name);
	kube_reconciler_add(node->import_reconciler, buf_str(&key));
}

static const char *import_reason(const struct error *err)
{
	return err->kind == ERROR_TOO_BIG ? "StoreFull" : error_reason(err->kind);
}

void node_import_give_up(struct node *node, const struct api_import *import)
{
	import_use(node, import)->is_given_up = true;
	import_want(node, import->metadata.namespace, import->metadata.name);
}

void node_import_stop(struct node *node, const struct api_import *import, const struct error *err)
{
	struct node_import_use *use = import_use(node, import);

	use->failure = import_reason(err);
	use->err = *err;
	import_want(node, import->metadata.namespace, import->metadata.name);
}

int node_import_begin(struct node *node, const struct api_import *import, int *ret_fd,
	unsigned *ret_connection, struct error *err)
{
	struct node_import_use *use = import_use(node, import);
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);

	node_imported_archive(&name, import);
	if (file_open_beneath(node->archives_fd, name.data,
		    O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW, 0600, ret_fd, err) < 0)
		return -1;
	use->is_receiving = true;
	*ret_connection = ++use->connection;
	return 0;
}

bool node_import_may_write(
	const struct node *node, const struct api_import *import, unsigned connection)
{
	const struct node_import_use *use = map_get(&node->import_uses, import->metadata.uid);

	return use != NULL && use->connection == connection && node_import_is_good(node, import);
}

void node_import_end(struct node *node, struct str uid, unsigned connection)
{
	struct node_import_use *use = map_get(&node->import_uses, uid);

	if (use == NULL || use->connection != connection)
		return;
	use->is_receiving = false;
	kube_reconciler_add(node->import_reconciler, str_of(use->key));
}

/* ---- What others change ---- */

void node_imports_follow_checkpoint(struct node *node, const struct api_checkpoint *checkpoint)
{
	const struct api_owner *owner = api_metadata_controller(&checkpoint->metadata);

	if (owner != NULL && str_is(owner->kind, api_import_kind.name))
		import_want(node, checkpoint->metadata.namespace, owner->name);
}

void node_imports_follow_pod(struct node *node, const struct kube_object *pod)
{
	const struct kube_object *object;
	size_t position = 0;

	if (!node_is_relay(node, pod))
		return;
	while ((object = kube_informer_next(node->imports, &position)) != NULL)
		import_want(node, object->namespace, object->name);
}

/* Not what a Checkpoint names: that is the Checkpoint's. */
static void import_remove_archive(struct node *node, const char *name)
{
	struct error err;

	if (!node_is_known_archive(node, name) &&
		file_remove_tree(node->archives_fd, name, &err) < 0)
		log_warning(&err, "Failed to remove an import", "archive", name);
}

void node_import_forget(struct node *node, const struct api_import *import)
{
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);

	import_use_free(map_remove(&node->import_uses, import->metadata.uid));
	node_imported_archive(&name, import);
	import_remove_archive(node, name.data);
}

static bool import_is_awaited(const struct node *node, struct str archive)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->imports, &position)) != NULL) {
		autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);

		node_imported_archive(&name, object->view);
		if (str_equal(buf_str(&name), archive))
			return true;
	}
	return false;
}

static int import_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct node *node = context;
	struct str archive = str_of(name);

	(void)err;
	if (!is_directory && str_starts_with(archive, STR("kcr-import-")) &&
		str_ends_with(archive, STR(".tar")) && !import_is_awaited(node, archive))
		import_remove_archive(node, name);
	return 0;
}

void node_collect_imports(struct node *node)
{
	struct error err;

	if (node_objects_missing(node) == NULL && !node->are_imports_missing &&
		file_for_each(node->archives_fd, import_visit, node, &err) < 0)
		log_warning(&err, "Failed to look for left imports");
}

/* ---- Writing down ---- */

static void import_write(const struct api_import *import, enum api_import_phase phase,
	struct api_import_status status, struct kube_plan *plan)
{
	struct api_import written = {.metadata = import->metadata, .status = status};

	written.status.phase = api_import_phase_text(phase);
	written.status.observed_generation = import->metadata.generation;
	node_plan_status(
		plan, &node_import_resource, &api_import_kind, &import->metadata, &written);
}

static void import_fail(struct node *node, const struct api_import *import, struct str reason,
	struct str message, struct kube_plan *plan)
{
	struct api_import_status status = import->status;

	status.reason = reason;
	status.message = message;
	status.closed = clock_wall();
	import_write(import, API_IMPORT_FAILED, status, plan);
	node_plan_event(
		node, plan, api_import_kind.name, &import->metadata, true, "ImportFailed", message);
}

static void import_fail_by(struct node *node, const struct api_import *import, const char *reason,
	const struct error *err, struct kube_plan *plan)
{
	import_fail(node, import, str_of(reason), arena_str(plan->arena, str_of(err->text)), plan);
}

/* What those that are open already are to have: how much of it is still to come, and lies there. */
static void import_others(
	const struct node *node, uint64_t *ret_coming_bytes, uint64_t *ret_arrived_bytes)
{
	const struct kube_object *object;
	size_t position = 0;

	*ret_coming_bytes = 0;
	*ret_arrived_bytes = 0;
	while ((object = kube_informer_next(node->imports, &position)) != NULL) {
		const struct api_import *import = object->view;
		int64_t arrived = node_import_received(node, import);

		if (api_import_phase(import) != API_IMPORT_OPEN ||
			arrived > import->spec.size_bytes)
			continue;
		*ret_coming_bytes += (uint64_t)(import->spec.size_bytes - arrived);
		*ret_arrived_bytes += (uint64_t)arrived;
	}
}

static int import_check_room(
	const struct node *node, const struct api_import *import, struct error *err)
{
	uint64_t coming;
	uint64_t arrived;

	import_others(node, &coming, &arrived);
	if (node_store_check_room(
		    node->store, (uint64_t)import->spec.size_bytes + coming, arrived, err) == 0)
		return 0;
	if (coming == 0)
		return -1;
	return error_wrap(err, "other CheckpointImports of the node are still to bring %llu MiB",
		(unsigned long long)(coming >> 20));
}

static void import_open(struct node *node, const struct api_import *import, struct kube_plan *plan)
{
	const struct api_metadata *relay = &node_relay(node)->metadata;
	struct api_relay_reference reference = {relay->namespace, relay->name};
	struct api_import_status status = {
		.relay = &reference,
		.port = API_RELAY_PORT,
		.received_bytes = node_import_received(node, import),
		.opened = clock_wall(),
	};
	struct error err;

	if (import_check_room(node, import, &err) < 0)
		import_fail_by(node, import, import_reason(&err), &err, plan);
	else
		import_write(import, API_IMPORT_OPEN, status, plan);
}

/* What has become different since it was opened. */
static void import_amend(
	struct node *node, const struct checkpoint_import_view *view, struct kube_plan *plan)
{
	const struct api_import *import = view->import;
	const struct api_pod *relay = node_relay(node);
	const struct node_import_use *use = map_get(&node->import_uses, import->metadata.uid);
	struct api_import_status status = import->status;
	struct api_relay_reference reference;
	bool is_changed = false;

	if (api_import_phase(import) != API_IMPORT_OPEN)
		return;
	if ((use == NULL || !use->is_receiving) && status.received_bytes != view->received_bytes) {
		status.received_bytes = view->received_bytes;
		is_changed = true;
	}
	if (relay != NULL &&
		(status.relay == NULL || !str_equal(status.relay->name, relay->metadata.name))) {
		reference = (struct api_relay_reference){
			relay->metadata.namespace, relay->metadata.name};
		status.relay = &reference;
		is_changed = true;
	}
	if (is_changed)
		import_write(import, API_IMPORT_OPEN, status, plan);
}

/* ---- Looking at what has come ---- */

static void import_looked_at(
	void *context, const struct checkpoint_description *description, const struct error *err)
{
	struct node_import_use *use = context;

	use->is_looked_at = true;
	if (err != NULL)
		use->err = *err;
	else
		checkpoint_description_encode(description, &use->description);
	kube_reconciler_add(use->node->import_reconciler, str_of(use->key));
}

static int import_look(struct node *node, const struct api_import *import,
	struct node_import_use *use, struct error *err)
{
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autoclose int fd = -1;

	node_imported_archive(&name, import);
	if (file_open_beneath(node->archives_fd, name.data, O_RDONLY | O_NONBLOCK, 0, &fd, err) < 0)
		return -1;
	return node_work_start(node->loop,
		&(struct node_work_input){.archive = fd,
			.directory = -1,
			.unpacked_max = node_store_room(node->store)},
		import_looked_at, use, &use->work, err);
}

/* As a directory where kcr-runtime restores; else the archive stays as it is. */
static enum api_strategy import_strategy(const struct node *node)
{
	const struct kube_object *own =
		kube_informer_get(node->own_descriptions, str_of(node->name));
	const struct api_offer *offer =
		own != NULL ? api_checkpoint_node_offer(own->view, API_STRATEGY_RUNTIME) : NULL;

	return offer != NULL && str_is(offer->offered, "True") ? API_STRATEGY_RUNTIME
							       : API_STRATEGY_IMAGE;
}

/* It must be what was announced, a checkpoint that can be restored from, and where that is a
 * directory, there must be room for one beside it. */
static int import_check(const struct api_import *import, const struct node_import_use *use,
	struct arena *arena, struct checkpoint_description *ret_description, struct error *err)
{
	const struct node *node = use->node;
	struct checkpoint_description *found = ret_description;

	if (use->description.size == 0) {
		*err = use->err;
		return -1;
	}
	if (checkpoint_description_decode(buf_str(&use->description), arena, found, err) < 0)
		return -1;
	if (!str_equal(found->file_digest, import->spec.digest))
		return error_set(err, ERROR_CORRUPT,
			"what has arrived is %.*s, not what was announced",
			STR_ARG(found->file_digest));
	if (found->dump_error.size > 0)
		return error_set(err, ERROR_CORRUPT, "CRIU could not dump the container: %.*s",
			STR_ARG(found->dump_error));
	if (found->missing.count > 0)
		return error_set(err, ERROR_CORRUPT, "the archive lacks '%.*s' and %zu more",
			STR_ARG(found->missing.items[0]), found->missing.count - 1);
	if (import_strategy(node) == API_STRATEGY_RUNTIME &&
		node_store_check_room(node->store, (uint64_t)found->size_bytes, 0, err) < 0)
		return error_wrap(err, "there is no room to unpack it");
	return 0;
}

static void import_created(void *context, const void *uid)
{
	struct node *node = context;
	struct node_import_use *use = map_get(&node->import_uses, str_of(uid));

	if (use != NULL)
		use->is_created = true;
}

/* That the import is Completed is written once the Checkpoint is seen. */
static void import_make(struct node *node, const struct api_import *import,
	struct node_import_use *use, const struct checkpoint_description *description,
	struct kube_plan *plan)
{
	const struct api_request_pod *wanted = import->spec.pod;
	const struct api_pod *pod =
		wanted != NULL ? node_pod(node, import->metadata.namespace, wanted->name) : NULL;
	struct str name = node_imported_name(node, import, use->is_name_taken, plan->arena);

	use->is_creating = true;
	kube_plan_add(plan,
		&(struct kube_request){
			.verb = KUBE_CREATE,
			.resource = &node_checkpoint_resource,
			.namespace = arena_str(plan->arena, import->metadata.namespace),
			.body = node_imported_body(node, import, description, pod, name,
				import_strategy(node), plan->arena),
		});
	kube_plan_then(
		plan, import_created, node, arena_str(plan->arena, import->metadata.uid).data);
}

bool node_import_refused(struct node *node, struct str key, const struct error *err)
{
	const struct api_import *import = node_import(node, key);
	struct node_import_use *use =
		import != NULL ? map_get(&node->import_uses, import->metadata.uid) : NULL;

	if (use == NULL || !use->is_creating || use->is_created || use->failure != NULL)
		return false;
	if (err->kind == ERROR_CONFLICT)
		use->is_name_taken = true; /* by a Checkpoint of another node: none of ours */
	if (err->kind != ERROR_INVALID && err->status != 403)
		return false;
	node_import_stop(node, import, err);
	return true;
}

/* What of it no restore puts back: the store knows, or who looked at it. */
static struct str import_left_out(const struct node *node, const struct api_import *import,
	const struct api_checkpoint *made, struct arena *arena)
{
	const struct node_import_use *use = map_get(&node->import_uses, import->metadata.uid);
	const struct node_entry *entry = node_store_find(node->store, made->metadata.uid);
	struct checkpoint_description found;
	struct error ignored;

	if (entry != NULL)
		return entry->left_out;
	if (use != NULL && use->description.size > 0 &&
		checkpoint_description_decode(
			buf_str(&use->description), arena, &found, &ignored) == 0)
		return found.left_out;
	return (struct str){0};
}

/* Also after an agent before us was stopped: what was brought may be in the store by now. */
static void import_complete(
	struct node *node, const struct api_import *import, struct kube_plan *plan)
{
	const struct api_checkpoint *made = node_imported(node, import);
	struct str left_out = import_left_out(node, import, made, plan->arena);
	struct api_checkpoint_reference reference = {.name = made->metadata.name};
	struct api_import_status status = import->status;

	status.checkpoint = &reference;
	status.received_bytes = import->spec.size_bytes;
	status.closed = clock_wall();
	status.reason = left_out.size > 0 ? STR("LeftOut") : (struct str){0};
	status.message = arena_printf(plan->arena, "it is Checkpoint %.*s now%.*s",
		STR_ARG(reference.name), STR_ARG(node_imported_left_out(left_out, plan->arena)));
	import_write(import, API_IMPORT_COMPLETED, status, plan);
	node_plan_event(node, plan, api_import_kind.name, &import->metadata, false, "Imported",
		status.message);
}

static void import_step_check(
	struct node *node, const struct checkpoint_import_view *view, struct kube_plan *plan)
{
	const struct api_import *import = view->import;
	struct node_import_use *use = import_use(node, import);
	struct checkpoint_description description;
	struct error err;

	if (use->is_receiving || node->is_stopping)
		return; /* its end, or the next agent, comes back here */
	if (use->work == NULL && import_look(node, import, use, &err) < 0)
		import_fail_by(node, import, error_reason(err.kind), &err, plan);
	else if (!use->is_looked_at || use->is_created)
		import_amend(node, view, plan);
	else if (import_check(import, use, plan->arena, &description, &err) < 0)
		import_fail_by(node, import, error_reason(err.kind), &err, plan);
	else
		import_make(node, import, use, &description, plan);
}

void node_decide_import(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct api_import *import = node_import(node, key);
	struct checkpoint_import_view view;
	struct checkpoint_import_next next;

	if (import == NULL)
		return;
	if (api_import_is_finished(import)) {
		if (api_import_phase(import) == API_IMPORT_FAILED)
			node_import_forget(node, import);
		return;
	}
	view = import_view(node, import);
	next = checkpoint_import_for_agent(&view, clock_wall());
	switch (next.step) {
	case CHECKPOINT_IMPORT_OPEN:
		import_open(node, import, plan);
		break;
	case CHECKPOINT_IMPORT_CHECK:
		import_step_check(node, &view, plan);
		break;
	case CHECKPOINT_IMPORT_COMPLETE:
		import_complete(node, import, plan);
		break;
	case CHECKPOINT_IMPORT_FAIL:
		import_fail(node, import, str_of(next.reason), str_of(next.message), plan);
		break;
	case CHECKPOINT_IMPORT_NONE:
		import_amend(node, &view, plan);
		break;
	}
	kube_plan_wake(plan, next.wake_ms);
}
