/*
 * Shell completion. The shells' scripts ask this program, by the protocol that kubectl has with
 * kubectl_complete-NAME (spf13/cobra's): lines "value<TAB>meaning", then ":" and a number.
 */
#ifndef CLI_COMPLETE_H
#define CLI_COMPLETE_H

#include "base/buf.h"
#include "cli/command.h"

/*
 * Appends what the last of the arguments (it may be empty) can become. Names of objects are asked
 * of the cluster, within three seconds; when that fails there are none.
 */
void cli_complete(int count, char *const *arguments, struct buf *out);

/* Where the command's name stands among the arguments; `count`: nowhere. */
int cli_find_command(int count, char *const *arguments);

#endif
