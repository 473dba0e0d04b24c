/* metav1.Status and HTTP status codes to errors; the facts are in k8s.io/apimachinery api/errors.
 */
#include "kube/answer.h"

enum { ANSWER_EXCERPT_BYTES = 200 }; /* shown of an answer that is no Status object */

enum error_kind kube__answer_kind(int status)
{
	static const struct {
		int status;
		enum error_kind kind;
	} kinds[] = {
		{400, ERROR_INVALID},
		{401, ERROR_DENIED},
		{403, ERROR_DENIED},
		{404, ERROR_ABSENT},
		{405, ERROR_UNSUPPORTED},
		{406, ERROR_UNSUPPORTED},
		{408, ERROR_TIMEOUT},
		{409, ERROR_CONFLICT},
		{410, ERROR_GONE},
		{413, ERROR_TOO_BIG},
		{415, ERROR_UNSUPPORTED},
		{422, ERROR_INVALID},
		{429, ERROR_BUSY},
		{501, ERROR_UNSUPPORTED},
		{503, ERROR_BUSY},
		{504, ERROR_TIMEOUT},
	};

	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i].status == status)
			return kinds[i].kind;
	return status >= 400 && status < 500 ? ERROR_INVALID : ERROR_SYSTEM;
}

static int answer_set(int status, struct str message, struct error *err)
{
	if (message.size > 0)
		(void)error_set(err, kube__answer_kind(status), "%.*s", STR_ARG(message));
	else
		(void)error_set(
			err, kube__answer_kind(status), "the server answered with %d", status);
	err->status = status;
	return -1;
}

/* The first line of a text that is not meant for us, without control characters. */
static struct str answer_excerpt(struct str body)
{
	struct str excerpt = str_trim(body);
	size_t size = 0;

	while (size < excerpt.size && size < ANSWER_EXCERPT_BYTES &&
		(unsigned char)excerpt.data[size] >= ' ')
		size++;
	return (struct str){excerpt.data, size};
}

static bool answer_parse(struct str body, struct json_doc **ret_doc)
{
	struct error ignored; /* proxies and authenticators answer in plain text */

	return body.size > 0 && body.data[0] == '{' && json_parse(body, ret_doc, &ignored) == 0;
}

int kube__answer_refusal(int status, struct str body, struct error *err)
{
	autojson *doc = NULL;

	if (!answer_parse(body, &doc))
		return answer_set(status, answer_excerpt(body), err);
	return answer_set(status, json_str(json_get(json_doc_root(doc), "message")), err);
}

int kube__answer_status_object(const struct json *object, struct error *err)
{
	int64_t code = json_i64(json_get(object, "code"), 0);
	struct str reason = json_str(json_get(object, "reason"));

	if (str_is(reason, "Expired") || str_is(reason, "Gone"))
		code = 410;
	if (code < 400 || code > 599)
		code = 500;
	return answer_set((int)code, json_str(json_get(object, "message")), err);
}

bool kube__answer_is_already_exists(int status, struct str body)
{
	autojson *doc = NULL;

	return status == 409 && answer_parse(body, &doc) &&
		str_is(json_str(json_get(json_doc_root(doc), "reason")), "AlreadyExists");
}
