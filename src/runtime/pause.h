/*
 * Who has paused a container: a mark among the files of its state, made at `pause`, gone with
 * `resume` and `delete`. An engine pauses right before it calls `checkpoint`, and only what it has
 * paused does it resume; a pause that is older is an administrator's. Internal to the room.
 */
#ifndef RUNTIME_PAUSE_H
#define RUNTIME_PAUSE_H

#include "runtime/host.h"

/* At `pause`. */
void runtime__pause_note(const struct runtime_host *host);

/* At `resume` and `delete`; without a mark it does nothing. */
void runtime__pause_forget(const struct runtime_host *host);

/*
 * At `checkpoint`: whether an engine has paused the container for it, or for one before that was
 * never resumed.
 */
must_check bool runtime__pause_is_engines(const struct runtime_host *host);

/*
 * Makes the mark say that this process is at a checkpoint. Returns its text, which nobody else
 * writes, in the arena; empty when it cannot be written.
 */
struct str runtime__pause_claim(const struct runtime_host *host);

/* Whether the mark still says so: no `resume`, `pause`, `checkpoint` or `delete` came since. */
must_check bool runtime__pause_holds(const struct runtime_host *host, struct str claim);

#endif
