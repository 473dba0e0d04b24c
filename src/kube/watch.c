/* Lines are cut where they are; only one that spans two pieces is copied before it is parsed. */
#include "kube/watch.h"

#include <string.h>

static const char *const watch_types[KUBE__WATCH_TYPE_COUNT] = {
	[KUBE__WATCH_ADDED] = "ADDED",
	[KUBE__WATCH_MODIFIED] = "MODIFIED",
	[KUBE__WATCH_DELETED] = "DELETED",
	[KUBE__WATCH_BOOKMARK] = "BOOKMARK",
	[KUBE__WATCH_ERROR] = "ERROR",
};

void kube__watch_decoder_done(struct kube__watch_decoder *decoder)
{
	buf_done(&decoder->line);
}

static int watch_decode_line(
	struct kube__watch_decoder *decoder, struct str line, struct error *err)
{
	autojson *doc = NULL;
	const struct json *object;
	struct str name;

	if (str_trim(line).size == 0)
		return 0;
	if (json_parse(line, &doc, err) < 0)
		return error_wrap(err, "an event of the watch is not JSON");
	name = json_str(json_get(json_doc_root(doc), "type"));
	object = json_get(json_doc_root(doc), "object");
	for (enum kube__watch_type type = 0; type < KUBE__WATCH_TYPE_COUNT; type++)
		if (str_is(name, watch_types[type]) && json_type(object) == JSON_OBJECT)
			return decoder->event(decoder->context, type, object, err);
	return error_set(err, ERROR_CORRUPT, "an event of the watch has no known type and object");
}

/* Decodes the line that began in earlier pieces and ends with `rest`. */
static int watch_decode_begun(
	struct kube__watch_decoder *decoder, struct str rest, struct error *err)
{
	buf_add(&decoder->line, rest);
	if (buf_check(&decoder->line, "an event of the watch", err) < 0 ||
		watch_decode_line(decoder, buf_str(&decoder->line), err) < 0)
		return -1;
	buf_clear(&decoder->line);
	return 0;
}

int kube__watch_decode(struct kube__watch_decoder *decoder, struct str piece, struct error *err)
{
	struct str rest = piece;
	struct str line;

	while (str_cut(rest, '\n', &line, &rest)) {
		bool is_begun = decoder->line.size > 0;
		if (line.size > decoder->line.max_size)
			return error_set(err, ERROR_TOO_BIG,
				"an event of the watch is larger than %zu bytes",
				decoder->line.max_size);
		if ((is_begun ? watch_decode_begun(decoder, line, err)
			      : watch_decode_line(decoder, line, err)) < 0)
			return -1;
	}
	buf_add(&decoder->line, line);
	return buf_check(&decoder->line, "an event of the watch", err);
}
