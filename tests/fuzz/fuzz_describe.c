/* Every description arrives at the agent as the worker wrote it. */
#include "../unit/archive/tar_builder.h"
#include "checkpoint/describe.h"

enum { FUZZ_UNPACKED_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autotar tar = TAR_INIT;
	autoarena *arena = arena_new(4096);
	autobuf first = BUF_INIT(LIMIT_REPLY_BYTES);
	autobuf second = BUF_INIT(LIMIT_REPLY_BYTES);
	struct checkpoint_description description;
	struct error err;

	buf_add(&tar.bytes, (struct str){(const char *)data, size});
	tar_seal_all(&tar);
	int fd = tar_open(&tar, size);
	int result = checkpoint_describe(fd, FUZZ_UNPACKED_MAX, arena, &description, &err);
	(void)close(fd);
	if (result < 0)
		return 0;
	checkpoint_description_encode(&description, &first);
	assert(checkpoint_description_decode(buf_str(&first), arena, &description, &err) == 0);
	checkpoint_description_encode(&description, &second);
	assert(str_equal(buf_str(&first), buf_str(&second)));
	return 0;
}
