/*
 * The place among the takes of the node, the order to kcr-runtime, the call of the kubelet, another
 * try where that can help, and the memory of what came of it.
 */
#include "node/take.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "checkpoint/plan.h"
#include "checkpoint/request.h"
#include "node/claim.h"
#include "node/direct.h"
#include "node/state.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	NODE_TAKE_SEEN_SECONDS = 60, /* its Checkpoint comes back to us by then, or never */
	/*
	 * A call that is cut can leave its container frozen: containerd (2.0 to 2.4) pauses it and
	 * resumes it with the context of the call. So no call ends with its request.
	 */
	NODE_TAKE_PATIENCE_SECONDS = 3600,
};

/* A place for a call of the kubelet, until the call's result is written down. */
struct node_take {
	struct node *node;
	char *key;
	char *container; /* "namespace/pod/container" */
	char *request_uid;
	const struct kube_object *pod; /* the result's; a reference */
	char *ordered; /* ID of the container that kcr-runtime was told to dump; NULL: not told */
	struct node_kubelet_call *call;
	int claim; /* on the container; -1: none could be had */
	unsigned tries; /* 0: the kubelet was not asked yet */
	struct loop_source *again; /* the timer of the next try; NULL: none was needed yet */
	bool is_done;
	struct mono_time ended;
	struct node_take_result result;
};

static void node_take_free(struct node_take *take)
{
	if (take == NULL)
		return;
	node_kubelet_call_free(take->call);
	loop_source_free(take->again);
	kube_object_unref(take->pod);
	fd_close(&take->claim);
	free(take->key);
	free(take->container);
	free(take->request_uid);
	free(take->ordered);
	free(take->result.archive);
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

/* What came of the order, if there was one. kcr-runtime knows best when it took what. */
static void node_take_end_order(struct node_take *take)
{
	if (take->ordered == NULL)
		return;
	node_direct_recall(take->node, str_of(take->ordered));
	take->result.is_direct = take->result.archive != NULL &&
		node_direct_is_complete(take->node, str_of(take->request_uid),
			str_of(take->ordered), &take->result.taken);
	free(take_ptr(&take->ordered));
	if (!take->result.is_direct)
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
	take->ended = clock_mono();
	node_count_take(take->node, take->result.archive != NULL);
	if (take->result.archive == NULL)
		node_probe_soon(take->node->probe);
	kube_reconciler_add(take->node->request_reconciler, str_of(take->key));
}

static void node_take_connected(void *context, int fd)
{
	struct node_take *take = context;

	node_hand_over(take->node, fd, take->claim);
}

static void node_take_done(void *context, struct str archive, const struct error *err);

/*
 * Asks the kubelet, and tells kcr-runtime where to, if that runs the container. The Pod is kept as
 * it is now: that probes fail while the container is frozen says nothing against its memory, and
 * another one that runs when the kubelet answers nothing for it.
 */
static void node_take_ask(
	struct node_take *take, const struct api_request *request, const struct kube_object *pod)
{
	const struct node *node = take->node;

	take->tries++;
	kube_object_unref(take->pod);
	take->pod = kube_object_ref(pod);
	take->result.pod = take->pod->view;
	take->result.taken = clock_wall();
	node_take_order(take,
		api_pod_container_status(take->result.pod, request->spec.container_name)
			->container_id);
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
	const struct kube_object *pod = NULL;

	if (request != NULL && str_is(request->metadata.uid, take->request_uid) &&
		!api_request_is_finished(request))
		pod = node_pod_object(take->node, object->namespace, request->spec.pod.name);
	if (pod == NULL || checkpoint_obstacle(pod->view, request->spec.container_name) != NULL)
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
		take->result.err = *err;
	} else {
		(void)str_cut_last(archive, '/', &directory, &name);
		take->result.archive = str_dup(name);
	}
	node_take_end_order(take);
	if (err == NULL || !checkpoint_may_try_again(str_of(err->text), take->tries)) {
		node_take_end(take);
		return;
	}
	log_warning(
		err, "A checkpoint failed by chance, will try again", "container", take->container);
	if (take->again == NULL)
		take->again = loop_timer_new(take->node->loop, node_take_again, take);
	loop_timer_set(take->again, CHECKPOINT_AGAIN_MS);
}

struct str node_container_key(struct arena *arena, const struct api_request *request)
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
		under_way += node_take_is_asked(take) && !take->is_done ? 1 : 0;
	return under_way;
}

static bool node_takes_have_room(const struct node *node)
{
	const struct node_take *take;
	size_t position = 0;
	size_t taken = 0;

	while ((take = map_next(&node->takes, &position, NULL)) != NULL)
		taken += take->is_done ? 0 : 1;
	return taken < node->max_takes;
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

bool node_take_give_place(struct node *node, struct str key, const struct api_request *request)
{
	autoarena *arena = arena_new(512);
	struct str container = node_container_key(arena, request);
	autoclose int claim = -1;
	struct node_take *take;
	struct error err;
	int claimed;

	if (map_get(&node->takes, key) != NULL)
		return true;
	if (node_takes_container(node, request) || !node_takes_have_room(node))
		return false;
	claimed = node_claim(node_store_fd(node->store), container, &claim, &err);
	if (claimed == 0)
		return false;
	if (claimed < 0)
		log_warning(&err, "Failed to claim a container, will go on without", "container",
			container.data);
	take = new_zeroed(struct node_take);
	take->node = node;
	take->claim = fd_take(&claim);
	take->key = str_dup(key);
	take->container = str_dup(container);
	take->request_uid = str_dup(request->metadata.uid);
	(void)map_set(&node->takes, key, take);
	return true;
}

void node_take_give_up_place(struct node *node, struct str key)
{
	struct node_take *take = map_get(&node->takes, key);

	if (take == NULL || node_take_is_asked(take))
		return;
	(void)map_remove(&node->takes, key); /* it is `take` */
	node_take_free(take);
}

void node_take_start(struct node *node, struct str key, const struct api_request *request,
	struct kube_plan *plan)
{
	struct node_take *take = map_get(&node->takes, key);

	node_remove_leftovers(node, request);
	node_take_ask(take, request,
		node_pod_object(node, request->metadata.namespace, request->spec.pod.name));
	kube_plan_wake(plan,
		checkpoint_next_for_agent(request, take->result.pod, true, clock_wall()).wake_ms);
}

bool node_take_is_asked(const struct node_take *take)
{
	return take != NULL && take->tries > 0;
}

bool node_take_is_of(const struct node_take *take, const struct api_request *request)
{
	return str_is(request->metadata.uid, take->request_uid);
}

const struct node_take_result *node_take_result(const struct node_take *take)
{
	return take != NULL && take->is_done ? &take->result : NULL;
}

/*
 * Whether its archive must still be guarded from the next take of the container: the kubelet would
 * give another one of this second the same name, and until we see the Checkpoint that names it, it
 * looks like a left one.
 */
static bool node_take_is_fresh(
	const struct node *node, const struct node_take *take, bool has_checkpoint)
{
	int64_t age_us = clock_mono().us - take->ended.us;

	if (take->result.archive == NULL)
		return false;
	return age_us < TIME_SECOND_US ||
		(has_checkpoint && age_us < NODE_TAKE_SEEN_SECONDS * TIME_SECOND_US &&
			!node_is_known_archive(node, take->result.archive));
}

void node_take_forget(
	struct node *node, struct str key, bool has_checkpoint, struct kube_plan *plan)
{
	struct node_take *take;
	struct error err;

	node_take_give_up_place(node, key);
	take = map_get(&node->takes, key);
	if (take == NULL)
		return;
	if (!take->is_done || node_take_is_fresh(node, take, has_checkpoint)) {
		kube_plan_wake(plan, NODE_TAKE_WAIT_MS);
		return;
	}
	(void)map_remove(&node->takes, key); /* it is `take` */
	if (!has_checkpoint && take->result.is_direct)
		node_direct_remove(node, str_of(take->request_uid));
	if (!has_checkpoint && take->result.archive != NULL &&
		!node_is_known_archive(node, take->result.archive) &&
		file_remove_tree(node->archives_fd, take->result.archive, &err) < 0)
		log_warning(&err, "Failed to remove an archive", "archive", take->result.archive);
	node_take_free(take);
}
