/* What decodes is encoded to a text that decodes to the same bytes; what does not leaves nothing.
 */
#include <assert.h>

#include "base/base64.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf bytes = BUF_INIT(size);
	autobuf text = BUF_INIT(2 * size + 4);
	autobuf again = BUF_INIT(size + 4);

	if (!base64_decode((struct str){(const char *)data, size}, &bytes)) {
		assert(bytes.size == 0);
		return 0;
	}
	base64_encode(buf_str(&bytes), &text);
	assert(base64_decode(buf_str(&text), &again));
	assert(str_equal(buf_str(&bytes), buf_str(&again)));
	return 0;
}
