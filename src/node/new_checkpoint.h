/*
 * The Checkpoint that a request leads to: its name, which tells whether an agent before us has made
 * it already, and its body. Internal to the room.
 */
#ifndef NODE_NEW_CHECKPOINT_H
#define NODE_NEW_CHECKPOINT_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "node/take.h"

struct node;

/*
 * The name of the request's Checkpoint: one that nobody has, as far as we see, or that of the
 * Checkpoint which an agent before us has made for it; *ret_is_made tells.
 */
struct str node_choose_name(const struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct arena *arena, bool *ret_is_made);

/*
 * Checkpoints and the kubelet's archives are named after the second in which they are begun: a
 * second one of the same container waits for the next second.
 */
bool node_has_name_of_now(const struct node *node, const struct api_request *request,
	const struct api_pod *pod, struct arena *arena);

/* The Checkpoint as JSON, of what was `taken`; from the arena. */
struct str node_checkpoint_body(const struct node *node, const struct api_request *request,
	struct str name, const struct node_take_result *taken, struct arena *arena);

#endif
