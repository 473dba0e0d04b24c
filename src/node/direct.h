/*
 * Checkpoints that kcr-runtime takes straight into the store, STORE/direct/REQUEST-UID, because an
 * order tells it to. docs/formats/runtime.md. Internal to the room.
 */
#ifndef NODE_DIRECT_H
#define NODE_DIRECT_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "handover/formats.h"
#include "node/state.h"

/* "containerd://<id>", as Pods' statuses have it, to "<id>". */
struct str node_plain_id(struct str container_id);

/* The directory of a request's checkpoint, within the store. */
void node_direct_path(struct buf *path, struct str request_uid);

/* Makes the directory anew, with an empty one for CRIU's images, for a checkpoint that is brought;
 * the caller owns *ret_fd. Fails with SYSTEM. */
must_check int node_direct_make(
	const struct node *node, struct str request_uid, int *ret_fd, struct error *err);

/* Whether kcr-runtime runs the container ("containerd://<id>"). */
bool node_direct_is_possible(const struct node *node, struct str container_id);

/* Tells kcr-runtime to take the container's next checkpoint into the request's directory, which is
 * made anew. Fails with SYSTEM. */
must_check int node_direct_order(const struct node *node, struct str request_uid,
	struct str container_id, struct error *err);

/* Tells kcr-runtime to end the container instead of taking its next checkpoint, until that time.
 * Fails with SYSTEM. */
must_check int node_direct_order_end(const struct node *node, struct str container_id,
	struct wall_time until, struct error *err);

/* Takes the order back, if nobody has followed it. */
void node_direct_recall(const struct node *node, struct str container_id);

/* Whether the order for the container ("containerd://<id>") was followed to its end: the result
 * says so, and when. One that a call for another container has left there does not. */
bool node_direct_is_complete(const struct node *node, struct str request_uid,
	struct str container_id, struct wall_time *ret_taken);

/* What kcr-runtime says of the checkpoint. Fails with ABSENT, CORRUPT, SYSTEM. */
must_check int node_direct_result(const struct node *node, struct str request_uid,
	struct arena *arena, struct handover_direct *ret_direct, struct error *err);

void node_direct_remove(const struct node *node, struct str request_uid);

/* Removes those directories that no request or Checkpoint waits for; called now and then. */
void node_collect_direct(struct node *node);

#endif
