/* A page of the list of tags (distribution spec 1.1, "Listing Tags"). */
#ifndef REGISTRY_TAGS_H
#define REGISTRY_TAGS_H

#include <stddef.h>

#include "base/buf.h"
#include "base/str.h"

enum {
	/* What fits into one header of an answer of http/server.h. */
	REGISTRY_LINK_MAX = 255,
};

struct registry__tags {
	struct str repository;
	struct str *items; /* borrowed; sorted in place */
	size_t count;
};

/*
 * Sorts the tags and narrows them to the page that the query asks for: at most `n` tags behind the
 * tag `last`. When tags are left, appends a Link header's value to `link` (which has the maximum
 * REGISTRY_LINK_MAX); if that value would be too long the page has all the rest instead.
 */
void registry__tags_page(struct registry__tags *tags, struct str query, struct buf *link);

/* Appends {"name": ..., "tags": [...]}. */
void registry__tags_write(const struct registry__tags *tags, struct buf *out);

#endif
