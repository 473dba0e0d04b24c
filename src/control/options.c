/* The controller's options: names, meanings, defaults, and what they need of each other. */
#include "control/options.h"

#include "control/control.h"

#define CONTROL_ROW(option_name, option_type, member, argument_name, text)                         \
	.name = (option_name), .type = (option_type),                                              \
	.offset = offsetof(struct control_options, member), .argument = (argument_name),           \
	.help = (text)

enum { CONTROL_DAY_MS = 24 * 3600 * 1000 };

static const struct option_row control_rows[] = {
	{CONTROL_ROW("kubeconfig", OPTION_TEXT, kubeconfig, "PATH",
		 "The API server's kubeconfig; without one $KUBECONFIG, then the Pod's service "
		 "account."),
		.group = "Cluster"},
	{CONTROL_ROW("leader-elect", OPTION_FLAG, leader_elect, NULL,
		 "Act only while holding the lease."),
		.group = "Leader election"},
	{CONTROL_ROW("leader-elect-resource-namespace", OPTION_TEXT, lease_namespace, "NAMESPACE",
		"The namespace of the lease; the Pod's own when empty.")},
	{CONTROL_ROW("leader-elect-resource-name", OPTION_TEXT, lease_name, "NAME",
		"The name of the lease.")},
	{CONTROL_ROW("leader-elect-lease-duration", OPTION_DURATION, lease_duration_ms, "DURATION",
		 "How long others wait before they take the lease of a leader that has gone "
		 "silent."),
		.minimum = 1000, .maximum = CONTROL_DAY_MS},
	{CONTROL_ROW("leader-elect-renew-deadline", OPTION_DURATION, lease_renew_ms, "DURATION",
		 "How long the leader tries to renew before it gives up; shorter than the lease's "
		 "duration."),
		.minimum = 100, .maximum = CONTROL_DAY_MS},
	{CONTROL_ROW("leader-elect-retry-period", OPTION_DURATION, lease_retry_ms, "DURATION",
		 "The time between two tries; 1.2 times this is shorter than the deadline."),
		.minimum = 50, .maximum = CONTROL_DAY_MS},
	{CONTROL_ROW("schedule-spread", OPTION_DURATION, spread_ms, "DURATION",
		 "Schedules that are due at the same time begin within this window, each one "
		 "always at its own place in it, and at most half way to its next time; 0: on "
		 "time, as CronJobs do."),
		.group = "Schedules", .minimum = 0, .maximum = CONTROL_DAY_MS, .is_live = true},
	{CONTROL_ROW("max-concurrent-checkpoints", OPTION_NUMBER, max_checkpoints, "NUMBER",
		 "How many checkpoints schedules take at the same time in the whole cluster; "
		 "further runs wait in line. 0: no limit. Each node has one of its own: see "
		 "kcr agent --help."),
		.minimum = 0, .maximum = 1000000},
	{CONTROL_ROW("zoneinfo", OPTION_TEXT, zones, "PATH", "The time zone database.")},
	{CONTROL_ROW("health-probe-bind-address", OPTION_TEXT, health_address, "ADDRESS",
		 "The address that /healthz, /readyz and /metrics are served at."),
		.group = "Health and metrics"},
	{CONTROL_ROW("health-probe-port", OPTION_NUMBER, health_port, "PORT", "The port of these."),
		.minimum = 0, .maximum = 65535},
	LOG_OPTION_ROWS(control_options, log),
};

static const struct control_options control_defaults = {
	.kubeconfig = NULL,
	.health_address = "0.0.0.0",
	.health_port = 8081,
	.leader_elect = true,
	.lease_namespace = "",
	.lease_name = "kcr-controller",
	.lease_duration_ms = 15000,
	.lease_renew_ms = 10000,
	.lease_retry_ms = 2000,
	.spread_ms = 0,
	.max_checkpoints = 100,
	.zones = "/usr/share/zoneinfo",
	.log = LOG_OPTIONS_INIT,
};

/* As client-go wants them: who loses the lease has stopped before another one takes it. */
static void control_check(const void *values, struct option_mistakes *mistakes)
{
	const struct control_options *options = values;

	if (options->lease_renew_ms >= options->lease_duration_ms)
		option_mistakes_add(mistakes,
			"leader-elect-renew-deadline: it must be shorter than "
			"leader-elect-lease-duration");
	if (options->lease_retry_ms * 12 >= options->lease_renew_ms * 10)
		option_mistakes_add(mistakes,
			"leader-elect-retry-period: 1.2 times this must be shorter than "
			"leader-elect-renew-deadline");
	if (options->lease_name[0] == '\0')
		option_mistakes_add(mistakes, "leader-elect-resource-name: it must not be empty");
}

const struct option_table control_option_table = {
	.program = "kcr controller",
	.usage = "[OPTION ...]",
	.purpose = "Turns annotations and CheckpointSchedules into CheckpointRequests, restores "
		   "containers that failed, and keeps what the retention says.",
	.kind = "ControllerConfiguration",
	.rows = control_rows,
	.count = array_size(control_rows),
	.defaults = &control_defaults,
	.size = sizeof(control_defaults),
	.check = control_check,
};
