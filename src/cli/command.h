/*
 * The commands of kubectl-kcr as one table: a new one is a row beside its code, a line in rows.h
 * and in commands.c. What a row is: command/command.h.
 */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include "command/command.h"

/* All of them, in the order of the help; ends with NULL. */
extern const struct cli_command *const cli_commands[];

/* By name or alias; NULL when there is none. */
const struct cli_command *cli_command_find(const char *name);

/* What `completion` has scripts for; ends with NULL. */
extern const char *const cli_shells[];

/* Appends the help of the whole program. */
void cli_help_write_all(struct buf *out);

#endif
