/*
 * kcr-hold: keeps the agent's connections to the kubelet open when the agent dies. The kubelet
 * gives a checkpoint up when its caller hangs up, and containerd (2.0 to 2.4) can leave the
 * container frozen then; a process that is killed hangs up, unless somebody else has the
 * connection, too.
 */
#ifndef HOLD_PROGRAM_H
#define HOLD_PROGRAM_H

#include "base/attributes.h"
#include "options/options.h"

/* What it can be told; for a struct that only the room knows. */
extern const struct option_table hold_option_table;

/* The program's exit status. `arguments` are those after its name. */
must_check int hold_main(int count, char *const *arguments);

#endif
