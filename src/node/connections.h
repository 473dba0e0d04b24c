/*
 * Established TCP connections of Pods, right now: a restore closes them (tcp-close), so somebody
 * who asks whether a workload comes back should know of them. The kernel shows them to everybody
 * who sees the process (proc(5), /proc/PID/net); what a process has open it shows only to those who
 * may trace it, which the agent may not.
 */
#ifndef NODE_CONNECTIONS_H
#define NODE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct node_connections {
	struct str container_id; /* of one container of the Pod, without "containerd://" */
	int64_t established; /* filled in; 0 where there is no process */
	bool is_counted; /* filled in: there is one */
};

/* Fills all by one look at `proc_fd`, which is /proc. Fails with SYSTEM. */
must_check int node_connections_count(
	int proc_fd, struct node_connections *pods, size_t count, struct error *err);

/* In the text of /proc/PID/net/tcp or tcp6. */
int64_t node_connections_in(struct str text);

#endif
