/* The two kinds of steps that the agent's plans are made of. */
#include "node/state.h"

void node_plan_status(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_kind *kind, const struct api_metadata *metadata, const void *object)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	api_encode_status(&writer, kind, object);
	kube_plan_apply(plan, resource, metadata->namespace, metadata->name, "status",
		buf_str(&body), NODE_FIELD_MANAGER);
}

static void node_plan_event_about(struct node *node, struct kube_plan *plan,
	const char *api_version, const char *kind, const struct api_metadata *metadata,
	bool is_warning, const char *reason, struct str note)
{
	kube_plan_event(plan, node->events,
		&(struct kube_event){
			.regarding =
				{
					.api_version = str_of(api_version),
					.kind = str_of(kind),
					.namespace = metadata->namespace,
					.name = metadata->name,
					.uid = metadata->uid,
				},
			.is_warning = is_warning,
			.reason = str_of(reason),
			.note = note,
		});
}

void node_plan_event(struct node *node, struct kube_plan *plan, const char *kind,
	const struct api_metadata *metadata, bool is_warning, const char *reason, struct str note)
{
	node_plan_event_about(
		node, plan, API_GROUP_VERSION, kind, metadata, is_warning, reason, note);
}

void node_plan_pod_event(struct node *node, struct kube_plan *plan,
	const struct api_metadata *metadata, bool is_warning, const char *reason, struct str note)
{
	node_plan_event_about(node, plan, "v1", "Pod", metadata, is_warning, reason, note);
}
