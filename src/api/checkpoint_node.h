/*
 * CheckpointNode: what a node has for taking and restoring checkpoints, as its agent found it. What
 * a field means stands in the table of checkpoint_node.c and in docs/reference.md.
 */
#ifndef API_CHECKPOINT_NODE_H
#define API_CHECKPOINT_NODE_H

#include <stdbool.h>
#include <stdint.h>

#include "api/checkpoint.h"
#include "api/meta.h"
#include "base/arena.h"
#include "base/str.h"
#include "json/json.h"

/* As the status of conditions. */
#define API_OFFERED     "True"
#define API_NOT_OFFERED "False"
#define API_MAY_OFFER   "Unknown" /* nobody knows before it is tried: it will be */

/* Whether the node restores by a strategy. */
struct api_offer {
	struct str strategy; /* api_strategy_text() */
	struct str offered; /* one of the texts above */
	struct str reason; /* CamelCase */
	struct str message; /* for people: when not offered, what to change */
};

struct api_node_runtime {
	struct str path;
	struct str version;
};

struct api_node_kcr_runtime {
	struct str path;
	struct str version;
	struct str handler;
	bool is_default;
	bool needs_restart;
};

struct api_node_store {
	struct str path;
	int64_t checkpoints;
	int64_t used_bytes;
	int64_t max_bytes; /* 0: no limit of its own */
	int64_t free_bytes;
	struct str used; /* used_bytes for people; api_node_store_set_amounts() */
};

/* A Pod that has a Checkpoint on the node, and a network of its own. */
struct api_node_pod {
	struct str namespace;
	struct str name;
	int64_t connections; /* established by TCP; rounded up to a power of two */
};

/* Of KubeletReady, which says whether the kubelet takes checkpoints for the agent. */
#define API_CONDITION_KUBELET_READY "KubeletReady"
#define API_REASON_KUBELET_ANSWERS  "Answers"
#define API_REASON_KUBELET_FORBIDS  "Forbidden" /* it does not accept who asks, or forbids it */
#define API_REASON_KUBELET_DISABLED "CheckpointsDisabled" /* its feature gate is off */
#define API_REASON_KUBELET_AWAY     "NotReachable"

struct api_checkpoint_node_status {
	struct str agent_version;
	struct str kernel_version;
	struct json_strings kernel_missing; /* "CONFIG_CHECKPOINT_RESTORE" */
	struct str architecture;
	struct str engine; /* "containerd://2.4.2" */
	struct str criu_version;
	struct str criu_problem; /* what `criu check` complains about; empty: nothing, or not known
				  */
	struct api_node_runtime runtime;
	struct api_node_kcr_runtime kcr_runtime;
	struct api_node_store store;
	struct json_list pods; /* of struct api_node_pod: those with connections */
	struct json_list strategies; /* of struct api_offer */
	struct str strategies_offered; /* for people; api_checkpoint_node_set_offers() */
	int64_t observed_generation;
	struct json_list conditions; /* of struct api_condition: Ready, KubeletReady */
};

struct api_checkpoint_node {
	struct api_metadata metadata;
	struct api_checkpoint_node_status status;
};

/* What the node says about a strategy; NULL when it says nothing, or `node` is NULL. */
const struct api_offer *api_checkpoint_node_offer(
	const struct api_checkpoint_node *node, enum api_strategy strategy);

/* Whether it says that it does not offer it. A node that says nothing may be of an older agent. */
bool api_checkpoint_node_refuses(
	const struct api_checkpoint_node *node, enum api_strategy strategy);

/* Whether two nodes say the same about all strategies. */
bool api_checkpoint_node_offers_same(
	const struct api_checkpoint_node *a, const struct api_checkpoint_node *b);

/* Borrows the offers and fills `strategies_offered`, from `arena`. */
void api_checkpoint_node_set_offers(struct api_checkpoint_node_status *status,
	struct api_offer *offers, size_t count, struct arena *arena);

/* Rounds the exact numbers so that they do not change all the time, and fills `used`. */
void api_node_store_set_amounts(struct api_node_store *store, struct arena *arena);

#endif
