/* Texts of memory and of its places, in pieces that do not grow with what is read. */
#include "look/write.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fd.h"

enum {
	WRITE_AT_ONCE_BYTES = 64 * 1024,
	WRITE_PROGRESS_US = 200 * 1000,
	WRITE_PID_COLUMN = 8,
};

void look__output_done(struct look_output *output)
{
	buf_done(&output->text);
}

int look__output_flush(struct look_output *output, bool is_end, struct error *err)
{
	if (buf_check(&output->text, "the output", err) < 0)
		return -1;
	if (output->text.size == 0 || (!is_end && output->text.size < WRITE_AT_ONCE_BYTES))
		return 0;
	if (fd_write_all(output->fd, buf_str(&output->text), output->name, err) < 0)
		return -1;
	buf_clear(&output->text);
	return 0;
}

void look__add_bytes(struct buf *out, struct str bytes)
{
	for (size_t i = 0; i < bytes.size; i++) {
		unsigned char byte = (unsigned char)bytes.data[i];
		if (byte == '\\')
			buf_add_text(out, "\\\\");
		else if (byte >= 0x20 && byte < 0x7f)
			buf_add_byte(out, (char)byte);
		else
			buf_printf(out, "\\x%02x", byte);
	}
}

void look__add_space(struct buf *out, const struct inspect_space *space)
{
	if (space->pid != 0)
		buf_printf(out, "%-*lld", WRITE_PID_COLUMN, (long long)space->pid);
	else
		buf_printf(out, "%-*s", WRITE_PID_COLUMN, "shared");
}

void look__add_area(struct buf *out, const struct inspect_area *area)
{
	if (area == NULL) {
		buf_add_text(out, "no mapping");
		return;
	}
	buf_printf(out, "%.*s %.*s", STR_ARG(area->kind), STR_ARG(area->protection));
	if (area->name.size > 0) {
		buf_add_byte(out, ' ');
		look__add_bytes(out, area->name);
	}
}

/* ---- Progress ---- */

void look__progress_begin(struct look_progress *progress, int64_t total_bytes)
{
	*progress = (struct look_progress){
		.total_bytes = total_bytes,
		.shown = clock_mono(),
		.is_wanted =
			total_bytes > 0 && isatty(STDERR_FILENO) == 1 && isatty(STDOUT_FILENO) == 0,
	};
}

void look__progress_add(struct look_progress *progress, size_t bytes)
{
	struct mono_time now;
	int64_t percent;

	progress->done_bytes += (int64_t)bytes;
	if (!progress->is_wanted)
		return;
	now = clock_mono();
	if (now.us - progress->shown.us < WRITE_PROGRESS_US)
		return;
	progress->shown = now;
	progress->is_shown = true;
	percent = progress->done_bytes < progress->total_bytes
		? progress->done_bytes / (progress->total_bytes / 100 + 1)
		: 100;
	fprintf(stderr, "\r%3" PRIi64 "%% of %" PRIi64 " MiB", percent,
		progress->total_bytes >> 20);
}

void look__progress_end(struct look_progress *progress)
{
	if (progress->is_shown)
		fprintf(stderr, "\r%30s\r", "");
}

void look__tell_missing(const struct inspect *inspect, const struct inspect_visited *visited)
{
	const struct json_strings *problems = &inspect_report(inspect)->problems;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	if (visited->parent_bytes > 0)
		fprintf(stderr, "%" PRIi64 " KiB lie in an older dump and were not read\n",
			visited->parent_bytes >> 10);
	for (size_t i = 0; i < problems->count; i++) {
		buf_clear(&text);
		look__add_bytes(&text, problems->items[i]);
		fprintf(stderr, "Not all could be read: %s\n", text.data);
	}
}
