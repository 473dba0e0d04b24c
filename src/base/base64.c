/* Four characters are three bytes; the room for all of them is made before the first one. */
#include "base/base64.h"

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a character, or -1. */
static int base64_value(char c)
{
	const char *at = memchr(base64_alphabet, c, sizeof(base64_alphabet) - 1);

	return at != NULL ? (int)(at - base64_alphabet) : -1;
}

static bool base64_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

void base64_encode(struct str bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t bits = (uint32_t)(unsigned char)bytes.data[i] << 16;
		if (left > 1)
			bits |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
		if (left > 2)
			bits |= (unsigned char)bytes.data[i + 2];
		for (size_t k = 0; k < 4; k++)
			buf_add_byte(
				out, k <= left ? base64_alphabet[bits >> (18 - 6 * k) & 63] : '=');
	}
}

struct base64_group {
	uint32_t bits;
	unsigned characters; /* up to 4, padding included */
	unsigned padding;
};

/* False when the character cannot stand there. */
static bool base64_group_add(struct base64_group *group, char c)
{
	int value = base64_value(c);

	if (c == '=' && group->characters >= 2)
		group->padding++;
	else if (value < 0 || group->padding > 0)
		return false;
	group->bits = group->bits << 6 | (value < 0 ? 0 : (uint32_t)value);
	group->characters++;
	return true;
}

/* Writes the bytes of a full group; false when bits behind the last byte are set. */
static bool base64_group_write(const struct base64_group *group, char *bytes, size_t *size)
{
	if ((group->bits & ((1u << 8 * group->padding) - 1)) != 0)
		return false;
	for (unsigned i = 0; i < 3 - group->padding; i++)
		bytes[(*size)++] = (char)(group->bits >> (16 - 8 * i));
	return true;
}

static bool base64_decode_into(struct str text, char *bytes, size_t *size)
{
	struct base64_group group = {0};

	for (size_t i = 0; i < text.size; i++) {
		if (base64_is_space(text.data[i]))
			continue;
		if (group.characters == 4 && group.padding > 0) /* padding ends the text */
			return false;
		if (group.characters == 4)
			group = (struct base64_group){0};
		if (!base64_group_add(&group, text.data[i]))
			return false;
		if (group.characters == 4 && !base64_group_write(&group, bytes, size))
			return false;
	}
	return group.characters % 4 == 0;
}

bool base64_decode(struct str text, struct buf *out)
{
	size_t most = text.size / 4 * 3;
	char *bytes = buf_room(out, most);
	size_t size = 0;

	if (bytes == NULL)
		return false;
	if (!base64_decode_into(text, bytes, &size)) {
		explicit_bzero(bytes, size);
		return false;
	}
	buf_claim(out, size);
	return true;
}
