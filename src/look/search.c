/*
 * Memory passes through a window. A match may begin in one piece and end in the next, so the end of
 * a window is searched only with what follows it; what is in front stays a little for context, and
 * for expressions that look back.
 */
#include "look/search.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "look/pattern.h"
#include "look/write.h"
#include "json/json.h"

enum {
	SEARCH_BEFORE_BYTES = 1024, /* what stays in front; the most of --around, too */
	SEARCH_WINDOW_BYTES = SEARCH_BEFORE_BYTES + LOOK_MATCH_BYTES + INSPECT_PIECE_BYTES,
};

struct look_search {
	const struct cli_flags *flags;
	struct look_pattern *pattern;
	struct look_output out;
	struct look_progress progress;
	bool is_json;
	struct json_writer writer;
	int64_t matches;
	/* the window */
	const struct inspect_space *space;
	char *bytes;
	size_t size;
	size_t from; /* what is in front has been searched */
	uint64_t address; /* of the first byte */
};

/* ---- One match ---- */

static void search_set_hexadecimal(
	struct json_writer *writer, const char *name, const char *bytes, size_t size)
{
	autobuf digits = BUF_INIT(2 * SEARCH_WINDOW_BYTES);

	for (size_t i = 0; i < size; i++)
		buf_printf(&digits, "%02x", (unsigned char)bytes[i]);
	if (size > 0)
		json_set_str(writer, name, buf_str(&digits));
}

struct search_match {
	size_t start;
	size_t end;
	size_t before; /* where the context begins */
	size_t behind; /* and ends */
};

static struct search_match search_match(const struct look_search *search, size_t start, size_t end)
{
	size_t context = (size_t)search->flags->context_bytes;

	return (struct search_match){
		.start = start,
		.end = end,
		.before = start > context ? start - context : 0,
		.behind = search->size - end > context ? end + context : search->size,
	};
}

static void search_write_json(struct look_search *search, const struct search_match *match)
{
	struct json_writer *writer = &search->writer;
	uint64_t address = search->address + match->start;
	const struct inspect_area *area = inspect_area_at(search->space, address);
	char text[32];

	(void)snprintf(text, sizeof(text), "%" PRIx64, address);
	json_begin_object(writer);
	if (search->space->pid != 0)
		json_set_i64(writer, "pid", search->space->pid);
	json_set_str(
		writer, search->space->pid != 0 ? "process" : "sharedMemory", search->space->name);
	json_set_text(writer, "address", text);
	json_set_i64(writer, "sizeBytes", (int64_t)(match->end - match->start));
	if (area != NULL) {
		json_set_str(writer, "kind", area->kind);
		json_set_str(writer, "protection", area->protection);
		if (area->name.size > 0)
			json_set_str(writer, "name", area->name);
	}
	if (search->flags->show_match) {
		search_set_hexadecimal(writer, "before", search->bytes + match->before,
			match->start - match->before);
		search_set_hexadecimal(
			writer, "match", search->bytes + match->start, match->end - match->start);
		search_set_hexadecimal(
			writer, "behind", search->bytes + match->end, match->behind - match->end);
	}
	json_end_object(writer);
}

static void search_write_line(struct look_search *search, const struct search_match *match)
{
	struct buf *out = &search->out.text;
	uint64_t address = search->address + match->start;

	if (search->matches == 0)
		buf_printf(out, "%-8s%-18s%-8s%s\n", "PID", "ADDRESS", "SIZE", "MAPPING");
	look__add_space(out, search->space);
	buf_printf(out, "%-18" PRIx64 "%-8zu", address, match->end - match->start);
	look__add_area(out, inspect_area_at(search->space, address));
	buf_add_byte(out, '\n');
	if (!search->flags->show_match)
		return;
	buf_add_text(out, "    ");
	look__add_bytes(
		out, (struct str){search->bytes + match->before, match->behind - match->before});
	buf_add_byte(out, '\n');
}

/* ---- The window ---- */

/* Searches what is in the window, but for an end that could go on when it `is_last`. */
static int search_scan(struct look_search *search, bool is_last, struct error *err)
{
	size_t rest = is_last ? 0 : LOOK_MATCH_BYTES;
	size_t limit = search->size > rest ? search->size - rest : 0;
	size_t start;
	size_t end;

	while (search->from < limit) {
		struct search_match match;
		int found = look_pattern_find(search->pattern,
			(struct str){search->bytes, search->size}, search->from, is_last, &start,
			&end, err);
		if (found < 0)
			return error_wrap(err, "in process %lld, near address %" PRIx64,
				(long long)search->space->pid, search->address + search->from);
		if (found == 0 || start >= limit) {
			search->from = limit;
			break;
		}
		match = search_match(search, start, end);
		if (search->is_json)
			search_write_json(search, &match);
		else
			search_write_line(search, &match);
		search->matches++;
		search->from = end > start ? end : start + 1;
		if (look__output_flush(&search->out, false, err) < 0)
			return -1;
	}
	return 0;
}

static int search_piece(void *context, const struct inspect_piece *piece, struct error *err)
{
	struct look_search *search = context;
	size_t drop;

	if (!piece->is_continued || search->space != piece->space) {
		if (search_scan(search, true, err) < 0)
			return -1;
		search->space = piece->space;
		search->size = 0;
		search->from = 0;
		search->address = piece->address;
	}
	drop = search->from > SEARCH_BEFORE_BYTES ? search->from - SEARCH_BEFORE_BYTES : 0;
	memmove(search->bytes, search->bytes + drop, search->size - drop);
	search->size -= drop;
	search->from -= drop;
	search->address += drop;
	memcpy(search->bytes + search->size, piece->bytes.data, piece->bytes.size);
	search->size += piece->bytes.size;
	look__progress_add(&search->progress, piece->bytes.size);
	return search_scan(search, false, err);
}

/* ---- All of it ---- */

static void search_begin_json(struct look_search *search, const struct inspect *inspect)
{
	search->writer = json_writer_pretty(&search->out.text);
	json_begin_object(&search->writer);
	json_set_i64(&search->writer, "version", INSPECT_FORMAT_VERSION);
	json_set_str(&search->writer, "source", inspect_report(inspect)->source);
	json_set_array(&search->writer, "matches");
}

static void search_end_json(struct look_search *search, const struct inspect *inspect,
	const struct inspect_visited *visited)
{
	const struct json_strings *problems = &inspect_report(inspect)->problems;

	json_end_array(&search->writer);
	json_set_i64(&search->writer, "searchedBytes", visited->bytes);
	json_set_i64(&search->writer, "parentBytes", visited->parent_bytes);
	json_set_array(&search->writer, "problems");
	for (size_t i = 0; i < problems->count; i++)
		json_add_str(&search->writer, problems->items[i]);
	json_end_array(&search->writer);
	json_end_object(&search->writer);
	buf_add_byte(&search->out.text, '\n');
}

static int search_run(struct look_search *search, struct inspect *inspect, struct error *err)
{
	struct inspect_visited visited;

	if (search->is_json)
		search_begin_json(search, inspect);
	if (inspect_visit_memory(inspect, search->flags->pid, search_piece, search, &visited, err) <
			0 ||
		search_scan(search, true, err) < 0)
		return -1;
	if (search->is_json)
		search_end_json(search, inspect, &visited);
	if (look__output_flush(&search->out, true, err) < 0)
		return -1;
	look__progress_end(&search->progress);
	look__tell_missing(inspect, &visited);
	fprintf(stderr, "%" PRIi64 " %s in %" PRIi64 " KiB of memory\n", search->matches,
		search->matches == 1 ? "match" : "matches", visited.bytes >> 10);
	return 0;
}

int look__search(const struct cli_call *call, struct inspect *inspect, struct error *err)
{
	autopattern *pattern = NULL;
	autofree char *window = alloc_zeroed(1, SEARCH_WINDOW_BYTES);
	struct look_search search = {
		.flags = &call->flags,
		.out = LOOK_OUTPUT_INIT(STDOUT_FILENO, "standard output"),
		.is_json = strcmp(call->flags.output, "json") == 0,
		.bytes = window,
	};
	int result;

	if (look_pattern_new(call->flags.search, call->flags.regex, &pattern, err) < 0)
		return -1;
	search.pattern = pattern;
	look__progress_begin(&search.progress, inspect_report(inspect)->dump.pages_bytes);
	result = search_run(&search, inspect, err);
	look__output_done(&search.out);
	return result;
}
