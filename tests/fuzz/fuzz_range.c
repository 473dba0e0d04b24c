/* A range that is accepted lies within its file. The first byte chooses the file's size. */
#include <assert.h>

#include "http/server.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const int64_t sizes[] = {0, 1, 10, 1000, INT64_MAX};
	int64_t offset = -1;
	int64_t length = -1;
	int64_t file_size;
	int result;

	if (size == 0)
		return 0;
	file_size = sizes[data[0] % array_size(sizes)];
	result = http_range_parse(
		(struct str){(const char *)data + 1, size - 1}, file_size, &offset, &length);
	assert(result >= -1 && result <= 1);
	if (result == 1)
		assert(offset >= 0 && length > 0 && offset < file_size &&
			length <= file_size - offset);
	else
		assert(offset == -1 && length == -1);
	return 0;
}
