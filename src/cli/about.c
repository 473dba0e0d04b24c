/* From an object to its Pod, and from there to the workload. */
#include "cli/about.h"

#include <assert.h>

static_assert(offsetof(struct api_checkpoint, metadata) == 0, "about_find() needs it there");
static_assert(offsetof(struct api_request, metadata) == 0, "and there");
static_assert(offsetof(struct api_restore_request, metadata) == 0, "and there");
static_assert(offsetof(struct api_schedule, metadata) == 0, "and there");

/* The struct of that name, `size` bytes each; NULL: it is not there. */
static const void *about_find(
	const struct cli_objects *objects, size_t size, struct str namespace, struct str name)
{
	for (size_t i = 0; i < objects->count; i++) {
		const void *item = (const char *)objects->items + i * size;
		const struct api_metadata *metadata = item;
		if (str_equal(metadata->name, name) && str_equal(metadata->namespace, namespace))
			return item;
	}
	return NULL;
}

/* Whether `part` stands in the name, between dashes or its ends. */
static bool about_has_part(struct str name, struct str part)
{
	for (size_t i = 0; i + part.size <= name.size; i++) {
		bool begins = i == 0 || name.data[i - 1] == '-';
		size_t end = i + part.size;
		if (begins && (end == name.size || name.data[end] == '-') &&
			str_starts_with(str_from(name, i), part))
			return true;
	}
	return false;
}

/* The known Pod that stands in the name: the longest, for "web-0" stands in "my-web-0", too. */
static struct str about_pod_in_name(
	const struct cli_gathered *gathered, struct str namespace, struct str name)
{
	struct str found = {0};
	size_t count;
	const struct api_pod *pods = cli_pods(gathered, &count);
	size_t checkpoint_count;
	const struct api_checkpoint *checkpoints = cli_checkpoints(gathered, &checkpoint_count);

	for (size_t i = 0; i < count; i++)
		if (pods[i].metadata.name.size > found.size &&
			str_equal(pods[i].metadata.namespace, namespace) &&
			about_has_part(name, pods[i].metadata.name))
			found = pods[i].metadata.name;
	for (size_t i = 0; i < checkpoint_count; i++)
		if (checkpoints[i].spec.pod != NULL &&
			checkpoints[i].spec.pod->name.size > found.size &&
			str_equal(checkpoints[i].metadata.namespace, namespace) &&
			about_has_part(name, checkpoints[i].spec.pod->name))
			found = checkpoints[i].spec.pod->name;
	return found;
}

/* The Pod that the object is, or is about; empty: none is known. */
static struct str about_pod(const struct cli_gathered *gathered, const struct api_reference *object,
	struct str namespace)
{
	const struct cli_objects *parts = gathered->parts;
	const struct api_checkpoint *checkpoint = NULL;
	const struct api_request *request = NULL;
	const struct api_restore_request *restore = NULL;

	if (str_is(object->kind, cli_pod_kind.resource.kind))
		return object->name;
	if (str_is(object->kind, cli_checkpoint_kind.resource.kind))
		checkpoint = about_find(&parts[CLI_GATHER_CHECKPOINTS], sizeof(*checkpoint),
			namespace, object->name);
	if (str_is(object->kind, cli_request_kind.resource.kind))
		request = about_find(
			&parts[CLI_GATHER_REQUESTS], sizeof(*request), namespace, object->name);
	if (str_is(object->kind, cli_restore_request_kind.resource.kind))
		restore = about_find(
			&parts[CLI_GATHER_RESTORES], sizeof(*restore), namespace, object->name);
	if (checkpoint != NULL && checkpoint->spec.pod != NULL)
		return checkpoint->spec.pod->name;
	if (request != NULL)
		return request->spec.pod.name;
	if (restore != NULL)
		return restore->spec.pod.name;
	return about_pod_in_name(gathered, namespace, object->name);
}

bool cli_is_about(const struct cli_gathered *gathered, const struct api_reference *object,
	struct str namespace, const struct cli_target *target)
{
	struct cli_owner owner = {0};
	struct str pod = {0};
	const struct api_schedule *schedule = NULL;

	if (str_is(object->kind, target->kind->resource.kind))
		return str_equal(object->name, target->name);
	if (!target->kind->is_workload && target->kind != &cli_pod_kind)
		return false;
	if (str_is(object->kind, cli_schedule_kind.resource.kind)) {
		schedule = about_find(&gathered->parts[CLI_GATHER_SCHEDULES], sizeof(*schedule),
			namespace, object->name);
		if (schedule != NULL)
			owner = cli_schedule_owner(gathered, schedule);
	} else {
		pod = about_pod(gathered, object, namespace);
		owner = cli_pod_name_owner(gathered, namespace, pod);
	}
	if (target->kind == &cli_pod_kind)
		return str_equal(pod, target->name);
	return str_is(owner.kind, target->kind->resource.kind) &&
		str_equal(owner.name, target->name);
}
