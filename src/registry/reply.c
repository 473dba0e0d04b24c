/* Statuses to error kinds and advice, by a table. */
#include "registry/reply.h"

#include "base/buf.h"
#include "registry/url.h"
#include "json/json.h"

static const struct {
	int status;
	enum error_kind kind;
	const char *advice; /* NULL: none */
	bool names_repository; /* the repository stands behind the advice */
} registry_replies[] = {
	{301, ERROR_UNSUPPORTED, "name the registry by the host that it redirects to"},
	{302, ERROR_UNSUPPORTED, "name the registry by the host that it redirects to"},
	{307, ERROR_UNSUPPORTED, "name the registry by the host that it redirects to"},
	{308, ERROR_UNSUPPORTED, "name the registry by the host that it redirects to"},
	{401, ERROR_DENIED, "credentials are missing, wrong, or lack push on", true},
	{403, ERROR_DENIED, "credentials lack push on", true},
	{404, ERROR_ABSENT, "credentials lack push, or nobody has made repository", true},
	{405, ERROR_UNSUPPORTED, "it is read-only or a cache, push elsewhere"},
	{408, ERROR_TIMEOUT, NULL},
	{409, ERROR_CONFLICT, "the tag may be immutable"},
	{413, ERROR_TOO_BIG, "it or a proxy before it limits sizes, raise that limit"},
	{416, ERROR_CONFLICT, NULL},
	{425, ERROR_BUSY, NULL},
	{429, ERROR_BUSY, "it limits the rate of requests, try again later"},
	{507, ERROR_TOO_BIG, "its storage is full"},
};

bool registry__status_is_retriable(int status)
{
	return status == 408 || status == 425 || status == 429 ||
		(status >= 500 && status != 501 && status != 505 && status != 507);
}

/* Appends a peer's text, cut and without control bytes. */
static void registry_add_peer_text(struct buf *out, struct str text)
{
	enum { SHOWN_MAX = 300 };

	for (size_t i = 0; i < text.size && i < SHOWN_MAX; i++)
		buf_add_byte(out, (unsigned char)text.data[i] < ' ' ? ' ' : text.data[i]);
}

/* " (CODE: message)" of the first error in the body. */
static void registry_add_reason(struct buf *out, struct str body)
{
	autojson *document = NULL;
	struct error ignored;
	struct json_iter errors;

	if (json_parse(body, &document, &ignored) < 0)
		return; /* a proxy's HTML page */
	errors = json_iter(json_get(json_doc_root(document), "errors"));
	if (!json_next(&errors))
		return;
	buf_add_text(out, " (");
	registry_add_peer_text(out, json_str(json_get(errors.value, "code")));
	buf_add_text(out, ": ");
	registry_add_peer_text(out, json_str(json_get(errors.value, "message")));
	buf_add_text(out, ")");
}

/* ": what to do" for the status; returns its kind. */
static enum error_kind registry_add_advice(struct buf *out, int status, const char *repository)
{
	for (size_t i = 0; i < array_size(registry_replies); i++) {
		if (registry_replies[i].status != status)
			continue;
		if (registry_replies[i].advice != NULL)
			buf_printf(out, ": %s", registry_replies[i].advice);
		if (registry_replies[i].names_repository)
			buf_printf(out, " '%s'", repository);
		return registry_replies[i].kind;
	}
	return status >= 500 ? ERROR_BUSY : ERROR_INVALID;
}

int registry__reply_error(
	const struct registry__question *question, int status, struct str body, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_ERROR_TEXT);
	enum error_kind kind;
	struct str url = registry__url_shown(str_of(question->url));

	buf_printf(&text, "%s answered %d to '%s %.*s'", question->who, status, question->method,
		STR_ARG(url));
	registry_add_reason(&text, body);
	kind = registry_add_advice(&text, status, question->repository);
	error_set(err, kind, "%s", text.data);
	err->status = status;
	return -1;
}
