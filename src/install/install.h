/*
 * `kcr install-runtime` and `kcr uninstall-runtime`: kcr-runtime on a host, called by its container
 * engine. An init container of the agent's DaemonSet runs them with the host's root mounted, or a
 * person on the host itself.
 */
#ifndef INSTALL_INSTALL_H
#define INSTALL_INSTALL_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/time.h"

/* Run the programs; `arguments` are those behind their names. Return the exit status. */
int install_main(int count, char *const *arguments);
int install_remove_main(int count, char *const *arguments);

/*
 * When the engine ("containerd", "cri-o") on this very host was started, from /proc; for who wants
 * to know whether it has read a configuration since. False when it is not seen to run.
 */
must_check bool install_engine_started(const char *engine, struct wall_time *ret_started);

#endif
