/* The agent's options: names, meanings, defaults, and what they need of each other. */
#include "node/options.h"

#include "node/node.h"

#define NODE_ROW(option_name, option_type, member, argument_name, text)                            \
	.name = (option_name), .type = (option_type),                                              \
	.offset = offsetof(struct node_options, member), .argument = (argument_name),              \
	.help = (text)

static const struct option_row node_rows[] = {
	{NODE_ROW("node-name", OPTION_TEXT, node_name, "NAME",
		 "The Node that this agent is of; in a Pod: the field spec.nodeName."),
		.group = "Cluster"},
	{NODE_ROW("kubeconfig", OPTION_TEXT, kubeconfig, "PATH",
		"The API server's kubeconfig; without one $KUBECONFIG, then the Pod's service "
		"account.")},
	{NODE_ROW("kubelet-address", OPTION_TEXT, kubelet_address, "ADDRESS",
		 "Where the node's kubelet listens."),
		.group = "Kubelet"},
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
		 "moved, not copied."),
		.group = "Store"},
	{NODE_ROW("store-max-size", OPTION_BYTES, store_max_bytes, "BYTES",
		 "No new checkpoint is taken while the store holds so much; 0: no limit."),
		.is_live = true},
	{NODE_ROW("store-min-free", OPTION_BYTES, store_min_free_bytes, "BYTES",
		 "No new checkpoint is taken while the disk has less than this left."),
		.is_live = true},
	{NODE_ROW("max-concurrent-checkpoints", OPTION_NUMBER, max_takes, "NUMBER",
		 "How many checkpoints of the node are taken at the same time; further requests "
		 "wait."),
		.group = "Checkpoints", .minimum = 1, .maximum = 1000, .is_live = true},
	{NODE_ROW("hold-socket", OPTION_TEXT, hold_socket, "PATH",
		"Where kcr-hold gets the connections of checkpoints, which then outlive this "
		"program; empty: there is none.")},
	{NODE_ROW("door-socket", OPTION_TEXT, door_socket, "PATH",
		 "Where the bytes of checkpoints are fetched with a CheckpointExport; empty: "
		 "nowhere."),
		.group = "Exports"},
	{NODE_ROW("relay-namespace", OPTION_TEXT, relay_namespace, "NAME",
		"The namespace of the Pods of kcr-relay, which lead there.")},
	{NODE_ROW("registry-port", OPTION_NUMBER, registry_port, "PORT",
		 "The port on 127.0.0.1 that images are served at."),
		.group = "Registries", .minimum = 1, .maximum = 65535},
	{NODE_ROW("push-registry", OPTION_TEXT, push.prefix, "HOST[/PATH]",
		"Also push checkpoints to this registry, and restore from there.")},
	{NODE_ROW("push-docker-config", OPTION_TEXT, push.docker_config, "PATH",
		"A docker config.json with the credentials for it.")},
	{NODE_ROW("push-certificate-authority", OPTION_TEXT, push.ca_file, "PATH",
		"The CA of its certificate; the system's when empty.")},
	{NODE_ROW("push-plain-http", OPTION_FLAG, push.plain_http, NULL,
		"Speak plain HTTP with it.")},
	{NODE_ROW("health-probe-bind-address", OPTION_TEXT, health_address, "ADDRESS",
		 "The address that /healthz, /readyz and /metrics are served at."),
		.group = "Health and metrics"},
	{NODE_ROW("health-probe-port", OPTION_NUMBER, health_port, "PORT", "The port of these."),
		.minimum = 0, .maximum = 65535},
	LOG_OPTION_ROWS(node_options, log),
};

static const struct node_options node_defaults = {
	.kubeconfig = NULL,
	.node_name = "",
	.kubelet_address = "127.0.0.1",
	.kubelet_port = 10250,
	.kubelet_ca = "",
	.kubelet_checkpoints = "/var/lib/kubelet/checkpoints",
	.store = "/var/lib/kubelet/checkpoints/kcr",
	.store_min_free_bytes = UINT64_C(1) << 30,
	.hold_socket = "",
	.door_socket = "",
	.relay_namespace = "kcr-relay",
	.max_takes = 2,
	.registry_port = 7470,
	.push = {.prefix = "", .docker_config = "", .ca_file = ""},
	.health_address = "127.0.0.1",
	.health_port = 8082,
	.log = LOG_OPTIONS_INIT,
};

static void node_check(const void *values, struct option_mistakes *mistakes)
{
	const struct node_options *options = values;
	const struct node_push_options *push = &options->push;
	bool is_told_how_to_push =
		push->docker_config[0] != '\0' || push->ca_file[0] != '\0' || push->plain_http;

	if (options->node_name[0] == '\0')
		option_mistakes_add(
			mistakes, "node-name: it is missing (in a Pod: the field spec.nodeName)");
	if (options->kubelet_insecure && options->kubelet_ca[0] != '\0')
		option_mistakes_add(mistakes,
			"kubelet-insecure-tls: it contradicts kubelet-certificate-authority");
	if (push->prefix[0] == '\0' && is_told_how_to_push)
		option_mistakes_add(
			mistakes, "push-registry: it is missing, the other push options need it");
}

const struct option_table node_option_table = {
	.program = "kcr agent",
	.usage = "--node-name=NAME [OPTION ...]",
	.purpose = "Takes, keeps and serves the checkpoints of one node.",
	.kind = "AgentConfiguration",
	.rows = node_rows,
	.count = array_size(node_rows),
	.defaults = &node_defaults,
	.size = sizeof(node_defaults),
	.check = node_check,
};
