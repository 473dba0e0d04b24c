/*
 * The inspect room on the command line, for tests with real dumps:
 *
 *   inspect_driver [json|tree|table] [--environment] [--mappings] PATH
 *   inspect_driver [difference|difference-json] BEFORE AFTER
 *
 * Failures are printed as "KIND: text" on standard error; the exit code is 1.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "inspect/report.h"
#include "sys/fd.h"

static int fail(const struct error *err)
{
	fprintf(stderr, "%s: %s\n", error_reason(err->kind), err->text);
	return 1;
}

static int write_out(const struct buf *out)
{
	struct error err;

	if (buf_check(out, "the report", &err) < 0 ||
		fd_write_all(STDOUT_FILENO, buf_str(out), "standard output", &err) < 0)
		return fail(&err);
	return 0;
}

static int show_difference(const char *format, const char *before_path, const char *after_path)
{
	const struct inspect_options options = {0};
	autobuf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	autoplace *before_place = NULL;
	autoplace *after_place = NULL;
	autoinspect *before = NULL;
	autoinspect *after = NULL;
	struct error err;

	if (inspect_place_open(before_path, &before_place, &err) < 0 ||
		inspect_place_open(after_path, &after_place, &err) < 0 ||
		inspect_read(before_place, &options, &before, &err) < 0 ||
		inspect_read(after_place, &options, &after, &err) < 0)
		return fail(&err);
	if (strcmp(format, "difference") == 0)
		inspect_write_difference(inspect_report(before), inspect_report(after), &out);
	else
		inspect_write_difference_json(inspect_report(before), inspect_report(after), &out);
	return write_out(&out);
}

static int show(const char *format, const char *path, const struct inspect_options *options)
{
	autobuf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	autoplace *place = NULL;
	autoinspect *inspect = NULL;
	struct error err;

	if (inspect_place_open(path, &place, &err) < 0 ||
		inspect_read(place, options, &inspect, &err) < 0)
		return fail(&err);
	if (strcmp(format, "json") == 0)
		inspect_write_json(inspect_report(inspect), INSPECT_PART_ALL, &out);
	else if (strcmp(format, "tree") == 0)
		inspect_write_tree(inspect_report(inspect), &out);
	else
		inspect_write_table(inspect_report(inspect), INSPECT_PART_ALL, &out);
	return write_out(&out);
}

int main(int count, char **arguments)
{
	struct inspect_options options = {0};
	int at = 2;

	if (count == 4 && strncmp(arguments[1], "difference", strlen("difference")) == 0)
		return show_difference(arguments[1], arguments[2], arguments[3]);
	for (; at < count && strncmp(arguments[at], "--", 2) == 0; at++) {
		options.show_environment |= strcmp(arguments[at], "--environment") == 0;
		options.show_mappings |= strcmp(arguments[at], "--mappings") == 0;
	}
	if (at + 1 != count) {
		fprintf(stderr, "usage: %s json|tree|table [--environment] [--mappings] PATH\n",
			arguments[0]);
		return 2;
	}
	return show(arguments[1], arguments[at], &options);
}
