/* The bytes of a Checkpoint by ranges, from its node. */
#ifndef CLI_DOWNLOAD_H
#define CLI_DOWNLOAD_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "cli/door.h"
#include "http/client.h"

/* What a download has come to. */
struct cli_download {
	struct cli_door *door; /* owned */
	int64_t fetched_bytes;
	unsigned request_count;
};

/*
 * Opens the door for the checkpoint; `options.order` is not used. `session` and `wait` are
 * borrowed. Released by cli_download_done(), also after a failure. Fails with ABSENT (there is no
 * such Checkpoint), and as cli_door_open().
 */
must_check int cli_download_open(struct cli_download *download, struct cli_session *session,
	struct cli_wait *wait, struct str checkpoint, const struct cli_door_options *options,
	struct error *err);
void cli_download_done(struct cli_download *download);
#define autodownload clean_up(cli_download_done) struct cli_download

/* How many bytes the tar has. */
int64_t cli_download_size(const struct cli_download *download);

/*
 * Hands `size` bytes from `offset` on to `take`, piece by piece and each one once, however often
 * the way to the node breaks meanwhile. Fails with what `take` failed with, and as
 * cli_door_persist().
 */
must_check int cli_download_range(struct cli_download *download, int64_t offset, int64_t size,
	http_data_fn take, void *context, struct error *err);

#endif
