/* The table of commands, and the options and the help that come from a row. */
#include <assert.h>
#include <string.h>

#include "cli/rows.h"

const struct cli_command *const cli_commands[] = {
	&cli_list_command,
	&cli_describe_command,
	&cli_tree_command,
	&cli_checkpoint_command,
	&cli_restore_command,
	&cli_schedule_command,
	&cli_suspend_command,
	&cli_resume_command,
	&cli_prune_command,
	&cli_inspect_command,
	&cli_events_command,
	&cli_top_command,
	&cli_timeline_command,
	&cli_completion_command,
	&cli_version_command,
	NULL,
};

const struct cli_command *cli_command_find(const char *name)
{
	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++) {
		const char *alias = (*command)->alias;
		if (strcmp(name, (*command)->name) == 0 ||
			(alias != NULL && strcmp(name, alias) == 0))
			return *command;
	}
	return NULL;
}

void cli_command_options_init(
	struct cli_command_options *options, const struct cli_command *command)
{
	struct option_row *common = options->rows + command->flag_count;

	assert(command->flag_count + cli_common_flag_count <= CLI_FLAGS_MAX);
	if (command->flag_count > 0)
		memcpy(options->rows, command->flags, command->flag_count * sizeof(*common));
	memcpy(common, cli_common_flags, cli_common_flag_count * sizeof(*common));
	options->program = BUF_INIT(LIMIT_CONFIG_BYTES);
	buf_printf(&options->program, "kubectl kcr %s", command->name);
	options->table = (struct option_table){
		.program = options->program.data,
		.usage = command->arguments,
		.purpose = command->summary,
		.rows = options->rows,
		.count = command->flag_count + cli_common_flag_count,
		.defaults = &cli_flags_defaults,
		.size = sizeof(struct cli_flags),
	};
}

void cli_command_options_done(struct cli_command_options *options)
{
	buf_done(&options->program);
}

/* ---- Help ---- */

static void help_write_lines(struct buf *out, const char *text, size_t indent)
{
	struct str rest = str_of(text);
	struct str line;

	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		options_write_wrapped(out, line, indent);
		if (rest.size > 0)
			buf_add_byte(out, '\n');
	}
}

static void help_write_examples(struct buf *out, const char *examples)
{
	struct str rest = str_of(examples);
	struct str line;

	if (rest.size > 0)
		buf_add_text(out, "\nExamples:\n");
	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		buf_printf(out, "  %.*s\n", STR_ARG(line));
	}
}

void cli_help_write(struct buf *out, const struct cli_command *command)
{
	autocommandoptions options;

	cli_command_options_init(&options, command);
	buf_printf(out, "Usage: kubectl kcr %s%s%s [FLAG ...]\n\n", command->name,
		command->arguments[0] != '\0' ? " " : "", command->arguments);
	help_write_lines(out, command->description, 0);
	help_write_examples(out, command->examples);
	if (command->alias != NULL)
		buf_printf(out, "\nAlso called: %s\n", command->alias);
	if (command->flag_count > 0 && command->flags[0].group == NULL)
		buf_add_text(out, "\nFlags:\n");
	options_write_rows(out, &options.table);
}

void cli_help_write_all(struct buf *out)
{
	buf_add_text(out,
		"Usage: kubectl kcr COMMAND [ARGUMENT ...] [FLAG ...]\n\n"
		"Checkpoints of containers: see them, take them, and what became of them.\n\n"
		"Commands:\n");
	for (const struct cli_command *const *command = cli_commands; *command != NULL; command++)
		buf_printf(out, "  %-12s %s\n", (*command)->name, (*command)->summary);
	buf_add_text(out,
		"\nA WORKLOAD is deploy/NAME, sts/NAME, ds/NAME or pod/NAME.\n"
		"'kubectl kcr COMMAND --help' tells of a command.\n\n"
		"Exit status: 0 done, 1 failed, 2 the command line is wrong, 3 --timeout is over,\n"
		"130 interrupted.\n");
}
