/* A listening socket, with errors that say what to do. */
#ifndef HTTP_LISTEN_H
#define HTTP_LISTEN_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"

/*
 * Listens on a numeric IPv4 or IPv6 address ("::" takes IPv4 as well). A connection is accepted
 * when its first bytes are there, or after a second without any (tcp(7), TCP_DEFER_ACCEPT). The
 * caller owns *ret_fd. Fails with INVALID (no address, or none of this machine), BUSY (the port is
 * taken), DENIED (not allowed to take it), SYSTEM.
 */
must_check int http__listen(
	const char *address, uint16_t port, int *ret_fd, uint16_t *ret_port, struct error *err);

/*
 * Listens on a Unix socket that everybody on this machine may connect to who sees its directory;
 * what lies there is removed. The caller owns *ret_fd. Fails with INVALID (the path is too long),
 * SYSTEM.
 */
must_check int http__listen_at(const char *path, int *ret_fd, struct error *err);

#endif
