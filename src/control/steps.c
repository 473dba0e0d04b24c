/* The small steps that several decisions have in common. */
#include "control/state.h"

#include "sys/clock.h"

struct restore_terms control_restore_terms(
	const struct control *control, const struct api_checkpoint *checkpoint)
{
	const struct api_reference *reference = checkpoint->spec.schedule_ref;
	autoarena *arena = arena_new(CONTROL_SCHEDULE_BYTES);

	if (reference == NULL)
		return restore_terms_of(NULL);
	return restore_terms_of(
		control_schedule(control, checkpoint->metadata.namespace, reference->name, arena));
}

void control_plan_status(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_kind *kind, const struct api_metadata *metadata, const void *object)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	api_encode_status(&writer, kind, object);
	kube_plan_apply(plan, resource, metadata->namespace, metadata->name, "status",
		buf_str(&body), CONTROL_FIELD_MANAGER);
}

void control_plan_node(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_metadata *metadata, struct str node)
{
	autobuf body = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct json_writer writer = json_writer(&body);

	json_begin_object(&writer);
	json_set_object(&writer, "metadata");
	json_set_str(&writer, "uid", metadata->uid);
	json_set_str(&writer, "resourceVersion", metadata->resource_version);
	json_end_object(&writer);
	json_set_object(&writer, "spec");
	json_set_str(&writer, "nodeName", node);
	json_end_object(&writer);
	json_end_object(&writer);
	kube_plan_add(plan,
		&(struct kube_request){
			.verb = KUBE_MERGE,
			.resource = resource,
			.namespace = arena_str(plan->arena, metadata->namespace),
			.name = arena_str(plan->arena, metadata->name),
			.body = arena_str(plan->arena, buf_str(&body)),
			.field_manager = STR(CONTROL_FIELD_MANAGER),
			.absent_is_fine = true,
		});
}

void control_plan_pod_patch(
	struct kube_plan *plan, const struct api_metadata *metadata, struct str body)
{
	kube_plan_add(plan,
		&(struct kube_request){
			.verb = KUBE_STRATEGIC_MERGE,
			.resource = &control_pod_resource,
			.namespace = arena_str(plan->arena, metadata->namespace),
			.name = arena_str(plan->arena, metadata->name),
			.body = arena_str(plan->arena, body),
			.field_manager = STR(CONTROL_FIELD_MANAGER),
			.absent_is_fine = true,
		});
}

void control_plan_delete(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_metadata *metadata)
{
	kube_plan_add(plan,
		&(struct kube_request){
			.verb = KUBE_DELETE,
			.resource = resource,
			.namespace = arena_str(plan->arena, metadata->namespace),
			.name = arena_str(plan->arena, metadata->name),
			.uid = arena_str(plan->arena, metadata->uid),
			.absent_is_fine = true,
			.propagation = KUBE_PROPAGATION_BACKGROUND,
		});
}

void control_plan_let_go(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_metadata *metadata, struct wall_time finished, int64_t ttl_seconds)
{
	struct wall_time end = {finished.us + ttl_seconds * TIME_SECOND_US};

	if (ttl_seconds == 0 || !wall_time_is_set(finished) || wall_time_is_set(metadata->deleted))
		return;
	if (end.us > clock_wall().us)
		kube_plan_wake(plan, control_ms_until(end));
	else
		control_plan_delete(plan, resource, metadata);
}

void control_plan_event(struct control *control, struct kube_plan *plan, const char *api_version,
	const char *kind, const struct api_metadata *metadata, bool is_warning, const char *reason,
	struct str note)
{
	kube_plan_event(plan, control->events,
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

struct str control_key(struct arena *arena, struct str namespace, struct str name)
{
	return arena_printf(arena, "%.*s/%.*s", STR_ARG(namespace), STR_ARG(name));
}

int64_t control_ms_until(struct wall_time when)
{
	int64_t ms = (when.us - clock_wall().us + 999) / 1000;

	return ms > 0 ? ms : 1;
}
