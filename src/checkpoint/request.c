/* The life of a request, as decisions of its two sides. */
#include "checkpoint/request.h"

#include "api/names.h"
#include "checkpoint/plan.h"

enum {
	/* A Pod that a new request names may reach us a little later than the request. */
	CHECKPOINT_LATE_POD_MS = 5000,
	/* The controller gives the agent this much longer than the deadline to say so itself. */
	CHECKPOINT_AGENT_GRACE_MS = 15000,
	/* A node that has only just joined may get its agent yet. */
	CHECKPOINT_NO_AGENT_MS = 60000,
};

struct wall_time checkpoint_deadline(const struct api_request *request)
{
	struct wall_time start = wall_time_is_set(request->status.started)
		? request->status.started
		: request->metadata.created;

	return (struct wall_time){start.us + request->spec.timeout_seconds * TIME_SECOND_US};
}

static struct checkpoint_next checkpoint_fail(const char *reason, const char *message)
{
	return (struct checkpoint_next){
		.step = CHECKPOINT_STEP_FAIL, .reason = reason, .message = message};
}

/* Milliseconds until `when`, at least 1. */
static int64_t checkpoint_ms_until(struct wall_time when, struct wall_time now)
{
	int64_t ms = (when.us - now.us) / 1000;

	return ms > 0 ? ms : 1;
}

static struct checkpoint_next checkpoint_wait(struct wall_time until, struct wall_time now)
{
	return (struct checkpoint_next){.wake_ms = checkpoint_ms_until(until, now)};
}

static struct checkpoint_next checkpoint_assign(
	const struct api_request *request, const struct api_pod *pod, struct wall_time now)
{
	struct wall_time patience = {request->metadata.created.us + CHECKPOINT_LATE_POD_MS * 1000};

	if (pod == NULL && now.us < patience.us)
		return checkpoint_wait(patience, now);
	if (pod == NULL)
		return checkpoint_fail(
			"PodNotFound", "there is no Pod of this name in the namespace");
	if (wall_time_is_set(pod->metadata.deleted))
		return checkpoint_fail("PodTerminating", "the Pod is terminating");
	if (api_pod_container(pod, request->spec.container_name) == NULL)
		return checkpoint_fail(
			"ContainerNotFound", "the Pod has no container of this name");
	if (pod->spec.node_name.size == 0)
		return checkpoint_wait(checkpoint_deadline(request), now);
	return (struct checkpoint_next){
		.step = CHECKPOINT_STEP_ASSIGN, .node = pod->spec.node_name};
}

/* The request is on a node; nobody there may have seen it. */
static struct checkpoint_next checkpoint_follow(const struct api_request *request, bool has_agent,
	struct wall_time deadline, struct wall_time now)
{
	struct wall_time patience = {request->metadata.created.us + CHECKPOINT_NO_AGENT_MS * 1000};

	if (has_agent || api_request_phase(request) != API_REQUEST_PENDING ||
		patience.us >= deadline.us)
		return checkpoint_wait(deadline, now);
	if (now.us < patience.us)
		return checkpoint_wait(patience, now);
	return checkpoint_fail(
		"NoAgent", "the node of the Pod has no agent of KCR: it has no CheckpointNode");
}

struct checkpoint_next checkpoint_next_for_controller(const struct api_request *request,
	const struct api_pod *pod, bool has_agent, struct wall_time now)
{
	struct wall_time deadline = checkpoint_deadline(request);
	struct error ignored;

	if (api_request_is_finished(request) || wall_time_is_set(request->metadata.deleted))
		return (struct checkpoint_next){0};
	if (api_request_check(request, &ignored) < 0)
		return checkpoint_fail(
			"Forbidden", "the Pod must be in the namespace of the request");
	if (request->spec.node_name.size > 0)
		deadline.us += CHECKPOINT_AGENT_GRACE_MS * 1000;
	if (now.us >= deadline.us && request->spec.node_name.size > 0)
		return checkpoint_fail("Timeout",
			"the agent of the node did not complete it in time; is it running there?");
	if (now.us >= deadline.us)
		return checkpoint_fail("Timeout",
			pod == NULL ? "there was no such Pod within spec.timeoutSeconds"
				    : "the Pod was not assigned to a node within "
				      "spec.timeoutSeconds");
	if (request->spec.node_name.size == 0)
		return checkpoint_assign(request, pod, now);
	return checkpoint_follow(request, has_agent, deadline, now);
}

/* Why nothing was taken in time, if that can be seen now. */
static const char *checkpoint_timeout_message(
	const struct api_request *request, const struct api_pod *pod)
{
	const char *obstacle =
		pod != NULL ? checkpoint_obstacle(pod, request->spec.container_name) : NULL;

	return obstacle != NULL ? obstacle
				: "no checkpoint could be taken within spec.timeoutSeconds";
}

struct checkpoint_next checkpoint_next_for_agent(const struct api_request *request,
	const struct api_pod *pod, bool is_running, struct wall_time now)
{
	bool is_first = api_request_phase(request) == API_REQUEST_PENDING;
	struct wall_time patience = {request->metadata.created.us + CHECKPOINT_LATE_POD_MS * 1000};
	struct error ignored;

	if (api_request_is_finished(request) || wall_time_is_set(request->metadata.deleted) ||
		api_request_check(request, &ignored) < 0)
		return (struct checkpoint_next){0};
	if (is_running && now.us >= checkpoint_deadline(request).us)
		return checkpoint_fail("Timeout",
			"the kubelet did not answer within spec.timeoutSeconds; the container runs "
			"on when it has");
	if (now.us >= checkpoint_deadline(request).us)
		return checkpoint_fail("Timeout", checkpoint_timeout_message(request, pod));
	if (is_running)
		return checkpoint_wait(checkpoint_deadline(request), now);
	if (pod == NULL && is_first && now.us < patience.us)
		return checkpoint_wait(patience, now);
	if (pod == NULL)
		return checkpoint_fail("PodNotFound", "the Pod is gone from the node");
	if (api_pod_container(pod, request->spec.container_name) == NULL)
		return checkpoint_fail(
			"ContainerNotFound", "the Pod has no container of this name");
	if (checkpoint_obstacle(pod, request->spec.container_name) != NULL)
		return checkpoint_wait(checkpoint_deadline(request), now);
	return (struct checkpoint_next){.step = CHECKPOINT_STEP_TAKE};
}

bool checkpoint_may_try_again(struct str message, unsigned tries)
{
	static const char *const texts[] = {
		"unable to freeze", /* runc, cgroup v1: a process was being born */
		"Unseizable non-zombie", /* CRIU: a process in vfork(2) */
	};

	for (size_t i = 0; i < array_size(texts) && tries < CHECKPOINT_TRIES; i++)
		if (str_contains(message, str_of(texts[i])))
			return true;
	return false;
}
