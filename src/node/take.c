/*
 * A CheckpointRequest of this node: it is marked InProgress, the kubelet is asked, and what came of
 * it is written down: a Checkpoint and Completed, or Failed and why. Each step is decided from what
 * the objects say and from the call that is under way, so that a new agent goes on where the last
 * one stopped: it asks the kubelet again, for taking a checkpoint twice harms nothing.
 */
#include "node/state.h"

#include <stdlib.h>
#include <string.h>

#include "api/names.h"
#include "base/alloc.h"
#include "checkpoint/request.h"
#include "node/claim.h"
#include "node/direct.h"
#include "restore/record.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	NODE_TAKE_WAIT_MS = 250, /* until a place is free, or the second is over */
	NODE_TAKE_SEEN_SECONDS = 60, /* its Checkpoint comes back to us by then, or never */
	NODE_TAKE_TRIES = 3, /* each one freezes the container */
	NODE_TAKE_AGAIN_MS = 1000,
	/*
	 * A call that is cut can leave its container frozen: containerd (2.0 to 2.4) pauses it and
	 * resumes it with the context of the call. So no call ends with its request.
	 */
	NODE_TAKE_PATIENCE_SECONDS = 3600,
};

/* A call of the kubelet, until its result is written down. */
struct node_take {
	struct node *node;
	char *key;
	char *container; /* "namespace/pod/container" */
	char *request_uid;
	char *ordered; /* ID of the container that kcr-runtime was told to dump; NULL: not told */
	struct node_kubelet_call *call;
	int claim; /* on the container; -1: none could be had */
	unsigned tries;
	struct loop_source *again; /* the timer of the next try; NULL: none was needed yet */
	bool is_done;
	bool is_direct; /* kcr-runtime did */
	struct wall_time ended;
	char *archive; /* the file's name; NULL: failed */
	struct error err;
};

static void node_take_free(struct node_take *take)
{
	if (take == NULL)
		return;
	node_kubelet_call_free(take->call);
	loop_source_free(take->again);
	fd_close(&take->claim);
	free(take->key);
	free(take->container);
	free(take->request_uid);
	free(take->ordered);
	free(take->archive);
	free(take);
}

void node_takes_free(struct node *node)
{
	struct node_take *take;
	size_t position = 0;

	while ((take = map_next(&node->takes, &position, NULL)) != NULL)
		node_take_free(take);
	map_done(&node->takes);
}

/* ---- The call ---- */

/* What came of the order, if there was one. */
static void node_take_end_order(struct node_take *take)
{
	if (take->ordered == NULL)
		return;
	node_direct_recall(take->node, str_of(take->ordered));
	take->is_direct = take->archive != NULL &&
		node_direct_is_complete(
			take->node, str_of(take->request_uid), str_of(take->ordered));
	free(take_ptr(&take->ordered));
	if (!take->is_direct)
		node_direct_remove(take->node, str_of(take->request_uid));
}

/* kcr-runtime is told where to, if it runs the container; else the engine makes an archive. */
static void node_take_order(struct node_take *take, struct str container_id)
{
	struct error err;

	if (!node_direct_is_possible(take->node, container_id))
		return;
	if (node_direct_order(take->node, str_of(take->request_uid), container_id, &err) < 0)
		log_warning(&err, "Failed to order a checkpoint, the engine will take it",
			"container", take->container);
	else
		take->ordered = str_dup(container_id);
}

static void node_take_end(struct node_take *take)
{
	take->is_done = true;
	take->ended = clock_wall();
	node_count_take(take->node, take->archive != NULL);
	kube_reconciler_add(take->node->request_reconciler, str_of(take->key));
}

static void node_take_connected(void *context, int fd)
{
	struct node_take *take = context;

	node_hand_over(take->node, fd, take->claim);
}

static void node_take_done(void *context, struct str archive, const struct error *err);

/* Asks the kubelet, and tells kcr-runtime where to, if that runs the container. */
static void node_take_ask(
	struct node_take *take, const struct api_request *request, const struct api_pod *pod)
{
	const struct node *node = take->node;
	const struct api_container_status *status =
		api_pod_container_status(pod, request->spec.container_name);

	take->tries++;
	if (status != NULL)
		node_take_order(take, status->container_id);
	node_kubelet_call_free(take->call);
	take->call = node_kubelet_checkpoint(&node->kubelet, kube_client_token(node->client),
		request->metadata.namespace, request->spec.pod.name, request->spec.container_name,
		NODE_TAKE_PATIENCE_SECONDS,
		&(struct node_kubelet_callbacks){
			.done = node_take_done,
			.connected = node_take_connected,
			.context = take,
		});
}

static void node_take_again(void *context)
{
	struct node_take *take = context;
	const struct kube_object *object =
		kube_informer_get(take->node->requests, str_of(take->key));
	const struct api_request *request = object != NULL ? object->view : NULL;
	const struct api_pod *pod = NULL;

	if (request != NULL && str_is(request->metadata.uid, take->request_uid) &&
		!api_request_is_finished(request))
		pod = node_pod(take->node, object->namespace, request->spec.pod.name);
	if (pod == NULL)
		node_take_end(take);
	else
		node_take_ask(take, request, pod);
}

static void node_take_done(void *context, struct str archive, const struct error *err)
{
	struct node_take *take = context;
	struct str directory;
	struct str name;

	if (err != NULL) {
		take->err = *err;
	} else {
		(void)str_cut_last(archive, '/', &directory, &name);
		take->archive = str_dup(name);
	}
	node_take_end_order(take);
	if (err == NULL || take->tries == NODE_TAKE_TRIES ||
		!checkpoint_failure_may_pass(str_of(err->text))) {
		node_take_end(take);
		return;
	}
	log_warning(
		err, "A checkpoint failed by chance, will try again", "container", take->container);
	if (take->again == NULL)
		take->again = loop_timer_new(take->node->loop, node_take_again, take);
	loop_timer_set(take->again, NODE_TAKE_AGAIN_MS);
}

static struct str node_container_key(struct arena *arena, const struct api_request *request)
{
	return arena_printf(arena, "%.*s/%.*s/%.*s", STR_ARG(request->metadata.namespace),
		STR_ARG(request->spec.pod.name), STR_ARG(request->spec.container_name));
}

size_t node_takes_under_way(const struct node *node)
{
	const struct node_take *take;
	size_t position = 0;
	size_t under_way = 0;

	while ((take = map_next(&node->takes, &position, NULL)) != NULL)
		under_way += take->is_done ? 0 : 1;
	return under_way;
}

/* Whether the kubelet may be asked now: places are few, and one container is asked for once. */
static bool node_take_must_wait(const struct node *node, struct str container)
{
	const struct node_take *take;
	size_t position = 0;

	while ((take = map_next(&node->takes, &position, NULL)) != NULL)
		if (str_is(container, take->container))
			return true;
	return node_takes_under_way(node) >= node->max_takes;
}

/* False when a call that an agent before us has made for the container is still under way. */
static bool node_take_claim(const struct node *node, struct str container, int *ret_claim)
{
	struct error err;
	int claimed = node_claim(node_store_fd(node->store), container, ret_claim, &err);

	if (claimed < 0)
		log_warning(&err, "Failed to claim a container, will go on without", "container",
			container.data);
	return claimed != 0;
}

bool node_takes_container(const struct node *node, const struct api_request *request)
{
	autoarena *arena = arena_new(512);
	struct str container = node_container_key(arena, request);
	const struct node_take *take;
	size_t position = 0;

	while ((take = map_next(&node->takes, &position, NULL)) != NULL)
		if (str_is(container, take->container))
			return true;
	return false;
}

/* Takes *claim over. */
static void node_take_start(struct node *node, struct str key, const struct api_request *request,
	const struct api_pod *pod, int *claim, struct kube_plan *plan)
{
	struct node_take *take = new_zeroed(struct node_take);

	node_remove_leftovers(node, request);
	take->node = node;
	take->claim = fd_take(claim);
	take->key = str_dup(key);
	take->container = str_dup(node_container_key(plan->arena, request));
	take->request_uid = str_dup(request->metadata.uid);
	(void)map_set(&node->takes, key, take);
	node_take_ask(take, request, pod);
	kube_plan_wake(plan, checkpoint_next_for_agent(request, pod, true, clock_wall()).wake_ms);
}

/* ---- The Checkpoint ---- */

/* The image that the Pod's author wrote, also while the container runs from a checkpoint's. */
static struct str node_original_image(
	const struct api_pod *pod, const struct api_container *container, struct arena *arena)
{
	struct restore_records records;
	struct error ignored;

	if (restore_records_parse(pod->metadata.annotations.restores, arena, &records, &ignored) <
		0)
		return container->image;
	return restore_original_image(
		restore_records_find(&records, container->name), container->image);
}

static struct str node_checkpoint_name(
	struct arena *arena, const struct api_request *request, const struct api_pod *pod)
{
	bool is_only_one = pod->spec.containers.count == 1;

	return api_checkpoint_name(arena, request->spec.pod.name, request->metadata.namespace,
		is_only_one ? (struct str){0} : request->spec.container_name,
		wall_time_seconds(request->status.started));
}

/*
 * The name of the request's Checkpoint: one that nobody has, as far as we see, or that of the
 * Checkpoint which an agent before us has made for it; *ret_is_made tells.
 */
static struct str node_choose_name(const struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct arena *arena, bool *ret_is_made)
{
	struct str plain = node_checkpoint_name(arena, request, pod);
	struct str apart = api_name_apart(arena, plain, request->metadata.uid);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *there;
	const struct api_owner *owner;

	*ret_is_made = false;
	kube_key_write(&key, request->metadata.namespace, plain);
	there = kube_informer_get(node->checkpoints, buf_str(&key));
	if (there == NULL)
		return plain;
	owner = api_metadata_controller(&((const struct api_checkpoint *)there->view)->metadata);
	*ret_is_made = owner != NULL && str_equal(owner->uid, request->metadata.uid);
	if (*ret_is_made)
		return plain;
	buf_clear(&key);
	kube_key_write(&key, request->metadata.namespace, apart);
	*ret_is_made = kube_informer_get(node->checkpoints, buf_str(&key)) != NULL;
	return apart;
}

struct node_new_checkpoint {
	struct api_checkpoint object;
	struct api_owner owner;
	struct json_pair labels[5];
	struct api_checkpoint_pod pod;
	struct api_workload_reference workload;
};

static void node_fill_metadata(struct node_new_checkpoint *made, const struct api_request *request,
	const struct api_pod *pod, struct str name, struct arena *arena)
{
	struct api_metadata *metadata = &made->object.metadata;

	made->owner = (struct api_owner){
		.api_version = STR(API_GROUP_VERSION),
		.kind = STR("CheckpointRequest"),
		.name = request->metadata.name,
		.uid = request->metadata.uid,
		.controller = true,
		.block_owner_deletion = true,
	};
	made->labels[0] = (struct json_pair){STR(API_LABEL_APP), STR(API_LABEL_APP_VALUE)};
	made->labels[1] = (struct json_pair){
		STR(API_LABEL_REQUEST), api_label_value(arena, request->metadata.name)};
	made->labels[2] = (struct json_pair){
		STR(API_LABEL_CONTAINER), api_label_value(arena, request->spec.container_name)};
	made->labels[3] =
		(struct json_pair){STR(API_LABEL_POD), api_label_value(arena, pod->metadata.name)};
	made->labels[4] = (struct json_pair){
		STR(API_LABEL_POD_NS), api_label_value(arena, pod->metadata.namespace)};
	metadata->name = name;
	metadata->namespace = request->metadata.namespace;
	metadata->labels = (struct json_string_map){made->labels, array_size(made->labels)};
	metadata->owners = (struct json_list){&made->owner, 1};
}

static void node_fill_spec(struct node *node, struct node_new_checkpoint *made,
	const struct api_request *request, const struct api_pod *pod, const struct node_take *take,
	struct arena *arena)
{
	struct api_checkpoint_spec *spec = &made->object.spec;
	const struct api_container *container =
		api_pod_container(pod, request->spec.container_name);
	const struct api_container_status *status =
		api_pod_container_status(pod, request->spec.container_name);
	const struct api_owner *owner = api_metadata_controller(&pod->metadata);

	made->pod = (struct api_checkpoint_pod){
		pod->metadata.name, pod->metadata.namespace, pod->metadata.uid};
	if (owner != NULL) {
		made->workload = (struct api_workload_reference){
			owner->api_version, owner->kind, owner->name, owner->uid};
		spec->workload = &made->workload;
	}
	spec->data = str_of(take->archive);
	spec->strategy =
		api_strategy_text(take->is_direct ? API_STRATEGY_RUNTIME : API_STRATEGY_IMAGE);
	spec->id = made->object.metadata.name;
	spec->schedule_ref = request->spec.schedule;
	spec->timestamp = request->status.started;
	spec->container_name = request->spec.container_name;
	spec->node_name = str_of(node->name);
	spec->pod = &made->pod;
	spec->container_id = status->container_id;
	spec->image = node_original_image(pod, container, arena);
	spec->image_id = status->image_id;
	spec->template_hash = api_pod_template_hash(pod);
	spec->was_ready = status->ready;
}

static struct str node_checkpoint_body(struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct str name, const struct node_take *take,
	struct arena *arena)
{
	struct node_new_checkpoint made = {0};
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	api_init(&api_checkpoint_kind, &made.object);
	node_fill_metadata(&made, request, pod, name, arena);
	node_fill_spec(node, &made, request, pod, take, arena);
	api_encode(&writer, &api_checkpoint_kind, &made.object);
	return arena_str(arena, buf_str(&body));
}

/* ---- Writing down ---- */

/* The request's status with a phase, a Complete condition and what belongs to it. */
static void node_plan_phase(struct kube_plan *plan, const struct api_request *request,
	enum api_request_phase phase, struct api_request_status status)
{
	struct api_request written = {.metadata = request->metadata};
	struct api_condition complete = {
		.type = STR(API_CONDITION_COMPLETE),
		.status = STR("Unknown"),
		.reason = api_request_phase_text(phase),
		.message = status.message,
		.observed_generation = request->metadata.generation,
		.last_transition = clock_wall(),
	};

	if (phase == API_REQUEST_COMPLETED)
		complete.status = STR("True");
	if (phase == API_REQUEST_FAILED) {
		complete.status = STR("False");
		complete.reason = status.reason;
	}
	status.phase = api_request_phase_text(phase);
	status.observed_generation = request->metadata.generation;
	status.conditions = (struct json_list){&complete, 1};
	written.status = status;
	node_plan_status(
		plan, &node_request_resource, &api_request_kind, &request->metadata, &written);
}

static void node_fail(struct node *node, const struct api_request *request, const char *reason,
	struct str message, struct kube_plan *plan)
{
	struct api_request_status status = request->status;

	status.completed = clock_wall();
	status.reason = str_of(reason);
	status.message = message;
	node_plan_phase(plan, request, API_REQUEST_FAILED, status);
	node_plan_event(node, plan, "CheckpointRequest", &request->metadata, true,
		"CheckpointFailed", message);
}

static void node_begin(
	const struct api_request *request, const struct api_pod *pod, struct kube_plan *plan)
{
	struct api_request_status status = request->status;

	status.started = clock_wall();
	status.pod_uid = pod->metadata.uid;
	node_plan_phase(plan, request, API_REQUEST_IN_PROGRESS, status);
}

/*
 * The container may have ended while it was dumped; then there is nothing to describe. `take` may
 * be NULL when the Checkpoint is there already.
 */
static void node_complete(struct node *node, const struct api_request *request,
	const struct api_pod *pod, const struct node_take *take, struct kube_plan *plan)
{
	struct api_request_status status = request->status;
	struct api_checkpoint_reference reference;
	bool is_made;

	if (pod == NULL || !str_equal(pod->metadata.uid, status.pod_uid) ||
		api_pod_container_status(pod, request->spec.container_name) == NULL) {
		node_fail(node, request, "PodNotFound",
			STR("the Pod went while its container was checkpointed"), plan);
		return;
	}
	reference.name = node_choose_name(node, request, pod, plan->arena, &is_made);
	reference.uid = (struct str){0};
	if (!is_made)
		kube_plan_add(plan,
			&(struct kube_request){
				.verb = KUBE_CREATE,
				.resource = &node_checkpoint_resource,
				.namespace = arena_str(plan->arena, request->metadata.namespace),
				.body = node_checkpoint_body(
					node, request, pod, reference.name, take, plan->arena),
			});
	status.completed = clock_wall();
	status.checkpoint = &reference;
	status.message =
		arena_printf(plan->arena, "Checkpoint %.*s was taken", STR_ARG(reference.name));
	node_plan_phase(plan, request, API_REQUEST_COMPLETED, status);
	node_plan_event(node, plan, "CheckpointRequest", &request->metadata, false,
		"CheckpointTaken", status.message);
}

static void node_write_result(struct node *node, const struct api_request *request,
	const struct api_pod *pod, const struct node_take *take, struct kube_plan *plan)
{
	if (take->archive != NULL)
		node_complete(node, request, pod, take, plan);
	else
		node_fail(node, request, error_reason(take->err.kind),
			arena_str(plan->arena, str_of(take->err.text)), plan);
}

/* ---- Deciding ---- */

/*
 * Whether its archive must still be guarded from the next take of the container: the kubelet would
 * give another one of this second the same name, and until we see the Checkpoint that names it, it
 * looks like a left one.
 */
static bool node_take_is_fresh(
	const struct node *node, const struct node_take *take, bool has_checkpoint)
{
	int64_t age_seconds = wall_time_seconds(clock_wall()) - wall_time_seconds(take->ended);

	if (take->archive == NULL)
		return false;
	return age_seconds <= 0 ||
		(has_checkpoint && age_seconds < NODE_TAKE_SEEN_SECONDS &&
			!node_is_known_archive(node, take->archive));
}

/* The result is written down, or nobody wants it any more; then its end is waited for. */
static void node_take_forget(
	struct node *node, struct str key, bool has_checkpoint, struct kube_plan *plan)
{
	struct node_take *take = map_get(&node->takes, key);
	struct error err;

	if (take == NULL)
		return;
	if (!take->is_done || node_take_is_fresh(node, take, has_checkpoint)) {
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
		return;
	}
	(void)map_remove(&node->takes, key); /* it is `take` */
	if (!has_checkpoint && take->is_direct)
		node_direct_remove(node, str_of(take->request_uid));
	if (!has_checkpoint && take->archive != NULL &&
		!node_is_known_archive(node, take->archive) &&
		file_remove_tree(node->archives_fd, take->archive, &err) < 0)
		log_warning(&err, "Failed to remove an archive", "archive", take->archive);
	node_take_free(take);
}

/*
 * Checkpoints and the kubelet's archives are named after the second in which they are begun: a
 * second one of the same container waits for the next second.
 */
static bool node_has_name_of_now(const struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct arena *arena)
{
	struct api_request begun = *request;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	begun.status.started = clock_wall();
	kube_key_write(&key, request->metadata.namespace, node_checkpoint_name(arena, &begun, pod));
	return kube_informer_get(node->checkpoints, buf_str(&key)) != NULL;
}

static void node_take_step(struct node *node, struct str key, const struct api_request *request,
	const struct api_pod *pod, struct kube_plan *plan)
{
	struct str container = node_container_key(plan->arena, request);
	bool is_begun = api_request_phase(request) == API_REQUEST_IN_PROGRESS;
	bool is_made = false;
	autoclose int claim = -1;
	struct error err;

	if (is_begun)
		(void)node_choose_name(node, request, pod, plan->arena, &is_made);
	if (is_made) { /* an agent before us was stopped before it could say so */
		node_complete(node, request, pod, NULL, plan);
		return;
	}
	if (node_take_must_wait(node, container) || !node_take_claim(node, container, &claim)) {
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
		return;
	}
	if (node_store_check_room(node->store, 0, &err) < 0) {
		node_fail(
			node, request, "StoreFull", arena_str(plan->arena, str_of(err.text)), plan);
		return;
	}
	if (is_begun ? node_has_archive_of_now(node, request)
		     : node_has_name_of_now(node, request, pod, plan->arena))
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
	else if (!is_begun)
		node_begin(request, pod, plan);
	else
		node_take_start(node, key, request, pod, &claim, plan);
}

void node_decide_request(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->requests, key);
	const struct api_request *request = object != NULL ? object->view : NULL;
	const struct node_take *take = map_get(&node->takes, key);
	const struct api_pod *pod;
	struct checkpoint_next next;

	if (request == NULL || api_request_is_finished(request)) {
		bool has_checkpoint = request != NULL && request->status.checkpoint != NULL;
		node_take_forget(node, key, has_checkpoint, plan);
		return;
	}
	if (take != NULL && !str_is(request->metadata.uid, take->request_uid)) {
		/* made anew under its name: what was taken for the one before is not its result */
		node_take_forget(node, key, false, plan);
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
		return;
	}
	pod = node_pod(node, object->namespace, request->spec.pod.name);
	if (take != NULL && take->is_done) {
		node_write_result(node, request, pod, take, plan);
		return;
	}
	next = checkpoint_next_for_agent(request, pod, take != NULL, clock_wall());
	if (next.step == CHECKPOINT_STEP_TAKE && !node->is_stopping)
		node_take_step(node, key, request, pod, plan);
	else if (next.step == CHECKPOINT_STEP_FAIL)
		node_fail(node, request, next.reason, str_of(next.message), plan);
	kube_plan_wake(plan, next.wake_ms);
}
