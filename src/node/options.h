/* What the agent can be told. Internal to the room, but for the table (node.h). */
#ifndef NODE_OPTIONS_H
#define NODE_OPTIONS_H

#include "node/push.h"
#include "options/log.h"

struct node_options {
	const char *kubeconfig; /* NULL: see kube/config.h */
	const char *node_name;
	const char *kubelet_address;
	int64_t kubelet_port;
	const char *kubelet_ca; /* empty: the cluster's */
	bool kubelet_insecure;
	const char *kubelet_checkpoints;
	const char *store;
	uint64_t store_max_bytes; /* 0: no limit */
	uint64_t store_min_free_bytes;
	const char *hold_socket; /* empty: there is no kcr-hold */
	int64_t max_takes;
	const char *door_socket; /* empty: nothing is exported */
	const char *relay_namespace;
	int64_t registry_port;
	struct node_push_options push;
	const char *health_address;
	int64_t health_port;
	struct log_options log;
};

#endif
