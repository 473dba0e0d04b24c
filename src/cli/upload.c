/*
 * An attempt asks how much is there and sends the rest. What is on its way is counted as it is
 * read; what has arrived is what the agent says. Both are progress, as far as they go beyond what
 * was reached before: a broken attempt is never told what has arrived of it, and what is sent
 * may be the same bytes again and again.
 */
#include "cli/upload.h"

#include <inttypes.h>
#include <stdio.h>

#include "base/number.h"

struct upload {
	struct reader reader; /* of `content`, which counts */
	struct reader *content;
	struct cli_door *door;
	int64_t *sent_bytes;
	int64_t arrived_bytes; /* as the agent said last */
	int64_t most_arrived_bytes;
	int64_t most_sent_bytes;
	int64_t moved_bytes; /* grows with these two */
	bool has_reading_failed;
};

/* What goes beyond *reached is progress. */
static void upload_reach(struct upload *upload, int64_t *reached, int64_t bytes)
{
	if (bytes <= *reached)
		return;
	upload->moved_bytes += bytes - *reached;
	*reached = bytes;
}

static int upload_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct upload *upload = container_of(reader, struct upload, reader);

	if (reader_read(upload->content, offset, bytes, size, err) < 0) {
		upload->has_reading_failed = true;
		return -1;
	}
	*upload->sent_bytes = offset + (int64_t)size;
	upload_reach(upload, &upload->most_sent_bytes, *upload->sent_bytes);
	return 0;
}

static void upload_answered(void *context, const struct http_answer *answer)
{
	struct upload *upload = context;
	int64_t offset;

	for (size_t i = 0; i < answer->header_count; i++)
		if (str_is(str_of(answer->headers[i].name), "upload-offset") &&
			number_parse_i64(str_of(answer->headers[i].value), &offset) &&
			offset >= 0 && offset <= upload->content->size_bytes)
			upload->arrived_bytes = offset;
	upload_reach(upload, &upload->most_arrived_bytes, upload->arrived_bytes);
}

static int upload_send(struct upload *upload, struct error *err)
{
	int64_t offset = upload->arrived_bytes;
	int64_t size = upload->content->size_bytes;
	char range[96];
	const struct cli_door_question question = {
		.method = "PUT",
		.is_of_archive = true,
		.header = {"Content-Range", range},
		.body = {.content = &upload->reader, .offset = offset, .size = size - offset},
		.answered = upload_answered,
		.context = upload,
	};

	(void)snprintf(range, sizeof(range), "bytes %" PRIi64 "-%" PRIi64 "/%" PRIi64, offset,
		size - 1, size);
	return cli_door_ask(upload->door, &question, err);
}

static int upload_attempt(void *context, struct error *err)
{
	struct upload *upload = context;
	const struct cli_door_question question = {
		.method = "HEAD",
		.is_of_archive = true,
		.body = HTTP_NO_BODY,
		.answered = upload_answered,
		.context = upload,
	};

	if (cli_door_ticket(upload->door)->checkpoint.size > 0)
		return 0; /* the last bytes had arrived, and only the answer had not */
	if (cli_door_ask(upload->door, &question, err) < 0)
		return -1;
	*upload->sent_bytes = upload->arrived_bytes;
	if (upload->arrived_bytes < upload->content->size_bytes && upload_send(upload, err) < 0)
		return -1;
	if (upload->arrived_bytes < upload->content->size_bytes)
		return error_set(err, ERROR_BUSY, "only %" PRIi64 " of %" PRIi64 " bytes arrived",
			upload->arrived_bytes, upload->content->size_bytes);
	return 0;
}

int cli_upload(
	struct cli_door *door, struct reader *content, int64_t *sent_bytes, struct error *err)
{
	struct upload upload = {
		.reader = {content->size_bytes, upload_read, NULL},
		.content = content,
		.door = door,
		.sent_bytes = sent_bytes,
	};
	const struct cli_door_work work = {
		.attempt = upload_attempt,
		.moved_bytes = &upload.moved_bytes,
		.is_hopeless = &upload.has_reading_failed,
		.context = &upload,
	};

	return cli_door_persist(door, &work, err);
}
