/* What is accepted as an archive, plain or compressed, has entries within it and the digest of all
 * its bytes. */
#include "../unit/archive/tar_builder.h"
#include "archive/compression.h"
#include "archive/scan.h"
#include "sys/fd.h"

enum { FUZZ_UNPACKED_MAX = 1 << 20 };

struct fuzz {
	int64_t told; /* bytes of all contents */
	int64_t wanted; /* of those that were asked for */
	int64_t shown;
};

static int fuzz_entry(void *context, const struct archive_scan_entry *entry, struct error *err)
{
	struct fuzz *fuzz = context;
	bool is_wanted = entry->size_bytes % 2 == 0;

	(void)err;
	fuzz->told += entry->size_bytes;
	fuzz->wanted += is_wanted ? entry->size_bytes : 0;
	return is_wanted ? 1 : 0;
}

static int fuzz_content(void *context, struct str piece, struct error *err)
{
	struct fuzz *fuzz = context;

	(void)err;
	fuzz->shown += (int64_t)piece.size;
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autotar tar = TAR_INIT;
	struct fuzz fuzz = {0};
	struct archive_scan_visitor visitor = {fuzz_entry, fuzz_content, NULL, &fuzz};
	struct archive_scan_result result;
	struct archive_digest digest;
	struct error err;

	buf_add(&tar.bytes, (struct str){(const char *)data, size});
	tar_seal_all(&tar);
	autoclose int fd = tar_open(&tar, size);
	if (archive_scan(fd, FUZZ_UNPACKED_MAX, &visitor, &result, &err) < 0)
		return 0;
	assert(fuzz.told <= result.size_bytes && fuzz.shown == fuzz.wanted);
	assert(archive_digest_of(buf_str(&tar.bytes), &digest, &err) == 0);
	assert(archive_digest_equal(&digest, &result.file_digest));
	if (archive_compression_of_file(fd) != ARCHIVE_PLAIN) {
		assert(result.size_bytes <= FUZZ_UNPACKED_MAX);
		return 0;
	}
	assert(result.size_bytes == (int64_t)size);
	assert(archive_digest_equal(&result.digest, &result.file_digest));
	return 0;
}
