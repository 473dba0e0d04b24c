/*
 * Takes: calls of the kubelet for requests, each from the moment when it is given a place until its
 * result is written down. They are in the node's map, by the request's key. Internal to the room.
 */
#ifndef NODE_TAKE_H
#define NODE_TAKE_H

#include <stdbool.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/time.h"
#include "kube/plan.h"

struct node;
struct node_take;

enum { NODE_TAKE_WAIT_MS = 250 /* until a place is free, or the second is over */ };

struct node_take_result {
	char *archive; /* the file's name; NULL: failed */
	bool is_direct; /* kcr-runtime took it */
	struct wall_time taken; /* the moment of the container's memory */
	const struct api_pod *pod; /* as it was when the kubelet was asked; borrowed */
	struct error err; /* why it failed */
};

/*
 * Gives the request a place, unless it has one; returns whether it has. Places are few, and a
 * container is asked for once at a time, by an agent before us too.
 */
bool node_take_give_place(struct node *node, struct str key, const struct api_request *request);

/* Takes the place back, if the kubelet was not asked yet. */
void node_take_give_up_place(struct node *node, struct str key);

/*
 * Asks the kubelet for the request, which has a place and whose container runs, and tells
 * kcr-runtime where to, if that runs it. The request is decided again when there is a result.
 */
void node_take_start(struct node *node, struct str key, const struct api_request *request,
	struct kube_plan *plan);

/* Whether the kubelet was asked. `take` may be NULL. */
bool node_take_is_asked(const struct node_take *take);

/* Whether it was made for this incarnation of the request. */
bool node_take_is_of(const struct node_take *take, const struct api_request *request);

/* What came of it, borrowed; NULL while it is under way. `take` may be NULL. */
const struct node_take_result *node_take_result(const struct node_take *take);

/*
 * The result is written down, or nobody wants it any more: forgets the take of this key, once its
 * end has come, and removes what no Checkpoint names.
 */
void node_take_forget(
	struct node *node, struct str key, bool has_checkpoint, struct kube_plan *plan);

/* "namespace/pod/container" of the request; from the arena. */
struct str node_container_key(struct arena *arena, const struct api_request *request);

/* Whether a take of the request's container has a place, or its archive is not seen yet. */
bool node_takes_container(const struct node *node, const struct api_request *request);

/* How many takes the kubelet has not answered yet, also of requests that are over. */
size_t node_takes_under_way(const struct node *node);

void node_takes_free(struct node *node);

#endif
