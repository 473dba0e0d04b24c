/* Digits to numbers, with overflow told. */
#include "base/number.h"

bool number_parse_u64(struct str text, uint64_t *ret_value)
{
	uint64_t value = 0;

	if (text.size == 0)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		if (text.data[i] < '0' || text.data[i] > '9')
			return false;
		if (__builtin_mul_overflow(value, (uint64_t)10, &value) ||
			__builtin_add_overflow(value, (uint64_t)(text.data[i] - '0'), &value))
			return false;
	}
	*ret_value = value;
	return true;
}

bool number_parse_i64(struct str text, int64_t *ret_value)
{
	bool is_negative = text.size > 0 && text.data[0] == '-';
	uint64_t magnitude;

	if (!number_parse_u64(is_negative ? str_from(text, 1) : text, &magnitude))
		return false;
	if (magnitude > (uint64_t)INT64_MAX + (is_negative ? 1 : 0))
		return false;
	*ret_value = is_negative ? (int64_t)(0 - magnitude) : (int64_t)magnitude;
	return true;
}

bool number_parse_quantity(struct str text, uint64_t *ret_bytes)
{
	static const char letters[] = "kMGTPE";
	bool is_binary = str_ends_with(text, STR("i"));
	uint64_t value;
	uint64_t step = is_binary ? 1024 : 1000;

	if (is_binary)
		text.size--;
	for (size_t power = 1; power < sizeof(letters); power++) {
		char letter = is_binary && power == 1 ? 'K' : letters[power - 1];
		if (text.size == 0 || text.data[text.size - 1] != letter)
			continue;
		text.size--;
		if (!number_parse_u64(text, &value))
			return false;
		for (size_t i = 0; i < power; i++)
			if (__builtin_mul_overflow(value, step, &value))
				return false;
		*ret_bytes = value;
		return true;
	}
	return !is_binary && number_parse_u64(text, ret_bytes);
}
