/* Sorting and paging; tags need no percent-encoding, so a query is compared as it was sent. */
#include "registry/tags.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/number.h"
#include "json/json.h"

static int registry_compare_tags(const void *a, const void *b)
{
	return str_compare(*(const struct str *)a, *(const struct str *)b);
}

/* The value of a parameter of the query; the empty slice when absent. */
static struct str registry_query_value(struct str query, const char *name)
{
	struct str parameter;
	struct str key;
	struct str value;

	while (query.size > 0) {
		(void)str_cut(query, '&', &parameter, &query);
		if (str_cut(parameter, '=', &key, &value) && str_is(key, name))
			return value;
	}
	return (struct str){0};
}

void registry__tags_page(struct registry__tags *tags, struct str query, struct buf *link)
{
	struct str last = registry_query_value(query, "last");
	uint64_t wanted;

	if (tags->count > 0)
		qsort(tags->items, tags->count, sizeof(*tags->items), registry_compare_tags);
	while (last.size > 0 && tags->count > 0 && str_compare(tags->items[0], last) <= 0) {
		tags->items++;
		tags->count--;
	}
	if (!number_parse_u64(registry_query_value(query, "n"), &wanted) || wanted >= tags->count)
		return;
	if (wanted > 0)
		buf_printf(link, "</v2/%.*s/tags/list?n=%" PRIu64 "&last=%.*s>; rel=\"next\"",
			STR_ARG(tags->repository), wanted, STR_ARG(tags->items[wanted - 1]));
	if (link->is_overflown)
		buf_clear(link);
	else
		tags->count = wanted;
}

void registry__tags_write(const struct registry__tags *tags, struct buf *out)
{
	struct json_writer writer = json_writer(out);

	json_begin_object(&writer);
	json_set_str(&writer, "name", tags->repository);
	json_set_array(&writer, "tags");
	for (size_t i = 0; i < tags->count; i++)
		json_add_str(&writer, tags->items[i]);
	json_end_array(&writer);
	json_end_object(&writer);
}
