/* Names of kinds, names of objects, and which workload a Pod or Checkpoint belongs to. */
#include "cli/kinds.h"

#include "cli/event.h"

#define CLI_NAMES(...) ((const char *const[]){__VA_ARGS__, NULL})

const struct cli_kind cli_checkpoint_kind = {
	.resource = {API_GROUP, API_VERSION, "checkpoints", "Checkpoint", true},
	.names = CLI_NAMES("ckp", "checkpoint", "checkpoints"),
	.label = "checkpoint",
	.api = &api_checkpoint_kind,
};
const struct cli_kind cli_schedule_kind = {
	.resource = {API_GROUP, API_VERSION, "checkpointschedules", "CheckpointSchedule", true},
	.names = CLI_NAMES(
		"schedule", "ckps", "schedules", "checkpointschedule", "checkpointschedules"),
	.label = "checkpointschedule",
	.api = &api_schedule_kind,
};
const struct cli_kind cli_request_kind = {
	.resource = {API_GROUP, API_VERSION, "checkpointrequests", "CheckpointRequest", true},
	.names =
		CLI_NAMES("request", "ckpr", "requests", "checkpointrequest", "checkpointrequests"),
	.label = "checkpointrequest",
	.api = &api_request_kind,
};
const struct cli_kind cli_restore_request_kind = {
	.resource = {API_GROUP, API_VERSION, "restorerequests", "RestoreRequest", true},
	.names = CLI_NAMES("restore", "ckrr", "restores", "restorerequest", "restorerequests"),
	.label = "restorerequest",
	.api = &api_restore_request_kind,
};
const struct cli_kind cli_export_kind = {
	.resource = {API_GROUP, API_VERSION, "checkpointexports", "CheckpointExport", true},
	.names = CLI_NAMES("ckpe", "export", "exports", "checkpointexport", "checkpointexports"),
	.label = "checkpointexport",
	.api = &api_export_kind,
};
const struct cli_kind cli_import_kind = {
	.resource = {API_GROUP, API_VERSION, "checkpointimports", "CheckpointImport", true},
	.names = CLI_NAMES("ckpi", "import", "imports", "checkpointimport", "checkpointimports"),
	.label = "checkpointimport",
	.api = &api_import_kind,
};
const struct cli_kind cli_node_kind = {
	.resource = {API_GROUP, API_VERSION, "checkpointnodes", "CheckpointNode", false},
	.names = CLI_NAMES("ckn", "node", "checkpointnode", "checkpointnodes"),
	.label = "checkpointnode",
	.api = &api_checkpoint_node_kind,
};
const struct cli_kind cli_pod_kind = {
	.resource = {"", "v1", "pods", "Pod", true},
	.names = CLI_NAMES("pod", "po", "pods"),
	.label = "pod",
	.object = &api_pod_object,
};
const struct cli_kind cli_deployment_kind = {
	.resource = {"apps", "v1", "deployments", "Deployment", true},
	.names = CLI_NAMES("deploy", "deployment", "deployments", "deployment.apps"),
	.label = "deployment",
	.object = &api_workload_object,
	.is_workload = true,
};
const struct cli_kind cli_statefulset_kind = {
	.resource = {"apps", "v1", "statefulsets", "StatefulSet", true},
	.names = CLI_NAMES("sts", "statefulset", "statefulsets", "statefulset.apps"),
	.label = "statefulset",
	.object = &api_workload_object,
	.is_workload = true,
};
const struct cli_kind cli_daemonset_kind = {
	.resource = {"apps", "v1", "daemonsets", "DaemonSet", true},
	.names = CLI_NAMES("ds", "daemonset", "daemonsets", "daemonset.apps"),
	.label = "daemonset",
	.object = &api_workload_object,
	.is_workload = true,
};
const struct cli_kind cli_replicaset_kind = {
	.resource = {"apps", "v1", "replicasets", "ReplicaSet", true},
	.names = CLI_NAMES("rs", "replicaset", "replicasets", "replicaset.apps"),
	.label = "replicaset",
	.object = &api_workload_object,
};
const struct cli_kind cli_event_kind = {
	.resource = {"events.k8s.io", "v1", "events", "Event", true},
	.names = CLI_NAMES("ev", "event", "events"),
	.label = "event",
	.object = &cli_event_object,
};

const struct cli_kind *const cli_kinds[] = {
	&cli_checkpoint_kind,
	&cli_schedule_kind,
	&cli_request_kind,
	&cli_restore_request_kind,
	&cli_export_kind,
	&cli_import_kind,
	&cli_node_kind,
	&cli_pod_kind,
	&cli_deployment_kind,
	&cli_statefulset_kind,
	&cli_daemonset_kind,
	&cli_event_kind,
	NULL,
};

static const struct cli_kind *kinds_find(struct str name)
{
	struct str group;
	struct str alone = name;

	/* kubectl -o name writes checkpoint.checkpoint-restore.kcr.io/NAME */
	if (str_ends_with(name, STR("." API_GROUP)))
		(void)str_cut(name, '.', &alone, &group);
	for (const struct cli_kind *const *kind = cli_kinds; *kind != NULL; kind++)
		for (const char *const *text = (*kind)->names; *text != NULL; text++)
			if (str_is(alone, *text))
				return *kind;
	return NULL;
}

int cli_target_parse(const char *text, const struct cli_kind *bare, struct cli_target *ret_target,
	struct error *err)
{
	struct str kind_name;
	struct str name;
	const struct cli_kind *kind = bare;

	if (str_cut(str_of(text), '/', &kind_name, &name))
		kind = kinds_find(kind_name);
	else
		name = kind_name;
	if (kind == NULL)
		return error_set(err, ERROR_INVALID,
			"'%s' names no object: write deploy/NAME, sts/NAME, ds/NAME, pod/NAME or "
			"ckp/NAME",
			text);
	if (!kube_name_is_valid(name))
		return error_set(err, ERROR_INVALID, "'%s': '%.*s' is not a name of a %s", text,
			STR_ARG(name), kind->label);
	*ret_target = (struct cli_target){kind, name};
	return 0;
}

struct cli_owner cli_owner_of(struct str owner_kind, struct str owner_name, struct str hash)
{
	struct str head;
	struct str tail;

	if (str_is(owner_kind, "ReplicaSet") && hash.size > 0 &&
		str_cut_last(owner_name, '-', &head, &tail) && str_equal(tail, hash))
		return (struct cli_owner){STR("Deployment"), head};
	return (struct cli_owner){owner_kind, owner_name};
}

struct cli_owner cli_checkpoint_owner(const struct api_checkpoint *checkpoint)
{
	const struct api_workload_reference *workload = checkpoint->spec.workload;

	if (workload == NULL)
		return (struct cli_owner){0};
	return cli_owner_of(workload->kind, workload->name, checkpoint->spec.template_hash);
}

struct cli_owner cli_pod_owner(const struct api_pod *pod)
{
	const struct api_owner *owner = api_metadata_controller(&pod->metadata);

	if (owner == NULL)
		return (struct cli_owner){0};
	return cli_owner_of(owner->kind, owner->name, api_pod_template_hash(pod));
}

struct str cli_owner_text(struct arena *arena, struct cli_owner owner, struct str pod)
{
	char *text;
	struct str made;

	if (owner.kind.size == 0)
		return arena_printf(arena, "pod/%.*s", STR_ARG(pod));
	made = arena_printf(arena, "%.*s/%.*s", STR_ARG(owner.kind), STR_ARG(owner.name));
	text = arena_zeroed(arena, made.size + 1, 1);
	for (size_t i = 0; i < made.size; i++) {
		bool is_upper = i < owner.kind.size && made.data[i] >= 'A' && made.data[i] <= 'Z';
		text[i] = is_upper ? (char)(made.data[i] - 'A' + 'a') : made.data[i];
	}
	return (struct str){text, made.size};
}

bool cli_checkpoint_is_of(const struct api_checkpoint *checkpoint, const struct cli_target *target)
{
	struct cli_owner owner = cli_checkpoint_owner(checkpoint);

	if (target->kind == &cli_checkpoint_kind)
		return str_equal(checkpoint->metadata.name, target->name);
	if (target->kind == &cli_pod_kind)
		return checkpoint->spec.pod != NULL &&
			str_equal(checkpoint->spec.pod->name, target->name);
	if (target->kind == &cli_schedule_kind)
		return checkpoint->spec.schedule_ref != NULL &&
			str_equal(checkpoint->spec.schedule_ref->name, target->name);
	return str_is(owner.kind, target->kind->resource.kind) &&
		str_equal(owner.name, target->name);
}
