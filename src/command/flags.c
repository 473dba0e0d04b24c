/* The flags of every command. */
#include "command/flags.h"

const char *const cli_output_choices[] = {"wide", "json", "yaml", "name", NULL};

const struct cli_flags cli_flags_defaults = {
	.output = "",
	.dry_run = "none",
	.timeout_ms = 300 * 1000,
	.keep = -1,
};

const struct option_row cli_common_flags[] = {
	{.name = "namespace",
		.letter = 'n',
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, namespace),
		.argument = "NAME",
		.group = "Flags of every command",
		.help = "The namespace. Left out: that of the kubeconfig's context, else default."},
	{.name = "kubeconfig",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, kubeconfig),
		.argument = "PATH",
		.help = "The kubeconfig. Left out: the files of KUBECONFIG, merged as kubectl "
			"merges them; else ~/.kube/config."},
	{.name = "context",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, context),
		.argument = "NAME",
		.help = "The kubeconfig's context. Left out: its current-context."},
	{.name = "cluster",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, cluster),
		.argument = "NAME",
		.help = "The kubeconfig's cluster, instead of the context's."},
	{.name = "user",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, user),
		.argument = "NAME",
		.help = "The kubeconfig's user, instead of the context's."},
	{.name = "as",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, as),
		.argument = "USER",
		.help = "Acts as this user, for those who may impersonate."},
	{.name = "request-timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, request_timeout_ms),
		.argument = "DURATION",
		.help = "How long one request may take; 0s: 30 s."},
	{.name = "v",
		.letter = 'v',
		.type = OPTION_NUMBER,
		.offset = offsetof(struct cli_flags, verbosity),
		.argument = "LEVEL",
		.help = "From 6 on, each request is shown on standard error with its answer's "
			"status and time; never a token or a key.",
		.minimum = 0,
		.maximum = 10},
};

const size_t cli_common_flag_count = array_size(cli_common_flags);
