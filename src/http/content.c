/* Digests hold no commas and no quotes, so the list may be cut at every comma. */
#include "http/content.h"

#include <inttypes.h>

bool http_etag_matches(struct str header, struct str tag)
{
	struct str one;
	bool has_more = header.size > 0;

	while (has_more) {
		has_more = str_cut(header, ',', &one, &header);
		one = str_trim(one);
		if (str_is(one, "*"))
			return true;
		if (str_starts_with(one, STR("W/")))
			one = str_from(one, 2);
		if (one.size == tag.size + 2 && one.data[0] == '"' &&
			one.data[one.size - 1] == '"' &&
			str_equal((struct str){one.data + 1, tag.size}, tag))
			return true;
	}
	return false;
}

bool http_content_is_known(const struct http_server_request *request, struct str tag,
	struct http_server_answer *answer)
{
	http_server_answer_add(answer, "ETag", "\"%.*s\"", STR_ARG(tag));
	if (!http_etag_matches(http_server_header(request, "If-None-Match"), tag))
		return false;
	answer->status = 304;
	return true;
}

void http_content_take_range(const struct http_server_request *request, struct str tag,
	int64_t size, struct http_server_answer *answer)
{
	struct str only_if = http_server_header(request, "If-Range");
	int found = 0;

	answer->status = 200;
	answer->offset = 0;
	answer->size = size;
	http_server_answer_add(answer, "Accept-Ranges", "bytes");
	if (str_is(request->method, "GET") &&
		(only_if.size == 0 || http_etag_matches(only_if, tag)))
		found = http_range_parse(
			http_server_header(request, "Range"), size, &answer->offset, &answer->size);
	if (found < 0) {
		answer->status = 416;
		http_server_answer_add(answer, "Content-Range", "bytes */%" PRId64, size);
	} else if (found > 0) {
		answer->status = 206;
		http_server_answer_add(answer, "Content-Range",
			"bytes %" PRId64 "-%" PRId64 "/%" PRId64, answer->offset,
			answer->offset + answer->size - 1, size);
	}
}
