/*
 * Whether the kubelet would take a checkpoint for the agent, asked now and then, so that it is
 * known before one is due: its certificate, its authorization, its feature gate.
 */
#ifndef NODE_PROBE_H
#define NODE_PROBE_H

#include "api/meta.h"
#include "kube/client.h"
#include "loop/loop.h"
#include "node/kubelet.h"

struct node_probe;

/* Something else is known than before. */
typedef void (*node_probe_fn)(void *context);

/* Asks at once. All is borrowed; the caller owns the probe. Never NULL. */
must_check struct node_probe *node_probe_start(struct loop *loop, struct kube_client *client,
	const struct node_kubelet *kubelet, node_probe_fn changed, void *context);
void node_probe_free(struct node_probe *probe); /* may be NULL */

/* A checkpoint has failed: whether it was for that is asked in a second. `probe` may be NULL. */
void node_probe_soon(struct node_probe *probe);

/* The condition KubeletReady, without a time; its type is empty while nothing is known. Borrowed
 * until the next turn of the loop. `probe` may be NULL. */
struct api_condition node_probe_condition(const struct node_probe *probe);

#endif
