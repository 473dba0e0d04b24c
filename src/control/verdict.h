/* Judging Checkpoints and keeping the controller's part of their status. Internal to the room. */
#ifndef CONTROL_VERDICT_H
#define CONTROL_VERDICT_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "restore/rule.h"

/* `pod` may be NULL. `own` is the controller's part of the status, newer than the object's. */
enum restore_verdict control_verdict(const struct api_checkpoint *checkpoint,
	const struct api_checkpoint_status *own, const struct api_pod *pod,
	const struct restore_terms *terms, struct arena *arena);

/*
 * The Checkpoint with only those status fields that are the controller's; the agent owns the
 * others, among them the counts of restores by kcr-runtime. Borrows from `checkpoint`.
 */
struct api_checkpoint control_own_status(
	const struct api_checkpoint *checkpoint, struct arena *arena);

#endif
