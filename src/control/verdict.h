/* Judging Checkpoints and keeping the controller's part of their status. Internal to the room. */
#ifndef CONTROL_VERDICT_H
#define CONTROL_VERDICT_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "restore/rule.h"

/*
 * The condition Restorable: what the restore rule says of the Checkpoint. `view` has the Pod, its
 * node and the terms, each as far as there is one; `own` is the controller's part of the status,
 * newer than the object's; `is_believed`: see restore_is_believed(). Texts are borrowed or from
 * `arena`.
 */
struct api_condition control_restorable(const struct api_checkpoint *checkpoint,
	const struct api_checkpoint_status *own, const struct restore_view *view, bool is_believed,
	struct arena *arena);

/*
 * The condition Ready: whether what was taken is complete and usable, and its node is known. Unlike
 * Restorable it says nothing of the container, so that it can be waited for. Texts are borrowed or
 * from `arena`.
 */
struct api_condition control_ready(
	const struct api_checkpoint *checkpoint, bool is_node_known, struct arena *arena);

/*
 * The Checkpoint with only those status fields that are the controller's; the agent owns the
 * others, among them the counts of restores by kcr-runtime. Borrows from `checkpoint`.
 */
struct api_checkpoint control_own_status(
	const struct api_checkpoint *checkpoint, struct arena *arena);

#endif
