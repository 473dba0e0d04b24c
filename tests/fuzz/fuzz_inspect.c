/*
 * An archive that may be anything: a report comes of it or an error, every writer writes it, and it
 * does not differ from itself.
 */
#include <assert.h>
#include <string.h>

#include "inspect/report.h"

/* An archive in memory. */
struct fuzz_reader {
	struct reader reader;
	const uint8_t *data;
};

static int fuzz_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	(void)err;
	memcpy(bytes, container_of(reader, struct fuzz_reader, reader)->data + offset, size);
	return 0;
}

/* What a terminal would obey is in no text for people. */
static void assert_harmless(struct buf *out)
{
	for (size_t i = 0; i < out->size; i++)
		assert((unsigned char)out->data[i] >= 0x20 || out->data[i] == '\n');
	buf_done(out);
}

static void write_all(const struct inspect_report *report)
{
	struct buf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	struct error err;

	inspect_write_tree(report, &out);
	assert_harmless(&out);
	inspect_write_table(report, &out);
	assert_harmless(&out);
	inspect_write_json(report, &out);
	assert(buf_check(&out, "the report", &err) == 0);
	buf_clear(&out);
	inspect_write_difference(report, report, &out);
	assert(out.size == 0);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct inspect_options options = {.show_environment = true, .show_mappings = true};
	struct fuzz_reader reader = {{(int64_t)size, fuzz_read, NULL}, data};
	autoinspect *inspect = NULL;
	struct error err;

	if (inspect_open_reader(&reader.reader, "fuzz", &options, &inspect, &err) == 0)
		write_all(inspect_report(inspect));
	else
		assert(err.kind == ERROR_CORRUPT || err.kind == ERROR_TOO_BIG);
	return 0;
}
