/*
 * The program kubectl-kcr-inspect, which has the one command `inspect`. It reads checkpoints that
 * lie on this machine, and what kubectl-kcr lends it of others; it gives up what reading hostile
 * bytes does not need before it looks at the first of them, and links no network.
 */
#ifndef LOOK_LOOK_H
#define LOOK_LOOK_H

#include "command/command.h"
#include "inspect/report.h"

/* Runs `inspect` with the arguments (those after the program's name); does not return. */
_Noreturn void look_main(int count, char *const *arguments);

/* What a call is about. */
struct look_subject {
	struct inspect_place *place;
	struct inspect_place *other; /* of --diff; NULL: none */
	int file_fd; /* of --to; -1: none */
};

/* Carries the call out for what is open already. Returns as a command's `run`. */
must_check int look_inspect(
	const struct cli_call *call, const struct look_subject *subject, struct error *err);

#endif
