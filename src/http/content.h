/*
 * What a request wants of a content that has an entity tag, our digest: all, a range, or nothing,
 * because the client has it already. RFC 9110, 13.1.2, 13.1.5 and 14.
 */
#ifndef HTTP_CONTENT_H
#define HTTP_CONTENT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"
#include "http/server.h"

/* Whether an If-None-Match or If-Range header names `tag`: "*", or a list of entity tags. */
bool http_etag_matches(struct str header, struct str tag);

/* Adds the ETag. True when the client has the content: the answer is 304 and complete. */
bool http_content_is_known(const struct http_server_request *request, struct str tag,
	struct http_server_answer *answer);

/*
 * Fills status (200, 206, 416), offset and size of an answer that sends a content of `size` bytes,
 * and adds the headers that tell of ranges. With 416 it sends none; the caller may say more.
 */
void http_content_take_range(const struct http_server_request *request, struct str tag,
	int64_t size, struct http_server_answer *answer);

#endif
