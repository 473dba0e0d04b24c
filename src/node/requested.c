/*
 * A RestoreRequest of this node. What is to be done is decided by restore/request.h and written
 * down first; then the plan names the Checkpoint for the next `create`, and the container is ended.
 * What came of it is on kcr-runtime's record. A container ID that was written down is the only one
 * that is ever ended, so that an agent which takes over cannot end another one.
 *
 * For the first start of a Pod nothing is ended: the plan lies there before the Pod is scheduled.
 */
#include "node/state.h"

#include <fcntl.h>
#include <sys/stat.h>

#include "node/direct.h"
#include "node/ending.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum { REQUESTED_SHOWN_MS = 15000 /* the Pod's status shows an end by then */ };

/* ---- What is known ---- */

static bool requested_is_same_container(
	const struct api_restore_request *a, const struct api_restore_request *b)
{
	return str_equal(a->metadata.namespace, b->metadata.namespace) &&
		str_equal(a->spec.pod.name, b->spec.pod.name) &&
		str_equal(a->spec.container_name, b->spec.container_name);
}

/*
 * Whether the next `create` is to follow it: until its time is over, though nobody can write that
 * down. A Pod that was made for a Checkpoint does not start without, also when its request has
 * failed: the kubelet goes on trying. Once it has started, late as that may be, the request is as
 * done as any other.
 */
static bool requested_is_in_force(
	const struct node *node, const struct api_restore_request *request)
{
	enum api_restore_phase phase = api_restore_phase(request);

	if (wall_time_is_set(request->metadata.deleted) || request->status.checkpoint == NULL)
		return false;
	if (!api_restore_is_for_start(request))
		return phase == API_RESTORE_RESTORING &&
			clock_wall().us < restore_request_deadline(request).us;
	return phase == API_RESTORE_RESTORING ||
		(phase == API_RESTORE_FAILED &&
			!node_record_has_restored(
				node, request->status.pod_uid, request->spec.container_name));
}

const struct api_restore_request *node_requested(
	const struct node *node, const struct api_pod *pod, struct str container)
{
	const struct api_restore_request *found = NULL;
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *one = object->view;

		if (!str_equal(one->status.pod_uid, pod->metadata.uid) ||
			!str_equal(one->spec.container_name, container) ||
			!requested_is_in_force(node, one))
			continue;
		if (api_restore_phase(one) == API_RESTORE_RESTORING)
			return one; /* before one that has failed */
		found = one;
	}
	return found;
}

struct str node_made_for(const struct node *node, const struct api_pod *pod, struct str container)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *one = object->view;

		if (api_restore_is_for_start(one) &&
			str_equal(one->status.pod_uid, pod->metadata.uid) &&
			str_equal(one->spec.container_name, container))
			return one->spec.checkpoint_name;
	}
	return (struct str){0};
}

bool node_awaits_pod(const struct node *node, struct str uid)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *one = object->view;

		if (api_restore_is_for_start(one) && str_equal(one->status.pod_uid, uid))
			return true;
	}
	return false;
}

/* Whether another one is at the container, or came before. */
static bool requested_is_behind(const struct node *node, const struct api_restore_request *request)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *one = object->view;
		int64_t later_us = one->metadata.created.us - request->metadata.created.us;

		if (one == request || api_restore_is_finished(one) ||
			!requested_is_same_container(one, request))
			continue;
		if (api_restore_phase(one) == API_RESTORE_RESTORING || later_us < 0 ||
			(later_us == 0 &&
				str_compare(one->metadata.uid, request->metadata.uid) < 0))
			return true;
	}
	return false;
}

static const struct api_checkpoint *requested_named(
	const struct node *node, const struct api_restore_request *request)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	kube_key_write(&key, request->metadata.namespace, request->spec.checkpoint_name);
	object = kube_informer_get(node->checkpoints, buf_str(&key));
	return object != NULL ? object->view : NULL;
}

/*
 * The Pod and the container as the request and its Checkpoint tell of them: while a Pod waits for
 * its first start it is not on our node, and so not among our objects.
 */
static const struct api_pod *requested_stand_in(const struct api_restore_request *request,
	const struct api_checkpoint *named, struct arena *arena)
{
	struct api_container *container = arena_zeroed(arena, 1, sizeof(*container));
	struct api_pod *pod = arena_zeroed(arena, 1, sizeof(*pod));

	container->name = request->spec.container_name;
	if (named != NULL)
		container->image = named->spec.image;
	pod->metadata.name = request->spec.pod.name;
	pod->metadata.namespace = request->metadata.namespace;
	pod->metadata.uid = request->status.pod_uid;
	pod->spec.containers = (struct json_list){container, 1};
	return pod;
}

static const struct api_pod *requested_pod(const struct node *node,
	const struct api_restore_request *request, const struct api_checkpoint *named,
	struct arena *arena)
{
	const struct api_pod *pod =
		node_pod(node, request->metadata.namespace, request->spec.pod.name);

	if (!api_restore_is_for_start(request) ||
		(pod != NULL && str_equal(pod->metadata.uid, request->status.pod_uid)))
		return pod;
	return requested_stand_in(request, named, arena);
}

/* `outcome` is the room for one; it stays borrowed. */
static struct restore_request_view requested_view(const struct node *node,
	const struct api_restore_request *request, struct restore_request_outcome *outcome,
	struct arena *arena)
{
	const struct api_checkpoint *named = requested_named(node, request);
	const struct api_pod *pod = requested_pod(node, request, named, arena);
	const struct api_container *container =
		pod != NULL ? api_pod_container(pod, request->spec.container_name) : NULL;
	const struct kube_object *own =
		kube_informer_get(node->own_descriptions, str_of(node->name));
	const struct api_container_status *status;
	struct restore_request_view view = {
		.request = request,
		.restore = {.pod = pod, .container = container},
		.named = named,
		.is_behind = requested_is_behind(node, request),
	};

	if (container == NULL)
		return view;
	status = api_pod_container_status(pod, container->name);
	view.restore = node_restore_view(node, pod, container, arena);
	view.restore.node = own != NULL && node->is_self_told ? own->view : NULL;
	view.is_under_runtime =
		status != NULL && node_direct_is_possible(node, status->container_id);
	if (node_record_outcome(node, pod, request, outcome, arena))
		view.outcome = outcome;
	return view;
}

/* Whether the files that a restore reads are there in their sizes; kcr-runtime checks each byte. */
static int requested_check_files(
	const struct node *node, const struct api_checkpoint *checkpoint, struct error *err)
{
	const struct node_entry *entry = node_store_find(node->store, checkpoint->metadata.uid);
	autoarena *arena = arena_new(16 * 1024);
	autoclose int directory = -1;
	struct handover_files all;
	struct json_list read;
	const struct handover_file *files;

	if (node_store_read_files(node->store, entry, arena, &all, err) < 0 ||
		file_open_beneath(node_store_fd(node->store), entry->uid.data,
			O_RDONLY | O_DIRECTORY, 0, &directory, err) < 0)
		return -1;
	read = node_files_of_restore(&all.files, arena);
	files = read.items;
	for (size_t i = 0; i < read.count; i++) {
		struct stat status;

		if (fstatat(directory, files[i].path.data, &status, AT_SYMLINK_NOFOLLOW) < 0)
			return error_set_errno(err, "'%s'", files[i].path.data);
		if (status.st_size != files[i].bytes)
			return error_set(err, ERROR_CORRUPT, "'%s' has %lld bytes, not %lld",
				files[i].path.data, (long long)status.st_size,
				(long long)files[i].bytes);
	}
	return 0;
}

/* ---- Writing down ---- */

static void requested_write(struct kube_plan *plan, const struct api_restore_request *request,
	enum api_restore_phase phase, struct api_restore_status status)
{
	struct api_restore_request written = {.metadata = request->metadata};
	struct api_condition complete = {
		.type = STR(API_CONDITION_COMPLETE),
		.status = STR("Unknown"),
		.reason = api_restore_phase_text(phase),
		.message = status.message,
		.observed_generation = request->metadata.generation,
		.last_transition = clock_wall(),
	};

	if (phase == API_RESTORE_COMPLETED)
		complete.status = STR("True");
	if (phase == API_RESTORE_FAILED) {
		complete.status = STR("False");
		complete.reason = status.reason;
	}
	status.phase = api_restore_phase_text(phase);
	status.observed_generation = request->metadata.generation;
	(void)api_condition_set(&status.conditions, &complete, plan->arena);
	written.status = status;
	node_plan_status(plan, &node_restore_request_resource, &api_restore_request_kind,
		&request->metadata, &written);
}

static void requested_fail(struct node *node, const struct api_restore_request *request,
	struct str reason, struct str message, struct kube_plan *plan)
{
	struct api_restore_status status = request->status;

	status.completed = clock_wall();
	status.reason = reason;
	status.message = message;
	requested_write(plan, request, API_RESTORE_FAILED, status);
	node_plan_event(node, plan, api_restore_request_kind.name, &request->metadata, true,
		API_REASON_RESTORE_FAILED, message);
}

static void requested_begin(struct node *node, const struct api_restore_request *request,
	const struct restore_request_view *view, const struct api_checkpoint *checkpoint,
	struct kube_plan *plan)
{
	const struct api_container_status *container = api_restore_is_for_start(request)
		? NULL
		: api_pod_container_status(view->restore.pod, request->spec.container_name);
	struct api_checkpoint_reference reference = {
		checkpoint->metadata.name, checkpoint->metadata.uid};
	struct api_restore_status status = request->status;

	status.started = clock_wall();
	status.checkpoint = &reference;
	status.checkpoint_time = checkpoint->spec.timestamp;
	status.pod_uid = view->restore.pod->metadata.uid;
	if (container != NULL) {
		status.ended_container = container->container_id;
		status.restarts_before = container->restart_count;
	}
	status.message = arena_printf(plan->arena, "container %.*s is %s Checkpoint %.*s",
		STR_ARG(request->spec.container_name),
		container != NULL ? "ended, to be restored from" : "to start from",
		STR_ARG(checkpoint->metadata.name));
	requested_write(plan, request, API_RESTORE_RESTORING, status);
	node_plan_pod_event(node, plan, &view->restore.pod->metadata, false, "RestoreRequested",
		arena_printf(plan->arena, "RestoreRequest %.*s: %.*s",
			STR_ARG(request->metadata.name), STR_ARG(status.message)));
}

static void requested_complete(struct node *node, const struct api_restore_request *request,
	const struct restore_request_view *view, struct kube_plan *plan)
{
	const struct api_container_status *container =
		api_pod_container_status(view->restore.pod, request->spec.container_name);
	struct api_restore_status status = request->status;

	status.completed = clock_wall();
	status.restored_container = container->container_id;
	status.restarts_after = container->restart_count;
	status.message = arena_printf(plan->arena, "container %.*s runs from Checkpoint %.*s",
		STR_ARG(request->spec.container_name), STR_ARG(status.checkpoint->name));
	requested_write(plan, request, API_RESTORE_COMPLETED, status);
	node_plan_event(node, plan, api_restore_request_kind.name, &request->metadata, false,
		"Restored", status.message);
}

static void requested_say(
	const struct api_restore_request *request, struct str message, struct kube_plan *plan)
{
	struct api_restore_status status = request->status;

	if (message.size == 0 || str_equal(message, status.message))
		return;
	status.message = message;
	requested_write(plan, request, api_restore_phase(request), status);
}

/* ---- Doing ---- */

/* The plan is on the disk before it is told: the Pod may come at once. */
static void requested_plan_start(
	struct node *node, const struct restore_request_view *view, struct kube_plan *plan)
{
	const struct api_restore_request *request = view->request;
	struct api_restore_status status = request->status;
	struct api_condition planned = {
		.type = STR(API_CONDITION_PLANNED),
		.status = STR("True"),
		.reason = STR("Planned"),
		.message = STR("the node starts the container from the Checkpoint"),
		.observed_generation = request->metadata.generation,
		.last_transition = clock_wall(),
	};
	struct error err;

	if (node_bring_plan(node, view->restore.pod, view->restore.container, &err) < 0) {
		requested_fail(node, request, str_of(error_reason(err.kind)),
			arena_str(plan->arena, str_of(err.text)), plan);
		return;
	}
	(void)api_condition_set(&status.conditions, &planned, plan->arena);
	requested_write(plan, request, API_RESTORE_RESTORING, status);
}

/* The plan first; then, if nothing forbids it, the order. Fails before anything was ended. */
static int requested_end(struct node *node, const struct restore_request_view *view,
	const struct api_checkpoint *checkpoint, struct error *err)
{
	if (requested_check_files(node, checkpoint, err) < 0)
		return error_wrap(err, "Checkpoint %s", checkpoint->metadata.name.data);
	if (node_bring_plan(node, view->restore.pod, view->restore.container, err) < 0)
		return -1;
	return node_ending_begin(node, view->request, restore_request_deadline(view->request), err);
}

static void requested_step_end(struct node *node, const struct restore_request_view *view,
	const struct restore_request_next *next, struct kube_plan *plan)
{
	const struct api_restore_request *request = view->request;
	struct str container_id = request->status.ended_container;
	const struct error *said;
	struct error err;

	if (node_ending_is_over(node, container_id, REQUESTED_SHOWN_MS, &said))
		requested_fail(node, request, STR("NotEnded"),
			arena_printf(
				plan->arena, "the container could not be ended: %s", said->text),
			plan);
	else if (!node_ending_is_begun(node, container_id) &&
		requested_end(node, view, next->checkpoint, &err) < 0)
		requested_fail(node, request, str_of(error_reason(err.kind)),
			arena_str(plan->arena, str_of(err.text)), plan);
}

static void requested_step(struct node *node, const struct restore_request_view *view,
	const struct restore_request_next *next, struct kube_plan *plan)
{
	struct error err;

	switch (next->step) {
	case RESTORE_REQUEST_WAIT:
		requested_say(view->request, next->message, plan);
		return;
	case RESTORE_REQUEST_BEGIN:
		if (requested_check_files(node, next->checkpoint, &err) < 0)
			requested_fail(node, view->request, STR(API_REASON_CHECKPOINT_DAMAGED),
				arena_str(plan->arena, str_of(err.text)), plan);
		else
			requested_begin(node, view->request, view, next->checkpoint, plan);
		return;
	case RESTORE_REQUEST_PLAN:
		requested_plan_start(node, view, plan);
		return;
	case RESTORE_REQUEST_END:
		requested_step_end(node, view, next, plan);
		return;
	case RESTORE_REQUEST_COMPLETE:
		requested_complete(node, view->request, view, plan);
		return;
	case RESTORE_REQUEST_FAIL:
		requested_fail(node, view->request, next->reason, next->message, plan);
		return;
	}
}

void node_requested_is_over(struct node *node, const struct api_restore_request *request)
{
	struct str container_id = request->status.ended_container;
	const struct kube_object *object;
	size_t position = 0;

	if (container_id.size == 0)
		return;
	/* one that has failed may have left its container to another request */
	while ((object = kube_informer_next(node->restore_requests, &position)) != NULL) {
		const struct api_restore_request *one = object->view;

		if (api_restore_phase(one) == API_RESTORE_RESTORING &&
			str_equal(one->status.ended_container, container_id))
			return;
	}
	node_ending_forget(node, container_id);
}

void node_decide_requested(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->restore_requests, key);
	const struct api_restore_request *request = object != NULL ? object->view : NULL;
	struct restore_request_outcome outcome;
	struct restore_request_view view;
	struct restore_request_next next;

	if (request == NULL || node->is_stopping)
		return; /* gone; or the next agent goes on */
	if (api_restore_is_finished(request)) {
		node_requested_is_over(node, request);
		return;
	}
	view = requested_view(node, request, &outcome, plan->arena);
	next = restore_request_decide(&view, clock_wall(), plan->arena);
	requested_step(node, &view, &next, plan);
	kube_plan_wake(plan, next.wake_ms);
}
