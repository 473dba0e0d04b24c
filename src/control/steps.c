/* The small steps that several decisions have in common. */
#include "control/state.h"

#include "restore/rule.h"
#include "sys/clock.h"

void control_restore_terms(const struct control *control, const struct api_checkpoint *checkpoint,
	struct restore_terms *ret_terms, int64_t *ret_stable_seconds)
{
	const struct api_reference *reference = checkpoint->spec.schedule_ref;
	const struct api_schedule *schedule = NULL;
	struct api_schedule defaults;
	int64_t max_age_us = 0;

	if (reference != NULL)
		schedule =
			control_schedule(control, checkpoint->metadata.namespace, reference->name);
	if (schedule == NULL) {
		api_init(&api_schedule_kind, &defaults);
		schedule = &defaults;
	}
	if (!time_parse_duration(schedule->spec.retention.max_age, &max_age_us))
		max_age_us = 0; /* the API server has refused what is no duration */
	*ret_terms = (struct restore_terms){
		.policy = api_schedule_restore_policy(schedule),
		.retry_window_seconds = schedule->spec.restore.retry_window_seconds,
		.max_age_seconds = max_age_us / TIME_SECOND_US,
	};
	*ret_stable_seconds = schedule->spec.restore.stable_seconds;
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

int64_t control_ms_until(struct wall_time when)
{
	int64_t ms = (when.us - clock_wall().us + 999) / 1000;

	return ms > 0 ? ms : 1;
}
