/* Image references from any bytes: what is read can be written and read again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "image/reference.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = {(const char *)data, size};
	char made[IMAGE_REPOSITORY_MADE_MAX + 1];
	autobuf full = BUF_INIT(1000);
	struct image_reference first;
	struct image_reference again;
	struct error err;

	image_repository_make(text, str_from(text, size / 2), made);
	assert(image_repository_is_valid(str_of(made)));
	(void)image_registry_is_loopback(text);
	if (image_reference_parse(text, &first, &err) < 0)
		return 0;
	image_reference_format(&first, &full);
	assert(image_reference_parse(buf_str(&full), &again, &err) == 0);
	assert(memcmp(&first, &again, sizeof(first)) == 0);
	return 0;
}
