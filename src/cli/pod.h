/*
 * A Pod as `doctor` looks at it: what all of KCR reads of it, and what of its spec decides whether
 * its containers can be checkpointed and restored. Only the plugin holds so much of a Pod.
 */
#ifndef CLI_POD_H
#define CLI_POD_H

#include <stdbool.h>

#include "api/views.h"
#include "base/arena.h"
#include "base/error.h"
#include "json/json.h"

struct cli_named {
	struct str name;
};

struct cli_container_resources {
	struct json_string_map limits;
	struct json_list claims; /* of struct cli_named */
};

struct cli_volume_mount {
	struct str path;
	struct str propagation;
};

struct cli_container {
	struct str name;
	struct cli_container_resources resources;
	struct json_list mounts; /* of struct cli_volume_mount */
	struct json_list devices; /* of struct cli_named: block volumes */
};

struct cli_host_path {
	struct str path;
	struct str type; /* Directory, Socket, CharDevice, ...; empty: not checked */
};

struct cli_claim_source {
	struct str name;
};

struct cli_volume {
	struct str name;
	struct cli_host_path *host_path; /* NULL: it is none */
	struct cli_claim_source *claim; /* NULL: it is no persistentVolumeClaim */
};

struct cli_pod_annotations {
	struct str mirror; /* of a static Pod */
};

struct cli_pod_labels {
	struct str name; /* app.kubernetes.io/name */
	struct str component; /* app.kubernetes.io/component */
};

struct cli_pod_metadata {
	struct cli_pod_annotations annotations;
	struct cli_pod_labels labels;
};

struct cli_pod_system {
	struct str name; /* "linux", "windows"; empty: not said */
};

struct cli_pod_spec {
	struct str runtime_class;
	struct cli_pod_system os;
	bool host_pid;
	bool host_ipc;
	bool host_network;
	bool shares_processes; /* shareProcessNamespace */
	bool host_users; /* false: a user namespace of its own */
	struct json_list containers; /* of struct cli_container */
	struct json_list volumes; /* of struct cli_volume */
};

struct cli_pod {
	struct api_pod pod;
	struct cli_pod_metadata metadata;
	struct cli_pod_spec spec;
};

/* From one object; what it holds is in the arena. */
must_check int cli_pod_decode(
	const struct json *raw, struct arena *arena, struct cli_pod *ret_pod, struct error *err);

#endif
