/*
 * A Pod of this node, as far as kcr-runtime restores its containers: the plans that it goes by are
 * brought to what they should be.
 */
#include "node/state.h"

void node_want_restores(struct node *node, struct str namespace, struct str pod)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);

	kube_key_write(&key, namespace, pod);
	kube_reconciler_add(node->restore_reconciler, buf_str(&key));
}

void node_decide_restores(void *context, struct str key, struct kube_plan *plan)
{
	const struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->pods, key);

	if (object != NULL)
		kube_plan_wake(plan, node_bring_plans(node, object->view));
}
