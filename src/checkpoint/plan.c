/* A due schedule and the Pods of its namespace to requests and reasons. */
#include "checkpoint/plan.h"

#include "api/names.h"

static const char *checkpoint_pod_obstacle(const struct api_pod *pod)
{
	if (wall_time_is_set(pod->metadata.deleted))
		return "the Pod is terminating";
	if (str_is(pod->status.phase, "Succeeded") || str_is(pod->status.phase, "Failed"))
		return "the Pod has ended";
	if (pod->spec.node_name.size == 0)
		return "the Pod is not assigned to a node yet";
	return NULL;
}

const char *checkpoint_obstacle(const struct api_pod *pod, struct str container)
{
	const char *obstacle = checkpoint_pod_obstacle(pod);
	const struct api_container_status *status;

	if (obstacle != NULL)
		return obstacle;
	if (api_pod_container(pod, container) == NULL)
		return "the Pod has no such container";
	status = api_pod_container_status(pod, container);
	if (status != NULL && status->state.waiting != NULL &&
		str_is(status->state.waiting->reason, "PodInitializing"))
		return "the Pod's init containers have not ended";
	if (status == NULL || status->state.running == NULL)
		return "the container is not running";
	return NULL;
}

static bool checkpoint_is_chosen(const struct api_schedule *schedule, struct str container)
{
	const struct json_strings *chosen = &schedule->spec.containers;

	for (size_t i = 0; i < chosen->count; i++)
		if (str_equal(chosen->items[i], container))
			return true;
	return chosen->count == 0;
}

static void checkpoint_plan_skip_one(struct checkpoint_plan *plan, const struct api_pod *pod,
	struct str container, const char *why)
{
	plan->skips[plan->skip_count++] = (struct checkpoint_plan_skip){pod, container, why};
}

/* How many containers of the Pod the schedule means. */
static size_t checkpoint_chosen_count(
	const struct api_schedule *schedule, const struct api_pod *pod)
{
	const struct api_container *containers = pod->spec.containers.items;
	size_t count = 0;

	for (size_t i = 0; i < pod->spec.containers.count; i++)
		count += checkpoint_is_chosen(schedule, containers[i].name) ? 1 : 0;
	return count;
}

static void checkpoint_plan_container(struct checkpoint_plan *plan,
	const struct api_schedule *schedule, const struct api_pod *pod, struct str container,
	bool is_only_one, struct wall_time due, struct arena *arena)
{
	const struct api_container_status *status = api_pod_container_status(pod, container);
	const char *obstacle = checkpoint_obstacle(pod, container);

	if (obstacle == NULL && !status->ready)
		obstacle = "the container is not Ready";
	if (obstacle != NULL) {
		checkpoint_plan_skip_one(plan, pod, container, obstacle);
		return;
	}
	plan->requests[plan->request_count++] = (struct checkpoint_plan_request){
		.name = api_request_name(arena, schedule->metadata.name, pod->metadata.name,
			is_only_one ? (struct str){0} : container, wall_time_seconds(due)),
		.pod = pod,
		.container = container,
	};
}

static void checkpoint_plan_pod(struct checkpoint_plan *plan, const struct api_schedule *schedule,
	const struct api_pod *pod, struct wall_time due, struct arena *arena)
{
	const struct api_container *containers = pod->spec.containers.items;
	const char *obstacle = checkpoint_pod_obstacle(pod);
	size_t chosen = checkpoint_chosen_count(schedule, pod);

	if (obstacle == NULL && chosen == 0)
		obstacle = "the Pod has none of the chosen containers";
	if (obstacle != NULL) {
		checkpoint_plan_skip_one(plan, pod, (struct str){0}, obstacle);
		return;
	}
	for (size_t i = 0; i < pod->spec.containers.count; i++)
		if (checkpoint_is_chosen(schedule, containers[i].name))
			checkpoint_plan_container(
				plan, schedule, pod, containers[i].name, chosen == 1, due, arena);
}

/* Whether one of the schedule's Pods, of which there is one at least, has this container. */
static bool checkpoint_is_known(const struct api_schedule *schedule,
	const struct api_pod *const *pods, size_t count, struct str container)
{
	bool has_pods = false;

	for (size_t i = 0; i < count; i++) {
		if (!api_selector_matches(schedule->spec.selector, &pods[i]->metadata.labels))
			continue;
		if (api_pod_container(pods[i], container) != NULL)
			return true;
		has_pods = true;
	}
	return !has_pods;
}

/* A chosen container that no Pod has: a name that was misspelt would be missed by nobody else. */
static void checkpoint_plan_unknown(struct checkpoint_plan *plan,
	const struct api_schedule *schedule, const struct api_pod *const *pods, size_t count)
{
	const struct json_strings *chosen = &schedule->spec.containers;

	for (size_t i = 0; i < chosen->count; i++)
		if (!checkpoint_is_known(schedule, pods, count, chosen->items[i]))
			checkpoint_plan_skip_one(
				plan, NULL, chosen->items[i], "no Pod has such a container");
}

struct checkpoint_plan checkpoint_plan(const struct api_schedule *schedule,
	const struct api_pod *const *pods, size_t count, struct wall_time due, struct arena *arena)
{
	struct checkpoint_plan plan = {0};
	size_t most = schedule->spec.containers.count;

	for (size_t i = 0; i < count; i++)
		most += pods[i]->spec.containers.count + 1;
	plan.requests = arena_zeroed(arena, most, sizeof(*plan.requests));
	plan.skips = arena_zeroed(arena, most, sizeof(*plan.skips));
	for (size_t i = 0; i < count; i++)
		if (api_selector_matches(schedule->spec.selector, &pods[i]->metadata.labels))
			checkpoint_plan_pod(&plan, schedule, pods[i], due, arena);
	checkpoint_plan_unknown(&plan, schedule, pods, count);
	return plan;
}
