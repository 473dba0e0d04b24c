/* CheckpointNode: what a node has, and by which strategies containers are restored there. */
#include "api/internal.h"
#include "api/kinds.h"

static const char *const api_strategy_names[] = {"Runtime", "Image", NULL};
static const char *const api_offered_texts[] = {API_OFFERED, API_NOT_OFFERED, API_MAY_OFFER, NULL};

static const struct json_field api_offer_fields[] = {
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_offer, strategy),
		.choices = api_strategy_names,
		.description = "Runtime: kcr-runtime restores a container when it is created anew. "
			       "Image: the Pod's image is changed to that of a Checkpoint, which "
			       "the engine restores."},
	{.name = "offered",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_offer, offered),
		.choices = api_offered_texts,
		.description = "Whether containers are restored so on this node. Unknown counts as "
			       "True: it is tried."},
	{.name = "reason",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_offer, reason),
		.max_length = 1024,
		.description = "Why, in one CamelCase word for programs."},
	{.name = "message",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_offer, message),
		.max_length = 32768,
		.description = "Why, in words for people, and what to change."},
};

static const struct json_object api_offer_object =
	JSON_OBJECT_OF("strategy", struct api_offer, api_offer_fields);

static const struct json_field api_node_runtime_fields[] = {
	{.name = "path",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_runtime, path),
		.max_length = 4096,
		.description = "Path of runc or crun on the node."},
	{.name = "version",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_runtime, version),
		.max_length = 253,
		.description = "Its version."},
};

static const struct json_object api_node_runtime_object =
	JSON_OBJECT_OF("runtime", struct api_node_runtime, api_node_runtime_fields);

static const struct json_field api_node_kcr_runtime_fields[] = {
	{.name = "path",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_kcr_runtime, path),
		.max_length = 4096,
		.description = "Path of kcr-runtime on the node."},
	{.name = "version",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_kcr_runtime, version),
		.max_length = 253,
		.description = "Its version."},
	{.name = "handler",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_kcr_runtime, handler),
		.max_length = 253,
		.description = "What the engine, and a RuntimeClass, call it by."},
	{.name = "isDefault",
		.type = JSON_FIELD_BOOL,
		.offset = offsetof(struct api_node_kcr_runtime, is_default),
		.description = "Whether Pods without a RuntimeClass run under it."},
	{.name = "needsRestart",
		.type = JSON_FIELD_BOOL,
		.offset = offsetof(struct api_node_kcr_runtime, needs_restart),
		.description = "Whether the engine had not read its configuration yet when "
			       "kcr-runtime was installed."},
};

static const struct json_object api_node_kcr_runtime_object =
	JSON_OBJECT_OF("kcrRuntime", struct api_node_kcr_runtime, api_node_kcr_runtime_fields);

static const struct json_field api_node_store_fields[] = {
	{.name = "path",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_store, path),
		.max_length = 4096,
		.description = "Where the agent keeps checkpoints."},
	{.name = "checkpoints",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_node_store, checkpoints),
		.minimum = 0,
		.maximum = INT32_MAX,
		.description = "How many it keeps."},
	{.name = "usedBytes",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_node_store, used_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "Their size, rounded by up to a sixteenth."},
	{.name = "maxBytes",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_node_store, max_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "No new checkpoint is taken while it holds so much. Absent: no "
			       "limit."},
	{.name = "freeBytes",
		.type = JSON_FIELD_I64,
		.flags = JSON_WRITE_EMPTY,
		.offset = offsetof(struct api_node_store, free_bytes),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "What is left of its file system, rounded by up to a sixteenth."},
	{.name = "used",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_node_store, used),
		.max_length = 32,
		.description = "usedBytes, rounded for people."},
};

static const struct json_object api_node_store_object =
	JSON_OBJECT_OF("store", struct api_node_store, api_node_store_fields);

static const struct json_field api_node_pod_fields[] = {
	{.name = "namespace",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_node_pod, namespace),
		.max_length = 63,
		.description = "The Pod's namespace."},
	{.name = "name",
		.type = JSON_FIELD_STRING,
		.flags = JSON_REQUIRED,
		.offset = offsetof(struct api_node_pod, name),
		.max_length = 253,
		.description = "Its name."},
	{.name = "connections",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_node_pod, connections),
		.minimum = 0,
		.maximum = INT32_MAX,
		.description = "Established TCP connections in its network, rounded up to a power "
			       "of two."},
};

static const struct json_object api_node_pod_object =
	JSON_OBJECT_OF("pod", struct api_node_pod, api_node_pod_fields);

static const struct json_field api_checkpoint_node_status_fields[] = {
	{.name = "agentVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, agent_version),
		.max_length = 253,
		.description = "The version of the agent that wrote this."},
	{.name = "kernelVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, kernel_version),
		.max_length = 253,
		.description = "The kernel that runs."},
	{.name = "kernelMissing",
		.type = JSON_FIELD_STRINGS,
		.offset = offsetof(struct api_checkpoint_node_status, kernel_missing),
		.max_length = 16,
		.description = "Options that CRIU needs and this kernel was built without, such as "
			       "CONFIG_CHECKPOINT_RESTORE."},
	{.name = "architecture",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, architecture),
		.max_length = 64,
		.description = "As the Node says it: amd64, arm64."},
	{.name = "engine",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, engine),
		.max_length = 253,
		.description = "The container engine and its version, as the Node says it: "
			       "containerd://2.4.2."},
	{.name = "criuVersion",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, criu_version),
		.max_length = 64,
		.description = "The version of CRIU: what the installation of kcr-runtime found, "
			       "else what took the newest Checkpoint. Absent: not known."},
	{.name = "criuProblem",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, criu_problem),
		.max_length = 32768,
		.description = "What `criu check` complained about when kcr-runtime was installed. "
			       "Absent: nothing, or it was not asked."},
	{.name = "runtime",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint_node_status, runtime),
		.object = &api_node_runtime_object,
		.description = "The runtime behind kcr-runtime."},
	{.name = "kcrRuntime",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint_node_status, kcr_runtime),
		.object = &api_node_kcr_runtime_object,
		.description = "kcr-runtime, as it was installed. Absent: it is not."},
	{.name = "store",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint_node_status, store),
		.object = &api_node_store_object,
		.description = "The agent's store."},
	{.name = "pods",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_checkpoint_node_status, pods),
		.object = &api_node_pod_object,
		.max_length = 64,
		.description =
			"Pods with Checkpoints here that have connections, which a restore "
			"closes. At most 64 are looked at; not those in the node's network."},
	{.name = "strategies",
		.type = JSON_FIELD_LIST,
		.offset = offsetof(struct api_checkpoint_node_status, strategies),
		.object = &api_offer_object,
		.max_length = 8,
		.description = "How containers are restored on this node, and how not and why."},
	{.name = "strategiesOffered",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct api_checkpoint_node_status, strategies_offered),
		.max_length = 253,
		.description = "Those that are offered, for people; with a '?' where that is not "
			       "known. \"none\" if there is none."},
	{.name = "observedGeneration",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct api_checkpoint_node_status, observed_generation),
		.minimum = 0,
		.maximum = INT64_MAX,
		.description = "The metadata.generation that this status was written for."},
	{.name = "conditions",
		.type = JSON_FIELD_LIST,
		.flags = JSON_LIST_BY_TYPE,
		.offset = offsetof(struct api_checkpoint_node_status, conditions),
		.object = &api_condition_object,
		.max_length = 16,
		.description = "Ready: whether checkpoints can be taken and restored here, and why "
			       "not. KubeletReady: whether the kubelet takes checkpoints for the "
			       "agent. Whether the agent runs is told by its Pod."},
};

static const struct json_object api_checkpoint_node_status_object = JSON_OBJECT_OF(
	"status", struct api_checkpoint_node_status, api_checkpoint_node_status_fields);

static const struct json_field api_checkpoint_node_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint_node, metadata),
		.object = &api_metadata_object},
	{.name = "status",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct api_checkpoint_node, status),
		.object = &api_checkpoint_node_status_object,
		.description = "What the agent found. It is written when something changes, the "
			       "store's numbers at most once a minute."},
};

static const struct json_object api_checkpoint_node_object =
	JSON_OBJECT_OF("CheckpointNode", struct api_checkpoint_node, api_checkpoint_node_fields);

static const struct api_column api_checkpoint_node_columns[] = {
	{"Kernel", "string", ".status.kernelVersion", "The kernel that runs"},
	{"Engine", "string", ".status.engine", "The container engine"},
	{"CRIU", "string", ".status.criuVersion", "The version of CRIU"},
	{"Strategies", "string", ".status.strategiesOffered", "How containers are restored there"},
	{"Store", "string", ".status.store.used", "Size of the checkpoints that it keeps"},
	{"Checkpoints", "integer", ".status.store.checkpoints", "How many it keeps",
		.is_wide = true},
	{"Ready", "string", ".status.conditions[?(@.type==\"Ready\")].status",
		"Whether checkpoints can be taken and restored there", .is_wide = true},
	{"Reason", "string", ".status.conditions[?(@.type==\"Ready\")].reason", "Why, or why not",
		.is_wide = true},
	{"Age", "date", ".metadata.creationTimestamp", "Time since it was created"},
};

static const char *const api_checkpoint_node_selectable_fields[] = {NULL};

const struct api_kind api_checkpoint_node_kind = {
	.name = "CheckpointNode",
	.plural = "checkpointnodes",
	.singular = "checkpointnode",
	.short_name = "ckn",
	.description = "CheckpointNode says what a node has for taking and restoring checkpoints. "
		       "The node's agent writes it, under the name of the Node, with which it "
		       "goes.",
	.is_cluster_scoped = true,
	.object = &api_checkpoint_node_object,
	.columns = api_checkpoint_node_columns,
	.column_count = array_size(api_checkpoint_node_columns),
	.selectable_fields = api_checkpoint_node_selectable_fields,
};

const struct api_offer *api_checkpoint_node_offer(
	const struct api_checkpoint_node *node, enum api_strategy strategy)
{
	const struct api_offer *offers;

	if (node == NULL)
		return NULL;
	offers = node->status.strategies.items;
	for (size_t i = 0; i < node->status.strategies.count; i++)
		if (str_equal(offers[i].strategy, api_strategy_text(strategy)))
			return &offers[i];
	return NULL;
}

bool api_checkpoint_node_refuses(const struct api_checkpoint_node *node, enum api_strategy strategy)
{
	const struct api_offer *offer = api_checkpoint_node_offer(node, strategy);

	return offer != NULL && str_is(offer->offered, API_NOT_OFFERED);
}

static bool api_offer_is_same(const struct api_offer *a, const struct api_offer *b)
{
	if (a == NULL || b == NULL)
		return a == b;
	return str_equal(a->offered, b->offered) && str_equal(a->reason, b->reason) &&
		str_equal(a->message, b->message);
}

bool api_checkpoint_node_offers_same(
	const struct api_checkpoint_node *a, const struct api_checkpoint_node *b)
{
	for (size_t i = 0; i < API_STRATEGIES; i++)
		if (!api_offer_is_same(api_checkpoint_node_offer(a, (enum api_strategy)i),
			    api_checkpoint_node_offer(b, (enum api_strategy)i)))
			return false;
	return true;
}

void api_checkpoint_node_set_offers(struct api_checkpoint_node_status *status,
	struct api_offer *offers, size_t count, struct arena *arena)
{
	struct str text = {0};

	for (size_t i = 0; i < count; i++)
		if (!str_is(offers[i].offered, API_NOT_OFFERED))
			text = arena_printf(arena, "%.*s%s%.*s%s", STR_ARG(text),
				text.size > 0 ? "," : "", STR_ARG(offers[i].strategy),
				str_is(offers[i].offered, API_OFFERED) ? "" : "?");
	status->strategies = (struct json_list){offers, count};
	status->strategies_offered = text.size > 0 ? text : STR("none");
}

/* To a multiple of a sixteenth of the largest power of two within it. */
static int64_t api_round(int64_t value)
{
	int64_t step = 1;

	while (value / step >= 32)
		step *= 2;
	return value / step * step;
}

void api_node_store_set_amounts(struct api_node_store *store, struct arena *arena)
{
	store->used_bytes = api_round(store->used_bytes);
	store->free_bytes = api_round(store->free_bytes);
	store->used = api__size_text(arena, store->used_bytes);
}
