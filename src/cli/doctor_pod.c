/*
 * What of a Pod matters to CRIU, the engine and the restore rule. What was tried on a real node and
 * does no harm has no row: terminals, read-only roots, seccomp, users other than root, volumes
 * (tests/e2e/cases_life.py).
 */
#include "cli/doctor.h"

#include <inttypes.h>

static struct cli_doctor_finding pod_say_nothing(void)
{
	return (struct cli_doctor_finding){0};
}

static struct cli_doctor_finding pod_well(const char *words)
{
	return cli_doctor_say(CLI_DOCTOR_WELL, str_of(words), STR(""));
}

static struct cli_doctor_finding pod_note(const char *words)
{
	return cli_doctor_say(CLI_DOCTOR_NOTE, str_of(words), STR(""));
}

/* ---- Where it runs, and under what ---- */

static const struct cli_doctor_subject *pod_node_subject(const struct cli_doctor_view *view)
{
	for (size_t i = 0; i < view->facts->node_count; i++) {
		const struct cli_doctor_subject *node = &view->facts->nodes[i];
		if (str_equal(str_from(node->name, sizeof("node/") - 1), view->node))
			return node;
	}
	return NULL;
}

/* What the node cannot, its Pods cannot: told once here, in full with the node. */
static struct cli_doctor_finding pod_node(const struct cli_doctor_view *view)
{
	const struct cli_doctor_subject *node = pod_node_subject(view);
	struct cli_doctor_finding finding = {.verdict = CLI_DOCTOR_WELL, .words = view->node};

	for (size_t i = 0; node != NULL && i < node->count; i++) {
		const struct cli_doctor_finding *found = &node->results[i].finding;
		if (found->verdict < CLI_DOCTOR_UNKNOWN || found->verdict < finding.verdict)
			continue;
		if (found->verdict > finding.verdict) {
			finding = *found;
			finding.fix = (struct str){0};
			finding.words = arena_printf(view->facts->arena, "node %.*s: %.*s",
				STR_ARG(view->node), STR_ARG(found->words));
		}
		finding.affects |= found->affects;
	}
	return node != NULL ? finding : pod_say_nothing();
}

/* A command that gives the Pods of the workload this RuntimeClass; empty for Pods of their own. */
static struct str pod_set_runtime_class(const struct cli_doctor_view *view, struct str handler)
{
	if (view->owner.kind.size == 0 || !kube_name_is_valid(handler))
		return (struct str){0};
	return arena_printf(view->facts->arena,
		"kubectl -n %.*s patch %.*s -p "
		"'{\"spec\":{\"template\":{\"spec\":{\"runtimeClassName\":\"%.*s\"}}}}'",
		STR_ARG(view->namespace), STR_ARG(view->workload), STR_ARG(handler));
}

/* Whether the containers run under kcr-runtime, where the node has it. */
static struct cli_doctor_finding pod_runtime(const struct cli_doctor_view *view)
{
	const struct api_node_kcr_runtime *runtime;
	struct str class = view->pod->spec.runtime_class;
	struct arena *arena = view->facts->arena;
	enum cli_doctor_verdict without =
		api_checkpoint_node_refuses(view->description, API_STRATEGY_IMAGE)
		? CLI_DOCTOR_CANNOT
		: CLI_DOCTOR_NOTE;

	if (view->description == NULL ||
		api_checkpoint_node_refuses(view->description, API_STRATEGY_RUNTIME))
		return pod_say_nothing();
	runtime = &view->description->status.kcr_runtime;
	if (class.size > 0 && runtime->handler.size > 0 && !str_equal(class, runtime->handler))
		return cli_doctor_say(without,
			arena_printf(arena,
				"RuntimeClass %.*s runs it under another runtime than kcr-runtime "
				"(RuntimeClass %.*s)",
				STR_ARG(class), STR_ARG(runtime->handler)),
			pod_set_runtime_class(view, runtime->handler));
	if (class.size == 0 && runtime->handler.size > 0 && !runtime->is_default)
		return cli_doctor_say(without,
			arena_printf(arena,
				"it has no RuntimeClass, and kcr-runtime is not the default of "
				"node %.*s",
				STR_ARG(view->node)),
			pod_set_runtime_class(view, runtime->handler));
	return pod_well("kcr-runtime restores it");
}

/* ---- What it is made of ---- */

static struct cli_doctor_finding pod_system(const struct cli_doctor_view *view)
{
	struct str name = view->pod->spec.os.name;

	if (name.size > 0 && !str_is(name, "linux"))
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			STR("it is no Linux Pod, and CRIU is for Linux"), STR(""));
	return pod_well("a Linux Pod");
}

static struct cli_doctor_finding pod_restart_policy(const struct cli_doctor_view *view)
{
	if (str_is(view->pod->pod.spec.restart_policy, "Never"))
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			STR("its restartPolicy is Never: the kubelet starts no container of it a "
			    "second time; Always or OnFailure lets it come back"),
			STR(""));
	return pod_well("its containers are started again when they fail");
}

static struct cli_doctor_finding pod_static(const struct cli_doctor_view *view)
{
	if (view->pod->metadata.annotations.mirror.size > 0)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			STR("a static Pod starts cold: the engine knows it by another uid than "
			    "the API server; a DaemonSet would come back"),
			STR(""));
	return pod_well("the API server knows it by its own uid");
}

static struct cli_doctor_finding pod_processes(const struct cli_doctor_view *view)
{
	if (view->pod->spec.host_pid)
		return pod_note(
			"hostPID: a restore needs the process numbers that it had; where others "
			"have them by then it starts cold");
	if (view->pod->spec.shares_processes)
		return pod_note("shareProcessNamespace: a restore needs the process numbers that "
				"it had; where others have them by then it starts cold");
	return pod_well("it has process numbers of its own");
}

static struct cli_doctor_finding pod_network(const struct cli_doctor_view *view)
{
	if (view->pod->spec.host_network)
		return pod_note("hostNetwork: a restore needs the ports that it listened at to be "
				"free on the node");
	return pod_well("it has a network of its own");
}

/* The agent counts those of Pods that have Checkpoints. */
static struct cli_doctor_finding pod_connections(const struct cli_doctor_view *view)
{
	const struct api_node_pod *pods;

	if (view->description == NULL)
		return pod_say_nothing();
	pods = view->description->status.pods.items;
	for (size_t i = 0; i < view->description->status.pods.count; i++)
		if (str_equal(pods[i].namespace, view->namespace) &&
			str_equal(pods[i].name, view->pod->pod.metadata.name))
			return cli_doctor_say(CLI_DOCTOR_NOTE,
				arena_printf(view->facts->arena,
					"it has about %" PRIi64 " TCP connections now: a restore "
					"closes them, and it has to make them anew",
					pods[i].connections),
				STR(""));
	return pod_well("no connections are known of");
}

static struct cli_doctor_finding pod_messages(const struct cli_doctor_view *view)
{
	if (view->pod->spec.host_ipc)
		return pod_note("hostIPC: shared memory and semaphores of System V are the "
				"node's and are not in a checkpoint");
	return pod_well("it has IPC of its own");
}

static struct cli_doctor_finding pod_users(const struct cli_doctor_view *view)
{
	if (!view->pod->spec.host_users)
		return pod_note("hostUsers is false: what CRIU does with a user namespace depends "
				"on kernel and runtime; try one checkpoint and restore");
	return pod_well("it has the node's users");
}

static struct cli_doctor_finding pod_containers(const struct cli_doctor_view *view)
{
	size_t count = view->pod->pod.spec.containers.count;

	if (count > 1)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(view->facts->arena,
				"its %zu containers are checkpointed and restored each by itself: "
				"connections between them are closed, and they go back to "
				"different times",
				count),
			STR(""));
	return pod_well("one container");
}

static struct cli_doctor_finding pod_volumes(const struct cli_doctor_view *view)
{
	const struct cli_volume *volumes = view->pod->spec.volumes.items;
	struct arena *arena = view->facts->arena;

	for (size_t i = 0; i < view->pod->spec.volumes.count; i++) {
		const struct cli_host_path *path = volumes[i].host_path;
		if (path != NULL &&
			(str_ends_with(path->type, STR("Device")) || str_is(path->type, "Socket")))
			return cli_doctor_say(CLI_DOCTOR_NOTE,
				arena_printf(arena,
					"volume %.*s is a %s of the node: what a process has open "
					"there may make checkpoints fail, and its state is lost",
					STR_ARG(volumes[i].name),
					str_is(path->type, "Socket") ? "socket" : "device"),
				STR(""));
	}
	for (size_t i = 0; i < view->pod->spec.volumes.count; i++)
		if (volumes[i].claim != NULL)
			return cli_doctor_say(CLI_DOCTOR_NOTE,
				arena_printf(arena,
					"files on volume %.*s are of now when its memory is of "
					"then; a program that needs both to agree, as databases "
					"do, should start cold",
					STR_ARG(volumes[i].name)),
				STR(""));
	return pod_well("no volume that outlives it");
}

const struct cli_doctor_check cli_doctor_pod_checks[] = {
	{"node", CLI_DOCTOR_BOTH, pod_node},
	{"os", CLI_DOCTOR_BOTH, pod_system},
	{"runtime", CLI_DOCTOR_RESTORES, pod_runtime},
	{"restart-policy", CLI_DOCTOR_RESTORES, pod_restart_policy},
	{"static-pod", CLI_DOCTOR_RESTORES, pod_static},
	{"processes", CLI_DOCTOR_RESTORES, pod_processes},
	{"network", CLI_DOCTOR_RESTORES, pod_network},
	{"connections", CLI_DOCTOR_RESTORES, pod_connections},
	{"ipc", CLI_DOCTOR_RESTORES, pod_messages},
	{"users", CLI_DOCTOR_BOTH, pod_users},
	{"containers", CLI_DOCTOR_RESTORES, pod_containers},
	{"volumes", CLI_DOCTOR_BOTH, pod_volumes},
	{NULL, 0, NULL},
};
