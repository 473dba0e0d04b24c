/* The program kubectl-kcr: what kubectl runs for `kubectl kcr`. */
#ifndef CLI_CLI_H
#define CLI_CLI_H

#include "cli/command.h"

/*
 * Runs the command that the arguments (those after the program's name) say; returns the exit status
 * (enum cli_status).
 */
int cli_main(int count, char *const *arguments);

#endif
