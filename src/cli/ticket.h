/*
 * A ticket for the bytes of a Checkpoint: a CheckpointExport, or for those that become one, a
 * CheckpointImport, with the hash of a secret that only this process has. The API server decides
 * whether the user may make one, and keeps the record.
 */
#ifndef CLI_TICKET_H
#define CLI_TICKET_H

#include <stdint.h>

#include "api/kinds.h"
#include "archive/digest.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "cli/forward.h"
#include "cli/session.h"
#include "cli/wait.h"

enum {
	CLI_SECRET_BYTES = 32,
	CLI_SECRET_TEXT_SIZE = 2 * CLI_SECRET_BYTES + 1, /* in hex, terminator included */
};

/* What a ticket is for. */
struct cli_ticket_order {
	struct str checkpoint; /* whose bytes are to be fetched; unused with `import` */
	const struct api_import_spec *import; /* the bytes that are to be brought, without a secret;
						 NULL: they are fetched */
	struct str name; /* what the ticket's name begins with */
	int64_t lifetime_seconds;
};

struct cli_ticket {
	char secret[CLI_SECRET_TEXT_SIZE];
	const struct cli_kind *kind; /* of the object; NULL: there is none */
	struct str name;
	struct cli_forward_target relay; /* where its bytes are asked for */
	int64_t size_bytes;
	struct archive_digest digest;
	struct str checkpoint; /* what became of bytes that were brought; empty: nothing yet */
	struct str remark; /* what is to be known of that; empty: nothing */
};

/*
 * Makes a ticket and waits until the node's agent has opened it; when that does not come the ticket
 * is taken back. Texts are from the call's arena. Fails as the API server does, with UNSUPPORTED
 * (the agent refuses it, and says why), BUSY (no agent took it up); and as cli_wait_run().
 */
must_check int cli_ticket_open(struct cli_session *session, struct cli_wait *wait,
	const struct cli_ticket_order *order, struct cli_ticket *ret_ticket, struct error *err);

/*
 * Looks at it once more: its relay may be another Pod by now. Fails with GONE when it is no longer
 * open, and as above.
 */
must_check int cli_ticket_look(struct cli_session *session, struct cli_wait *wait,
	struct cli_ticket *ticket, struct error *err);

/* Waits until there is a Checkpoint of what was brought. Fails as above. */
must_check int cli_ticket_finish(struct cli_session *session, struct cli_wait *wait,
	struct cli_ticket *ticket, struct error *err);

/* Deletes it: nothing came of it that would have to stay on record. What fails is left. */
void cli_ticket_take_back(struct cli_session *session, const struct cli_ticket *ticket);

void cli_ticket_wipe(struct cli_ticket *ticket);

#endif
