/*
 * What this node has, written as its CheckpointNode: from its Node, from what the installation of
 * kcr-runtime left in the store, and from the store. Looked at again each minute and whenever the
 * Node changes, written when something is different. Nothing else of the agent waits for it: a
 * cluster that does not know the kind yet, or does not let us write it, only misses the report.
 */
#include "node/state.h"

#include <fcntl.h>
#include <stdlib.h>

#include "node/connections.h"
#include "node/kernel.h"
#include "node/offers.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	NODE_SELF_LOOK_MS = 60000,
	NODE_SELF_PODS_MAX = 64, /* whose connections are counted */
};

static const struct kube_resource self_node_resource = {"", "v1", "nodes", "Node", false};
static const struct kube_resource self_resource = {
	API_GROUP, API_VERSION, "checkpointnodes", "CheckpointNode", false};

/* ---- What is known ---- */

static int self_visit_mark(void *context, const char *name, bool is_directory, struct error *err)
{
	bool *found = context;

	(void)err;
	if (!is_directory && !str_contains(str_of(name), STR(".")))
		*found = true;
	return 0;
}

/* Whether kcr-runtime has marked containers. */
static bool self_runs_containers(const struct node *node)
{
	autoclose int marks = openat(node_store_fd(node->store), HANDOVER_CONTAINERS,
		O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool found = false;
	struct error err;

	if (marks < 0)
		return false; /* kcr-runtime makes it with the first one */
	if (file_for_each(marks, self_visit_mark, &found, &err) < 0)
		log_warning(&err, "Failed to look for containers of kcr-runtime");
	return found;
}

/* What the installation has found; NULL when there was none. What cannot be read is its problem. */
static const struct handover_host *self_read_host(const struct node *node, struct arena *arena)
{
	struct handover_host *host = arena_zeroed(arena, 1, sizeof(*host));
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error err;

	if (file_read(node_store_fd(node->store), HANDOVER_HOST, &text, &err) == 0 &&
		handover_host_read(buf_str(&text), arena, host, &err) == 0)
		return host;
	if (err.kind == ERROR_ABSENT)
		return NULL;
	*host = (struct handover_host){
		.problem = arena_printf(arena, HANDOVER_HOST ": %s", err.text)};
	return host;
}

/* What CRIU the newest Checkpoint was taken by: as good a guess as there is without host.json. */
static struct str self_seen_criu_version(const struct node *node)
{
	const struct api_checkpoint *newest = NULL;
	const struct kube_object *object;
	size_t position = 0;

	while ((object = kube_informer_next(node->checkpoints, &position)) != NULL) {
		const struct api_checkpoint *one = object->view;

		if (one->status.criu_version.size > 0 &&
			(newest == NULL || one->spec.timestamp.us > newest->spec.timestamp.us))
			newest = one;
	}
	return newest != NULL ? newest->status.criu_version : (struct str){0};
}

/* ---- What is said ---- */

static void self_describe_host(struct api_checkpoint_node_status *status,
	const struct handover_host *host, const struct node *node)
{
	if (host != NULL) {
		status->criu_version = host->criu_version;
		status->criu_problem = host->criu_problem;
		status->runtime = (struct api_node_runtime){host->runtime, host->runtime_version};
		status->kcr_runtime = (struct api_node_kcr_runtime){
			.path = host->program,
			.version = host->program_version,
			.handler = host->handler,
			.is_default = host->is_default,
			.needs_restart = host->needs_restart,
		};
	}
	if (status->criu_version.size == 0)
		status->criu_version = self_seen_criu_version(node);
}

/* Whether the Pod's connections are to be told: it has Checkpoints, and a network of its own. */
static bool self_is_of_interest(const struct node *node, const struct kube_object *object)
{
	const struct api_pod *pod = object->view;
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	size_t count;

	kube_key_write(&key, object->namespace, object->name);
	(void)kube_index_get(node->checkpoints_by_pod, buf_str(&key), &count);
	return count > 0 && !str_equal(pod->status.pod_ip, pod->status.host_ip);
}

/* The ID of a container of the Pod that runs; empty: none does. */
static struct str self_running_id(const struct api_pod *pod)
{
	const struct api_container_status *statuses = pod->status.container_statuses.items;
	struct str scheme;
	struct str id;

	for (size_t i = 0; i < pod->status.container_statuses.count; i++)
		if (statuses[i].state.running != NULL &&
			str_cut_last(statuses[i].container_id, '/', &scheme, &id))
			return id;
	return (struct str){0};
}

/* To a power of two, so that a few more or less are not worth a write. */
static int64_t self_round_up(int64_t count)
{
	int64_t rounded = 1;

	while (rounded < count)
		rounded *= 2;
	return rounded;
}

static int self_compare_pods(const void *left, const void *right)
{
	const struct api_node_pod *a = left;
	const struct api_node_pod *b = right;
	int order = str_compare(a->namespace, b->namespace);

	return order != 0 ? order : str_compare(a->name, b->name);
}

static void self_describe_pods(struct api_checkpoint_node_status *status, const struct node *node,
	int proc_fd, struct arena *arena)
{
	struct api_node_pod *pods = arena_zeroed(arena, NODE_SELF_PODS_MAX, sizeof(*pods));
	struct node_connections found[NODE_SELF_PODS_MAX];
	const struct kube_object *object;
	size_t position = 0;
	size_t count = 0;
	struct error err;

	while (count < NODE_SELF_PODS_MAX &&
		(object = kube_informer_next(node->pods, &position)) != NULL) {
		const struct api_pod *pod = object->view;
		struct str id = self_running_id(pod);
		if (id.size == 0 || !self_is_of_interest(node, object))
			continue;
		pods[count] = (struct api_node_pod){pod->metadata.namespace, pod->metadata.name, 0};
		found[count++] = (struct node_connections){.container_id = id};
	}
	if (count > 0 && node_connections_count(proc_fd, found, count, &err) < 0)
		log_warning(&err, "Failed to count connections");
	status->pods.items = pods;
	for (size_t i = 0; i < count; i++) {
		if (found[i].established == 0)
			continue;
		pods[status->pods.count] = pods[i];
		pods[status->pods.count++].connections = self_round_up(found[i].established);
	}
	if (status->pods.count > 1)
		qsort(pods, status->pods.count, sizeof(*pods), self_compare_pods);
}

static void self_describe_processes(
	struct api_checkpoint_node_status *status, const struct node *node, struct arena *arena)
{
	autoclose int proc_fd = -1;
	struct error err;

	if (file_open_directory("/proc", &proc_fd, &err) < 0) {
		log_warning(&err, "Failed to look at the kernel and at processes");
		return;
	}
	status->kernel_missing = node_kernel_missing(proc_fd, arena);
	self_describe_pods(status, node, proc_fd, arena);
}

static void self_describe_store(
	struct api_node_store *store, const struct node *node, struct arena *arena)
{
	struct node_store_usage usage = node_store_usage(node->store);

	*store = (struct api_node_store){
		.path = str_of(node->store_path),
		.checkpoints = (int64_t)usage.count,
		.used_bytes = (int64_t)usage.used_bytes,
		.max_bytes = (int64_t)node->store_max_bytes,
		.free_bytes = (int64_t)usage.free_bytes,
	};
	api_node_store_set_amounts(store, arena);
}

/* Without the kubelet nothing is taken; one that is away may only be starting. NULL: it was not
 * asked yet. */
static bool self_is_refused(const struct api_condition *kubelet)
{
	return kubelet != NULL &&
		(str_is(kubelet->reason, API_REASON_KUBELET_FORBIDS) ||
			str_is(kubelet->reason, API_REASON_KUBELET_DISABLED));
}

static struct api_condition self_ready(const struct node *node,
	const struct api_checkpoint_node *described, const struct api_condition *kubelet,
	struct arena *arena)
{
	const struct api_offer *preferred =
		api_checkpoint_node_offer(described, API_STRATEGY_RUNTIME);
	struct api_condition ready = {
		.type = STR(API_CONDITION_READY),
		.status = STR("False"),
		.observed_generation = described->status.observed_generation,
		.last_transition = clock_wall(),
	};
	struct error err;

	if (node_store_check_room(node->store, 0, 0, &err) < 0) {
		ready.reason = STR("StoreFull");
		ready.message = arena_str(arena, str_of(err.text));
	} else if (self_is_refused(kubelet)) {
		ready.reason = STR("KubeletRefuses");
		ready.message = kubelet->message;
	} else if (api_checkpoint_node_refuses(described, API_STRATEGY_RUNTIME) &&
		api_checkpoint_node_refuses(described, API_STRATEGY_IMAGE)) {
		ready.reason = STR("NoStrategy");
		ready.message = arena_printf(arena, "containers that fail start cold: %.*s",
			STR_ARG(preferred->message));
	} else {
		ready.status = STR("True");
		ready.reason = STR("StrategyOffered");
		ready.message = arena_printf(arena, "containers are restored by: %.*s",
			STR_ARG(described->status.strategies_offered));
	}
	return ready;
}

static void self_describe_conditions(const struct node *node, const struct api_checkpoint_node *own,
	struct arena *arena, struct api_checkpoint_node *described)
{
	struct api_checkpoint_node_status *status = &described->status;
	struct api_condition kubelet = node_probe_condition(node->probe);
	struct api_condition ready;

	status->observed_generation = own != NULL ? own->metadata.generation : 1;
	if (own != NULL)
		status->conditions = own->status.conditions;
	kubelet.observed_generation = status->observed_generation;
	kubelet.last_transition = clock_wall();
	if (kubelet.type.size > 0)
		(void)api_condition_set(&status->conditions, &kubelet, arena);
	ready = self_ready(node, described,
		api_condition_find(&status->conditions, API_CONDITION_KUBELET_READY), arena);
	(void)api_condition_set(&status->conditions, &ready, arena);
}

/* `own` is what was said before; NULL: nothing. */
static void self_describe(const struct node *node, const struct api_node *of,
	const struct api_checkpoint_node *own, struct arena *arena,
	struct api_checkpoint_node *ret_described)
{
	struct api_offer *offers = arena_zeroed(arena, API_STRATEGIES, sizeof(*offers));
	struct api_checkpoint_node_status *status = &ret_described->status;
	const struct handover_host *host = self_read_host(node, arena);

	*ret_described = (struct api_checkpoint_node){.metadata.name = of->metadata.name};
	status->agent_version = STR(KCR_VERSION);
	status->kernel_version = of->status.info.kernel_version;
	self_describe_processes(status, node, arena);
	status->architecture = of->status.info.architecture;
	status->engine = of->status.info.container_runtime_version;
	self_describe_host(status, host, node);
	self_describe_store(&status->store, node, arena);
	node_offers(
		&(struct node_facts){
			.engine = status->engine,
			.host = host,
			.runs_containers = self_runs_containers(node),
		},
		arena, offers);
	api_checkpoint_node_set_offers(status, offers, API_STRATEGIES, arena);
	self_describe_conditions(node, own, arena, ret_described);
}

/* ---- Writing it ---- */

static bool self_is_said(
	const struct api_checkpoint_node *own, const struct api_checkpoint_node *described)
{
	struct api_checkpoint_node said = {.metadata = described->metadata, .status = own->status};
	autobuf before = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf now = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer_before = json_writer(&before);
	struct json_writer writer_now = json_writer(&now);

	api_encode_status(&writer_before, &api_checkpoint_node_kind, &said);
	api_encode_status(&writer_now, &api_checkpoint_node_kind, described);
	return str_equal(buf_str(&before), buf_str(&now));
}

/* The garbage collector takes it away with its Node, also one that was registered anew since. */
static bool self_goes_with(const struct api_checkpoint_node *own, const struct api_node *of)
{
	const struct api_owner *owners = own->metadata.owners.items;

	for (size_t i = 0; i < own->metadata.owners.count; i++)
		if (str_equal(owners[i].uid, of->metadata.uid))
			return true;
	return false;
}

static void self_plan_object(struct kube_plan *plan, const struct api_node *of)
{
	struct api_owner owner = {
		.api_version = STR("v1"),
		.kind = STR("Node"),
		.name = of->metadata.name,
		.uid = of->metadata.uid,
	};
	struct api_checkpoint_node made = {
		.metadata = {.name = of->metadata.name, .owners = {&owner, 1}}};
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	api_encode(&writer, &api_checkpoint_node_kind, &made);
	kube_plan_apply(plan, &self_resource, (struct str){0}, of->metadata.name, "",
		buf_str(&body), NODE_FIELD_MANAGER);
}

void node_decide_self(void *context, struct str key, struct kube_plan *plan)
{
	struct node *node = context;
	const struct kube_object *object = kube_informer_get(node->own_nodes, key);
	const struct kube_object *own_object = kube_informer_get(node->own_descriptions, key);
	const struct api_node *of = object != NULL ? object->view : NULL;
	const struct api_checkpoint_node *own = own_object != NULL ? own_object->view : NULL;
	struct api_checkpoint_node described;

	if (of == NULL || !kube_informer_is_synced(node->own_descriptions))
		return; /* who tells us of them asks again */
	kube_plan_wake(plan, NODE_SELF_LOOK_MS);
	self_describe(node, of, own, plan->arena, &described);
	if (own == NULL || !self_goes_with(own, of))
		self_plan_object(plan, of);
	node->is_self_told = own != NULL && self_is_said(own, &described);
	if (!node->is_self_told)
		node_plan_status(plan, &self_resource, &api_checkpoint_node_kind,
			&described.metadata, &described);
}

/* ---- Who tells ---- */

static void self_want(struct node *node)
{
	kube_reconciler_add(node->self_reconciler, str_of(node->name));
}

static void self_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	(void)old;
	(void)new;
	self_want(context);
}

/* A checkpoint by kcr-runtime where it was not believed in: an engine that was restarted since. */
static void self_checkpoint_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct node *node = context;
	const struct kube_object *own =
		kube_informer_get(node->own_descriptions, str_of(node->name));

	(void)old;
	if (new == NULL || own == NULL)
		return;
	if (api_checkpoint_strategy(new->view) == API_STRATEGY_RUNTIME &&
		api_checkpoint_node_refuses(own->view, API_STRATEGY_RUNTIME))
		self_want(node);
}

static void self_synced(void *context)
{
	self_want(context);
}

static void self_failed(void *context, const struct error *err)
{
	(void)context;
	if (err->kind == ERROR_ABSENT || err->kind == ERROR_DENIED)
		log_warning(err,
			"Cannot tell what this node has, all else goes on; "
			"apply this version's deploy/install.yaml");
	else
		log_warning(err, "Failed to watch, will try again");
}

static void self_probed(void *context)
{
	self_want(context);
}

void node_self_start(struct node *node)
{
	kube_reconciler_start(node->self_reconciler);
	node->probe = node_probe_start(node->loop, node->client, &node->kubelet, self_probed, node);
}

void node_self_new(struct node *node)
{
	autobuf selector = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct kube_informer_options options = {
		.resource = &self_node_resource,
		.view = &api_node_object,
		.synced = self_synced,
		.failed = self_failed,
		.context = node,
	};

	buf_printf(&selector, "metadata.name=%s", node->name);
	options.field_selector = buf_str(&selector);
	node->own_nodes = kube_informer_new(node->client, &options);
	options.resource = &self_resource;
	options.view = api_checkpoint_node_kind.object;
	node->own_descriptions = kube_informer_new(node->client, &options);
	kube_informer_on_change(node->own_nodes, self_changed, node);
	kube_informer_on_change(node->own_descriptions, self_changed, node);
	kube_informer_on_change(node->checkpoints, self_checkpoint_changed, node);
}
