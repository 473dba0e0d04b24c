/*
 * No container stays paused because whoever wanted its checkpoint has gone. containerd pauses a
 * container for a checkpoint and resumes it behind that (client/task.go, Checkpoint: `defer
 * t.Resume(ctx)`). That is lost when the call's deadline is over, which the shim is given, when
 * containerd ends, and when another client ends that pauses by itself; one that hangs up in time is
 * no harm. CRI-O loses it when it ends. Internal to the room.
 */
#ifndef RUNTIME_GUARD_H
#define RUNTIME_GUARD_H

#include "runtime/host.h"

/*
 * At `pause` and at `checkpoint`, before anything else is done. If an engine has paused the
 * container for a checkpoint that it is to outlive, leaves a process behind that waits for the end
 * of this one, whichever program it has become and however it ends, and then for the engine's
 * `resume`. If that does not come it resumes the container, by the shim where there is one. It
 * holds nothing of the caller's, has a deadline for everything, and ends at once when anything else
 * was called for the container: then that is in charge, or has a guard of its own.
 */
void runtime__guard_pause(const struct runtime_host *host);
void runtime__guard_checkpoint(const struct runtime_host *host);

#endif
