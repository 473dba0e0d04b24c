/* Percent-decoding, strict: a target that means two things to two readers is refused. */
#include "http/path.h"

#include "base/hex.h"

/* The byte that `text` begins with, escaped or not; how much it takes, 0 when it is broken. */
static size_t decode_one(struct str text, char *ret_byte)
{
	int high;
	int low;

	*ret_byte = text.data[0];
	if (text.data[0] != '%')
		return text.data[0] != '\0';
	if (text.size < 3)
		return 0;
	high = hex_value(text.data[1]);
	low = hex_value(text.data[2]);
	if (high < 0 || low < 0 || (high == 0 && low == 0))
		return 0;
	*ret_byte = (char)(high * 16 + low);
	return 3;
}

bool http__path_parse(struct str target, struct buf *path, struct str *ret_query)
{
	struct str raw;
	char byte;
	size_t used;

	(void)str_cut(target, '?', &raw, ret_query);
	if (!str_starts_with(raw, STR("/")))
		return false;
	while (raw.size > 0) {
		used = decode_one(raw, &byte);
		if (used == 0)
			return false;
		buf_add_byte(path, byte);
		raw = str_from(raw, used);
	}
	return !path->is_overflown;
}
