/* An attempt is one request for the rest of the range. */
#include "cli/download.h"

#include <inttypes.h>
#include <stdio.h>

struct download_range {
	struct cli_download *download;
	int64_t offset; /* of the next byte that is handed on */
	int64_t end;
	http_data_fn take;
	void *context;
	bool has_taker_failed;
};

/* Whether these are the bytes that were asked for. */
static bool download_head(void *context, const struct http_answer *answer)
{
	const struct download_range *range = context;
	char wanted[96];

	(void)snprintf(wanted, sizeof(wanted), "bytes %" PRIi64 "-%" PRIi64 "/%" PRIi64,
		range->offset, range->end - 1, cli_download_size(range->download));
	for (size_t i = 0; i < answer->header_count && answer->status == 206; i++)
		if (str_is(str_of(answer->headers[i].name), "content-range"))
			return str_is(str_of(answer->headers[i].value), wanted);
	return false;
}

static int download_data(void *context, struct str piece, struct error *err)
{
	struct download_range *range = context;

	if ((int64_t)piece.size > range->end - range->offset)
		return error_set(err, ERROR_CORRUPT, "more bytes came than were asked for");
	if (range->take(range->context, piece, err) < 0) {
		range->has_taker_failed = true;
		return -1;
	}
	range->offset += (int64_t)piece.size;
	range->download->fetched_bytes += (int64_t)piece.size;
	return 0;
}

static int download_attempt(void *context, struct error *err)
{
	struct download_range *range = context;
	char text[64];
	const struct cli_door_question question = {
		.method = "GET",
		.is_of_archive = true,
		.header = {"Range", text},
		.body = HTTP_NO_BODY,
		.head = download_head,
		.data = download_data,
		.context = range,
	};

	if (range->offset == range->end)
		return 0;
	(void)snprintf(
		text, sizeof(text), "bytes=%" PRIi64 "-%" PRIi64, range->offset, range->end - 1);
	range->download->request_count++;
	if (cli_door_ask(range->download->door, &question, err) < 0)
		return -1;
	if (range->offset < range->end)
		return error_set(
			err, ERROR_CORRUPT, "the agent sent other bytes than were asked for");
	return 0;
}

int cli_download_range(struct cli_download *download, int64_t offset, int64_t size,
	http_data_fn take, void *context, struct error *err)
{
	struct download_range range = {
		.download = download,
		.offset = offset,
		.end = offset + size,
		.take = take,
		.context = context,
	};
	const struct cli_door_work work = {
		.attempt = download_attempt,
		.moved_bytes = &range.offset,
		.is_hopeless = &range.has_taker_failed,
		.context = &range,
	};

	return cli_door_persist(download->door, &work, err);
}

/* A ticket for what does not exist would fail, too, but stay as a record of nothing. */
static int download_check_exists(
	struct cli_session *session, struct str checkpoint, struct error *err)
{
	autofetch fetch = cli_fetch_get(session, &cli_checkpoint_kind, checkpoint);

	fetch.is_optional = true;
	if (cli_fetch_all(session, &fetch, 1, err) < 0)
		return -1;
	if (fetch.error.kind != ERROR_ABSENT)
		return 0;
	*err = fetch.error;
	return -1;
}

int cli_download_open(struct cli_download *download, struct cli_session *session,
	struct cli_wait *wait, struct str checkpoint, const struct cli_door_options *options,
	struct error *err)
{
	struct cli_ticket_order *order = arena_zeroed(session->call->arena, 1, sizeof(*order));
	struct cli_door_options all = *options;

	*order = (struct cli_ticket_order){
		.checkpoint = checkpoint,
		.name = checkpoint,
		.lifetime_seconds = CLI_DOWNLOAD_LIFETIME_S,
	};
	all.order = order;
	if (download_check_exists(session, checkpoint, err) < 0)
		return -1;
	return cli_door_open(session, wait, &all, &download->door, err);
}

void cli_download_done(struct cli_download *download)
{
	cli_door_close(download->door);
	download->door = NULL;
}

int64_t cli_download_size(const struct cli_download *download)
{
	return cli_door_ticket(download->door)->size_bytes;
}
