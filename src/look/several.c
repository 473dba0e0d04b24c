/* A table with a row for each, or what the flags want of each, one behind the other. */
#include "look/several.h"

#include <stdio.h>

#include "look/apart.h"
#include "look/report.h"
#include "json/yaml.h"

enum {
	/* What is read of one for its row: a report without what is many. */
	SEVERAL_ROW_BYTES = 64 * 1024,
};

static void several_add(
	struct json_strings *paths, const struct json_strings *more, struct arena *arena)
{
	struct str *items = arena_zeroed(arena, paths->count + more->count + 1, sizeof(*items));

	for (size_t i = 0; i < paths->count; i++)
		items[i] = paths->items[i];
	for (size_t i = 0; i < more->count; i++)
		items[paths->count + i] = more->items[i];
	*paths = (struct json_strings){items, paths->count + more->count};
}

bool look__several_find(const struct cli_call *call, struct json_strings *ret_paths)
{
	struct json_strings paths = {0};
	bool is_several = call->word_count > 1;

	for (size_t i = 0; i < call->word_count; i++) {
		struct str word = str_of(call->words[i]);
		struct json_strings found = {0};
		struct error ignored; /* who opens it will tell */
		bool is_directory =
			inspect_find_archives(word.data, call->arena, &found, &ignored) == 0 &&
			found.count > 0;
		is_several = is_several || is_directory;
		if (!is_directory)
			found = (struct json_strings){&word, 1};
		several_add(&paths, &found, call->arena);
	}
	*ret_paths = paths;
	return is_several;
}

/* ---- A row each ---- */

/* What the row needs, from a process that tells it as JSON. */
static int several_read_row(const struct cli_call *call, const char *path,
	struct inspect_report *report, struct error *err)
{
	struct cli_call row = *call;
	autobuf text = BUF_INIT(SEVERAL_ROW_BYTES);
	autojson *doc = NULL;

	row.flags.output = "json";
	row.flags.parts = "container,dump";
	if (look__show_apart(&row, path, &text, err) < 0 || json_parse_buf(&text, &doc, err) < 0)
		return -1;
	return json_decode(
		json_doc_root(doc), &inspect_report_object, false, call->arena, report, err);
}

/* What is wrong, without the path that stands in its row already. */
static struct str several_why(struct arena *arena, struct str path, const struct error *failure)
{
	struct str before = arena_printf(arena, "cannot inspect '%.*s': ", STR_ARG(path));
	struct str why = arena_str(arena, str_of(failure->text));

	return str_starts_with(why, before) ? str_from(why, before.size) : why;
}

/* Returns how many could not be read. */
static size_t several_overview(
	const struct cli_call *call, const struct json_strings *paths, struct buf *out)
{
	struct inspect_overview *items =
		arena_zeroed(call->arena, paths->count + 1, sizeof(*items));
	struct inspect_report *reports =
		arena_zeroed(call->arena, paths->count + 1, sizeof(*reports));
	size_t failures = 0;

	for (size_t i = 0; i < paths->count; i++) {
		struct error err;
		items[i].source = paths->items[i];
		items[i].report = &reports[i];
		if (several_read_row(call, paths->items[i].data, &reports[i], &err) == 0)
			continue;
		items[i].report = NULL;
		items[i].failure = several_why(call->arena, paths->items[i], &err);
		failures++;
	}
	inspect_write_overview(items, paths->count, out);
	return failures;
}

/* ---- One behind the other ---- */

static void several_add_failure_json(struct buf *out, struct str path, const struct error *failure)
{
	struct json_writer writer = json_writer_pretty(out);

	json_begin_object(&writer);
	json_set_str(&writer, "source", path);
	json_set_text(&writer, "failure", failure->text);
	json_end_object(&writer);
	buf_add_byte(out, '\n');
}

static void several_add_failure_yaml(struct buf *out, struct str path, const struct error *failure)
{
	autobuf text = BUF_INIT(SEVERAL_ROW_BYTES);
	autojson *doc = NULL;
	struct error ignored; /* what was written just now is JSON */

	several_add_failure_json(&text, path, failure);
	if (json_parse_buf(&text, &doc, &ignored) == 0)
		yaml_write(out, json_doc_root(doc));
}

/* Names of files come from who has made them: they cannot drive the terminal. */
static void several_report(const struct cli_call *call, const struct error *failure)
{
	autobuf text = BUF_INIT(4 * LIMIT_ERROR_TEXT);
	struct error shown = *failure;

	inspect_add_escaped(&text, str_of(failure->text));
	(void)error_set(&shown, failure->kind, "%s", text.data);
	call->program->report(call, &shown);
}

/* Appends what is told of one in the format of the flags. Returns whether it could be read. */
static bool several_add_one(const struct cli_call *call, struct str path, struct buf *out)
{
	const struct cli_flags *flags = &call->flags;
	struct error failure;

	if (look__show_apart(call, path.data, out, &failure) == 0)
		return true;
	if (cli_wants_output(flags, "json"))
		several_add_failure_json(out, path, &failure);
	else if (cli_wants_output(flags, "yaml"))
		several_add_failure_yaml(out, path, &failure);
	else
		several_report(call, &failure);
	return false;
}

static void several_add_heading(struct buf *out, struct str path, bool is_first)
{
	buf_add_text(out, is_first ? "==> " : "\n==> ");
	inspect_add_escaped(out, path);
	buf_add_text(out, " <==\n");
}

static void several_begin_one(
	const struct cli_flags *flags, struct str path, bool is_first, struct buf *out)
{
	if (cli_wants_output(flags, "json"))
		buf_add_text(out, is_first ? "[\n" : ",\n");
	else if (cli_wants_output(flags, "yaml"))
		buf_add_text(out, "---\n");
	else if (!cli_wants_output(flags, "name"))
		several_add_heading(out, path, is_first);
}

static size_t several_all(
	const struct cli_call *call, const struct json_strings *paths, struct buf *out)
{
	size_t failures = 0;

	for (size_t i = 0; i < paths->count; i++) {
		several_begin_one(&call->flags, paths->items[i], i == 0, out);
		failures += several_add_one(call, paths->items[i], out) ? 0 : 1;
	}
	if (cli_wants_output(&call->flags, "json"))
		buf_add_text(out, "]\n");
	return failures;
}

int look__several(const struct cli_call *call, const struct json_strings *paths, struct error *err)
{
	bool is_overview = call->flags.output[0] == '\0' && call->flags.parts == NULL;
	autobuf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	size_t failures =
		is_overview ? several_overview(call, paths, &out) : several_all(call, paths, &out);

	if (cli_print(&out, err) < 0)
		return -1;
	if (failures > 0)
		return error_set(err, ERROR_CORRUPT, "%zu of %zu could not be inspected", failures,
			paths->count);
	return CLI_DONE;
}
