/* The calls of a container's life that mean something to a restored one. Internal to the room. */
#ifndef RUNTIME_CREATE_H
#define RUNTIME_CREATE_H

#include <stdbool.h>

#include "runtime/host.h"

/*
 * Whether the call was carried out, and with which exit status: 0, the container was restored and
 * runs; 1, its root was changed and cannot be put back, so that nothing may be started on it. If
 * not, it is to be created by the runtime.
 */
must_check bool runtime__create(const struct runtime_host *host, int *ret_exit_status);

/* Whether this is the start of a container that runs since it was restored. Once. */
must_check bool runtime__start(const struct runtime_host *host);

/*
 * Whether a container was asked for that was restored, and its state is told. One that is not
 * started yet is told to be created, as after any `create`, although it runs: CRI-O starts nothing
 * that runs. The end of one that has stopped is noted.
 */
must_check bool runtime__tell_state(const struct runtime_host *host);

/* Notes the end of a container that was restored, if it was not before; it is to be deleted by the
 * runtime. */
void runtime__delete(const struct runtime_host *host);

#endif
