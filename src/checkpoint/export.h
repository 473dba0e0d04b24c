/*
 * What a CheckpointExport needs next, seen from the controller (assign it to the node of its
 * Checkpoint, end it when nobody does) and from the agent of that node (open it, close it). It ends
 * in Closed or Failed whatever happens to either side: both watch its times.
 */
#ifndef CHECKPOINT_EXPORT_H
#define CHECKPOINT_EXPORT_H

#include <stdbool.h>

#include "api/kinds.h"
#include "base/time.h"

enum checkpoint_export_step {
	CHECKPOINT_EXPORT_NONE,
	CHECKPOINT_EXPORT_ASSIGN, /* set spec.nodeName to `node` */
	CHECKPOINT_EXPORT_OPEN, /* mark Open: the bytes may be fetched */
	CHECKPOINT_EXPORT_CLOSE, /* mark Closed, with `reason` and `message` */
	CHECKPOINT_EXPORT_FAIL, /* likewise Failed */
};

/* The slice is borrowed from what went in; texts are static. */
struct checkpoint_export_next {
	enum checkpoint_export_step step;
	struct str node;
	const char *reason;
	const char *message;
	int64_t wake_ms; /* decide again after so long even if nothing changes; 0: no need */
};

/*
 * `checkpoint` is NULL when there is none of that name. `has_agent`: an agent has reported from its
 * node, or nothing is known of that.
 */
struct checkpoint_export_next checkpoint_export_for_controller(const struct api_export *export,
	const struct api_checkpoint *checkpoint, bool has_agent, struct wall_time now);

/* What its agent knows. */
struct checkpoint_export_view {
	const struct api_export *export;
	const struct api_checkpoint *checkpoint; /* of its name, on this node; NULL: none */
	bool is_stored; /* the store has that Checkpoint */
	bool has_relay; /* kcr-relay runs on the node */
	bool is_finished; /* who has the secret said so */
};

struct checkpoint_export_next checkpoint_export_for_agent(
	const struct checkpoint_export_view *view, struct wall_time now);

/*
 * Whether bytes may be sent: it is open, or the agent would open it now. Its status may say so a
 * little later.
 */
bool checkpoint_export_is_good(const struct checkpoint_export_view *view, struct wall_time now);

#endif
