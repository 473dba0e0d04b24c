/*
 * CRIU's image files: one or two magic numbers, then entries of a length (32 bits, little-endian)
 * and so many bytes of protobuf (criu.org/Images). Internal to the room.
 */
#ifndef CRIU_IMAGE_H
#define CRIU_IMAGE_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* The type of a file, by the magic that tells it. */
enum criu_image_type {
	CRIU_IMAGE_INVENTORY = 0x58313116,
	CRIU_IMAGE_STATS = 0x57093306,
};

/*
 * The payload of the first entry of `file`, borrowed from it. `name` is for error texts. What
 * follows the first entry is not looked at. Fails with CORRUPT (another type, cut short).
 */
must_check int criu__image_first_entry(struct str file, enum criu_image_type type, const char *name,
	struct str *ret_payload, struct error *err);

#endif
