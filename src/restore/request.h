/*
 * What a RestoreRequest needs next, decided by the agent of its node from what is known and the
 * time, without any effect. What will be done is written into the request's status before it is
 * done, and names the one container that may be ended; so an agent that starts anew goes on, and no
 * container is ended twice.
 */
#ifndef RESTORE_REQUEST_H
#define RESTORE_REQUEST_H

#include <stdbool.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/time.h"
#include "restore/rule.h"

enum restore_request_step {
	RESTORE_REQUEST_WAIT,
	RESTORE_REQUEST_BEGIN, /* write Restoring, `checkpoint` and the Pod's container */
	RESTORE_REQUEST_PLAN, /* plan the first start of the Pod, then write Planned */
	RESTORE_REQUEST_END, /* end status.endedContainerID, restore `checkpoint` in its place */
	RESTORE_REQUEST_COMPLETE,
	RESTORE_REQUEST_FAIL, /* with `reason` and `message` */
};

/* What kcr-runtime did when the container behind the ended one was created. */
struct restore_request_outcome {
	struct str container_id; /* as in the Pod's status, but plain: without "containerd://" */
	struct str checkpoint_uid; /* empty: none */
	bool is_restored;
	bool has_ended; /* it was restored, and runs no more */
	struct str reason; /* why not; CamelCase */
	struct str message;
};

/* All is borrowed for the call. */
struct restore_request_view {
	const struct api_restore_request *request;
	/*
	 * Its Pod on this node and the container, with the Checkpoints that kcr-runtime took and
	 * that are here. `restore.pod` is NULL when the node runs no such Pod, `restore.container`
	 * when the Pod has none such; then there are no Checkpoints. Of a Pod that waits for its
	 * first start the node knows no more than its name and uid, but that is there.
	 */
	struct restore_view restore;
	const struct api_checkpoint *named; /* by the spec, on this node; NULL: not here */
	bool is_under_runtime; /* kcr-runtime runs the container */
	bool is_behind; /* another request for the container is to be finished first */
	const struct restore_request_outcome *outcome; /* NULL: none is known */
};

struct restore_request_next {
	enum restore_request_step step;
	const struct api_checkpoint *checkpoint; /* BEGIN, END */
	struct str reason; /* static, or the outcome's */
	struct str message; /* static or from `arena`; also of a WAIT, empty: nothing is said */
	int64_t wake_ms; /* decide again after so long even if nothing changes; 0: no need */
};

/* Never fails. */
struct restore_request_next restore_request_decide(
	const struct restore_request_view *view, struct wall_time now, struct arena *arena);

/* When its time is over: its start (or creation, before it began) plus its timeout. */
struct wall_time restore_request_deadline(const struct api_restore_request *request);

#endif
