/*
 * Lines of an answer's head go in, a status and a list of headers come out. libcurl has parsed the
 * framing already (Content-Length, Transfer-Encoding); here is only what callers want to read.
 */
#include "http/head.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "base/number.h"

/* A Retry-After beyond a day is cut: whoever waits that long should look again anyway. */
enum { RETRY_AFTER_MAX_SECONDS = 24 * 60 * 60 };

void http__head_done(struct http__head *head)
{
	buf_done(&head->text);
	free(head->headers);
	*head = HTTP__HEAD_INIT;
}

/* "HTTP/1.1 200 OK", "HTTP/2 200". */
static int parse_status(struct str line)
{
	struct str version;
	struct str rest;
	struct str code;
	uint64_t status;

	(void)str_cut(line, ' ', &version, &rest);
	(void)str_cut(str_trim(rest), ' ', &code, &rest);
	return number_parse_u64(code, &status) && status < 1000 ? (int)status : 0;
}

static void begin(struct http__head *head, struct str status_line)
{
	buf_clear(&head->text);
	free(head->headers);
	head->headers = NULL;
	head->header_count = 0;
	head->is_complete = false;
	head->status = parse_status(status_line);
}

static void add_header(struct http__head *head, struct str line)
{
	struct str name;
	struct str value;

	if (line.data[0] == ' ' || line.data[0] == '\t' || !str_cut(line, ':', &name, &value))
		return;
	name = str_trim(name);
	value = str_trim(value);
	for (size_t i = 0; i < name.size; i++) {
		char c = name.data[i];
		buf_add_byte(&head->text, c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c);
	}
	buf_add_byte(&head->text, '\0');
	buf_add(&head->text, value);
	buf_add_byte(&head->text, '\0');
	head->header_count++;
}

/* Only now, when `text` does not move any more, can there be pointers into it. */
static void complete(struct http__head *head)
{
	const char *next = head->text.data;

	head->is_complete = true;
	head->headers = alloc_zeroed(head->header_count, sizeof(*head->headers));
	for (size_t i = 0; i < head->header_count; i++) {
		head->headers[i].name = next;
		next += strlen(next) + 1;
		head->headers[i].value = next;
		next += strlen(next) + 1;
	}
}

int http__head_add_line(struct http__head *head, struct str line, struct error *err)
{
	line.size -= str_ends_with(line, STR("\n"));
	line.size -= str_ends_with(line, STR("\r"));
	if (line.size > 0 && memchr(line.data, '\0', line.size) != NULL)
		return error_set(err, ERROR_CORRUPT, "a header contains a NUL byte");
	if (str_starts_with(line, STR("HTTP/")))
		begin(head, line);
	else if (head->is_complete || head->status == 0)
		return 0;
	else if (line.size == 0)
		complete(head);
	else
		add_header(head, line);
	return buf_check(&head->text, "the head of the answer", err);
}

struct str http__head_value(const struct http__head *head, const char *name)
{
	assert(head->is_complete);
	for (size_t i = 0; i < head->header_count; i++) {
		if (strcmp(head->headers[i].name, name) == 0)
			return str_of(head->headers[i].value);
	}
	return (struct str){0};
}

/* RFC 9110, 10.2.3: seconds or a date. */
static int64_t retry_after_ms(struct str value, struct wall_time now)
{
	uint64_t seconds;
	int64_t wait;

	if (value.size == 0)
		return -1;
	if (number_parse_u64(value, &seconds)) {
		wait = seconds < RETRY_AFTER_MAX_SECONDS ? (int64_t)seconds
							 : RETRY_AFTER_MAX_SECONDS;
		return wait * 1000;
	}
	wait = (int64_t)curl_getdate(value.data, NULL);
	if (wait < 0)
		return -1;
	wait -= wall_time_seconds(now);
	if (wait < 0)
		return 0;
	return (wait < RETRY_AFTER_MAX_SECONDS ? wait : RETRY_AFTER_MAX_SECONDS) * 1000;
}

static int64_t content_length(struct str value)
{
	uint64_t length;

	return number_parse_u64(value, &length) && length <= INT64_MAX ? (int64_t)length : -1;
}

struct http_answer http__head_answer(
	const struct http__head *head, struct wall_time now, bool is_decoded)
{
	bool length_is_known = !is_decoded || http__head_value(head, "content-encoding").size == 0;

	return (struct http_answer){
		.status = head->status,
		.content_type = http__head_value(head, "content-type"),
		.location = http__head_value(head, "location"),
		.www_authenticate = http__head_value(head, "www-authenticate"),
		.docker_content_digest = http__head_value(head, "docker-content-digest"),
		.retry_after_ms = retry_after_ms(http__head_value(head, "retry-after"), now),
		.content_length = length_is_known
			? content_length(http__head_value(head, "content-length"))
			: -1,
		.headers = head->headers,
		.header_count = head->header_count,
	};
}
