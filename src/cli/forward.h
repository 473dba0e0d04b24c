/*
 * A port of a Pod as a port of this machine's loopback address: `kubectl port-forward` as a child,
 * which knows the protocols for that and the kubeconfig as we do. All that passes is within the TLS
 * of API server and kubelet.
 */
#ifndef CLI_FORWARD_H
#define CLI_FORWARD_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/session.h"
#include "cli/wait.h"

struct cli_forward;

struct cli_forward_target {
	struct str namespace;
	struct str pod;
	int64_t port;
};

/*
 * Starts the child with the session's flags and waits until it listens. The caller owns
 * *ret_forward. Fails with ABSENT (there is no kubectl), UNSUPPORTED (the user may not forward),
 * BUSY (it failed otherwise: what the child said), SYSTEM; and as cli_wait_run().
 */
must_check int cli_forward_open(struct cli_session *session, struct cli_wait *wait,
	const struct cli_forward_target *target, struct cli_forward **ret_forward,
	struct error *err);

/* The port on 127.0.0.1. */
uint16_t cli_forward_port(const struct cli_forward *forward);

void cli_forward_close(struct cli_forward *forward); /* ends the child; may be NULL */

/* The local port in a line such as "Forwarding from 127.0.0.1:40123 -> 7471"; 0: none. Pure. */
uint16_t cli_forward_parse(struct str line);

#endif
