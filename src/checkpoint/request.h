/*
 * What a CheckpointRequest needs next, seen from the controller (assign it to a node, give up after
 * its deadline) and from the node's agent (take it, take it again after a restart, give up). A
 * request ends in Completed or Failed whatever happens to either side: both watch the deadline.
 */
#ifndef CHECKPOINT_REQUEST_H
#define CHECKPOINT_REQUEST_H

#include <stdbool.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/time.h"

enum checkpoint_step {
	CHECKPOINT_STEP_NONE,
	CHECKPOINT_STEP_ASSIGN, /* set spec.nodeName to `node` */
	CHECKPOINT_STEP_TAKE, /* mark InProgress and ask the kubelet */
	CHECKPOINT_STEP_FAIL, /* with `reason` and `message` */
};

/* Slices are borrowed from what went in; texts are static. */
struct checkpoint_next {
	enum checkpoint_step step;
	struct str node;
	const char *reason;
	const char *message;
	int64_t wake_ms; /* decide again after so long even if nothing changes; 0: no need */
};

/*
 * `pod` is NULL when there is no Pod of that name. `has_agent`: an agent has reported from its
 * node, or nothing is known of that.
 */
struct checkpoint_next checkpoint_next_for_controller(const struct api_request *request,
	const struct api_pod *pod, bool has_agent, struct wall_time now);

/* `pod` is NULL when this node runs no such Pod; `is_running`: this agent is at it already. */
struct checkpoint_next checkpoint_next_for_agent(const struct api_request *request,
	const struct api_pod *pod, bool is_running, struct wall_time now);

enum {
	CHECKPOINT_TRIES = 6, /* each one freezes the container for a moment */
	CHECKPOINT_AGAIN_MS = 1000,
};

/*
 * Whether, after so many tries, one more is made CHECKPOINT_AGAIN_MS later: what the runtime or
 * CRIU said of the last one is of that moment only.
 */
bool checkpoint_may_try_again(struct str message, unsigned tries);

/* When the request's time is over: its start (or creation, before it began) plus its timeout. */
struct wall_time checkpoint_deadline(const struct api_request *request);

#endif
