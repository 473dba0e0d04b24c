/* What `inspect` (room look) is in kubectl-kcr: it hands files to a program of their own. */
#ifndef CLI_INSPECT_H
#define CLI_INSPECT_H

#include "command/command.h"

/* See struct cli_program. */
int cli_inspect_here(struct cli_call *call, struct error *err);
int cli_inspect_elsewhere(struct cli_call *call, struct error *err);

#endif
