/*
 * An archive that may be anything: a report comes of it or an error, every writer writes it, it
 * does not differ from itself, and its memory is walked through to an end.
 */
#include <assert.h>
#include <string.h>

#include "inspect/contents.h"

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

static void fuzz_free(struct reader *reader)
{
	(void)reader; /* it lies on the stack */
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
	inspect_write_table(report, INSPECT_PART_ALL, &out);
	assert_harmless(&out);
	inspect_write_json(report, INSPECT_PART_ALL, &out);
	assert(buf_check(&out, "the report", &err) == 0);
	buf_clear(&out);
	inspect_write_difference(report, report, &out);
	assert(out.size == 0);
	buf_done(&out);
}

/* Each byte of an archive is shown once at most. */
static int count_bytes(void *context, const struct inspect_piece *piece, struct error *err)
{
	const struct inspect_area *area = inspect_area_at(piece->space, piece->address);

	(void)err;
	*(size_t *)context += piece->bytes.size;
	assert(piece->bytes.size > 0 && piece->bytes.size <= INSPECT_PIECE_BYTES);
	assert(piece->address + piece->bytes.size > piece->address);
	assert(area == NULL || (area->start <= piece->address && piece->address < area->end));
	return 0;
}

static void visit_all(struct inspect *inspect)
{
	struct inspect_visited visited;
	size_t bytes = 0;
	struct error err;

	if (inspect_visit_memory(inspect, 0, count_bytes, &bytes, &visited, &err) == 0)
		assert(bytes == (size_t)visited.bytes && visited.parent_bytes >= 0);
	else
		assert(err.kind == ERROR_CORRUPT || err.kind == ERROR_TOO_BIG);
}

/* The last process, which others may claim to be below. */
static void keep_one(struct inspect *inspect)
{
	const struct inspect_report *report = inspect_report(inspect);
	const struct inspect_process *processes = report->processes.items;
	size_t count = report->processes.count;
	struct buf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	struct error err;

	if (count == 0)
		return;
	assert(inspect_keep_process(inspect, processes[count - 1].pid, &err) == 0);
	assert(report->processes.count > 0 && report->processes.count <= count);
	inspect_write_json(report, INSPECT_PART_FILES, &out);
	inspect_write_overview(
		&(struct inspect_overview){.source = report->source, .report = report}, 1, &out);
	buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct inspect_options options = {.show_environment = true, .show_mappings = true};
	struct fuzz_reader reader = {{(int64_t)size, fuzz_read, fuzz_free}, data};
	autoplace *place = inspect_place_of_reader(&reader.reader, "fuzz");
	autoinspect *inspect = NULL;
	struct error err;

	if (inspect_read(place, &options, &inspect, &err) < 0) {
		assert(err.kind == ERROR_CORRUPT || err.kind == ERROR_TOO_BIG);
		return 0;
	}
	write_all(inspect_report(inspect));
	visit_all(inspect);
	keep_one(inspect);
	return 0;
}
