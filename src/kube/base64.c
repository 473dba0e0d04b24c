/* Base64 by arithmetic on a 24-bit group; no library that this room may use has it. */
#include "kube/base64.h"

#include <stdint.h>
#include <stdlib.h>

#include "base/alloc.h"

static const char base64_alphabet[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* The six bits of a character, or -1. */
static int base64_value(char c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	return c == '/' ? 63 : -1;
}

static bool base64_is_space(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Four characters: how many of them are padding, and the bits of the others. */
struct base64_group {
	uint32_t bits;
	unsigned characters;
	unsigned padding;
};

/* Adds a character; false when it cannot stand there. */
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

/* Writes the bytes of a full group; returns how many, or -1 when bits beyond them are set. */
static int base64_group_write(const struct base64_group *group, char *bytes)
{
	unsigned count = 3 - group->padding;

	if ((group->bits & ((1u << 8 * group->padding) - 1)) != 0)
		return -1;
	for (unsigned i = 0; i < count; i++)
		bytes[i] = (char)(group->bits >> (16 - 8 * i));
	return (int)count;
}

/* Decodes into `bytes` (which has room); returns the size, or -1 when the text is not base64. */
static ssize_t base64_decode_into(struct str text, char *bytes)
{
	struct base64_group group = {0};
	ssize_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		int count;
		if (base64_is_space(text.data[i]))
			continue;
		if (group.characters == 4) /* padding ends the text */
			return -1;
		if (!base64_group_add(&group, text.data[i]))
			return -1;
		if (group.characters < 4)
			continue;
		count = base64_group_write(&group, bytes + size);
		if (count < 0)
			return -1;
		size += count;
		if (group.padding == 0)
			group = (struct base64_group){0};
	}
	return group.characters % 4 == 0 ? size : -1;
}

int kube__base64_decode(struct str text, char **ret_bytes, size_t *ret_size, struct error *err)
{
	size_t capacity = text.size / 4 * 3 + 3;
	char *bytes = alloc_zeroed(capacity + 1, 1);
	ssize_t size = base64_decode_into(text, bytes);

	if (size < 0) {
		explicit_bzero(bytes, capacity);
		free(bytes);
		return error_set(err, ERROR_INVALID, "the text is not base64");
	}
	*ret_bytes = bytes;
	*ret_size = (size_t)size;
	return 0;
}

void kube__base64_encode(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t left = bytes.size - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.data[i] << 16;
		if (left > 1)
			group |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
		if (left > 2)
			group |= (unsigned char)bytes.data[i + 2];
		for (size_t k = 0; k < 4; k++)
			buf_add_byte(
				out, k <= left ? base64_alphabet[group >> (18 - 6 * k) & 63] : '=');
	}
}
