/*
 * Empty files by which the agent knows a container without asking anybody: STORE/containers/ID says
 * that it runs under kcr-runtime, STORE/containers/ID.killed that the engine has ended it, so that
 * its exit code is not its own word, STORE/containers/ID.replaced that an order has, so that its
 * end speaks against nothing. They help; a container does without. Internal to the room.
 */
#ifndef RUNTIME_MARKS_H
#define RUNTIME_MARKS_H

#include "runtime/host.h"

/* Nothing is made where there is no store. */
void runtime__mark_created(const struct runtime_host *host);

/*
 * Of a container that has the first mark. SIGKILL is not worth a mark: nobody exits 0 by it, and
 * containerd's shim also sends it to what a container has left behind, long after it has ended.
 */
void runtime__mark_killed(const struct runtime_host *host);

/* That an order ends the container; before that is done. Fails with SYSTEM. */
must_check int runtime__mark_replaced(const struct runtime_host *host, struct error *err);
bool runtime__is_replaced(const struct runtime_host *host, struct str container_id);

/* The agent removes the mark of the engine's signal, once it has looked at it. */
void runtime__unmark(const struct runtime_host *host);

#endif
