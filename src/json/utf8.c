/* The table of well-formed byte sequences (Unicode 15, table 3-7) as code. */
#include "json/utf8.h"

#include <assert.h>

static bool utf8_is_between(unsigned char byte, unsigned char low, unsigned char high)
{
	return byte >= low && byte <= high;
}

/* How many bytes follow the first one, and the range of the second; -1 when none can. */
static int utf8_followers(unsigned char first, unsigned char *ret_low, unsigned char *ret_high)
{
	*ret_low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
	*ret_high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
	if (first < 0x80)
		return 0;
	if (utf8_is_between(first, 0xc2, 0xdf))
		return 1;
	if (utf8_is_between(first, 0xe0, 0xef))
		return 2;
	return utf8_is_between(first, 0xf0, 0xf4) ? 3 : -1;
}

size_t json__utf8_decode(struct str text, uint32_t *ret_character)
{
	/* What a first byte holds of the character, by the number of bytes that follow it. */
	static const unsigned char first_masks[] = {0x7f, 0x1f, 0x0f, 0x07};
	const unsigned char *bytes = (const unsigned char *)text.data;
	unsigned char low;
	unsigned char high;
	int followers;
	uint32_t character;

	assert(text.size > 0);
	followers = utf8_followers(bytes[0], &low, &high);
	if (followers < 0 || text.size <= (size_t)followers)
		return 0;
	character = bytes[0] & first_masks[followers];
	for (int i = 1; i <= followers; i++) {
		if (!utf8_is_between(bytes[i], low, high))
			return 0;
		character = character << 6 | (bytes[i] & 0x3fu);
		low = 0x80;
		high = 0xbf;
	}
	*ret_character = character;
	return (size_t)followers + 1;
}

bool json__utf8_is_printable(uint32_t character)
{
	if (character < 0x20)
		return character == '\n' || character == '\t';
	if (character >= 0x7f && character < 0xa0)
		return false;
	if (character == 0x2028 || character == 0x2029)
		return false;
	return character != 0xfeff && character != 0xfffe && character != 0xffff;
}

size_t json__utf8_count(struct str text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.size; i++)
		count += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return count;
}
