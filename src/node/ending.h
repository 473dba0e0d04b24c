/*
 * Containers that are ended so that they can be restored: the kubelet is asked for a checkpoint,
 * and an order tells kcr-runtime, which the engine then calls, to kill the container instead.
 * docs/decisions/10-restore-on-request.md. Internal to the room.
 */
#ifndef NODE_ENDING_H
#define NODE_ENDING_H

#include <stdbool.h>
#include <stddef.h>

#include "api/kinds.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct node;
struct node_ending;

/*
 * Has the request's status.endedContainerID ended, until `until` at the latest. Returns 1 when the
 * kubelet is asked, 0 when a checkpoint of the container is under way (try again), -1 with SYSTEM.
 * Whatever the kubelet answers, only that container may have ended; the Pod's status and
 * kcr-runtime's record tell.
 */
must_check int node_ending_begin(struct node *node, const struct api_restore_request *request,
	struct wall_time until, struct error *err);

bool node_ending_is_begun(const struct node *node, struct str container_id);

/* Whether the kubelet has answered `since_ms` ago; *ret_err is what it has said, borrowed. */
bool node_ending_is_over(const struct node *node, struct str container_id, int64_t since_ms,
	const struct error **ret_err);

/* Nobody waits for it any more; what was not begun is not done. None is fine. */
void node_ending_forget(struct node *node, struct str container_id);

/* How many calls the kubelet has not answered yet. */
size_t node_endings_under_way(const struct node *node);
void node_endings_free(struct node *node);

#endif
