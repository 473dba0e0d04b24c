/*
 * An annotation on a Deployment, StatefulSet or DaemonSet becomes a CheckpointSchedule that the
 * workload owns; it follows the annotation and goes with it. Only the fields that come from the
 * workload are applied, so that a user may set the others (retention, restore, suspend).
 */
#include "control/state.h"

#include "api/names.h"
#include "schedule/cron.h"

/* A Deployment's schedule has its name, as the seed's has; the others say their kind. */
static const char *const control_schedule_suffixes[CONTROL_WORKLOAD_KINDS] = {
	[CONTROL_DEPLOYMENT] = "",
	[CONTROL_STATEFULSET] = "-statefulset",
	[CONTROL_DAEMONSET] = "-daemonset",
};

struct str control_schedule_name(
	struct arena *arena, enum control_workload_kind kind, struct str workload)
{
	return arena_printf(arena, "%.*s%s", STR_ARG(workload), control_schedule_suffixes[kind]);
}

bool control_workload_of_name(
	enum control_workload_kind kind, struct str schedule, struct str *ret_workload)
{
	struct str suffix = str_of(control_schedule_suffixes[kind]);

	if (!str_ends_with(schedule, suffix))
		return false;
	*ret_workload = (struct str){schedule.data, schedule.size - suffix.size};
	return true;
}

static bool control_is_owned_by(
	const struct api_schedule *schedule, const struct api_metadata *workload, const char *kind)
{
	const struct api_owner *owner = api_metadata_controller(&schedule->metadata);

	return owner != NULL && str_is(owner->kind, kind) && str_equal(owner->uid, workload->uid);
}

static void control_write_selector(struct json_writer *writer, const struct api_selector *selector)
{
	json_key(writer, STR("selector"));
	json_encode(writer, &api_selector_object, selector);
}

static bool control_same_selector(const struct api_selector *a, const struct api_selector *b)
{
	autobuf a_text = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf b_text = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer a_writer = json_writer(&a_text);
	struct json_writer b_writer = json_writer(&b_text);

	if (a == NULL || b == NULL)
		return a == b;
	json_encode(&a_writer, &api_selector_object, a);
	json_encode(&b_writer, &api_selector_object, b);
	return str_equal(buf_str(&a_text), buf_str(&b_text));
}

static bool control_same_strings(const struct json_strings *a, const struct json_strings *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++)
		if (!str_equal(a->items[i], b->items[i]))
			return false;
	return true;
}

/* What the workload asks of its schedule. */
struct control_wish {
	struct str schedule;
	struct str time_zone;
	struct json_strings containers;
	const struct api_selector *selector;
};

static bool control_is_granted(const struct api_schedule *schedule, const struct control_wish *wish)
{
	return str_equal(schedule->spec.schedule, wish->schedule) &&
		str_equal(schedule->spec.time_zone, wish->time_zone) &&
		control_same_strings(&schedule->spec.containers, &wish->containers) &&
		control_same_selector(schedule->spec.selector, wish->selector);
}

static int control_check_wish(
	struct control *control, const struct control_wish *wish, struct error *err)
{
	const struct schedule_zone *zone;
	struct schedule_cron cron;

	if (schedule_cron_parse(wish->schedule, &cron, err) < 0)
		return error_wrap(err, "annotation %s", API_ANNOTATION_SCHEDULE);
	if (control_zones_get(control->zones, wish->time_zone, &zone, err) < 0)
		return error_wrap(err, "annotation %s", API_ANNOTATION_TIME_ZONE);
	return 0;
}

static void control_write_owner(
	struct json_writer *writer, const struct api_metadata *workload, const char *kind)
{
	json_set_array(writer, "ownerReferences");
	json_begin_object(writer);
	json_set_text(writer, "apiVersion", "apps/v1");
	json_set_text(writer, "kind", kind);
	json_set_str(writer, "name", workload->name);
	json_set_str(writer, "uid", workload->uid);
	json_set_bool(writer, "controller", true);
	json_set_bool(writer, "blockOwnerDeletion", true);
	json_end_object(writer);
	json_end_array(writer);
}

static struct str control_schedule_body(struct arena *arena, struct str name,
	const struct api_metadata *workload, const char *kind, const struct control_wish *wish)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	json_begin_object(&writer);
	json_set_text(&writer, "apiVersion", API_GROUP_VERSION);
	json_set_text(&writer, "kind", control_schedule_resource.kind);
	json_set_object(&writer, "metadata");
	json_set_str(&writer, "name", name);
	json_set_str(&writer, "namespace", workload->namespace);
	control_write_owner(&writer, workload, kind);
	json_end_object(&writer);
	json_set_object(&writer, "spec");
	json_set_str(&writer, "schedule", wish->schedule);
	control_write_selector(&writer, wish->selector);
	if (wish->time_zone.size > 0)
		json_set_str(&writer, "timeZone", wish->time_zone);
	if (wish->containers.count > 0) {
		json_set_array(&writer, "containers");
		for (size_t i = 0; i < wish->containers.count; i++)
			json_add_str(&writer, wish->containers.items[i]);
		json_end_array(&writer);
	}
	json_end_object(&writer);
	json_end_object(&writer);
	return arena_str(arena, buf_str(&body));
}

static void control_grant(struct kube_plan *plan, struct str name,
	const struct api_metadata *workload, const char *kind, const struct control_wish *wish)
{
	kube_plan_apply(plan, &control_schedule_resource, workload->namespace, name, "",
		control_schedule_body(plan->arena, name, workload, kind, wish),
		CONTROL_FIELD_MANAGER);
}

static void control_decide_existing_workload(struct control *control,
	enum control_workload_kind kind, const struct api_workload *workload,
	struct kube_plan *plan)
{
	const struct api_metadata *metadata = &workload->metadata;
	const char *kind_name = control_workload_resources[kind].kind;
	struct str name = control_schedule_name(plan->arena, kind, metadata->name);
	const struct api_schedule *schedule =
		control_schedule(control, metadata->namespace, name, plan->arena);
	struct error err;
	bool is_ours = schedule != NULL && control_is_owned_by(schedule, metadata, kind_name);
	struct control_wish wish = {
		.schedule = str_trim(metadata->annotations.schedule),
		.time_zone = metadata->annotations.time_zone,
		.containers = api_split_names(plan->arena, metadata->annotations.containers),
		.selector = workload->spec.selector,
	};

	if (wish.schedule.size == 0 || wall_time_is_set(metadata->deleted)) {
		if (is_ours && !wall_time_is_set(schedule->metadata.deleted))
			control_plan_delete(plan, &control_schedule_resource, &schedule->metadata);
		return;
	}
	if (schedule != NULL && !is_ours) {
		control_plan_event(control, plan, "apps/v1", kind_name, metadata, true,
			"ScheduleNameTaken",
			arena_printf(plan->arena,
				"CheckpointSchedule %.*s exists and belongs to somebody else; "
				"delete or rename it to have one made from the annotation",
				STR_ARG(name)));
		return;
	}
	if (control_check_wish(control, &wish, &err) < 0) {
		control_plan_event(control, plan, "apps/v1", kind_name, metadata, true,
			"InvalidSchedule", str_of(err.text));
		return;
	}
	if (schedule == NULL || !control_is_granted(schedule, &wish))
		control_grant(plan, name, metadata, kind_name, &wish);
}

void control_decide_workload(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct kube_object *object;
	struct str kind;
	struct str object_key;

	(void)str_cut(key, '/', &kind, &object_key);
	for (size_t i = 0; i < CONTROL_WORKLOAD_KINDS; i++) {
		if (!str_is(kind, control_workload_resources[i].kind))
			continue;
		object = kube_informer_get(control->workloads[i], object_key);
		/* The schedule of one that is gone is the garbage collector's. */
		if (object != NULL)
			control_decide_existing_workload(control, (enum control_workload_kind)i,
				kube_object_read(object, &api_workload_object, plan->arena), plan);
	}
}
