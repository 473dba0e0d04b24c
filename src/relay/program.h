/*
 * kcr-relay: hands bytes on between the loopback address of its Pod and the agent's door, a Unix
 * socket of the node. The kubelet forwards ports to Pods only, to a port of their loopback address;
 * a right to do so with the agent's own Pod, which is in the node's network, would open every port
 * of the node's loopback address.
 */
#ifndef RELAY_PROGRAM_H
#define RELAY_PROGRAM_H

#include "base/attributes.h"
#include "options/options.h"

/* What it can be told; for a struct that only the room knows. */
extern const struct option_table relay_option_table;

/* The program's exit status. `arguments` are those after its name. */
must_check int relay_main(int count, char *const *arguments);

#endif
