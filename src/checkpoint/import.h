/*
 * What a CheckpointImport needs next, seen from the controller (end it when no agent does) and from
 * the agent of its node (open it, look at what has come). It ends in Completed or Failed whatever
 * happens to either side: both watch its times.
 */
#ifndef CHECKPOINT_IMPORT_H
#define CHECKPOINT_IMPORT_H

#include <stdbool.h>

#include "api/kinds.h"
#include "base/time.h"

enum checkpoint_import_step {
	CHECKPOINT_IMPORT_NONE,
	CHECKPOINT_IMPORT_OPEN, /* mark Open: the bytes may be brought */
	CHECKPOINT_IMPORT_CHECK, /* all has come: is it what was announced? */
	CHECKPOINT_IMPORT_COMPLETE, /* its Checkpoint is made: mark Completed */
	CHECKPOINT_IMPORT_FAIL, /* mark Failed, with `reason` and `message` */
};

/* Texts are static, or the view's. */
struct checkpoint_import_next {
	enum checkpoint_import_step step;
	const char *reason;
	const char *message;
	int64_t wake_ms; /* decide again after so long even if nothing changes; 0: no need */
};

/* `has_agent`: an agent has reported from its node, or nothing is known of that. */
struct checkpoint_import_next checkpoint_import_for_controller(
	const struct api_import *import, bool has_agent, struct wall_time now);

/* What its agent knows. */
struct checkpoint_import_view {
	const struct api_import *import;
	int64_t received_bytes; /* that lie there */
	bool is_made; /* into a Checkpoint, which may have taken them in already */
	bool has_relay; /* kcr-relay runs on the node */
	bool is_given_up; /* who has the secret said so */
	const char *failure; /* why the agent cannot go on with it, a reason; NULL: it can */
	const char *failure_message;
};

struct checkpoint_import_next checkpoint_import_for_agent(
	const struct checkpoint_import_view *view, struct wall_time now);

/* Whether bytes may be brought: it is open, or the agent would open it now. */
bool checkpoint_import_is_good(const struct checkpoint_import_view *view, struct wall_time now);

#endif
