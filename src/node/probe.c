/* One call, again after a while: soon where it went wrong, so that what was mended is seen. */
#include "node/probe.h"

#include <stdlib.h>

#include "api/checkpoint_node.h"
#include "base/alloc.h"

enum {
	NODE_PROBE_ANSWER_MS = 10000,
	NODE_PROBE_AGAIN_MS = 10 * 60 * 1000,
	NODE_PROBE_SOON_MS = 30 * 1000,
	NODE_PROBE_FAILED_MS = 1000, /* many may fail together: one question is enough */
};

struct node_probe {
	struct kube_client *client;
	const struct node_kubelet *kubelet;
	node_probe_fn changed;
	void *context;
	struct node_kubelet_call *call;
	struct loop_source *again;
	const char *reason; /* NULL: nothing is known yet */
	char *message;
};

static const char *probe_reason(const struct error *err)
{
	if (err == NULL)
		return API_REASON_KUBELET_ANSWERS;
	if (err->kind == ERROR_DENIED)
		return API_REASON_KUBELET_FORBIDS;
	return err->kind == ERROR_UNSUPPORTED ? API_REASON_KUBELET_DISABLED
					      : API_REASON_KUBELET_AWAY;
}

static void probe_answered(void *context, const struct error *err)
{
	struct node_probe *probe = context;
	struct str message = err != NULL ? str_of(err->text)
					 : STR("the kubelet takes checkpoints for the agent");
	bool is_same =
		probe->reason == probe_reason(err) && str_equal(str_of(probe->message), message);

	loop_timer_set(probe->again, err != NULL ? NODE_PROBE_SOON_MS : NODE_PROBE_AGAIN_MS);
	if (is_same)
		return;
	free(probe->message);
	probe->message = str_dup(message);
	probe->reason = probe_reason(err);
	probe->changed(probe->context);
}

static void probe_ask(void *context)
{
	struct node_probe *probe = context;

	node_kubelet_call_free(probe->call);
	probe->call = node_kubelet_probe(probe->kubelet, kube_client_token(probe->client),
		NODE_PROBE_ANSWER_MS, probe_answered, probe);
}

struct node_probe *node_probe_start(struct loop *loop, struct kube_client *client,
	const struct node_kubelet *kubelet, node_probe_fn changed, void *context)
{
	struct node_probe *probe = new_zeroed(struct node_probe);

	probe->client = client;
	probe->kubelet = kubelet;
	probe->changed = changed;
	probe->context = context;
	probe->again = loop_timer_new(loop, probe_ask, probe);
	probe_ask(probe);
	return probe;
}

void node_probe_free(struct node_probe *probe)
{
	if (probe == NULL)
		return;
	node_kubelet_call_free(probe->call);
	loop_source_free(probe->again);
	free(probe->message);
	free(probe);
}

void node_probe_soon(struct node_probe *probe)
{
	if (probe != NULL)
		loop_timer_set(probe->again, NODE_PROBE_FAILED_MS);
}

struct api_condition node_probe_condition(const struct node_probe *probe)
{
	bool is_ready;

	if (probe == NULL || probe->reason == NULL)
		return (struct api_condition){0};
	is_ready = str_is(str_of(probe->reason), API_REASON_KUBELET_ANSWERS);
	return (struct api_condition){
		.type = STR(API_CONDITION_KUBELET_READY),
		.status = is_ready ? STR("True") : STR("False"),
		.reason = str_of(probe->reason),
		.message = str_of(probe->message),
	};
}
