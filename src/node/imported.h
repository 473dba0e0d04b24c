/* From a CheckpointImport and what its archive says to the Checkpoint that the API server is given.
 */
#ifndef NODE_IMPORTED_H
#define NODE_IMPORTED_H

#include <stdbool.h>

#include "api/kinds.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "checkpoint/describe.h"
#include "node/state.h"

/* The file that its bytes are brought to, in the kubelet's directory: "kcr-import-UID.tar". */
void node_imported_archive(struct buf *name, const struct api_import *import);

/* Its Checkpoint, when that is made; else NULL. */
const struct api_checkpoint *node_imported(
	const struct node *node, const struct api_import *import);

/* What its Checkpoint will be called: as itself, unless another one is, on this node or, as the API
 * server says, elsewhere (`is_taken`). Borrowed, or from the arena. */
struct str node_imported_name(const struct node *node, const struct api_import *import,
	bool is_taken, struct arena *arena);

/*
 * The body that creates it; from the arena. `pod` is the one that it is for, NULL when that is not
 * on this node: then the archive says what it is of.
 */
struct str node_imported_body(const struct node *node, const struct api_import *import,
	const struct checkpoint_description *description, const struct api_pod *pod,
	struct str name, enum api_strategy strategy, struct arena *arena);

/* The end of a sentence about a Checkpoint: what of its archive no restore puts back; empty when
 * that is nothing. Borrowed, or from the arena. */
struct str node_imported_left_out(struct str left_out, struct arena *arena);

#endif
