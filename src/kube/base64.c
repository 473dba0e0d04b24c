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

/* Decodes into `bytes` (which has room); returns the size, or -1 when the text is not base64. */
static ssize_t base64_decode_into(struct str text, char *bytes)
{
	uint32_t group = 0;
	unsigned characters = 0;
	unsigned padding = 0;
	size_t size = 0;

	for (size_t i = 0; i < text.size; i++) {
		int value = base64_value(text.data[i]);
		if (base64_is_space(text.data[i]))
			continue;
		if (text.data[i] == '=')
			padding++;
		else if (value < 0 || padding > 0)
			return -1;
		group = group << 6 | (value < 0 ? 0 : (uint32_t)value);
		if (++characters % 4 != 0)
			continue;
		if (padding > 2 || (padding > 0 && (group & (padding == 1 ? 0xffu : 0xffffu)) != 0))
			return -1;
		for (unsigned k = 0; k < 3 - padding; k++)
			bytes[size++] = (char)(group >> (16 - 8 * k));
		group = 0;
	}
	return characters % 4 == 0 && padding <= 2 ? (ssize_t)size : -1;
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
