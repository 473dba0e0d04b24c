/*
 * kcr-runtime: an OCI runtime in front of runc or crun. Whatever it is called with it becomes that
 * runtime, except
 *
 *	create      of a container of a Pod with a plan that says so: restores it instead
 *	start       of a container that was restored: it runs already
 *	state       of a container that was restored: created until its start; notes when it ended
 *	delete      of a container that was restored: notes when it ended, if nobody looked before
 *	checkpoint  that the agent has ordered: into the store, with the file system of that instant
 *	resume      after such a checkpoint: it was resumed already
 *	pause       notes that, for who calls `checkpoint` next
 *
 * A checkpoint leaves a guard behind that resumes the container if the engine does not.
 * No container fails that would have started without it: what goes wrong ends in a cold start.
 */
#ifndef RUNTIME_PROGRAM_H
#define RUNTIME_PROGRAM_H

#include "base/attributes.h"

/* The program's exit status, if it has not become the runtime. */
must_check int runtime_program(int count, char **arguments);

#endif
