/* A checkpoint of the cluster as a reader: what is asked for is fetched from the agent's door. */
#ifndef CLI_REMOTE_H
#define CLI_REMOTE_H

#include "base/attributes.h"
#include "base/error.h"
#include "cli/command.h"
#include "sys/reader.h"

/*
 * Opens the tar of the Checkpoint of this name in the call's namespace. The caller owns
 * *ret_reader, whose release gives the ticket back, and tells with -v 1 how much was fetched.
 * Reading fails as cli_download_range(). Fails with ABSENT (there is no such Checkpoint), and as
 * cli_session_open() and cli_download_open().
 */
must_check int cli_remote_open(struct cli_call *call, const char *checkpoint,
	struct reader **ret_reader, struct error *err);

#endif
