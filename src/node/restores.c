/*
 * A Pod of this node, as far as kcr-runtime restores its containers: the plans that it goes by are
 * brought to what they should be, and what it has done is told. When to look: when an object
 * changes, and a moment after a question was answered.
 */
#include "node/state.h"

enum { NODE_LOOK_MS = 1000 /* most restores are over by then; else the Pod's change tells */ };

void node_want_plans(struct node *node, struct str namespace, struct str pod)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, pod);
	kube_reconciler_add(node->restore_reconciler, buf_str(&key));
}

static void node_want_records_of(struct node *node, struct str pod_key)
{
	size_t count;
	const struct kube_object *const *objects =
		kube_index_get(node->checkpoints_by_pod, pod_key, &count);

	kube_reconciler_add(node->restore_reconciler, pod_key);
	for (size_t i = 0; i < count; i++) {
		autobuf key = BUF_INIT(KUBE_KEY_SIZE);

		kube_key_write(&key, objects[i]->namespace, objects[i]->name);
		if (api_checkpoint_strategy(objects[i]->view) == API_STRATEGY_RUNTIME)
			kube_reconciler_add(node->checkpoint_reconciler, buf_str(&key));
	}
}

void node_want_records(struct node *node, struct str namespace, struct str pod)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, pod);
	node_want_records_of(node, buf_str(&key));
}

static void node_look(void *context)
{
	struct node *node = context;
	size_t position = 0;
	struct str key;

	while (map_next(&node->looks, &position, &key) != NULL)
		node_want_records_of(node, key);
	map_done(&node->looks);
}

void node_want_records_soon(struct node *node, struct str namespace, struct str pod)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, pod);
	(void)map_set(&node->looks, buf_str(&key), node);
	if (node->look == NULL)
		node->look = loop_timer_new(node->loop, node_look, node);
	if (!loop_timer_is_set(node->look))
		loop_timer_set(node->look, NODE_LOOK_MS);
}

void node_restores_free(struct node *node)
{
	loop_source_free(node->look);
	map_done(&node->looks);
}

void node_decide_restores(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->pods, key);

	if (object == NULL)
		return;
	kube_plan_wake(plan, node_bring_plans(node, object->view));
	node_tell_records(node, object->view, plan);
}
