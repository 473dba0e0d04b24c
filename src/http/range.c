/*
 * The Range header of a request, for a file whose size is known. What is not understood is ignored,
 * as RFC 9110 wants it (14.2): the whole file is always a right answer.
 */
#include <assert.h>

#include "base/number.h"
#include "http/server.h"

/* Digits only; a number beyond int64_t counts as the largest. */
static bool parse_position(struct str text, int64_t *ret_position)
{
	uint64_t position = 0;

	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
	}
	if (text.size == 0)
		return false;
	if (!number_parse_u64(text, &position) || position > INT64_MAX)
		position = INT64_MAX;
	*ret_position = (int64_t)position;
	return true;
}

/* "-500": the last bytes. */
static int parse_suffix(struct str text, int64_t size, int64_t *ret_offset, int64_t *ret_size)
{
	int64_t length = 0;

	if (!parse_position(text, &length))
		return 0;
	if (length == 0)
		return -1;
	if (size == 0)
		return 0; /* satisfiable, but Content-Range cannot say it */
	*ret_size = length < size ? length : size;
	*ret_offset = size - *ret_size;
	return 1;
}

/* Names of units do not differ by case. */
static bool is_bytes(struct str unit)
{
	static const char name[] = "bytes";

	if (unit.size != sizeof(name) - 1)
		return false;
	for (size_t i = 0; i < unit.size; i++) {
		if ((unit.data[i] | 0x20) != name[i])
			return false;
	}
	return true;
}

int http_range_parse(struct str header, int64_t size, int64_t *ret_offset, int64_t *ret_size)
{
	struct str unit;
	struct str range;
	struct str first_text;
	struct str last_text;
	int64_t first = 0;
	int64_t last = INT64_MAX;

	assert(size >= 0);
	if (!str_cut(str_trim(header), '=', &unit, &range) || !is_bytes(unit) ||
		!str_cut(str_trim(range), '-', &first_text, &last_text))
		return 0;
	if (first_text.size == 0)
		return parse_suffix(last_text, size, ret_offset, ret_size);
	if (!parse_position(first_text, &first) ||
		(last_text.size > 0 && !parse_position(last_text, &last)) || first > last)
		return 0;
	if (first >= size)
		return -1;
	*ret_offset = first;
	*ret_size = (last < size ? last : size - 1) - first + 1;
	return 1;
}
