/* One restore of one container. Internal to the room. */
#ifndef RUNTIME_RESTORE_H
#define RUNTIME_RESTORE_H

#include "base/attributes.h"
#include "runtime/bundle.h"
#include "runtime/host.h"

enum {
	/* What a fresh container's layer may hold already (mount points, CRI-O's links). */
	RUNTIME_FRESH_LAYER_BYTES = 16 * 1024 * 1024,
};

/*
 * Restores the container of the host's `create` call from `candidate`; `bundle` is its own.
 * Fills outcome, reason, message and durations of *attempt. Unless the outcome is
 * HANDOVER_RESTORED, the container is not there and its root is as it was. Returns -1 when the root
 * could not be put back: nothing may be started on it.
 */
must_check int runtime__restore(const struct runtime_host *host,
	const struct runtime_bundle *bundle, const struct handover_candidate *candidate,
	struct handover_attempt *attempt);

#endif
