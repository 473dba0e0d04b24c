/*
 * How a connection is handed over to kcr-hold: one datagram to its socket, with descriptors in it
 * (unix(7), SCM_RIGHTS), and no answer. From then on the kernel keeps them open, whatever becomes
 * of the sender, also while the datagram still waits to be read.
 */
#ifndef HOLD_MESSAGE_H
#define HOLD_MESSAGE_H

#include "base/attributes.h"
#include "base/error.h"

/* What belongs together: both are closed at the same time. */
struct hold_pair {
	int connection; /* a connected TCP socket */
	int lock; /* a regular file, whose lock is to last as long; -1: none */
};

#define HOLD_PAIR_NONE ((struct hold_pair){.connection = -1, .lock = -1})

void hold_pair_close(struct hold_pair *pair); /* it becomes HOLD_PAIR_NONE */
#define autopair clean_up(hold_pair_close) struct hold_pair

/*
 * Hands a pair over to who listens at `path`. Does not wait; the descriptors stay the caller's, the
 * receiver has duplicates. Fails with INVALID (the path is too long), SYSTEM (nobody is there, or
 * does not keep up).
 */
must_check int hold_send(const char *path, const struct hold_pair *pair, struct error *err);

/*
 * The next pair that came to the socket `fd`; the caller owns *ret_pair. Returns 1, 0 when there is
 * none, -1 when what came is no pair (INVALID; all its descriptors are closed) or the socket fails
 * (SYSTEM).
 */
must_check int hold_receive(int fd, struct hold_pair *ret_pair, struct error *err);

/*
 * A socket at `path` for hold_receive(), in place of one that was left there. Everybody may send to
 * it who reaches the path. Fails with INVALID (the path is too long), SYSTEM.
 */
must_check int hold_listen(const char *path, int *ret_fd, struct error *err);

#endif
