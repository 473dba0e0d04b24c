/*
 * Since image version 2 (CRIU 2.0) most files carry a common magic in front of their type's: one
 * for images, one for service files like the statistics. The inventory never does: it is the file
 * that tells the version.
 */
#include "criu/image.h"

#include <stdbool.h>

enum {
	IMAGE_MAGIC_COMMON = 0x54564319,
	IMAGE_MAGIC_SERVICE = 0x55105940,
	IMAGE_NUMBER_BYTES = 4,
};

/* Takes a little-endian number off the front; false when there are not enough bytes. */
static bool image_take_u32(struct str *bytes, uint32_t *ret_value)
{
	const unsigned char *at = (const unsigned char *)bytes->data;

	if (bytes->size < IMAGE_NUMBER_BYTES)
		return false;
	*ret_value = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
		(uint32_t)at[3] << 24;
	*bytes = str_from(*bytes, IMAGE_NUMBER_BYTES);
	return true;
}

int criu_image_begin(
	struct str *bytes, enum criu_image_type type, const char *name, struct error *err)
{
	uint32_t magic = 0;
	bool is_whole = image_take_u32(bytes, &magic);

	if (is_whole && (magic == IMAGE_MAGIC_COMMON || magic == IMAGE_MAGIC_SERVICE))
		is_whole = image_take_u32(bytes, &magic);
	if (!is_whole)
		return error_set(err, ERROR_CORRUPT, "%s is cut short", name);
	if (magic != (uint32_t)type)
		return error_set(err, ERROR_CORRUPT, "%s begins with an unknown magic 0x%08x", name,
			(unsigned)magic);
	return 0;
}

int criu_image_next(struct str *bytes, const char *name, struct str *ret_payload,
	size_t *ret_needed, struct error *err)
{
	struct str rest = *bytes;
	uint32_t size;

	*ret_needed = IMAGE_NUMBER_BYTES;
	if (!image_take_u32(&rest, &size))
		return 0;
	if (size > CRIU_IMAGE_ENTRY_BYTES)
		return error_set(err, ERROR_TOO_BIG, "%s has an entry of %u bytes; at most %d",
			name, (unsigned)size, CRIU_IMAGE_ENTRY_BYTES);
	*ret_needed += size;
	if (rest.size < size)
		return 0;
	*ret_payload = (struct str){rest.data, size};
	*bytes = str_from(rest, size);
	return 1;
}
