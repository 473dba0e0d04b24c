/* The rows of the table of commands, each beside its code. Of this room only. */
#ifndef CLI_ROWS_H
#define CLI_ROWS_H

#include "cli/command.h"

extern const struct cli_command cli_checkpoint_command;
extern const struct cli_command cli_list_command;
extern const struct cli_command cli_describe_command;
extern const struct cli_command cli_tree_command;
extern const struct cli_command cli_doctor_command;
extern const struct cli_command cli_events_command;
extern const struct cli_command cli_export_command;
extern const struct cli_command cli_import_command;
extern const struct cli_command cli_schedule_command;
extern const struct cli_command cli_suspend_command;
extern const struct cli_command cli_resume_command;
extern const struct cli_command cli_prune_command;
extern const struct cli_command cli_top_command;
extern const struct cli_command cli_timeline_command;
extern const struct cli_command cli_completion_command;
extern const struct cli_command cli_restore_command;
extern const struct cli_command cli_run_command;
extern const struct cli_command cli_version_command;

#endif
