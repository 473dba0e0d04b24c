/* What of one container matters: its devices and mounts, and what became of its checkpoints. */
#include <inttypes.h>

#include "checkpoint/plan.h"
#include "cli/doctor.h"

static struct cli_doctor_finding container_say_nothing(void)
{
	return (struct cli_doctor_finding){0};
}

static struct cli_doctor_finding container_well(const char *words)
{
	return cli_doctor_say(CLI_DOCTOR_WELL, str_of(words), STR(""));
}

static bool container_is_gpu(struct str resource)
{
	return str_is(resource, "nvidia.com/gpu") ||
		str_starts_with(resource, STR("nvidia.com/mig")) ||
		str_is(resource, "amd.com/gpu") || str_starts_with(resource, STR("gpu.intel.com/"));
}

/* kubernetes.io, "Extended resources": their names have a domain that is not Kubernetes's. */
static bool container_is_device(struct str resource)
{
	return str_contains(resource, STR("/")) && !str_contains(resource, STR("kubernetes.io/"));
}

static struct cli_doctor_finding container_devices(const struct cli_doctor_view *view)
{
	const struct cli_container_resources *resources = &view->container->resources;
	struct arena *arena = view->facts->arena;
	struct str device = {0};

	for (size_t i = 0; i < resources->limits.count; i++) {
		struct str name = resources->limits.items[i].key;
		if (container_is_gpu(name))
			return cli_doctor_say(CLI_DOCTOR_CANNOT,
				arena_printf(arena,
					"it has a GPU (%.*s): CRIU restores it only with its "
					"maker's plugin, which KCR does not use",
					STR_ARG(name)),
				STR(""));
		if (container_is_device(name))
			device = name;
	}
	if (device.size == 0 && resources->claims.count > 0)
		device = ((const struct cli_named *)resources->claims.items)->name;
	if (device.size == 0 && view->container->devices.count > 0)
		device = ((const struct cli_named *)view->container->devices.items)->name;
	if (device.size > 0)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(arena,
				"it has a device (%.*s): while a process has it open a checkpoint "
				"may fail, and the device's state is not in it",
				STR_ARG(device)),
			STR(""));
	return container_well("no devices");
}

static struct cli_doctor_finding container_mounts(const struct cli_doctor_view *view)
{
	const struct cli_volume_mount *mounts = view->container->mounts.items;

	for (size_t i = 0; i < view->container->mounts.count; i++)
		if (str_is(mounts[i].propagation, "Bidirectional"))
			return cli_doctor_say(CLI_DOCTOR_NOTE,
				arena_printf(view->facts->arena,
					"mounts that it makes at %.*s (mountPropagation "
					"Bidirectional) may make its checkpoints fail",
					STR_ARG(mounts[i].path)),
				STR(""));
	return container_well("it makes no mounts");
}

static struct cli_doctor_finding container_state(const struct cli_doctor_view *view)
{
	const struct api_pod *pod = &view->pod->pod;
	const char *obstacle = checkpoint_obstacle(pod, view->container->name);

	if (obstacle != NULL)
		return cli_doctor_say(CLI_DOCTOR_CANNOT, str_of(obstacle),
			arena_printf(view->facts->arena, "kubectl -n %.*s describe pod/%.*s",
				STR_ARG(view->namespace), STR_ARG(pod->metadata.name)));
	if (!api_pod_container_status(pod, view->container->name)->ready)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			STR("it is not Ready: schedules leave it out, and a checkpoint taken now "
			    "is not restored"),
			STR(""));
	return container_well("it runs and is Ready");
}

static bool container_is_of(
	const struct cli_doctor_view *view, const struct api_checkpoint *checkpoint)
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;

	return spec->pod != NULL && str_equal(spec->pod->name, view->pod->pod.metadata.name) &&
		str_equal(checkpoint->metadata.namespace, view->namespace) &&
		str_equal(spec->container_name, view->container->name);
}

/* The newest Checkpoint of the container; NULL: none. */
static const struct api_checkpoint *container_newest_checkpoint(const struct cli_doctor_view *view)
{
	size_t count;
	const struct api_checkpoint *all = cli_checkpoints(&view->facts->gathered, &count);
	const struct api_checkpoint *newest = NULL;

	for (size_t i = 0; i < count; i++) {
		if (container_is_of(view, &all[i]) &&
			(newest == NULL || all[i].spec.timestamp.us > newest->spec.timestamp.us))
			newest = &all[i];
	}
	return newest;
}

/* The newest request for the container; NULL: none. */
static const struct api_request *container_newest_request(const struct cli_doctor_view *view)
{
	size_t count;
	const struct api_request *all = cli_requests(&view->facts->gathered, &count);
	const struct api_request *newest = NULL;

	for (size_t i = 0; i < count; i++)
		if (str_equal(all[i].spec.pod.name, view->pod->pod.metadata.name) &&
			str_equal(all[i].metadata.namespace, view->namespace) &&
			str_equal(all[i].spec.container_name, view->container->name) &&
			(newest == NULL ||
				all[i].metadata.created.us > newest->metadata.created.us))
			newest = &all[i];
	return newest;
}

static struct str container_retry(const struct cli_doctor_view *view)
{
	return arena_printf(view->facts->arena,
		"kubectl kcr checkpoint pod/%.*s -n %.*s -c %.*s --wait",
		STR_ARG(view->pod->pod.metadata.name), STR_ARG(view->namespace),
		STR_ARG(view->container->name));
}

static struct cli_doctor_finding container_request(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_REQUESTS];
	const struct api_request *request = container_newest_request(view);
	struct arena *arena = view->facts->arena;
	int64_t age;

	if (list->is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list CheckpointRequests here; the ClusterRole view lets "
			    "you"),
			STR(""));
	if (request == NULL)
		return container_say_nothing();
	if (api_request_phase(request) == API_REQUEST_FAILED)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena, "the last checkpoint failed: %.*s",
				STR_ARG(request->status.message)),
			container_retry(view));
	age = wall_time_seconds(view->facts->now) - wall_time_seconds(request->metadata.created);
	if (!api_request_is_finished(request) && age > request->spec.timeout_seconds)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena,
				"request %.*s waits since %" PRIi64 " s, longer than its timeout: "
				"neither controller nor agent takes it up",
				STR_ARG(request->metadata.name), age),
			STR("kubectl kcr doctor --nodes"));
	return container_well("the last checkpoint was taken");
}

/* The way back: the newest restorable one, and if there is none why. */
static struct cli_doctor_finding container_checkpoints(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_CHECKPOINTS];
	const struct api_checkpoint *newest = container_newest_checkpoint(view);
	const struct api_condition *condition;
	size_t count;
	const struct api_checkpoint *all = cli_checkpoints(&view->facts->gathered, &count);
	struct arena *arena = view->facts->arena;

	if (list->is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list Checkpoints here; the ClusterRole view lets you"),
			STR(""));
	if (newest == NULL)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			STR("it has no checkpoint yet: it would start cold now"),
			container_retry(view));
	for (size_t i = 0; i < count; i++)
		if (container_is_of(view, &all[i]) &&
			api_condition_is_true(&all[i].status.conditions, API_CONDITION_RESTORABLE))
			return container_well("it would come back from a checkpoint");
	condition = api_condition_find(&newest->status.conditions, API_CONDITION_RESTORABLE);
	if (condition == NULL || str_is(condition->reason, "NotStable") ||
		str_is(condition->reason, "NotBuilt"))
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(arena, "its newest checkpoint cannot be restored yet%s%.*s",
				condition != NULL ? ": " : "",
				STR_ARG(condition != NULL ? condition->message : STR(""))),
			STR(""));
	return cli_doctor_say(CLI_DOCTOR_CANNOT,
		arena_printf(arena, "no checkpoint can be restored; the newest: %.*s",
			STR_ARG(condition->message)),
		container_retry(view));
}

/* Whether the next checkpoint, as large as the last one, has room. */
static struct cli_doctor_finding container_room(const struct cli_doctor_view *view)
{
	const struct api_checkpoint *newest = container_newest_checkpoint(view);
	const struct api_node_store *store;
	struct arena *arena = view->facts->arena;
	int64_t room;

	if (newest == NULL || newest->status.size_bytes == 0 || view->description == NULL)
		return container_say_nothing();
	store = &view->description->status.store;
	room = store->free_bytes;
	if (store->max_bytes > 0 && store->max_bytes - store->used_bytes < room)
		room = store->max_bytes - store->used_bytes;
	if (room < newest->status.size_bytes)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena,
				"its last checkpoint took %.*s, node %.*s has room for %.*s",
				STR_ARG(cli_bytes_text(arena, newest->status.size_bytes)),
				STR_ARG(view->node),
				STR_ARG(cli_bytes_text(arena, room > 0 ? room : 0))),
			arena_printf(arena, "kubectl kcr prune %.*s -n %.*s --keep=1 --dry-run",
				STR_ARG(view->workload), STR_ARG(view->namespace)));
	return container_well("there is room for the next checkpoint");
}

const struct cli_doctor_check cli_doctor_container_checks[] = {
	{"state", CLI_DOCTOR_TAKES, container_state},
	{"devices", CLI_DOCTOR_BOTH, container_devices},
	{"mounts", CLI_DOCTOR_TAKES, container_mounts},
	{"last-request", CLI_DOCTOR_TAKES, container_request},
	{"room", CLI_DOCTOR_TAKES, container_room},
	{"checkpoints", CLI_DOCTOR_RESTORES, container_checkpoints},
	{NULL, 0, NULL},
};
