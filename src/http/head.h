/* The head of an answer, collected line by line as libcurl hands it over. Pure. */
#ifndef HTTP_HEAD_H
#define HTTP_HEAD_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "http/client.h"

struct http__head {
	int status; /* 0 until a status line came */
	bool is_complete; /* the empty line came */
	struct buf text; /* name, NUL, value, NUL, ... */
	struct http_header *headers; /* into `text`, once complete */
	size_t header_count;
};

#define HTTP__HEAD_INIT ((struct http__head){.text = BUF_INIT(LIMIT_HTTP_HEAD_BYTES)})
void http__head_done(struct http__head *head);

/*
 * Adds one line, with or without its line end. A status line begins a new head and forgets the one
 * before it (100 Continue, a redirect). Folded lines (obsolete since RFC 7230) and lines without a
 * colon are left out, as is everything after the end of the head (trailers). Fails with TOO_BIG.
 */
must_check int http__head_add_line(struct http__head *head, struct str line, struct error *err);

/* The value of the first header of that name (lower case); the empty slice when there is none. */
struct str http__head_value(const struct http__head *head, const char *name);

/*
 * A complete head as an answer, borrowed from it. `now` serves a Retry-After that is a date.
 * With `is_decoded` a compressed body is undone on its way and its length therefore not known.
 */
struct http_answer http__head_answer(
	const struct http__head *head, struct wall_time now, bool is_decoded);

#endif
