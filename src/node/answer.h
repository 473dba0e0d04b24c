/*
 * What kcr-runtime is told when it asks whether to restore a container that the kubelet starts
 * anew. Pure. It knows more than the plan: how the container before ended, and what has just
 * changed. The reasons of cold starts are those of the restore rule.
 */
#ifndef NODE_ANSWER_H
#define NODE_ANSWER_H

#include <stdbool.h>

#include "base/arena.h"
#include "handover/formats.h"
#include "node/candidates.h"
#include "restore/rule.h"

/* How the container before the one that is being created has ended. */
struct node_end {
	bool is_known; /* else it counts as failed: a memory too much is lost by the next end */
	struct str container_id; /* "containerd://<id>"; borrowed */
	struct wall_time finished;
	int64_t exit_code;
	bool was_killed; /* the engine had sent it a signal: its exit code is not its own word */
};

/* Whether the answer depends on the end. */
bool node_answer_needs_end(
	const struct restore_terms *terms, const struct node_candidates *candidates);

/* Texts are static, from `arena`, or of the candidates. */
struct handover_answer node_answer_decide(const struct restore_terms *terms,
	const struct node_candidates *candidates, const struct node_end *end, struct arena *arena);

/* What the kubelet's word for the Pod says of the end of its container, which is not running now.
 */
struct node_end node_end_shown(const struct api_pod *pod, struct str container);

#endif
