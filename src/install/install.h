/*
 * `kcr install-runtime` and `kcr uninstall-runtime`: kcr-runtime on a host, called by its container
 * engine. An init container of the agent's DaemonSet runs them with the host's root mounted, or a
 * person on the host itself.
 */
#ifndef INSTALL_INSTALL_H
#define INSTALL_INSTALL_H

#include "options/options.h"

/* What they can be told; for a struct that only the room knows. */
extern const struct option_table install_option_table;
extern const struct option_table install_remove_option_table;

/* Run the programs; `arguments` are those behind their names. Return the exit status. */
int install_main(int count, char *const *arguments);
int install_remove_main(int count, char *const *arguments);

#endif
