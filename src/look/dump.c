/* Text has an address in each line; a file of bytes has them one behind another, so a list tells.
 */
#include "look/dump.h"

#include <inttypes.h>
#include <string.h>
#include <unistd.h>

#include "look/write.h"
#include "sys/fd.h"
#include "json/json.h"

enum {
	DUMP_LINE_BYTES = 16,
	DUMP_TEXT_BYTES =
		16 + 4 * DUMP_LINE_BYTES + 8, /* address, digits, characters, what is between */
};

struct look_dump {
	int file_fd; /* -1: as text */
	struct look_output out;
	struct look_progress progress;
	/* of a text */
	char line[DUMP_LINE_BYTES]; /* the last one */
	bool has_line;
	bool is_repeating; /* "*" stands for lines like the last one */
	uint64_t end; /* of what was shown */
	/* of a file */
	const struct inspect_area *area; /* of the row at hand */
	uint64_t address;
	int64_t offset;
	int64_t size; /* 0: there is none yet */
};

/* ---- As text ---- */

/* By hand: a GiB of memory is some 70 million lines. */
static void dump_write_line(struct buf *out, uint64_t address, const unsigned char *bytes)
{
	static const char digits[] = "0123456789abcdef";
	char text[DUMP_TEXT_BYTES];
	char *at = text;

	for (int shift = 60; shift >= 0; shift -= 4)
		*at++ = digits[address >> shift & 15];
	for (size_t i = 0; i < DUMP_LINE_BYTES; i++) {
		*at++ = ' ';
		if (i % (DUMP_LINE_BYTES / 2) == 0)
			*at++ = ' ';
		*at++ = digits[bytes[i] >> 4];
		*at++ = digits[bytes[i] & 15];
	}
	*at++ = ' ';
	*at++ = ' ';
	*at++ = '|';
	for (size_t i = 0; i < DUMP_LINE_BYTES; i++)
		*at++ = bytes[i] >= 0x20 && bytes[i] < 0x7f ? (char)bytes[i] : '.';
	*at++ = '|';
	*at++ = '\n';
	buf_add(out, (struct str){text, (size_t)(at - text)});
}

/* How far the last "*" goes, where nothing else tells. */
static void dump_end_run(struct look_dump *dump)
{
	if (dump->is_repeating)
		buf_printf(&dump->out.text, "%016" PRIx64 "\n", dump->end);
	dump->is_repeating = false;
	dump->has_line = false;
}

/* Pages are whole, so that lines are. */
static int dump_text(struct look_dump *dump, const struct inspect_piece *piece, struct error *err)
{
	if (!piece->is_continued)
		dump_end_run(dump);
	dump->end = piece->address + piece->bytes.size;
	for (size_t at = 0; at + DUMP_LINE_BYTES <= piece->bytes.size; at += DUMP_LINE_BYTES) {
		const char *bytes = piece->bytes.data + at;
		bool is_same = dump->has_line && memcmp(bytes, dump->line, DUMP_LINE_BYTES) == 0;
		if (is_same && !dump->is_repeating)
			buf_add_text(&dump->out.text, "*\n");
		dump->is_repeating = is_same;
		if (is_same)
			continue;
		dump_write_line(&dump->out.text, piece->address + at, (const unsigned char *)bytes);
		memcpy(dump->line, bytes, DUMP_LINE_BYTES);
		dump->has_line = true;
		if (look__output_flush(&dump->out, false, err) < 0)
			return -1;
	}
	return 0;
}

/* ---- As a file ---- */

static int dump_end_row(struct look_dump *dump, struct error *err)
{
	struct buf *out = &dump->out.text;

	if (dump->size == 0)
		return 0;
	if (dump->offset == 0)
		buf_printf(out, "%-14s%-18s%-14s%s\n", "OFFSET", "ADDRESS", "SIZE", "MAPPING");
	buf_printf(out, "%-14" PRIi64 "%-18" PRIx64 "%-14" PRIi64, dump->offset, dump->address,
		dump->size);
	look__add_area(out, dump->area);
	buf_add_byte(out, '\n');
	dump->offset += dump->size;
	dump->size = 0;
	return look__output_flush(&dump->out, false, err);
}

/* A row for what lies together in one mapping. */
static int dump_list(struct look_dump *dump, const struct inspect_piece *piece, struct error *err)
{
	uint64_t address = piece->address;
	uint64_t end = address + piece->bytes.size;

	if (!piece->is_continued && dump_end_row(dump, err) < 0)
		return -1;
	while (address < end) {
		const struct inspect_area *area = inspect_area_at(piece->space, address);
		uint64_t next = area != NULL && area->end < end ? area->end : end;
		if (area != dump->area && dump_end_row(dump, err) < 0)
			return -1;
		if (dump->size == 0) {
			dump->area = area;
			dump->address = address;
		}
		dump->size += (int64_t)(next - address);
		address = next;
	}
	return 0;
}

static int dump_file(struct look_dump *dump, const struct inspect_piece *piece, struct error *err)
{
	if (fd_write_all(dump->file_fd, piece->bytes, "the file of --to", err) < 0)
		return -1;
	return dump->file_fd == STDOUT_FILENO ? 0 : dump_list(dump, piece, err);
}

/* ---- Both ---- */

static int dump_piece(void *context, const struct inspect_piece *piece, struct error *err)
{
	struct look_dump *dump = context;

	look__progress_add(&dump->progress, piece->bytes.size);
	return dump->file_fd >= 0 ? dump_file(dump, piece, err) : dump_text(dump, piece, err);
}

static int64_t dump_size(const struct inspect_report *report, int64_t pid)
{
	const struct inspect_process *processes = report->processes.items;

	for (size_t i = 0; i < report->processes.count; i++)
		if (processes[i].pid == pid)
			return processes[i].dumped_bytes;
	return 0;
}

int look__dump(const struct cli_call *call, struct inspect *inspect, int file_fd, struct error *err)
{
	int64_t pid = call->flags.dump_memory;
	struct look_dump dump = {
		.file_fd = file_fd,
		.out = LOOK_OUTPUT_INIT(STDOUT_FILENO, "standard output"),
	};
	struct inspect_visited visited;
	int result;

	look__progress_begin(&dump.progress, dump_size(inspect_report(inspect), pid));
	result = inspect_visit_memory(inspect, pid, dump_piece, &dump, &visited, err);
	dump_end_run(&dump);
	if (result == 0)
		result = dump_end_row(&dump, err);
	if (result == 0)
		result = look__output_flush(&dump.out, true, err);
	look__progress_end(&dump.progress);
	if (result == 0)
		look__tell_missing(inspect, &visited);
	look__output_done(&dump.out);
	return result;
}
