/*
 * The names that objects carry: labels and annotations as constants, and names of objects made from
 * the names of others. Made names are valid (RFC 1123 subdomains, label values) whatever goes in.
 */
#ifndef API_NAMES_H
#define API_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/str.h"
#include "json/json.h"

/* Annotations of a Deployment, StatefulSet or DaemonSet, written by users. */
#define API_ANNOTATION_SCHEDULE   "kcr.io/checkpoint-restore-schedule"
#define API_ANNOTATION_CONTAINERS "kcr.io/checkpoint-restore-containers"
#define API_ANNOTATION_TIME_ZONE  "kcr.io/checkpoint-restore-time-zone"

/* Annotation of a Pod, written by the restore rule: the memory of what was done (JSON). */
#define API_ANNOTATION_RESTORES "kcr.io/restores"

/* Scheduling gate of a Pod that starts from a Checkpoint, once a RestoreRequest is prepared. */
#define API_GATE_RESTORE "kcr.io/restore"

/* Labels of CheckpointRequests and Checkpoints; values pass through api_label_value(). */
#define API_LABEL_APP       "app"
#define API_LABEL_APP_VALUE "checkpoint-restore"
#define API_LABEL_POD       "pod"
#define API_LABEL_POD_NS    "pod-ns"
#define API_LABEL_SCHEDULE  "schedule-name"
#define API_LABEL_REQUEST   "checkpoint-request-name"
#define API_LABEL_CONTAINER "container"

/* How Pods of kcr-relay are recognised (deploy/chart), and where they listen. */
#define API_LABEL_COMPONENT       "app.kubernetes.io/component"
#define API_LABEL_COMPONENT_RELAY "relay"
enum { API_RELAY_PORT = 7471 };

/* Labels of a Pod that change with its template (set by the workload controllers). */
#define API_LABEL_POD_TEMPLATE_HASH        "pod-template-hash"
#define API_LABEL_CONTROLLER_REVISION_HASH "controller-revision-hash"

enum {
	API_NAME_SIZE = 253, /* bytes of an object's name, RFC 1123 subdomain */
	API_LABEL_VALUE_SIZE = 63,
};

/*
 * `text` as a label value: itself when it is a valid one, else its valid characters, shortened, and
 * a hash of the whole text, so that different texts stay different. Selecting by such a label
 * needs the same call. The result is terminated and from `arena`.
 */
struct str api_label_value(struct arena *arena, struct str text);

/*
 * `<schedule>-<pod>-<unix>`, the seed's form; with a container name in front of the time when the
 * Pod has several containers to take (empty: only one). An empty schedule is left out. The time is
 * in seconds for a schedule, whose due times are; who else asks may take a finer one. Joining
 * with '-' is not unique ("a-b" + "c" = "a" + "b-c"): whoever finds the name taken must look at the
 * object before believing that it is its own.
 */
struct str api_request_name(struct arena *arena, struct str schedule, struct str pod,
	struct str container, int64_t unix_time);

/*
 * The time in such a name. False when it has none, because the name was too long to keep it: it
 * ends with a hash then, which is shorter than any time since 2001.
 */
must_check bool api_request_name_time(struct str name, int64_t *ret_unix_seconds);

/* `<pod>-<namespace>-<unix>`, the seed's form; the container as above. */
struct str api_checkpoint_name(struct arena *arena, struct str pod, struct str namespace,
	struct str container, int64_t unix_seconds);

/*
 * `name` with a hash of `whose`, for an object whose name somebody else's object has; as long as a
 * name may be.
 */
struct str api_name_apart(struct arena *arena, struct str name, struct str whose);

/* The names in a comma-separated annotation, without white space and empty ones. */
struct json_strings api_split_names(struct arena *arena, struct str text);

#endif
