/*
 * From which Checkpoints kcr-runtime may restore a container: the restore rule applied to those
 * that kcr-runtime took and that this node has. Pure: no file, clock or log. Records of restores by
 * image play no part; what became of restores by kcr-runtime stands on the Checkpoints (condition
 * Usable) and in kcr-runtime's own record, by which it decides; here that only tells which ones are
 * of most use to it.
 */
#ifndef NODE_CANDIDATES_H
#define NODE_CANDIDATES_H

#include <stdbool.h>

#include "base/arena.h"
#include "handover/formats.h"
#include "restore/rule.h"

/* In a plan: behind so many that cannot be restored the ones before help no more. */
enum { NODE_CANDIDATES_MAX = 8 };

struct node_candidates {
	const struct api_checkpoint **items; /* newest first, unless limited; from the arena */
	size_t count;
	const struct api_checkpoint *newest; /* of all that were judged; NULL: there is none */
	enum restore_verdict why; /* what the rule says of the newest */
};

/* All good ones. `view` has the Checkpoints that count; its record and exit are not looked at. */
struct node_candidates node_candidates_choose(
	const struct restore_view *view, struct wall_time now, struct arena *arena);

/*
 * Leaves NODE_CANDIDATES_MAX at most: those of a past that was taken back on request only behind
 * all others.
 */
void node_candidates_limit(
	struct node_candidates *chosen, const struct handover_record *record, struct arena *arena);

/*
 * Whether the Checkpoint of this uid is among them, or is put there, in the place of the last of
 * NODE_CANDIDATES_MAX: one that the rule is not against.
 */
bool node_candidates_include(struct node_candidates *chosen, const struct restore_view *view,
	struct str uid, struct wall_time now);

/*
 * Whether a restore at `create` may come to pass: the kubelet starts the container anew when it
 * ends, the policy wants it back, and it has run in this Pod: the first start of a container, as
 * after a rollout of a StatefulSet, is a cold one.
 */
bool node_candidates_are_wanted(const struct restore_view *view);

#endif
