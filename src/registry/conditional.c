/* Digests hold no commas and no quotes, so the list may be cut at every comma. */
#include "registry/conditional.h"

bool registry__etag_matches(struct str header, struct str digest)
{
	struct str tag;
	bool has_more = header.size > 0;

	while (has_more) {
		has_more = str_cut(header, ',', &tag, &header);
		tag = str_trim(tag);
		if (str_is(tag, "*"))
			return true;
		if (str_starts_with(tag, STR("W/")))
			tag = str_from(tag, 2);
		if (tag.size == digest.size + 2 && tag.data[0] == '"' &&
			tag.data[tag.size - 1] == '"' &&
			str_equal((struct str){tag.data + 1, digest.size}, digest))
			return true;
	}
	return false;
}
