/* Checkpoints that the agent has ordered to lie in the store at once. Internal to the room. */
#ifndef RUNTIME_DIRECT_H
#define RUNTIME_DIRECT_H

#include <stdbool.h>

#include "runtime/host.h"

enum {
	/* As the agent's own limit for a checkpoint; CRIU gives up by itself long before. */
	RUNTIME_DUMP_DEADLINE_MS = 300000,
	/* The container stands still for the changes of its files as well. */
	RUNTIME_LAYER_DEADLINE_MS = 60000,
};

/*
 * Whether the host's `checkpoint` call was carried out by order of the agent, and with which exit
 * status. If not, it is to be carried out by the runtime, and nothing has changed.
 */
must_check bool runtime__checkpoint(const struct runtime_host *host, int *ret_exit_status);

/* Whether the last checkpoint was carried out so far that the container was resumed, and the engine
 * has not called `resume` since. */
must_check bool runtime__is_resumed(const struct runtime_host *host);

/*
 * At `pause` and `delete`: an engine that finds the container running behind its checkpoint (CRI-O)
 * never calls `resume`, and the next checkpoint is another matter.
 */
void runtime__forget_resumed(const struct runtime_host *host);

/* Whether the container that is to be resumed was resumed by runtime__checkpoint already. */
must_check bool runtime__resume(const struct runtime_host *host);

#endif
