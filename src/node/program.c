/* The agent's life: options, the node's objects, the registry on loopback, health, and the stop. */
#include "node/node.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "http/health.h"
#include "loop/stop.h"
#include "node/direct.h"
#include "node/door.h"
#include "node/ending.h"
#include "node/ingest.h"
#include "node/options.h"
#include "node/serve.h"
#include "node/state.h"
#include "node/take.h"
#include "options/watch.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	NODE_STOP_MS = 4000, /* after a signal what is being written is over by then */
	/* Until the kubelet has answered; less than terminationGracePeriodSeconds of the agent. */
	NODE_STOP_TAKES_MS = 290000,
	NODE_ORPHANS_MS = 60000,
	NODE_MAX_ACTIVE = 8,
};

struct node_program {
	struct node node;
	struct node_options options;
	struct options sources; /* of these */
	struct options_watch *options_watch;
	struct kube_config *config;
	struct node_trust *trust;
	struct registry_server *registry;
	struct http_server *registry_http;
	struct http_server *door; /* NULL: it is closed */
	struct http_health health;
	struct http_health_check check;
	struct http_server *health_http;
	struct loop_stop *stop;
	struct mono_time stop_by; /* once it has begun: what is being written may take until then */
	struct loop_source *orphans;
};

/* ---- Health ---- */

static void node_before_metrics(void *context)
{
	struct node *node = context;

	node_metrics_update(node);
	kube_reconciler_update_metrics(node->request_reconciler);
	kube_reconciler_update_metrics(node->checkpoint_reconciler);
	kube_reconciler_update_metrics(node->restore_reconciler);
	kube_reconciler_update_metrics(node->requested_reconciler);
	kube_reconciler_update_metrics(node->export_reconciler);
	kube_reconciler_update_metrics(node->import_reconciler);
	kube_reconciler_update_metrics(node->self_reconciler);
}

static const char *node_missing(void *context)
{
	return node_objects_missing(context);
}

/* ---- Running ---- */

static void node_plan_failed_log(void *context, struct str key, const struct error *err)
{
	(void)context;
	if (err->kind == ERROR_CONFLICT)
		log_debug("Changed meanwhile, will decide anew", "key", key.data);
	else
		log_warning(err, "Failed to reconcile, will try again", "key", key.data);
}

static void node_import_plan_failed(void *context, struct str key, const struct error *err)
{
	if (!node_import_refused(context, key, err))
		node_plan_failed_log(context, key, err);
}

/* Once all tickets are known: none is to be refused that there is. */
static void node_open_door(struct node *node)
{
	struct node_program *program = container_of(node, struct node_program, node);
	const char *path = program->options.door_socket;
	struct error err;

	if (path[0] == '\0')
		return;
	if (node_door_start(node, path, &program->door, &err) < 0)
		log_warning(&err, "Nothing can be exported, all else goes on");
	else
		node->is_door_open = true;
}

static void node_synced(void *context)
{
	struct node *node = context;
	struct error err;

	if (node_objects_missing(node) != NULL || node->is_synced)
		return;
	node->is_synced = true;
	if (node_questions_start(node, &node->questions, &err) < 0)
		log_warning(&err, "kcr-runtime is left to the plans alone");
	node_open_door(node);
	node_collect_late_archives(node);
	node_collect_departed(node);
	kube_reconciler_start(node->request_reconciler);
	kube_reconciler_start(node->checkpoint_reconciler);
	kube_reconciler_start(node->restore_reconciler);
	kube_reconciler_start(node->requested_reconciler);
	kube_reconciler_start(node->export_reconciler);
	kube_reconciler_start(node->import_reconciler);
	node_self_start(node);
	log_info("Synced with the cluster", "node", node->name);
}

static void node_orphans_due(void *context)
{
	struct node_program *program = context;

	node_collect_orphans(&program->node);
	node_collect_late_archives(&program->node);
	node_collect_departed(&program->node);
	node_collect_direct(&program->node);
	node_collect_imports(&program->node);
	loop_timer_set(program->orphans, NODE_ORPHANS_MS);
}

static void node_stop_begin(void *context)
{
	struct node_program *program = context;

	log_info(node_takes_under_way(&program->node) > 0
			? "Stopping after the checkpoints under way"
			: "Stopping");
	program->node.is_stopping = true;
	program->stop_by = (struct mono_time){clock_mono().us + NODE_STOP_MS * INT64_C(1000)};
	kube_reconciler_stop(program->node.checkpoint_reconciler);
	kube_reconciler_stop(program->node.restore_reconciler);
	kube_reconciler_stop(program->node.requested_reconciler);
	http_server_free(take_ptr(&program->door)); /* the next agent sends the rest */
	kube_reconciler_stop(program->node.self_reconciler);
}

/*
 * A call of the kubelet is waited for, because to cut it would freeze its container; then what is
 * being written is finished. The next agent takes up everything else.
 */
static size_t node_unfinished(void *context)
{
	struct node_program *program = context;
	const struct node *node = &program->node;
	size_t under_way = node_takes_under_way(node) + node_endings_under_way(node);
	struct mono_time now = clock_mono();

	if (under_way > 0)
		program->stop_by = (struct mono_time){now.us + NODE_STOP_MS * INT64_C(1000)};
	if (under_way > 0 || now.us >= program->stop_by.us)
		return under_way;
	return node->takes.count + node_exports_unwritten(node) +
		kube_events_pending(node->events) +
		kube_reconciler_active(node->request_reconciler) +
		kube_reconciler_active(node->checkpoint_reconciler) +
		kube_reconciler_active(node->restore_reconciler) +
		kube_reconciler_active(node->requested_reconciler) +
		kube_reconciler_active(node->export_reconciler) +
		kube_reconciler_active(node->import_reconciler) +
		kube_reconciler_active(node->self_reconciler);
}

static void node_stop_end(void *context)
{
	loop_stop(((struct node_program *)context)->node.loop);
}

/* ---- Starting ---- */

static struct node_store_limits node_limits(const struct node_options *options)
{
	return (struct node_store_limits){
		.max_bytes = options->store_max_bytes,
		.min_free_bytes = options->store_min_free_bytes,
	};
}

static void node_options_changed(void *context)
{
	struct node_program *program = context;
	const struct node_options *options = &program->options;

	log_configure_by_names(options->log.format, options->log.level);
	program->node.store_max_bytes = options->store_max_bytes;
	program->node.max_takes = (size_t)options->max_takes;
	if (program->node.store != NULL)
		node_store_set_limits(program->node.store, node_limits(options));
}

/* `objects` may be NULL; see kube_reconciler_options. */
static struct kube_reconciler *node_reconciler(struct node *node, const char *name,
	const struct kube_informer *objects, kube_decide_fn decide, kube_plan_failed_fn failed)
{
	struct kube_reconciler_options options = {
		.name = name,
		.max_active = NODE_MAX_ACTIVE,
		.objects = objects,
		.decide = decide,
		.failed = failed,
		.context = node,
		.metrics = node->metrics,
	};

	return kube_reconciler_new(node->loop, node->client, &options);
}

static int node_start_kubelet(struct node_program *program, struct error *err)
{
	const struct node_options *options = &program->options;

	if (node_trust_new(program->config, options->kubelet_ca, options->kubelet_insecure,
		    &program->trust, err) < 0)
		return -1;
	program->node.kubelet = (struct node_kubelet){
		.http = program->node.http,
		.trust = program->trust,
		.host = options->kubelet_address,
		.port = (uint16_t)options->kubelet_port,
	};
	return 0;
}

static int node_start_store(struct node_program *program, struct error *err)
{
	struct node *node = &program->node;
	const struct node_options *options = &program->options;
	struct node_store_limits limits = node_limits(options);

	if (file_open_directory(options->kubelet_checkpoints, &node->archives_fd, err) < 0 ||
		node_store_open(options->store, &limits, &node->store, err) < 0)
		return -1;
	if (options->push.prefix[0] == '\0')
		return 0;
	return node_push_target_new(&options->push, &node->push, err);
}

static int node_serve_registry(struct node_program *program, struct error *err)
{
	struct registry_store content = node_serve(program->node.store);
	struct http_server_options options = {
		.address = "127.0.0.1",
		.port = (uint16_t)program->options.registry_port,
		.max_connections = 64,
		.idle_seconds = 60,
	};

	program->registry = registry_server_new(&content);
	return http_server_start(program->node.loop, &options, registry_server_handle,
		program->registry, &program->registry_http, err);
}

static int node_serve_health(struct node_program *program, struct error *err)
{
	struct http_server_options options = {
		.address = program->options.health_address,
		.port = (uint16_t)program->options.health_port,
		.max_connections = 32,
		.idle_seconds = 60,
	};

	program->check = (struct http_health_check){
		.name = "informers", .missing = node_missing, .context = &program->node};
	program->health = (struct http_health){
		.metrics = program->node.metrics,
		.checks = &program->check,
		.check_count = 1,
		.before_metrics = node_before_metrics,
		.context = &program->node,
		.text = HTTP_HEALTH_TEXT,
	};
	return http_server_start(program->node.loop, &options, http_health_handle, &program->health,
		&program->health_http, err);
}

static int node_start_cluster(struct node_program *program, struct error *err)
{
	struct node *node = &program->node;
	struct kube_config_options config = {.path = program->options.kubeconfig};
	struct kube_events_options events = {
		.controller = STR("kcr.io/agent"),
		.instance = str_of(node->name),
		.metrics = node->metrics,
	};

	if (kube_config_load(&config, &program->config, err) < 0 ||
		kube_client_new(node->loop, program->config, node->metrics, &node->client, err) <
			0 ||
		http_client_new(node->loop, "kcr-agent/" KCR_VERSION, &node->http, err) < 0)
		return -1;
	node->events = kube_events_new(node->client, &events);
	return 0;
}

/* One for each kind of key; the informers are there. */
static void node_make_reconcilers(struct node *node)
{
	node->request_reconciler = node_reconciler(
		node, "checkpointrequest", NULL, node_decide_request, node_plan_failed_log);
	node->checkpoint_reconciler = node_reconciler(
		node, "checkpoint", NULL, node_decide_checkpoint, node_plan_failed_log);
	node->restore_reconciler =
		node_reconciler(node, "restore", NULL, node_decide_restores, node_plan_failed_log);
	/* what ends a container is decided from what was written down about it */
	node->requested_reconciler = node_reconciler(node, "restorerequest", node->restore_requests,
		node_decide_requested, node_plan_failed_log);
	node->export_reconciler = node_reconciler(
		node, "checkpointexport", node->exports, node_decide_export, node_plan_failed_log);
	node->import_reconciler = node_reconciler(node, "checkpointimport", node->imports,
		node_decide_import, node_import_plan_failed);
	node->self_reconciler = node_reconciler(
		node, "checkpointnode", NULL, node_decide_self, node_plan_failed_log);
}

static void node_start_exits(struct node *node)
{
	struct error err;

	if (node_exits_new(node->loop, node_container_ended, node, &node->exits, &err) < 0)
		log_warning(&err,
			"Ends of containers are left to the kubelet, which sees them up "
			"to a second later");
}

static int node_start(struct node_program *program, struct error *err)
{
	struct node *node = &program->node;
	struct loop_stop_options stop = {
		.begin = node_stop_begin,
		.unfinished = node_unfinished,
		.end = node_stop_end,
		.context = program,
		.limit_ms = NODE_STOP_TAKES_MS,
	};

	if (node_start_store(program, err) < 0 || node_start_cluster(program, err) < 0 ||
		node_start_kubelet(program, err) < 0 || node_serve_registry(program, err) < 0 ||
		node_serve_health(program, err) < 0 ||
		loop_stop_new(node->loop, &stop, &program->stop, err) < 0 ||
		options_watch_new(node->loop, &program->sources, node_options_changed, program,
			&program->options_watch, err) < 0)
		return -1;
	node_start_exits(node);
	node_objects_new(node, node_synced);
	node_make_reconcilers(node);
	node_follow(node);
	node_objects_start(node);
	program->orphans = loop_timer_new(node->loop, node_orphans_due, program);
	loop_timer_set(program->orphans, NODE_ORPHANS_MS);
	log_info("Started", "node", node->name, "server", program->config->server, "version",
		KCR_VERSION);
	return 0;
}

static void node_end(struct node_program *program)
{
	struct node *node = &program->node;

	http_server_free(program->door);
	http_server_free(program->registry_http);
	registry_server_free(program->registry);
	http_server_free(program->health_http);
	buf_done(&program->health.text);
	loop_source_free(program->orphans);
	node_questions_free(node->questions);
	node_probe_free(node->probe);
	node_restores_free(node);
	node_takes_free(node);
	node_endings_free(node);
	node_ingests_free(node);
	kube_reconciler_free(node->request_reconciler);
	kube_reconciler_free(node->checkpoint_reconciler);
	kube_reconciler_free(node->restore_reconciler);
	kube_reconciler_free(node->requested_reconciler);
	kube_reconciler_free(node->export_reconciler);
	kube_reconciler_free(node->import_reconciler);
	kube_reconciler_free(node->self_reconciler);
	if (node->pods != NULL)
		node_objects_free(node);
	node_exits_free(node->exits);
	node_ended_free(node);
	node_exports_free(node);
	node_imports_free(node);
	kube_events_free(node->events);
	kube_client_free(node->client);
	http_client_free(node->http);
	node_trust_free(program->trust);
	kube_config_free(program->config);
	node_push_target_free(node->push);
	node_store_free(node->store);
	fd_close(&node->archives_fd);
	loop_stop_free(program->stop);
	options_watch_free(program->options_watch);
	metrics_free(node->metrics);
	loop_free(node->loop);
}

static int node_run(struct node_program *program, struct error *err)
{
	struct node *node = &program->node;

	if (loop_new(&node->loop, err) < 0)
		return -1;
	node->metrics = metrics_new();
	node_metrics_init(node);
	node->name = program->options.node_name;
	node->registry_port = (uint16_t)program->options.registry_port;
	node->hold_socket = program->options.hold_socket;
	node->store_path = program->options.store;
	node->relay_namespace = program->options.relay_namespace;
	node_options_changed(program);
	if (node_start(program, err) < 0)
		return -1;
	return loop_run(node->loop, err);
}

int node_main(int count, char *const *arguments)
{
	struct node_program program = {.node = {.archives_fd = -1}};
	struct error err;
	int result;

	if (!options_start(&program.sources, &node_option_table, count, arguments, &program.options,
		    &result))
		return result;
	result = node_run(&program, &err);
	if (result < 0)
		log_error(&err, "Cannot run the agent");
	node_end(&program);
	options_done(&program.sources);
	return result < 0 ? 1 : 0;
}
