/*
 * Two things of our own node's kubelet: its checkpoint API, POST
 * /checkpoint/NAMESPACE/POD/CONTAINER (kubernetes.io, "Kubelet Checkpoint API"), which needs the
 * verb create on nodes/checkpoint; and GET /pods, which needs get on nodes/pods (kubernetes.io,
 * "Kubelet authentication/authorization", fine-grained; without that feature the kubelet wants
 * nodes/proxy, which we do not have).
 */
#ifndef NODE_KUBELET_H
#define NODE_KUBELET_H

#include <stdint.h>

#include "api/views.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "http/client.h"
#include "node/trust.h"
#include "json/json.h"

struct node_kubelet {
	struct http_client *http; /* borrowed */
	struct node_trust *trust; /* borrowed */
	const char *host; /* name or address, IPv6 without brackets */
	uint16_t port;
};

struct node_kubelet_call;

/*
 * The end of a call. On success `archive` is the path of the archive on the node, `err` NULL. Kinds
 * on failure: ABSENT (no such Pod or container, or the API is off), DENIED, TIMEOUT, SYSTEM (the
 * runtime failed: the text has what it said), CORRUPT (an answer that is none).
 */
typedef void (*node_kubelet_fn)(void *context, struct str archive, const struct error *err);

struct node_kubelet_callbacks {
	node_kubelet_fn done;
	http_connected_fn connected;
	void *context;
};

/* Asks for a checkpoint. `token` is copied. The caller owns the call. Never NULL. */
must_check struct node_kubelet_call *node_kubelet_checkpoint(const struct node_kubelet *kubelet,
	const char *token, struct str namespace, struct str pod, struct str container,
	int64_t timeout_seconds, const struct node_kubelet_callbacks *callbacks);

/*
 * What the kubelet says to a checkpoint of a Pod that cannot be. It asks first whether it has such
 * an API and whether we may use it (kubernetes/pkg/kubelet/server), so nothing is taken. `err` is
 * NULL when it would have taken one. Kinds on failure: DENIED (it forbids it), UNSUPPORTED (its
 * feature gate is off), else it was not reached, or said something else.
 */
typedef void (*node_kubelet_probe_fn)(void *context, const struct error *err);

/* Asks that. `token` is copied. The caller owns the call. Never NULL. */
must_check struct node_kubelet_call *node_kubelet_probe(const struct node_kubelet *kubelet,
	const char *token, int64_t timeout_ms, node_kubelet_probe_fn done, void *context);

/* The meaning of such an answer. Returns 0, or -1 with *err as above. */
must_check int node_kubelet_read_probe(int status, struct str body, struct error *err);

/*
 * The kubelet's own list of its Pods, which it has before the API server. NULL on failure. Borrowed
 * until the callback returns. Kinds on failure: DENIED, TIMEOUT, SYSTEM, CORRUPT, TOO_BIG.
 */
typedef void (*node_kubelet_pods_fn)(
	void *context, const struct json *list, const struct error *err);

/* Asks for the Pods. `token` is copied. The caller owns the call. Never NULL. */
must_check struct node_kubelet_call *node_kubelet_pods(const struct node_kubelet *kubelet,
	const char *token, int64_t timeout_ms, node_kubelet_pods_fn done, void *context);

/* The Pod of this uid in the list, from `arena`; NULL when there is none such. */
const struct api_pod *node_kubelet_find_pod(
	const struct json *list, struct str uid, struct arena *arena);

/* Cancels and releases. May be NULL. The kubelet may go on with the checkpoint all the same. */
void node_kubelet_call_free(struct node_kubelet_call *call);

#endif
