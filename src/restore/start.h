/*
 * What a RestoreRequest for the first start of a Pod needs of the controller, which sees Pods that
 * are on no node yet. Such a Pod waits behind API_GATE_RESTORE, so no plan of its node's agent can
 * come too late; the gate is taken away once the request says that there is one. The agent's part
 * is in request.h.
 */
#ifndef RESTORE_START_H
#define RESTORE_START_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/time.h"
#include "restore/rule.h"

enum restore_start_step {
	RESTORE_START_WAIT,
	RESTORE_START_MARK, /* write FirstStart and the Pod's uid into the status */
	RESTORE_START_ASSIGN, /* then the Checkpoint's node into spec.nodeName */
	RESTORE_START_OPEN, /* take the gate away */
	RESTORE_START_FAIL, /* with `reason` and `message` */
};

/* All is borrowed for the call. */
struct restore_start_view {
	const struct api_restore_request *request;
	const struct api_pod *pod; /* of the name that the request has; NULL: there is none */
	const struct api_checkpoint *checkpoint; /* likewise */
	const struct api_checkpoint_node *node; /* the Checkpoint's; NULL: it is not known */
};

struct restore_start_next {
	enum restore_start_step step;
	struct str reason; /* static */
	struct str message; /* static, or borrowed from the view */
	int64_t wake_ms; /* decide again after so long even if nothing changes; 0: no need */
};

/* Whether the request is for a first start: it was found so, or its Pod waits now. */
bool restore_start_is_meant(const struct restore_start_view *view);

/* For a request that is neither finished nor too late, and is meant. Never fails. */
struct restore_start_next restore_start_decide(
	const struct restore_start_view *view, struct wall_time now);

#endif
