/* Several creations, sent together. */
#include "cli/create.h"

#include <stdio.h>

#include "base/limits.h"
#include "sys/clock.h"

int64_t cli_name_time(void)
{
	return clock_wall().us / 1000;
}

struct str cli_encode(struct arena *arena, const struct api_kind *kind, const void *object)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);

	api_encode(&writer, kind, object);
	return arena_str(arena, buf_str(&body));
}

int cli_create_all(struct cli_session *session, const struct cli_kind *kind,
	const struct cli_creation *objects, size_t count, bool is_told, struct error *err)
{
	struct cli_fetch *fetches =
		arena_zeroed(session->call->arena, count, sizeof(struct cli_fetch));
	int result;

	for (size_t i = 0; i < count; i++)
		fetches[i].request = (struct kube_request){
			.verb = KUBE_CREATE,
			.resource = &kind->resource,
			.namespace = session->namespace,
			.body = objects[i].body,
		};
	result = cli_fetch_all(session, fetches, count, err);
	for (size_t i = 0; i < count; i++) {
		if (fetches[i].error.kind == ERROR_NONE && (result < 0 || is_told))
			printf("%s." API_GROUP "/%.*s created\n", kind->api->singular,
				STR_ARG(objects[i].name));
		cli_fetch_done(&fetches[i]);
	}
	(void)fflush(stdout);
	return result;
}
