/*
 * containerd's shim of a container, which keeps its own word on whether the container is paused and
 * refuses `exec` while it says so, whatever the runtime has done since. Internal to the room.
 */
#ifndef RUNTIME_SHIM_H
#define RUNTIME_SHIM_H

#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* In the arena. */
struct runtime_shim {
	struct str socket; /* a path; terminated */
	int64_t version; /* of its task service: 2 or 3 */
};

/*
 * Where the shim listens, from the bundle's bootstrap.json: {"version":3,"address":"unix:///PATH",
 * "protocol":"ttrpc"} (containerd, core/runtime/v2/shim.go, writeBootstrapParams). Fails with
 * CORRUPT, UNSUPPORTED (another protocol or kind of socket).
 */
must_check int runtime_shim_read(
	struct str text, struct arena *arena, struct runtime_shim *ret_shim, struct error *err);

/* The same from the bundle's file `address`, which is all that shims before containerd 2 have. */
must_check int runtime_shim_read_address(
	struct str text, struct arena *arena, struct runtime_shim *ret_shim, struct error *err);

/*
 * Has the shim of the container `id` with the bundle at `bundle` resume it, and waits at most
 * `deadline_ms`. Fails with ABSENT (no shim), TIMEOUT, and as the above; with SYSTEM, in the shim's
 * own words, when it would or could not.
 */
must_check int runtime__shim_resume(struct str bundle, struct str id, int64_t deadline_ms,
	struct arena *arena, struct error *err);

#endif
