/* The table of commands, and the help that comes from it. */
#include <string.h>

#include "cli/rows.h"
#include "command/inspect.h"

const struct cli_command *const cli_commands[] = {
	&cli_list_command,
	&cli_describe_command,
	&cli_tree_command,
	&cli_checkpoint_command,
	&cli_restore_command,
	&cli_run_command,
	&cli_schedule_command,
	&cli_suspend_command,
	&cli_resume_command,
	&cli_prune_command,
	&cli_inspect_command,
	&cli_export_command,
	&cli_import_command,
	&cli_doctor_command,
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
		"130 interrupted; those of 'doctor' its own help tells.\n");
}
