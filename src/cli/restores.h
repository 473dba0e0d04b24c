/* RestoreRequests that a command has made, followed until all are finished. */
#ifndef CLI_RESTORES_H
#define CLI_RESTORES_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/follow.h"

/* One container of one Pod. */
struct cli_restore {
	struct str pod;
	struct str container;
	struct str request; /* its name */
	struct str phase; /* as it was told last; empty at first */
	struct str message;
};

/*
 * Tells each change as a line on standard error. Returns an exit status, or -1 with what the first
 * one that has failed says.
 */
must_check int cli_restores_wait(
	struct cli_follow *follow, struct cli_restore *items, size_t count, struct error *err);

#endif
