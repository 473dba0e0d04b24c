/*
 * `kcr install-runtime` and `kcr uninstall-runtime`: kcr-runtime on a host, called by its container
 * engine. An init container of the agent's DaemonSet runs them with the host's root mounted, or a
 * person on the host itself.
 */
#ifndef INSTALL_INSTALL_H
#define INSTALL_INSTALL_H

/* Run the programs; `arguments` are those behind their names. Return the exit status. */
int install_main(int count, char *const *arguments);
int install_remove_main(int count, char *const *arguments);

#endif
