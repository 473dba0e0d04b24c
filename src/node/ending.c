/*
 * One call of the kubelet for each container. It is made as a checkpoint's is (take.c): claimed,
 * handed to kcr-hold, never cut. Its answer is a failure when all went well, for there is no
 * checkpoint; an archive means that the order was not followed.
 */
#include "node/ending.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "checkpoint/request.h"
#include "node/claim.h"
#include "node/direct.h"
#include "node/state.h"
#include "node/take.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	ENDING_PATIENCE_SECONDS = 3600,
};

struct node_ending {
	struct node *node;
	char *request_key;
	char *container_id;
	struct node_kubelet_call *call;
	struct loop_source *again; /* NULL: the first call has done */
	unsigned tries;
	int claim; /* on the container; -1: none could be had */
	bool is_unwanted; /* nobody waits for it */
	bool is_done;
	struct mono_time done;
	struct error err; /* what the kubelet has said */
};

static void ending_free(struct node_ending *ending)
{
	if (ending == NULL)
		return;
	node_kubelet_call_free(ending->call);
	loop_source_free(ending->again);
	fd_close(&ending->claim);
	free(ending->request_key);
	free(ending->container_id);
	free(ending);
}

void node_endings_free(struct node *node)
{
	struct node_ending *ending;
	size_t position = 0;

	while ((ending = map_next(&node->endings, &position, NULL)) != NULL)
		ending_free(ending);
	map_done(&node->endings);
}

size_t node_endings_under_way(const struct node *node)
{
	const struct node_ending *ending;
	size_t position = 0;
	size_t under_way = 0;

	while ((ending = map_next(&node->endings, &position, NULL)) != NULL)
		under_way += ending->is_done ? 0 : 1;
	return under_way;
}

static void ending_connected(void *context, int fd)
{
	struct node_ending *ending = context;

	node_hand_over(ending->node, fd, ending->claim);
}

/* An archive of what was not ended. */
static void ending_drop_archive(struct node_ending *ending, struct str archive)
{
	struct str directory = {0};
	struct str name = archive;
	autofree char *file = NULL;
	struct error err;

	(void)str_cut_last(archive, '/', &directory, &name);
	file = str_dup(name);
	if (file_remove_tree(ending->node->archives_fd, file, &err) < 0)
		log_warning(&err, "Failed to remove an archive", "archive", file);
	(void)error_set(&ending->err, ERROR_UNSUPPORTED,
		"kcr-runtime did not follow the order; is it older than the agent?");
}

static void ending_end(struct node_ending *ending)
{
	ending->is_done = true;
	ending->done = clock_mono();
	if (ending->is_unwanted)
		node_ending_forget(ending->node, str_of(ending->container_id));
	else
		kube_reconciler_add(
			ending->node->requested_reconciler, str_of(ending->request_key));
}

static void ending_ask(struct node_ending *ending, const struct api_restore_request *request);

static void ending_again(void *context)
{
	struct node_ending *ending = context;
	const struct kube_object *object =
		kube_informer_get(ending->node->restore_requests, str_of(ending->request_key));

	if (ending->is_unwanted || object == NULL)
		ending_end(ending);
	else
		ending_ask(ending, object->view);
}

/* The order stands until it is followed: what failed by chance is only asked for once more. */
static void ending_done(void *context, struct str archive, const struct error *err)
{
	struct node_ending *ending = context;

	if (err != NULL)
		ending->err = *err;
	else
		ending_drop_archive(ending, archive);
	if (err == NULL || ending->is_unwanted ||
		!checkpoint_may_try_again(str_of(err->text), ending->tries)) {
		ending_end(ending);
		return;
	}
	log_warning(err, "An end failed by chance, will try again", "request", ending->request_key);
	if (ending->again == NULL)
		ending->again = loop_timer_new(ending->node->loop, ending_again, ending);
	loop_timer_set(ending->again, CHECKPOINT_AGAIN_MS);
}

static void ending_ask(struct node_ending *ending, const struct api_restore_request *request)
{
	const struct node *node = ending->node;

	ending->tries++;
	node_kubelet_call_free(ending->call);
	ending->call = node_kubelet_checkpoint(&node->kubelet, kube_client_token(node->client),
		request->metadata.namespace, request->spec.pod.name, request->spec.container_name,
		ENDING_PATIENCE_SECONDS,
		&(struct node_kubelet_callbacks){
			.done = ending_done,
			.connected = ending_connected,
			.context = ending,
		});
}

int node_ending_begin(struct node *node, const struct api_restore_request *request,
	struct wall_time until, struct error *err)
{
	struct str container_id = request->status.ended_container;
	struct api_request common = api_restore_as_request(request);
	autoarena *arena = arena_new(512);
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	autoclose int claim = -1;
	struct node_ending *ending;

	if (node_takes_container(node, &common))
		return 0;
	if (node_claim(node_store_fd(node->store), node_container_key(arena, &common), &claim,
		    err) == 0)
		return 0; /* without a claim, on a store that has no locks, it goes on */
	if (node_direct_order_end(node, container_id, until, err) < 0)
		return -1;
	ending = new_zeroed(struct node_ending);
	ending->node = node;
	kube_key_write(&key, request->metadata.namespace, request->metadata.name);
	ending->request_key = str_dup(buf_str(&key));
	ending->container_id = str_dup(container_id);
	ending->claim = fd_take(&claim);
	(void)map_set(&node->endings, container_id, ending);
	ending_ask(ending, request);
	return 1;
}

bool node_ending_is_begun(const struct node *node, struct str container_id)
{
	return map_get(&node->endings, container_id) != NULL;
}

bool node_ending_is_over(const struct node *node, struct str container_id, int64_t since_ms,
	const struct error **ret_err)
{
	const struct node_ending *ending = map_get(&node->endings, container_id);

	if (ending == NULL || !ending->is_done ||
		clock_mono().us - ending->done.us < since_ms * 1000)
		return false;
	*ret_err = &ending->err;
	return true;
}

void node_ending_forget(struct node *node, struct str container_id)
{
	struct node_ending *ending = map_get(&node->endings, container_id);

	if (container_id.size > 0)
		node_direct_recall(
			node, container_id); /* also what an agent before us has ordered */
	if (ending == NULL)
		return;
	ending->is_unwanted = true;
	if (!ending->is_done)
		return;
	(void)map_remove(&node->endings, container_id); /* it is `ending` */
	ending_free(ending);
}
