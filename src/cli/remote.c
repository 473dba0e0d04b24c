/* The reader, what it reads through, and what it tells in the end. */
#include "cli/remote.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "cli/download.h"
#include "cli/session.h"
#include "cli/table.h"
#include "cli/wait.h"

enum {
	REMOTE_PATIENCE_MS = 60 * 1000,
};

struct remote {
	struct reader reader;
	struct cli_session *session;
	struct cli_wait wait;
	struct cli_download download;
};

struct remote_filling {
	char *bytes;
	size_t size;
};

static int remote_take(void *context, struct str piece, struct error *err)
{
	struct remote_filling *filling = context;

	(void)err;
	memcpy(filling->bytes + filling->size, piece.data, piece.size);
	filling->size += piece.size;
	return 0;
}

static int remote_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct remote *remote = container_of(reader, struct remote, reader);
	struct remote_filling filling = {.bytes = bytes};

	return cli_download_range(
		&remote->download, offset, (int64_t)size, remote_take, &filling, err);
}

static void remote_tell(const struct remote *remote)
{
	const struct cli_call *call = remote->session->call;
	struct str fetched = cli_bytes_text(call->arena, remote->download.fetched_bytes);
	struct str size = cli_bytes_text(call->arena, remote->reader.size_bytes);

	if (call->flags.verbosity > 0)
		fprintf(stderr, "Fetched %.*s of %.*s by %u requests.\n", STR_ARG(fetched),
			STR_ARG(size), remote->download.request_count);
}

static void remote_free(struct reader *reader)
{
	struct remote *remote = container_of(reader, struct remote, reader);

	if (remote->download.door != NULL)
		remote_tell(remote);
	cli_download_done(&remote->download);
	cli_wait_done(&remote->wait);
	cli_session_close(remote->session);
	free(remote);
}

static int remote_start(
	struct remote *remote, struct cli_call *call, const char *checkpoint, struct error *err)
{
	const struct cli_door_options options = {.patience_ms = REMOTE_PATIENCE_MS};

	if (cli_session_open(call, &remote->session, err) < 0 ||
		cli_wait_init(&remote->wait, remote->session->loop, err) < 0)
		return -1;
	return cli_download_open(&remote->download, remote->session, &remote->wait,
		str_of(checkpoint), &options, err);
}

int cli_remote_open(struct cli_call *call, const char *checkpoint, struct reader **ret_reader,
	struct error *err)
{
	struct remote *remote = new_zeroed(struct remote);

	remote->reader = (struct reader){0, remote_read, remote_free};
	if (remote_start(remote, call, checkpoint, err) < 0) {
		remote_free(&remote->reader);
		return -1;
	}
	remote->reader.size_bytes = cli_download_size(&remote->download);
	*ret_reader = &remote->reader;
	return 0;
}
