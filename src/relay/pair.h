/*
 * Two connections whose bytes are handed on to each other, unread, until both have ended. What one
 * side has sent and the other does not take yet is bounded; then it is not read any further.
 */
#ifndef RELAY_PAIR_H
#define RELAY_PAIR_H

#include <poll.h>
#include <stdbool.h>

#include "base/attributes.h"
#include "base/time.h"

struct relay_pair;

/* Takes both stream sockets over, which must not block. Never NULL. */
must_check struct relay_pair *relay_pair_new(int *outer, int *inner, struct mono_time now);
void relay_pair_free(struct relay_pair *pair); /* may be NULL; closes both */

/* What to wait for, for poll(2); an entry of nothing has fd -1. */
void relay_pair_watch(const struct relay_pair *pair, struct pollfd polled[static 2]);

/* Moves what `polled` says can be moved. False: it is over, to be freed. */
must_check bool relay_pair_move(
	struct relay_pair *pair, const struct pollfd polled[static 2], struct mono_time now);

/* When something last moved. */
struct mono_time relay_pair_moved(const struct relay_pair *pair);

#endif
