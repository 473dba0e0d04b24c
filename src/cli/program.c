/* From a command line to a command, and from its end to an exit status. */
#include "cli/cli.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/complete.h"
#include "cli/inspect.h"
#include "cli/session.h"

/* How many arguments the flag at the beginning takes, itself included; 0: it is no flag. */
static int program_flag_size(const char *argument)
{
	if (argument[0] != '-' || argument[1] == '\0')
		return 0;
	for (size_t i = 0; i < cli_common_flag_count; i++) {
		const struct option_row *row = &cli_common_flags[i];
		bool is_name =
			strncmp(argument, "--", 2) == 0 && strcmp(argument + 2, row->name) == 0;
		bool is_letter =
			row->letter != 0 && argument[1] == row->letter && argument[2] == '\0';
		if ((is_name || is_letter) && row->type != OPTION_FLAG)
			return 2;
	}
	return 1;
}

/* Common flags may stand before the command. */
int cli_find_command(int count, char *const *arguments)
{
	int i = 0;

	while (i < count) {
		int size = program_flag_size(arguments[i]);
		if (size == 0)
			return i;
		i += size;
	}
	return count;
}

static int program_unknown(const char *name)
{
	const char *names[64] = {NULL};
	size_t count = 0;
	const char *meant;

	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++)
		if (count + 1 < array_size(names))
			names[count++] = (*command)->name;
	meant = option_nearest(str_of(name), names);
	fprintf(stderr, "kubectl kcr: there is no command '%s'%s%s%s\n", name,
		meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
		meant != NULL ? "'?" : "");
	fprintf(stderr, "'kubectl kcr --help' tells what there is.\n");
	return CLI_MISUSED;
}

static int program_help(const struct cli_command *command)
{
	autobuf help = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (command != NULL)
		cli_help_write(&help, command);
	else
		cli_help_write_all(&help);
	fputs(help.data, stdout);
	return CLI_DONE;
}

static void program_report(const struct cli_call *call, const struct error *err)
{
	autobuf advice = BUF_INIT(LIMIT_CONFIG_BYTES);
	autokubeconfig *config = NULL;
	const struct kube_config_options options = {
		.path = call->flags.kubeconfig,
		.context = call->flags.context,
		.cluster = call->flags.cluster,
		.user = call->flags.user,
		.home_before_pod = true,
	};
	struct error ignored; /* it may be what has failed */
	struct str where = str_of(call->flags.namespace);
	struct str lines;
	struct str line;

	cli_tell("Error: %s", err->text);
	if (kube_config_load(&options, &config, &ignored) == 0 && where.size == 0)
		where = str_of(config->namespace);
	cli_advice_write(&advice, err, config, where);
	lines = buf_str(&advice);
	while (str_cut(lines, '\n', &line, &lines))
		cli_tell("%.*s", STR_ARG(line));
}

/* The arguments without that at `index`. Owned by the caller. */
static char **program_without(int count, char *const *arguments, int index)
{
	char **rest = alloc_zeroed((size_t)count + 1, sizeof(*rest));
	int kept = 0;

	for (int i = 0; i < count; i++)
		if (i != index)
			rest[kept++] = arguments[i];
	return rest;
}

/* Asked by shells, not by people: what stands on the line is not ours to refuse. */
static int program_complete(int count, char *const *arguments)
{
	autobuf out = BUF_INIT(LIMIT_LIST_BYTES);

	cli_complete(count, arguments, &out);
	fputs(out.data, stdout);
	return CLI_DONE;
}

int cli_main(int count, char *const *arguments)
{
	static const struct cli_program program = {
		.report = program_report,
		.inspect_here = cli_inspect_here,
		.inspect_elsewhere = cli_inspect_elsewhere,
	};
	int index = cli_find_command(count, arguments);
	const char *name = index < count ? arguments[index] : "help";
	const struct cli_command *command = cli_command_find(name);
	autofree char **rest = NULL;

	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing */
	if (index == 0 && strcmp(name, "__complete") == 0)
		return program_complete(count - 1, arguments + 1);
	if (command == NULL && strcmp(name, "help") == 0) {
		command = index + 1 < count ? cli_command_find(arguments[index + 1]) : NULL;
		if (command == NULL && index + 1 < count)
			return program_unknown(arguments[index + 1]);
		return program_help(command);
	}
	if (command == NULL)
		return program_unknown(name);
	rest = program_without(count, arguments, index);
	return cli_command_run(&program, command, count - 1, rest);
}
