/*
 * The kinds of objects that the commands handle, under all the names that people give them, and
 * what people mean by "deploy/web".
 */
#ifndef CLI_KINDS_H
#define CLI_KINDS_H

#include <stdbool.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/error.h"
#include "base/str.h"
#include "kube/resource.h"
#include "json/json.h"

struct cli_kind {
	struct kube_resource resource;
	const char *const
		*names; /* as people write it, what completion offers first; ends with NULL */
	const char *label; /* how we write it: "deployment" */
	const struct json_object *object; /* its struct, as api/ has it; NULL: not decoded */
	const struct api_kind *api; /* NULL: not one of ours */
	bool is_workload; /* it makes Pods, and may have a schedule */
};

extern const struct cli_kind cli_checkpoint_kind;
extern const struct cli_kind cli_schedule_kind;
extern const struct cli_kind cli_request_kind;
extern const struct cli_kind cli_restore_request_kind;
extern const struct cli_kind cli_export_kind;
extern const struct cli_kind cli_import_kind;
extern const struct cli_kind cli_node_kind;
extern const struct cli_kind cli_pod_kind;
extern const struct cli_kind cli_deployment_kind;
extern const struct cli_kind cli_statefulset_kind;
extern const struct cli_kind cli_daemonset_kind;
extern const struct cli_kind cli_replicaset_kind; /* only read, so not among cli_kinds */
extern const struct cli_kind cli_event_kind;

/* All of them, ends with NULL. */
extern const struct cli_kind *const cli_kinds[];

/* One object as it was named. The name is borrowed. */
struct cli_target {
	const struct cli_kind *kind;
	struct str name;
};

/*
 * Reads "deploy/web"; a name alone is of the kind `bare` (NULL: refused). Fails with INVALID, and
 * says what can be written.
 */
must_check int cli_target_parse(const char *text, const struct cli_kind *bare,
	struct cli_target *ret_target, struct error *err);

/*
 * The workload that a controller of Pods belongs to: a Deployment for its ReplicaSet, else the
 * owner itself. `hash` is the Pod's template hash. The name is a part of `owner_name`.
 */
struct cli_owner {
	struct str kind; /* "Deployment"; empty: none */
	struct str name;
};
struct cli_owner cli_owner_of(struct str owner_kind, struct str owner_name, struct str hash);
struct cli_owner cli_checkpoint_owner(const struct api_checkpoint *checkpoint);
struct cli_owner cli_pod_owner(const struct api_pod *pod);

/* "deployment/web"; "pod/x" when there is no owner. */
struct str cli_owner_text(struct arena *arena, struct cli_owner owner, struct str pod);

/* Whether the checkpoint is of the target: a workload, a Pod, or itself. */
bool cli_checkpoint_is_of(const struct api_checkpoint *checkpoint, const struct cli_target *target);

#endif
