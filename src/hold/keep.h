/* The pairs that are held, each until its connection has ended or its time is over. */
#ifndef HOLD_KEEP_H
#define HOLD_KEEP_H

#include <poll.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/time.h"
#include "hold/message.h"

enum {
	/*
	 * An agent has two calls under way; those of agents that have died come on top. Beyond, new
	 * ones are refused: what is held may be all that keeps a container from staying frozen,
	 * while the agent of a new one lives.
	 */
	HOLD_MAX = 64,
};

struct hold_kept {
	struct hold_pair pair;
	struct mono_time until;
};

struct hold_keep {
	struct hold_kept kept[HOLD_MAX];
	size_t count;
};

/* Closes all. */
void hold_keep_done(struct hold_keep *keep);

/* Takes *pair over. Fails with TOO_BIG when HOLD_MAX are held; then *pair is untouched. */
must_check int hold_keep_add(
	struct hold_keep *keep, struct hold_pair *pair, struct mono_time until, struct error *err);

/* Fills one place of `polled` for each pair, for poll(2) to tell which connections have ended. */
void hold_keep_watch(const struct hold_keep *keep, struct pollfd polled[static HOLD_MAX]);

/* Milliseconds until the first pair's time is over, for poll(2); -1: nothing is held. */
int hold_keep_wait_ms(const struct hold_keep *keep, struct mono_time now);

struct hold_dropped {
	size_t ended; /* by the peer, or both sides were shut down */
	size_t late; /* their time was over */
};

/* Closes the pairs whose connection has ended, as `polled` says, or whose time is over. */
struct hold_dropped hold_keep_drop(
	struct hold_keep *keep, const struct pollfd polled[static HOLD_MAX], struct mono_time now);

#endif
