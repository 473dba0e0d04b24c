/* One of several checkpoints, read by a process of its own. For this room only. */
#ifndef LOOK_APART_H
#define LOOK_APART_H

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "command/command.h"

/*
 * Appends to `out` what look__show() tells of the path, as a confined process of its own says it.
 * Fails with what that process says, and SYSTEM.
 */
must_check int look__show_apart(
	const struct cli_call *call, const char *path, struct buf *out, struct error *err);

#endif
