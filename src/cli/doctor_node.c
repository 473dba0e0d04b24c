/*
 * What a node needs. The facts are its agent's, in its CheckpointNode; where the agent has judged
 * already (strategies, the condition Ready), its judgement counts and only the commands are ours.
 */
#include "cli/doctor.h"

#include <inttypes.h>

#include "handover/engine.h"

#define APPLY      "kubectl apply -f install.yaml"
#define AGENT_LOGS "kubectl -n kcr-agent logs daemonset/kcr-agent --tail=20"

static struct cli_doctor_finding node_say_nothing(void)
{
	return (struct cli_doctor_finding){0};
}

/* The agent's Pod on the node; NULL: there is none, or nobody knows. */
static const struct cli_pod *node_agent_pod(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_OWN_PODS];
	const struct cli_pod *pods = list->items;

	for (size_t i = 0; i < list->count; i++)
		if (str_is(pods[i].metadata.labels.component, "agent") &&
			str_equal(pods[i].pod.spec.node_name, view->node))
			return &pods[i];
	return NULL;
}

static struct cli_doctor_finding node_agent_runs(const struct cli_doctor_view *view)
{
	struct arena *arena = view->facts->arena;
	const struct cli_pod *pod = node_agent_pod(view);
	const struct api_container_status *status;

	if (view->facts->lists[CLI_DOCTOR_OWN_PODS].is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("the agent has told of the node; you may not list Pods of all "
			    "namespaces, so whether it still runs is not known"),
			STR(""));
	if (pod == NULL)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			STR("the agent has told of the node, but has no Pod there any more"),
			STR("kubectl -n kcr-agent describe daemonset/kcr-agent"));
	status = api_pod_container_status(&pod->pod, STR("agent"));
	if (status == NULL || !status->ready)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena, "the agent's Pod %.*s is not Ready",
				STR_ARG(pod->pod.metadata.name)),
			arena_printf(arena,
				"kubectl -n %.*s describe pod/%.*s\n"
				"kubectl -n %.*s logs pod/%.*s --all-containers --tail=20",
				STR_ARG(pod->pod.metadata.namespace),
				STR_ARG(pod->pod.metadata.name),
				STR_ARG(pod->pod.metadata.namespace),
				STR_ARG(pod->pod.metadata.name)));
	return cli_doctor_say(CLI_DOCTOR_WELL, STR("the agent runs"), STR(""));
}

static struct cli_doctor_finding node_agent(const struct cli_doctor_view *view)
{
	const struct cli_doctor_list *list = &view->facts->lists[CLI_DOCTOR_DESCRIPTIONS];

	if (list->is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list CheckpointNodes, so nothing is known of the node; "
			    "ask for a ClusterRoleBinding to the ClusterRole kcr-view"),
			STR(""));
	if (view->description == NULL)
		return cli_doctor_say(CLI_DOCTOR_CANNOT, STR("no agent has told of the node"),
			STR(APPLY "\nkubectl -n kcr-agent get pods -o wide\n" AGENT_LOGS));
	return node_agent_runs(view);
}

static struct cli_doctor_finding node_version(const struct cli_doctor_view *view)
{
	const struct api_checkpoint_node_status *status;

	if (view->description == NULL)
		return node_say_nothing();
	status = &view->description->status;
	if (status->agent_version.size == 0)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			STR("the agent is older than this plugin and tells less; upgrade the "
			    "cluster"),
			STR(APPLY));
	if (status->kcr_runtime.version.size > 0 &&
		!str_equal(status->kcr_runtime.version, status->agent_version))
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(view->facts->arena,
				"kcr-runtime is %.*s, the agent %.*s: its next start brings them "
				"together",
				STR_ARG(status->kcr_runtime.version),
				STR_ARG(status->agent_version)),
			STR("kubectl -n kcr-agent rollout restart daemonset/kcr-agent"));
	return cli_doctor_compare_version(view->facts->arena, "the agent", status->agent_version);
}

static struct cli_doctor_finding node_kernel(const struct cli_doctor_view *view)
{
	struct arena *arena = view->facts->arena;
	const struct json_strings *missing;
	struct str names = {0};

	if (view->description == NULL)
		return node_say_nothing();
	missing = &view->description->status.kernel_missing;
	for (size_t i = 0; i < missing->count; i++)
		names = arena_printf(arena, "%.*s%s%.*s", STR_ARG(names), i > 0 ? ", " : "",
			STR_ARG(missing->items[i]));
	if (missing->count > 0)
		return cli_doctor_say_on_node(CLI_DOCTOR_CANNOT,
			arena_printf(arena,
				"Linux %.*s was built without %.*s, which CRIU needs; boot a "
				"kernel that has it",
				STR_ARG(view->description->status.kernel_version), STR_ARG(names)),
			STR("grep CHECKPOINT_RESTORE /boot/config-*    # kernels that have it"));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(
			arena, "Linux %.*s", STR_ARG(view->description->status.kernel_version)),
		STR(""));
}

static const struct api_offer *node_offer(
	const struct cli_doctor_view *view, enum api_strategy strategy)
{
	return api_checkpoint_node_offer(view->description, strategy);
}

static bool node_offer_has(const struct api_offer *offer, const char *reason)
{
	return offer != NULL && str_is(offer->reason, reason);
}

/* What stands against both strategies, and against taking checkpoints: rows of their own say so. */
static bool node_is_no_strategy_s_fault(const struct api_offer *offer)
{
	return node_offer_has(offer, "EngineUnsupported") ||
		node_offer_has(offer, "EngineTooOld") || node_offer_has(offer, "CRIUMissing");
}

static struct cli_doctor_finding node_engine(const struct cli_doctor_view *view)
{
	const struct api_offer *offer = node_offer(view, API_STRATEGY_RUNTIME);

	if (view->description == NULL)
		return node_say_nothing();
	if (node_offer_has(offer, "EngineUnsupported") || node_offer_has(offer, "EngineTooOld"))
		return cli_doctor_say(CLI_DOCTOR_CANNOT, offer->message, STR(""));
	if (view->description->status.engine.size == 0)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			STR("the Node does not say which container engine it has"), STR(""));
	return cli_doctor_say(CLI_DOCTOR_WELL, view->description->status.engine, STR(""));
}

/*
 * From which kernel on which CRIU is needed. 3.16: go-criu's PodCriuVersion, what engines ask for.
 * 4.2: Linux 6.16 has no SO_PASSCRED of TCP and UDP sockets any more, and an older CRIU fails the
 * dump of each one over that (CRIU's notes of release 4.2). The last row that is reached counts.
 */
static const struct node_criu_need {
	uint64_t kernel[2];
	uint64_t criu[2];
	const char *words;
} node_criu_needs[] = {
	{{0, 0}, {3, 16}, "3.16 or later is needed"},
	{{6, 16}, {4, 2},
		"from Linux 6.16 on, 4.2 or later is needed (in Debian from 14, forky, on)"},
};

/* What an old CRIU lacks on its kernel; NULL when it is new enough, or not known. */
static const char *node_criu_lacks(const struct api_checkpoint_node_status *status)
{
	const struct node_criu_need *need = &node_criu_needs[0];
	struct handover_version kernel = {0};
	struct handover_version criu;

	if (!handover_version_read(status->criu_version, &criu))
		return NULL;
	(void)handover_version_read(status->kernel_version, &kernel);
	for (size_t i = 0; i < array_size(node_criu_needs); i++)
		if (handover_version_is_at_least(
			    &kernel, node_criu_needs[i].kernel[0], node_criu_needs[i].kernel[1], 0))
			need = &node_criu_needs[i];
	return handover_version_is_at_least(&criu, need->criu[0], need->criu[1], 0) ? NULL
										    : need->words;
}

static struct cli_doctor_finding node_criu(const struct cli_doctor_view *view)
{
	const struct api_offer *offer = node_offer(view, API_STRATEGY_RUNTIME);
	const struct api_checkpoint_node_status *status;
	struct arena *arena = view->facts->arena;
	const char *lacks;

	if (view->description == NULL)
		return node_say_nothing();
	status = &view->description->status;
	lacks = node_criu_lacks(status);
	if (node_offer_has(offer, "CRIUMissing"))
		return cli_doctor_say_on_node(CLI_DOCTOR_CANNOT, offer->message,
			STR("apt-get install criu    # or dnf, zypper"));
	if (lacks != NULL)
		return cli_doctor_say_on_node(CLI_DOCTOR_CANNOT,
			arena_printf(arena, "CRIU %.*s is too old: %s",
				STR_ARG(status->criu_version), lacks),
			STR("apt-get install criu    # or dnf, zypper"));
	if (status->criu_problem.size > 0)
		return cli_doctor_say_on_node(CLI_DOCTOR_NOTE,
			arena_printf(arena,
				"`criu check` complains, which may matter for some "
				"containers: %.*s",
				STR_ARG(status->criu_problem)),
			STR("criu check"));
	if (status->criu_version.size == 0)
		return cli_doctor_say_on_node(CLI_DOCTOR_NOTE,
			STR("CRIU's version is not known: kcr-runtime was not installed by KCR, "
			    "and no checkpoint was taken yet"),
			STR("criu check"));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(arena, "CRIU %.*s", STR_ARG(status->criu_version)), STR(""));
}

#define GATE                                                                                       \
	"# in the kubelet's configuration (kubeadm: /var/lib/kubelet/config.yaml):\n"              \
	"#   featureGates: {ContainerCheckpoint: true}\n"                                          \
	"systemctl restart kubelet"
/* kubeadm's kubelets sign their own certificate; docs/install.md has the same. */
#define CERTIFICATE                                                                                \
	"# on the node, in /var/lib/kubelet/config.yaml: serverTLSBootstrap: true; then\n"         \
	"# systemctl restart kubelet, and let the cluster sign what it asks for:\n"                \
	"kubectl get csr --field-selector=spec.signerName=kubernetes.io/kubelet-serving\n"         \
	"kubectl certificate approve NAME\n"                                                       \
	"# or leave it unchecked, by kubelet-insecure-tls: true in agent.yaml of\n"                \
	"kubectl -n kcr-agent edit configmap/kcr-agent\n"                                          \
	"kubectl -n kcr-agent rollout restart daemonset/kcr-agent"

static struct cli_doctor_finding node_kubelet(const struct cli_doctor_view *view)
{
	const struct api_condition *condition = NULL;

	if (view->description != NULL)
		condition = api_condition_find(
			&view->description->status.conditions, API_CONDITION_KUBELET_READY);
	if (condition == NULL)
		return node_say_nothing();
	if (str_is(condition->status, "True"))
		return cli_doctor_say(CLI_DOCTOR_WELL, condition->message, STR(""));
	if (str_is(condition->reason, API_REASON_KUBELET_DISABLED))
		return cli_doctor_say_on_node(CLI_DOCTOR_CANNOT, condition->message, STR(GATE));
	if (str_is(condition->reason, API_REASON_KUBELET_FORBIDS))
		return cli_doctor_say(CLI_DOCTOR_CANNOT, condition->message,
			STR(APPLY "\nkubectl auth can-i create nodes/checkpoint "
				  "--as=system:serviceaccount:kcr-agent:kcr-agent"));
	return cli_doctor_say(CLI_DOCTOR_CANNOT, condition->message,
		str_contains(condition->message, STR("certificate")) ? STR(CERTIFICATE)
								     : STR(AGENT_LOGS));
}

static struct cli_doctor_finding node_repair_runtime(const struct cli_doctor_view *view,
	const struct api_offer *offer, enum cli_doctor_verdict verdict)
{
	struct str engine;
	struct str rest;

	if (!node_offer_has(offer, "EngineNotRestarted"))
		return cli_doctor_say(verdict, offer->message,
			node_offer_has(offer, "NotInstalled")
				? STR(APPLY "\n" AGENT_LOGS " -c install-runtime")
				: STR(""));
	(void)str_cut(view->description->status.engine, ':', &engine, &rest);
	return cli_doctor_say_on_node(verdict, offer->message,
		arena_printf(view->facts->arena,
			"systemctl restart %s && systemctl restart kubelet",
			str_is(engine, "cri-o") ? "crio" : "containerd"));
}

/* One way is enough; a way that is not offered where the other one is costs nothing. */
static struct cli_doctor_finding node_runtime(const struct cli_doctor_view *view)
{
	const struct api_offer *offer = node_offer(view, API_STRATEGY_RUNTIME);

	if (offer == NULL || node_is_no_strategy_s_fault(offer))
		return node_say_nothing();
	if (str_is(offer->offered, API_OFFERED))
		return cli_doctor_say(CLI_DOCTOR_WELL, offer->message, STR(""));
	if (str_is(offer->offered, API_MAY_OFFER))
		return node_repair_runtime(view, offer, CLI_DOCTOR_NOTE);
	return node_repair_runtime(view, offer,
		api_checkpoint_node_refuses(view->description, API_STRATEGY_IMAGE)
			? CLI_DOCTOR_CANNOT
			: CLI_DOCTOR_NOTE);
}

static struct cli_doctor_finding node_image(const struct cli_doctor_view *view)
{
	const struct api_offer *offer = node_offer(view, API_STRATEGY_IMAGE);

	if (offer == NULL || node_is_no_strategy_s_fault(offer))
		return node_say_nothing();
	if (str_is(offer->offered, API_OFFERED))
		return cli_doctor_say(CLI_DOCTOR_WELL, offer->message, STR(""));
	if (!api_checkpoint_node_refuses(view->description, API_STRATEGY_RUNTIME))
		return cli_doctor_say(CLI_DOCTOR_WELL,
			arena_printf(view->facts->arena, "not needed beside kcr-runtime (%.*s)",
				STR_ARG(offer->message)),
			STR(""));
	return cli_doctor_say(CLI_DOCTOR_NOTE, offer->message, STR(""));
}

static struct cli_doctor_finding node_store(const struct cli_doctor_view *view)
{
	static const struct str prune = STR_INIT("kubectl kcr prune -A --older-than=48h --dry-run");
	const struct api_condition *ready;
	const struct api_node_store *store;
	struct arena *arena = view->facts->arena;

	if (view->description == NULL)
		return node_say_nothing();
	store = &view->description->status.store;
	ready = api_condition_find(&view->description->status.conditions, API_CONDITION_READY);
	if (ready != NULL && str_is(ready->reason, "StoreFull"))
		return cli_doctor_say(CLI_DOCTOR_CANNOT, ready->message, prune);
	if (store->max_bytes > 0 && store->used_bytes / 9 >= store->max_bytes / 10)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(arena, "the store holds %.*s of at most %.*s",
				STR_ARG(cli_bytes_text(arena, store->used_bytes)),
				STR_ARG(cli_bytes_text(arena, store->max_bytes))),
			prune);
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(arena, "%" PRIi64 " checkpoints take %.*s, %.*s are free",
			store->checkpoints, STR_ARG(cli_bytes_text(arena, store->used_bytes)),
			STR_ARG(cli_bytes_text(arena, store->free_bytes))),
		STR(""));
}

const struct cli_doctor_check cli_doctor_node_checks[] = {
	{"agent", CLI_DOCTOR_BOTH, node_agent},
	{"agent-version", CLI_DOCTOR_BOTH, node_version},
	{"kernel", CLI_DOCTOR_BOTH, node_kernel},
	{"engine", CLI_DOCTOR_BOTH, node_engine},
	{"criu", CLI_DOCTOR_BOTH, node_criu},
	{"kubelet", CLI_DOCTOR_TAKES, node_kubelet},
	{"store", CLI_DOCTOR_TAKES, node_store},
	{"kcr-runtime", CLI_DOCTOR_RESTORES, node_runtime},
	{"image", CLI_DOCTOR_RESTORES, node_image},
	{NULL, 0, NULL},
};
