/*
 * `inspect`, the command that both programs have: kubectl prefers the longer name of a plugin, so
 * that `kubectl kcr inspect` is kubectl-kcr-inspect. That one reads checkpoints and links no
 * network; kubectl-kcr fetches, and does not read them.
 */
#ifndef COMMAND_INSPECT_H
#define COMMAND_INSPECT_H

#include <stdbool.h>

#include "command/command.h"

#define CLI_INSPECT_PROGRAM "kubectl-kcr-inspect"
#define CLI_WHOLE_PROGRAM   "kubectl-kcr"

extern const struct cli_command cli_inspect_command;

/*
 * What lies elsewhere kubectl-kcr lends to kubectl-kcr-inspect (room lend), which it starts with
 * four arguments for each in front of the call's: CLI_LENT, the word of the command line, the size
 * in bytes, the name to show. The sockets are the descriptors from CLI_LENT_FD on, in this order.
 */
#define CLI_LENT "__lent"
enum {
	CLI_LENT_ARGUMENTS = 4,
	CLI_LENT_FD = 3,
	CLI_LENT_MAX = 2, /* the word, and that of --diff */
};

/* Whether -o says this. */
bool cli_wants_output(const struct cli_flags *flags, const char *name);

/* The parts of a checkpoint, in the order of enum inspect_part; NULL behind the last. */
extern const char *const cli_part_names[];

/* Which of them --part names, as a set of enum inspect_part; 0 without it. Fails with INVALID. */
must_check int cli_read_parts(
	const struct cli_flags *flags, unsigned *ret_parts, struct error *err);

/* Whether a checkpoint as a whole is asked for, not a difference or what memory holds. */
bool cli_wants_report(const struct cli_flags *flags);

/* Whether the word is meant as a path: it is one, or begins as only paths do. */
bool cli_is_path(const char *word);

#endif
