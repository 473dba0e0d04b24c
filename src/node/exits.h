/*
 * The ends of containers, seen at once. The kubelet looks every second; a pidfd of a container's
 * first process tells within a millisecond, and with its exit status (Linux 6.15 and later,
 * PIDFD_GET_INFO with PIDFD_INFO_EXIT). So a container is restored before the kubelet starts it
 * empty. It needs the node's PID namespace (hostPID) and no capability. Where the kernel or the
 * namespace is missing nothing is lost but that second: the kubelet tells in the Pod's status.
 */
#ifndef NODE_EXITS_H
#define NODE_EXITS_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "loop/loop.h"

struct node_exits;

/* The container's first process has ended; `status` as waitpid(2). It is not watched any more. */
typedef void (*node_exit_fn)(void *context, struct str container_id, int status);

/*
 * The caller owns *ret_exits. Fails with UNSUPPORTED, saying what is missing, when ends cannot be
 * seen here.
 */
must_check int node_exits_new(struct loop *loop, node_exit_fn ended, void *context,
	struct node_exits **ret_exits, struct error *err);
void node_exits_free(struct node_exits *exits); /* may be NULL */

/*
 * Watches the container ("containerd://<id>" as Pods' statuses have it); doing it again changes
 * nothing. Returns 1 when it is watched, 0 when it has no process here (it has just ended, or is
 * not started yet), -1 with SYSTEM.
 */
must_check int node_exits_watch(
	struct node_exits *exits, struct str container_id, struct error *err);

/*
 * Whether the watched container has been restored: CRIU gives what it restores a time namespace of
 * its own, so that its clocks go on (time_namespaces(7)). False also where that cannot be told.
 */
bool node_exits_is_restored(const struct node_exits *exits, struct str container_id);

/* Stops watching. Not watched is fine. */
void node_exits_forget(struct node_exits *exits, struct str container_id);

#endif
