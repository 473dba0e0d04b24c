/* Three bytes are four letters. */
#include "registry/base64.h"

#include <stdint.h>
#include <string.h>

static const char registry_base64_letters[] =
	"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void registry__base64_encode(struct str bytes, struct buf *out)
{
	for (size_t i = 0; i < bytes.size; i += 3) {
		size_t rest = bytes.size - i;
		uint32_t group = (uint32_t)(unsigned char)bytes.data[i] << 16;
		if (rest > 1)
			group |= (uint32_t)(unsigned char)bytes.data[i + 1] << 8;
		if (rest > 2)
			group |= (unsigned char)bytes.data[i + 2];
		buf_add_byte(out, registry_base64_letters[group >> 18]);
		buf_add_byte(out, registry_base64_letters[group >> 12 & 63]);
		buf_add_byte(out, rest > 1 ? registry_base64_letters[group >> 6 & 63] : '=');
		buf_add_byte(out, rest > 2 ? registry_base64_letters[group & 63] : '=');
	}
}

bool registry__base64_decode(struct str text, struct buf *out)
{
	uint32_t group = 0;
	unsigned bits = 0;

	while (text.size > 0 && text.data[text.size - 1] == '=')
		text.size--;
	if (text.size % 4 == 1)
		return false;
	for (size_t i = 0; i < text.size; i++) {
		const char *letter = memchr(registry_base64_letters, text.data[i], 64);
		if (letter == NULL)
			return false;
		group = group << 6 | (uint32_t)(letter - registry_base64_letters);
		bits += 6;
		if (bits < 8)
			continue;
		bits -= 8;
		buf_add_byte(out, (char)(group >> bits & 0xff));
	}
	return true;
}
