/* What cli_gather() fetches once, kept up to date by watches: for commands that go on. */
#ifndef CLI_LIVE_H
#define CLI_LIVE_H

#include "cli/gather.h"

struct cli_live;

/*
 * Starts to watch the parts (a set of 1 << part) of the session's scope, which must outlive it. The
 * caller owns the result; never NULL. `changed` (may be NULL) is called for each change, from
 * cli_live_wait() on.
 */
must_check struct cli_live *cli_live_new(
	struct cli_session *session, unsigned parts, void (*changed)(void *context), void *context);
void cli_live_free(struct cli_live *live); /* may be NULL */

/* Runs the session's loop until all that there is has come. Fails as cli_gather() does. */
must_check int cli_live_wait(struct cli_live *live, struct error *err);

/* What there is now; valid until control returns to the loop. */
const struct cli_gathered *cli_live_look(struct cli_live *live);

/* Why it may not be up to date: a watch failed and is tried again. Empty: it is. */
struct str cli_live_trouble(const struct cli_live *live);

define_clean_up(struct cli_live, cli_live_free, cli_live_free)
#define autolive clean_up(cli_live_free_clean) struct cli_live

#endif
