/*
 * A claim on a container: the kubelet is asked for its checkpoint by one call at a time, also when
 * the agent that made the call is gone. containerd empties one directory of the container at the
 * begin and at the end of each call, so that two would spoil each other's files.
 *
 * A claim is the lock of one byte of the store's file "calls", whose number comes of the
 * container's name (fcntl(2), open file description locks). kcr-hold gets it with the connection of
 * the call: an agent that dies leaves both there until the kubelet has answered.
 */
#ifndef NODE_CLAIM_H
#define NODE_CLAIM_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct node;

/*
 * Claims a container, "namespace/pod/container". The caller owns *ret_claim, a descriptor; closing
 * it gives the claim back, unless kcr-hold has it, too. Returns 1, 0 when another call for the
 * container is under way, -1 when it cannot be told (SYSTEM).
 */
must_check int node_claim(int store_fd, struct str container, int *ret_claim, struct error *err);

/*
 * Hands the connection of a call that is about to be made over to kcr-hold, with the claim (-1:
 * none). Where there is none the call goes on without it, which is counted, and logged once.
 */
void node_hand_over(struct node *node, int connection_fd, int claim);

#endif
