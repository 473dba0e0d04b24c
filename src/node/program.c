/* The agent's life: options, the node's objects, the registry on loopback, health, and the stop. */
#include "node/node.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "http/health.h"
#include "loop/stop.h"
#include "node/direct.h"
#include "node/serve.h"
#include "node/state.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"
#include "sys/options.h"

enum {
	NODE_STOP_MS = 4000, /* after a signal what is being written is over by then */
	/* Until the kubelet has answered; less than terminationGracePeriodSeconds of the agent. */
	NODE_STOP_TAKES_MS = 290000,
	NODE_ORPHANS_MS = 60000,
	NODE_MAX_ACTIVE = 8,
};

struct node_options {
	const char *kubeconfig;
	const char *node_name;
	const char *kubelet_address;
	int64_t kubelet_port;
	const char *kubelet_ca;
	bool kubelet_insecure;
	const char *kubelet_checkpoints;
	const char *store;
	uint64_t store_max_bytes;
	uint64_t store_min_free_bytes;
	const char *hold_socket;
	int64_t max_takes;
	int64_t registry_port;
	struct node_push_options push;
	const char *health_address;
	int64_t health_port;
	struct log_options log;
};

#define NODE_ROW(option_name, option_type, member, argument_name, text)                            \
	.name = (option_name), .type = (option_type),                                              \
	.offset = offsetof(struct node_options, member), .argument = (argument_name),              \
	.help = (text)

static const struct option_row node_rows[] = {
	{NODE_ROW("node-name", OPTION_TEXT, node_name, "NAME", "The Node that this agent is of.")},
	{NODE_ROW("kubeconfig", OPTION_TEXT, kubeconfig, "PATH",
		"The API server's kubeconfig; without one $KUBECONFIG, then the Pod's service "
		"account.")},
	{NODE_ROW("kubelet-address", OPTION_TEXT, kubelet_address, "ADDRESS",
		"Where the node's kubelet listens.")},
	{NODE_ROW("kubelet-port", OPTION_NUMBER, kubelet_port, "PORT", "The kubelet's port."),
		.minimum = 1, .maximum = 65535},
	{NODE_ROW("kubelet-certificate-authority", OPTION_TEXT, kubelet_ca, "PATH",
		"The CA of the kubelet's serving certificate; the cluster's own when empty.")},
	{NODE_ROW("kubelet-insecure-tls", OPTION_FLAG, kubelet_insecure, NULL,
		"Do not check the kubelet's serving certificate.")},
	{NODE_ROW("kubelet-checkpoints", OPTION_TEXT, kubelet_checkpoints, "PATH",
		"Where the kubelet puts its archives.")},
	{NODE_ROW("store", OPTION_TEXT, store, "PATH",
		"Where checkpoints are kept; on the mount of the kubelet's archives they are "
		"moved, not copied.")},
	{NODE_ROW("store-max-size", OPTION_BYTES, store_max_bytes, "BYTES",
		"No new checkpoint is taken while the store holds so much; 0: no limit.")},
	{NODE_ROW("store-min-free", OPTION_BYTES, store_min_free_bytes, "BYTES",
		"No new checkpoint is taken while the disk has less than this left.")},
	{NODE_ROW("hold-socket", OPTION_TEXT, hold_socket, "PATH",
		"Where kcr-hold gets the connections of checkpoints, which then outlive this "
		"program; empty: there is none.")},
	{NODE_ROW("max-concurrent-checkpoints", OPTION_NUMBER, max_takes, "NUMBER",
		 "How many checkpoints of the node are taken at the same time; further requests "
		 "wait."),
		.minimum = 1, .maximum = 1000},
	{NODE_ROW("registry-port", OPTION_NUMBER, registry_port, "PORT",
		 "The port on 127.0.0.1 that images are served at."),
		.minimum = 1, .maximum = 65535},
	{NODE_ROW("push-registry", OPTION_TEXT, push.prefix, "HOST[/PATH]",
		"Also push checkpoints to this registry, and restore from there.")},
	{NODE_ROW("push-docker-config", OPTION_TEXT, push.docker_config, "PATH",
		"A docker config.json with the credentials for it.")},
	{NODE_ROW("push-certificate-authority", OPTION_TEXT, push.ca_file, "PATH",
		"The CA of its certificate; the system's when empty.")},
	{NODE_ROW("push-plain-http", OPTION_FLAG, push.plain_http, NULL,
		"Speak plain HTTP with it.")},
	{NODE_ROW("health-probe-bind-address", OPTION_TEXT, health_address, "ADDRESS",
		"The address that /healthz, /readyz and /metrics are served at.")},
	{NODE_ROW("health-probe-port", OPTION_NUMBER, health_port, "PORT", "The port of these."),
		.minimum = 0, .maximum = 65535},
	LOG_OPTION_ROWS(node_options, log),
};

static const struct option_table node_table = {
	.usage = "kcr agent --node-name NAME [OPTION ...]",
	.purpose = "Takes, keeps and serves the checkpoints of one node.",
	.rows = node_rows,
	.count = array_size(node_rows),
};

struct node_program {
	struct node node;
	struct node_options options;
	struct kube_config *config;
	struct http_tls *kubelet_tls;
	struct registry_server *registry;
	struct http_server *registry_http;
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

static void node_synced(void *context)
{
	struct node *node = context;
	struct error err;

	if (node_objects_missing(node) != NULL)
		return;
	if (node_questions_start(node, &node->questions, &err) < 0)
		log_warning(&err, "kcr-runtime is left to the plans alone");
	node_collect_late_archives(node);
	node_collect_departed(node);
	kube_reconciler_start(node->request_reconciler);
	kube_reconciler_start(node->checkpoint_reconciler);
	kube_reconciler_start(node->restore_reconciler);
	kube_reconciler_start(node->self_reconciler);
	log_info("Synced with the cluster", "node", node->name);
}

static void node_orphans_due(void *context)
{
	struct node_program *program = context;

	node_collect_orphans(&program->node);
	node_collect_late_archives(&program->node);
	node_collect_departed(&program->node);
	node_collect_direct(&program->node);
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
	size_t under_way = node_takes_under_way(node);
	struct mono_time now = clock_mono();

	if (under_way > 0)
		program->stop_by = (struct mono_time){now.us + NODE_STOP_MS * INT64_C(1000)};
	if (under_way > 0 || now.us >= program->stop_by.us)
		return under_way;
	return node->takes.count + kube_events_pending(node->events) +
		kube_reconciler_active(node->request_reconciler) +
		kube_reconciler_active(node->checkpoint_reconciler) +
		kube_reconciler_active(node->restore_reconciler) +
		kube_reconciler_active(node->self_reconciler);
}

static void node_stop_end(void *context)
{
	loop_stop(((struct node_program *)context)->node.loop);
}

/* ---- Starting ---- */

static struct kube_reconciler *node_reconciler(
	struct node *node, const char *name, kube_decide_fn decide)
{
	struct kube_reconciler_options options = {
		.name = name,
		.max_active = NODE_MAX_ACTIVE,
		.decide = decide,
		.failed = node_plan_failed_log,
		.context = node,
		.metrics = node->metrics,
	};

	return kube_reconciler_new(node->loop, node->client, &options);
}

/*
 * The kubelet's certificate is checked against the CA that was given, else the cluster's; we show
 * it what we show the API server, a token or a client certificate.
 */
static int node_start_kubelet(struct node_program *program, struct error *err)
{
	const struct node_options *options = &program->options;
	struct kube_config *config = program->config;
	autobuf ca = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (options->kubelet_ca[0] != '\0' &&
		file_read(AT_FDCWD, options->kubelet_ca, &ca, err) < 0)
		return error_wrap(err, "--kubelet-certificate-authority");
	if (kube_material_read(&config->ca, err) < 0 ||
		kube_material_read(&config->certificate, err) < 0 ||
		kube_material_read(&config->key, err) < 0)
		return -1;
	if (ca.size == 0 && !options->kubelet_insecure)
		buf_add(&ca, kube_material_str(&config->ca));
	program->kubelet_tls = http_tls_new(&(struct http_tls_options){
		.ca_pem = buf_str(&ca),
		.certificate_pem = kube_material_str(&config->certificate),
		.key_pem = kube_material_str(&config->key),
		.insecure_skip_verify = options->kubelet_insecure,
	});
	program->node.kubelet = (struct node_kubelet){
		.http = program->node.http,
		.tls = program->kubelet_tls,
		.host = options->kubelet_address,
		.port = (uint16_t)options->kubelet_port,
	};
	return 0;
}

static int node_start_store(struct node_program *program, struct error *err)
{
	struct node *node = &program->node;
	const struct node_options *options = &program->options;
	struct node_store_limits limits = {
		.max_bytes = options->store_max_bytes,
		.min_free_bytes = options->store_min_free_bytes,
	};

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
	node->request_reconciler = node_reconciler(node, "checkpointrequest", node_decide_request);
	node->checkpoint_reconciler = node_reconciler(node, "checkpoint", node_decide_checkpoint);
	node->restore_reconciler = node_reconciler(node, "restore", node_decide_restores);
	node->self_reconciler = node_reconciler(node, "checkpointnode", node_decide_self);
	return 0;
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
		loop_stop_new(node->loop, &stop, &program->stop, err) < 0)
		return -1;
	node_start_exits(node);
	node_objects_new(node, node_synced);
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

	http_server_free(program->registry_http);
	registry_server_free(program->registry);
	http_server_free(program->health_http);
	buf_done(&program->health.text);
	loop_source_free(program->orphans);
	node_questions_free(node->questions);
	node_restores_free(node);
	node_takes_free(node);
	node_ingests_free(node);
	kube_reconciler_free(node->request_reconciler);
	kube_reconciler_free(node->checkpoint_reconciler);
	kube_reconciler_free(node->restore_reconciler);
	kube_reconciler_free(node->self_reconciler);
	if (node->pods != NULL)
		node_objects_free(node);
	node_exits_free(node->exits);
	node_ended_free(node);
	kube_events_free(node->events);
	kube_client_free(node->client);
	http_client_free(node->http);
	http_tls_unref(program->kubelet_tls);
	kube_config_free(program->config);
	node_push_target_free(node->push);
	node_store_free(node->store);
	fd_close(&node->archives_fd);
	loop_stop_free(program->stop);
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
	node->store_max_bytes = program->options.store_max_bytes;
	node->max_takes = (size_t)program->options.max_takes;
	if (node_start(program, err) < 0)
		return -1;
	return loop_run(node->loop, err);
}

static int node_parse(
	struct node_program *program, int count, char *const *arguments, struct error *err)
{
	int parsed = options_parse(&node_table, count, arguments, &program->options, err);

	if (parsed == 0 && program->options.node_name[0] == '\0')
		return error_set(err, ERROR_INVALID,
			"--node-name is missing (in a Pod: the field spec.nodeName)");
	return parsed;
}

int node_main(int count, char *const *arguments)
{
	struct node_program program = {
		.node = {.archives_fd = -1},
		.options =
			{
				.node_name = "",
				.kubelet_address = "127.0.0.1",
				.kubelet_port = 10250,
				.kubelet_ca = "",
				.kubelet_checkpoints = "/var/lib/kubelet/checkpoints",
				.store = "/var/lib/kubelet/checkpoints/kcr",
				.store_min_free_bytes = UINT64_C(1) << 30,
				.hold_socket = "",
				.max_takes = 2,
				.registry_port = 7470,
				.push = {.prefix = "", .docker_config = "", .ca_file = ""},
				.health_address = "127.0.0.1",
				.health_port = 8082,
				.log = LOG_OPTIONS_INIT,
			},
	};
	struct error err;
	int result = node_parse(&program, count, arguments, &err);

	if (result > 0) {
		options_print_help(&node_table, &program.options);
		return 0;
	}
	if (result < 0) {
		fprintf(stderr, "kcr agent: %s\nTry 'kcr agent --help'\n", err.text);
		return 2;
	}
	log_configure_by_names(program.options.log.format, program.options.log.level);
	result = node_run(&program, &err);
	if (result < 0)
		log_error(&err, "Cannot run the agent");
	node_end(&program);
	return result < 0 ? 1 : 0;
}
