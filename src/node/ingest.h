/*
 * Ingests: archives, or kcr-runtime's directories, on their way into the store, each from the start
 * until its result is written down. They are in the node's map, by the Checkpoint's uid. Internal
 * to the room.
 */
#ifndef NODE_INGEST_H
#define NODE_INGEST_H

#include <stdbool.h>

#include "api/kinds.h"
#include "base/error.h"
#include "base/str.h"

struct node;
struct node_entry;
struct node_ingest;

struct node_ingest_result {
	bool has_failed; /* it is not in the store */
	bool is_push_failed; /* it is, and could not be pushed */
	struct error err; /* why either */
	char *pushed_image; /* NULL: not pushed */
};

/* Takes in what the Checkpoint names; it is decided again when there is a result. */
void node_ingest_start(struct node *node, struct str key, const struct api_checkpoint *checkpoint);

/* Pushes, where that is asked for, what an agent before this one has taken in; likewise. */
void node_ingest_resume(struct node *node, struct str key, const struct api_checkpoint *checkpoint,
	const struct node_entry *entry);

/* What came of it, borrowed; NULL while it is under way. `ingest` may be NULL. */
const struct node_ingest_result *node_ingest_result(const struct node_ingest *ingest);

/* Ends and forgets that of the Checkpoint with this uid, if there is one. */
void node_ingest_drop(struct node *node, struct str uid);

void node_ingests_free(struct node *node);

#endif
