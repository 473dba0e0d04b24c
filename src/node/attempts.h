/*
 * What kcr-runtime's record of a container says to others: events for people, a count, and what
 * becomes known of the Checkpoints that it restored from. Pure.
 */
#ifndef NODE_ATTEMPTS_H
#define NODE_ATTEMPTS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/kinds.h"
#include "base/arena.h"
#include "handover/formats.h"

/*
 * Leaves out a last attempt that was announced only: it may be under way. It is told when another
 * one follows.
 */
void node_attempts_settle(struct handover_record *record);

/* The index of the first attempt behind that of container `told` (a plain ID); 0 when none is of
 * it, the count when nothing is new. */
size_t node_attempts_untold(const struct handover_record *record, struct str told);

/* Whether another container was made since that one ("containerd://<id>") ended. Made without a
 * plan it is not on record. */
bool node_attempts_made_since(
	const struct handover_record *record, struct str container_id, struct wall_time ended);

/* How an attempt is told. The words are the restore rule's where it has some for it. */
struct node_attempt_news {
	bool is_warning;
	const char *reason; /* of the event; static */
	struct str note; /* from the arena */
	const char *labels; /* of the metric; static */
};

/* `checkpoint`: the name of the one it was restored from. */
struct node_attempt_news node_attempt_news(const struct handover_attempt *attempt,
	struct str container, struct str checkpoint, struct arena *arena);

/* The labels that attempts are counted under, by index; NULL behind the last. Static. */
const char *node_attempt_labels(size_t index);

/* What the agent knows of one Checkpoint's container besides. */
struct node_attempts_view {
	const struct api_checkpoint *checkpoint;
	const struct handover_record *record;
	struct str container_id; /* of the Pod's container now, "containerd://<id>" */
	int64_t retry_window_seconds;
	bool is_ending; /* the Pod is: its containers are stopped, whatever they came from */
};

/*
 * Brings the agent's part of the status to what the record says: restores counted, the restored
 * container named, the condition Usable False when a file was damaged or a restore failed or did
 * not hold; what the node lacked for a moment (Cold) speaks against nothing. Returns whether
 * anything changed. Texts are from the view or `arena`.
 */
bool node_attempts_apply(const struct node_attempts_view *view, struct wall_time now,
	struct api_checkpoint_status *own, struct arena *arena);

#endif
