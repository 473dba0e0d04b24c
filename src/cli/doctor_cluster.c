/* What the whole cluster needs: our kinds, and a controller that runs. */
#include "cli/doctor.h"

#include "handover/engine.h"

#define APPLY "kubectl apply -f install.yaml    # or: helm upgrade kcr"

static struct cli_doctor_finding cluster_kinds(const struct cli_doctor_view *view)
{
	static const struct {
		enum cli_doctor_part part;
		const struct cli_kind *kind;
	} kinds[] = {
		{CLI_DOCTOR_SCHEDULES, &cli_schedule_kind},
		{CLI_DOCTOR_REQUESTS, &cli_request_kind},
		{CLI_DOCTOR_CHECKPOINTS, &cli_checkpoint_kind},
		{CLI_DOCTOR_RESTORE_REQUESTS, &cli_restore_request_kind},
		{CLI_DOCTOR_EXPORTS, &cli_export_kind},
		{CLI_DOCTOR_DESCRIPTIONS, &cli_node_kind},
	};
	struct arena *arena = view->facts->arena;
	struct str missing = {0};

	for (size_t i = 0; i < array_size(kinds); i++)
		if (view->facts->lists[kinds[i].part].is_absent)
			missing = arena_printf(arena, "%.*s%s%s", STR_ARG(missing),
				missing.size > 0 ? ", " : "", kinds[i].kind->resource.kind);
	if (missing.size > 0)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena, "the cluster has no %.*s", STR_ARG(missing)),
			STR(APPLY));
	return cli_doctor_say(CLI_DOCTOR_WELL, STR("the cluster has KCR's kinds"), STR(""));
}

static bool cluster_is_controller(const struct cli_pod *pod)
{
	return str_is(pod->metadata.labels.component, "controller");
}

static struct cli_doctor_finding cluster_controller(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_OWN_PODS];
	const struct cli_pod *pods = list->items;
	struct arena *arena = view->facts->arena;
	size_t count = 0;
	size_t ready = 0;

	if (list->is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list Pods of all namespaces, so nothing is known of the "
			    "controller"),
			STR(""));
	for (size_t i = 0; i < list->count; i++) {
		const struct api_container_status *status =
			api_pod_container_status(&pods[i].pod, STR("controller"));
		if (!cluster_is_controller(&pods[i]))
			continue;
		count++;
		ready += status != NULL && status->ready ? 1 : 0;
	}
	if (count == 0)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			STR("there is no controller: schedules are not followed"), STR(APPLY));
	if (ready == 0)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena, "none of %zu controllers is Ready", count),
			STR("kubectl get pods -A -l app.kubernetes.io/name=kcr\n"
			    "kubectl -n kcr-system logs deployment/kcr-controller --tail=20"));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(arena, "%zu of %zu controllers are Ready", ready, count), STR(""));
}

struct cli_doctor_finding cli_doctor_compare_version(
	struct arena *arena, const char *program, struct str version)
{
	struct handover_version theirs;
	struct handover_version own;
	bool is_newer;

	if (!handover_version_read(version, &theirs) ||
		!handover_version_read(STR(KCR_VERSION), &own))
		return (struct cli_doctor_finding){0};
	if (str_equal(version, STR(KCR_VERSION)))
		return cli_doctor_say(CLI_DOCTOR_WELL,
			arena_printf(arena, "%s is " KCR_VERSION ", as this plugin", program),
			STR(""));
	is_newer = handover_version_is_at_least(
		&theirs, own.numbers[0], own.numbers[1], own.numbers[2]);
	return cli_doctor_say(CLI_DOCTOR_NOTE,
		arena_printf(arena, "%s is %.*s, this plugin " KCR_VERSION "; upgrade %s", program,
			STR_ARG(version), is_newer ? "the plugin" : "the cluster"),
		is_newer ? STR("kubectl krew upgrade kcr    # or the Debian package") : STR(APPLY));
}

/* By the tag of its image, "registry:5000/kcr:0.1.0"; a digest alone tells nothing. */
static struct str cluster_image_version(struct str image)
{
	struct str before;
	struct str tag;

	(void)str_cut(image, '@', &image, &tag);
	if (!str_cut_last(image, ':', &before, &tag) || str_contains(tag, STR("/")))
		return (struct str){0};
	return tag;
}

static struct cli_doctor_finding cluster_version(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_OWN_PODS];
	const struct cli_pod *pods = list->items;

	for (size_t i = 0; i < list->count; i++) {
		const struct api_container *container =
			api_pod_container(&pods[i].pod, STR("controller"));
		if (cluster_is_controller(&pods[i]) && container != NULL)
			return cli_doctor_compare_version(view->facts->arena, "the controller",
				cluster_image_version(container->image));
	}
	return (struct cli_doctor_finding){0};
}

/* A node without an agent is told of by nobody but its Node. */
static struct cli_doctor_finding cluster_nodes(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_NODES];

	if (!view->facts->is_about_nodes)
		return (struct cli_doctor_finding){0};
	if (list->is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list Nodes, so those without an agent are not seen; it "
			    "takes a ClusterRole with get and list of nodes"),
			STR(""));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(view->facts->arena, "%zu of them", list->count), STR(""));
}

const struct cli_doctor_check cli_doctor_cluster_checks[] = {
	{"kinds", CLI_DOCTOR_BOTH, cluster_kinds},
	{"controller", CLI_DOCTOR_BOTH, cluster_controller},
	{"controller-version", CLI_DOCTOR_BOTH, cluster_version},
	{"nodes", CLI_DOCTOR_BOTH, cluster_nodes},
	{NULL, 0, NULL},
};
