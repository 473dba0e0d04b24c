/*
 * Since image version 2 (CRIU 2.0) most files carry a common magic in front of their type's: one
 * for images, one for service files like the statistics. The inventory never does: it is the file
 * that tells the version.
 */
#include "criu/image.h"

enum {
	IMAGE_MAGIC_COMMON = 0x54564319,
	IMAGE_MAGIC_SERVICE = 0x55105940,
};

/* Takes a little-endian number off the front; false when there are not enough bytes. */
static bool image_take_u32(struct str *bytes, uint32_t *ret_value)
{
	const unsigned char *at = (const unsigned char *)bytes->data;

	if (bytes->size < 4)
		return false;
	*ret_value = (uint32_t)at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
		(uint32_t)at[3] << 24;
	*bytes = str_from(*bytes, 4);
	return true;
}

int criu__image_first_entry(struct str file, enum criu_image_type type, const char *name,
	struct str *ret_payload, struct error *err)
{
	uint32_t magic = 0;
	uint32_t size;
	bool is_whole = image_take_u32(&file, &magic);

	if (is_whole && (magic == IMAGE_MAGIC_COMMON || magic == IMAGE_MAGIC_SERVICE))
		is_whole = image_take_u32(&file, &magic);
	if (is_whole && magic != (uint32_t)type)
		return error_set(err, ERROR_CORRUPT, "%s begins with an unknown magic 0x%08x", name,
			(unsigned)magic);
	is_whole = is_whole && image_take_u32(&file, &size) && size <= file.size;
	if (!is_whole)
		return error_set(err, ERROR_CORRUPT, "%s is cut short", name);
	*ret_payload = (struct str){file.data, size};
	return 0;
}
