/*
 * `kubectl kcr inspect`, and the program kubectl-kcr-inspect that has nothing else: kubectl prefers
 * the longer name of a plugin. It reads checkpoints that lie on this machine, gives up what reading
 * hostile bytes does not need before it looks at the first of them, and links no network. What lies
 * elsewhere kubectl-kcr opens, for the same command.
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

/*
 * The same for what is no path, with the file of --to: a thing that only a call that is not
 * confined needs. Borrows the places.
 */
must_check int look_inspect_elsewhere(const struct cli_call *call, struct inspect_place *place,
	struct inspect_place *other, struct error *err);

/* Opens the paths of the call, confines this process, and does the same. */
must_check int look_inspect_here(struct cli_call *call, struct error *err);

#endif
