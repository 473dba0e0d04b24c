/*
 * What the node's processes tell of containers that have a checkpoint, reported on the newest
 * Checkpoint of the container, where the controller reads it: that one has ended, before the
 * kubelet sees it, and that one runs restored, which the kubelet does not tell at all.
 */
#include "node/state.h"

#include <stdlib.h>
#include <sys/wait.h>

#include "base/alloc.h"
#include "sys/clock.h"
#include "sys/log.h"

void node_ended_free(struct node *node)
{
	struct api_container_exit *exit;
	size_t position = 0;

	while ((exit = map_next(&node->ended, &position, NULL)) != NULL)
		free(exit);
	map_done(&node->ended);
}

/* The newest built Checkpoint of the Pod's container, NULL when there is none. */
static const struct api_checkpoint *node_newest(
	const struct node *node, const struct api_pod *pod, struct str container)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *const *objects;
	const struct api_checkpoint *newest = NULL;
	size_t count;

	kube_key_write(&key, pod->metadata.namespace, pod->metadata.name);
	objects = kube_index_get(node->checkpoints_by_pod, buf_str(&key), &count);
	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint *one = objects[i]->view;
		if (api_checkpoint_phase(one) != API_CHECKPOINT_IMAGE_BUILT ||
			wall_time_is_set(one->metadata.deleted) ||
			!str_equal(one->spec.container_name, container))
			continue;
		if (newest == NULL || one->spec.timestamp.us > newest->spec.timestamp.us)
			newest = one;
	}
	return newest;
}

static const struct api_container_status *node_status_of_id(
	const struct api_pod *pod, struct str container_id)
{
	const struct api_container_status *statuses = pod->status.container_statuses.items;

	for (size_t i = 0; i < pod->status.container_statuses.count; i++)
		if (str_equal(statuses[i].container_id, container_id))
			return &statuses[i];
	return NULL;
}

/* The Checkpoint that the end of this container is to be reported on, NULL: nobody wants to know.
 */
static const struct api_checkpoint *node_checkpoint_of_container(
	const struct node *node, struct str container_id)
{
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->pods, &position)) != NULL) {
		const struct api_container_status *status =
			node_status_of_id(object->view, container_id);
		if (status != NULL)
			return node_newest(node, object->view, status->name);
	}
	return NULL;
}

void node_container_ended(void *context, struct str container_id, int status)
{
	struct node *node = context;
	const struct api_checkpoint *checkpoint = node_checkpoint_of_container(node, container_id);
	struct api_container_exit *exit;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	if (checkpoint == NULL)
		return;
	exit = new_zeroed(struct api_container_exit);
	exit->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	/* As runtimes say it: a signal is 128 and its number. */
	exit->exit_code = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
	exit->reason = exit->exit_code == 0 ? STR("Completed") : STR("Error");
	exit->finished = clock_wall();
	free(map_set(&node->ended, container_id, exit));
	log_info("Saw a container end", "namespace", checkpoint->metadata.namespace.data, "pod",
		checkpoint->spec.pod->name.data, "container", checkpoint->spec.container_name.data);
	kube_key_write(&key, checkpoint->metadata.namespace, checkpoint->metadata.name);
	kube_reconciler_add(node->checkpoint_reconciler, buf_str(&key));
}

/* The Pod's container that is reported about on this Checkpoint, NULL: another one is for that. */
static const struct api_container_status *node_reported_container(
	const struct node *node, const struct api_checkpoint *checkpoint)
{
	const struct api_pod *pod = NULL;

	if (api_checkpoint_strategy(checkpoint) == API_STRATEGY_RUNTIME)
		return NULL; /* it comes back before the controller could do anything about it */
	if (checkpoint->spec.pod != NULL)
		pod = node_pod(node, checkpoint->metadata.namespace, checkpoint->spec.pod->name);
	if (pod == NULL || node_newest(node, pod, checkpoint->spec.container_name) != checkpoint)
		return NULL;
	return api_pod_container_status(pod, checkpoint->spec.container_name);
}

const struct api_container_exit *node_exit_to_report(
	const struct node *node, const struct api_checkpoint *checkpoint)
{
	const struct api_container_exit *reported = checkpoint->status.container_exit;
	const struct api_container_status *status = node_reported_container(node, checkpoint);
	struct api_container_exit *exit =
		status != NULL ? map_get(&node->ended, status->container_id) : NULL;

	if (exit == NULL ||
		(reported != NULL && str_equal(reported->container_id, status->container_id)))
		return NULL;
	exit->container_id = status->container_id;
	return exit;
}

struct str node_restored_to_report(const struct node *node, const struct api_checkpoint *checkpoint)
{
	const struct api_container_status *status = node_reported_container(node, checkpoint);

	if (status == NULL || node->exits == NULL ||
		str_equal(status->container_id, checkpoint->status.restored_container) ||
		!node_exits_is_restored(node->exits, status->container_id))
		return (struct str){0};
	return status->container_id;
}

/* Containers that the Pod has no more are neither watched nor remembered. */
static void node_forget_containers(
	struct node *node, const struct api_pod *old, const struct api_pod *now)
{
	const struct api_container_status *statuses = old->status.container_statuses.items;

	for (size_t i = 0; i < old->status.container_statuses.count; i++) {
		struct str id = statuses[i].container_id;
		if (id.size == 0 || (now != NULL && node_status_of_id(now, id) != NULL))
			continue;
		if (node->exits != NULL)
			node_exits_forget(node->exits, id);
		free(map_remove(&node->ended, id));
	}
}

static void node_watch_container(
	struct node *node, const struct api_pod *pod, const struct api_container_status *status)
{
	const struct api_checkpoint *newest = node_newest(node, pod, status->name);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	struct error err;

	if (newest == NULL)
		return;
	if (node_exits_watch(node->exits, status->container_id, &err) < 0)
		log_warning(&err, "Failed to watch a container", "namespace",
			pod->metadata.namespace.data, "pod", pod->metadata.name.data);
	if (!node_exits_is_restored(node->exits, status->container_id))
		return;
	kube_key_write(&key, newest->metadata.namespace, newest->metadata.name);
	kube_reconciler_add(node->checkpoint_reconciler, buf_str(&key));
}

void node_watch_pod(struct node *node, const struct api_pod *old, const struct api_pod *now)
{
	const struct api_container_status *statuses;

	if (old != NULL)
		node_forget_containers(node, old, now);
	if (now == NULL || node->exits == NULL || wall_time_is_set(now->metadata.deleted))
		return;
	statuses = now->status.container_statuses.items;
	for (size_t i = 0; i < now->status.container_statuses.count; i++)
		if (statuses[i].state.running != NULL && statuses[i].container_id.size > 0 &&
			map_get(&node->ended, statuses[i].container_id) == NULL)
			node_watch_container(node, now, &statuses[i]);
}
