/*
 * kubectl-kcr-inspect as a child, which reads what this program fetches: hostile bytes are not
 * looked into beside a kubeconfig.
 */
#ifndef CLI_LOAN_H
#define CLI_LOAN_H

#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "command/command.h"
#include "sys/reader.h"

struct cli_loan {
	const char *word; /* of the command line */
	const char *name; /* to show */
	struct reader *reader; /* borrowed */
};

/*
 * Starts the program at `path` with the call's arguments, lends it what the words stand for that
 * are no paths (1 to CLI_LENT_MAX), and waits for its end; returns its exit status. It is ended
 * when it asks for what is not lent: CORRUPT. Fails with SYSTEM (it has died; interrupted, with
 * EINTR), too.
 */
must_check int cli_lend(const struct cli_call *call, const char *path, const struct cli_loan *loans,
	size_t count, struct error *err);

#endif
