/* A path that is accepted begins with a slash, holds no NUL and is not longer than its source. */
#include <assert.h>

#include "http/path.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str target = {(const char *)data, size};
	autobuf path = BUF_INIT(1024);
	struct str query;

	if (!http__path_parse(target, &path, &query))
		return 0;
	assert(path.data[0] == '/' && strlen(path.data) == path.size);
	assert(path.size + query.size <= size);
	return 0;
}
