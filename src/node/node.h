/*
 * `kcr agent`: the checkpoints of one node. It asks its own kubelet for them, keeps them, serves
 * them to the node's container runtime, and sees containers end.
 */
#ifndef NODE_NODE_H
#define NODE_NODE_H

#include "options/options.h"

/* What it can be told; for a struct that only the room knows. */
extern const struct option_table node_option_table;

/* Runs the program; `arguments` are those behind its name. Returns the exit status. */
int node_main(int count, char *const *arguments);

#endif
