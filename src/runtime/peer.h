/*
 * A Unix socket of somebody who may be busy, stopped or gone: nothing here waits beyond a deadline.
 * Internal to the room.
 */
#ifndef RUNTIME_PEER_H
#define RUNTIME_PEER_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/time.h"

/* `whom` is for errors. The caller owns *ret_fd. Fails with INVALID (a long path), ABSENT, SYSTEM.
 */
must_check int runtime__peer_connect(
	const char *path, const char *whom, int *ret_fd, struct error *err);

/* Sends all of a few hundred bytes, which a new connection takes at once. Fails with SYSTEM. */
must_check int runtime__peer_send(int fd, struct str bytes, const char *whom, struct error *err);

/*
 * Appends what comes next, at least a byte. Fails with TIMEOUT, CORRUPT (hung up), TOO_BIG (buf's
 * maximum), SYSTEM.
 */
must_check int runtime__peer_receive(
	int fd, struct mono_time deadline, struct buf *out, const char *whom, struct error *err);

#endif
