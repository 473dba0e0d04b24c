/*
 * The parts that we read of built-in objects: Pod, workloads, Node. They are decoded leniently
 * (others wrote them) and never written back: changes are patches. Each view is kept small, since
 * the controller holds one per Pod of the cluster.
 */
#ifndef API_VIEWS_H
#define API_VIEWS_H

#include <stdbool.h>
#include <stdint.h>

#include "api/meta.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

/* ---- Pod (core/v1) ---- */

struct api_container {
	struct str name;
	struct str image;
	struct str restart_policy; /* "Always" in an init container: a sidecar */
};

/* What a Pod waits for before it is scheduled (KEP-3521). */
struct api_scheduling_gate {
	struct str name;
};

struct api_pod_spec {
	struct str node_name;
	struct str restart_policy;
	int64_t grace_seconds; /* terminationGracePeriodSeconds */
	struct json_list containers; /* of struct api_container */
	struct json_list init_containers; /* of struct api_container */
	struct json_list scheduling_gates; /* of struct api_scheduling_gate */
};

struct api_pod_condition {
	struct str type;
	struct str status;
	struct wall_time last_transition;
};

struct api_container_waiting {
	struct str reason;
	struct str message;
};

struct api_container_running {
	struct wall_time started;
};

struct api_container_terminated {
	int64_t exit_code;
	int64_t signal;
	struct str reason;
	struct str message;
	struct wall_time started;
	struct wall_time finished;
	struct str container_id;
};

/* At most one is set; none means waiting without a reason. */
struct api_container_state {
	struct api_container_waiting *waiting;
	struct api_container_running *running;
	struct api_container_terminated *terminated;
};

struct api_container_status {
	struct str name;
	bool ready;
	int64_t restart_count;
	struct str image;
	struct str image_id;
	struct str container_id;
	struct api_container_state state;
	struct api_container_state last_state;
};

struct api_pod_status {
	struct str phase;
	struct str pod_ip;
	struct str host_ip;
	struct wall_time started;
	struct json_list conditions; /* of struct api_pod_condition */
	struct json_list container_statuses; /* of struct api_container_status */
};

struct api_pod {
	struct api_metadata metadata;
	struct api_pod_spec spec;
	struct api_pod_status status;
};

extern const struct json_object api_pod_object;

/* By name; NULL when the Pod has no such container (init containers do not count) or status. */
const struct api_container *api_pod_container(const struct api_pod *pod, struct str name);
const struct api_container_status *api_pod_container_status(
	const struct api_pod *pod, struct str name);

/* Whether the Pod waits behind API_GATE_RESTORE: it was never started, and is not scheduled. */
bool api_pod_is_gated(const struct api_pod *pod);

/* What changes with the Pod's template; empty for a Pod that no workload made. */
struct str api_pod_template_hash(const struct api_pod *pod);

/* ---- Deployment, StatefulSet, DaemonSet, ReplicaSet (apps/v1) ---- */

struct api_workload_spec {
	struct api_selector *selector; /* NULL when absent */
};

struct api_workload {
	struct api_metadata metadata;
	struct api_workload_spec spec;
};

extern const struct json_object api_workload_object;

/* ---- Node (core/v1) ---- */

struct api_node_info {
	struct str container_runtime_version; /* "containerd://2.3.7" */
	struct str kernel_version;
	struct str architecture; /* "amd64" */
};

struct api_node_status {
	struct api_node_info info;
};

struct api_node {
	struct api_metadata metadata;
	struct api_node_status status;
};

extern const struct json_object api_node_object;

#endif
