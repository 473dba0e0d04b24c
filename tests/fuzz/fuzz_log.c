/* The excerpt of a log is bounded and does not depend on the pieces that the log came in. */
#include <assert.h>

#include "criu/log.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autobuf whole = BUF_INIT(900);
	autobuf pieces = BUF_INIT(900);
	struct criu_log log = {0};
	struct criu_log again = {0};
	struct error err;

	criu_log_add(&log, (struct str){(const char *)data, size});
	criu_log_end(&log);
	criu_log_excerpt(&log, &whole);
	for (size_t i = 0; i < size; i++)
		criu_log_add(&again, (struct str){(const char *)data + i, 1});
	criu_log_end(&again);
	criu_log_excerpt(&again, &pieces);
	assert(buf_check(&whole, "excerpt", &err) == 0);
	assert(str_equal(buf_str(&whole), buf_str(&pieces)));
	return 0;
}
