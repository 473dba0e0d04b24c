/* `inspect`: what is in a checkpoint, read from a file or directory of this machine. */
#include "inspect/report.h"

#include <string.h>

#include "cli/output.h"
#include "cli/rows.h"

/* The place must outlive what is read there. */
static int inspect_open(const struct cli_call *call, const char *path,
	struct inspect_place **ret_place, struct inspect **ret_inspect, struct error *err)
{
	const struct inspect_options options = {
		.show_environment = call->flags.environment,
		.show_mappings = call->flags.mappings,
	};

	if (inspect_place_open(path, ret_place, err) == 0)
		return inspect_read(*ret_place, &options, ret_inspect, err);
	if (err->kind == ERROR_ABSENT)
		return error_set(err, ERROR_ABSENT,
			"there is no file or directory '%s'; what a Checkpoint of the cluster "
			"consists of lies on its node, in the agent's store under its uid",
			path);
	return -1;
}

static int inspect_one(const struct cli_call *call, struct buf *out, struct error *err)
{
	autoplace *place = NULL;
	autoinspect *inspect = NULL;

	if (inspect_open(call, call->words[0], &place, &inspect, err) < 0)
		return -1;
	if (strcmp(call->flags.output, "json") == 0)
		inspect_write_json(inspect_report(inspect), out);
	else if (strcmp(call->flags.output, "table") == 0)
		inspect_write_table(inspect_report(inspect), out);
	else
		inspect_write_tree(inspect_report(inspect), out);
	return 0;
}

static int inspect_compare(const struct cli_call *call, struct buf *out, struct error *err)
{
	autoplace *before_place = NULL;
	autoplace *after_place = NULL;
	autoinspect *before = NULL;
	autoinspect *after = NULL;

	if (inspect_open(call, call->words[0], &before_place, &before, err) < 0 ||
		inspect_open(call, call->flags.diff, &after_place, &after, err) < 0)
		return -1;
	if (strcmp(call->flags.output, "json") == 0)
		inspect_write_difference_json(inspect_report(before), inspect_report(after), out);
	else
		inspect_write_difference(inspect_report(before), inspect_report(after), out);
	return 0;
}

static int inspect_run(struct cli_call *call, struct error *err)
{
	autobuf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	int result = call->flags.diff != NULL ? inspect_compare(call, &out, err)
					      : inspect_one(call, &out, err);

	if (result < 0 || cli_print(&out, err) < 0)
		return -1;
	return CLI_DONE;
}

static const char *const inspect_outputs[] = {"tree", "table", "json", NULL};

static const struct option_row inspect_flags[] = {
	{.name = "output",
		.letter = 'o',
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, output),
		.argument = "FORMAT",
		.help = "tree: processes with what they have, also when left out. table: a line "
			"for each. json: all, as docs/formats/inspect.md describes it.",
		.choices = inspect_outputs},
	{.name = "diff",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, diff),
		.argument = "PATH",
		.help = "Shows what is otherwise in this checkpoint; nothing where nothing is."},
	{.name = "environment",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, environment),
		.help = "Shows the values of environment variables, too, secrets among them; "
			"else their names only."},
	{.name = "mappings",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, mappings),
		.help = "Lists each mapping of memory, not only sums for each kind."},
};

const struct cli_command cli_inspect_command = {
	.name = "inspect",
	.arguments = "PATH",
	.summary = "Shows what is in a checkpoint's file or directory",
	.description =
		"Reads an archive of the kubelet, CRI-O or podman (a tar, also compressed by gzip "
		"or zstd), or a directory: an unpacked archive, CRIU's images, an entry of a "
		"node's store. Shows processes with command lines and threads, memory by kind, "
		"open files, sockets, mounts, changed files, the dump's statistics, and what "
		"would hinder a restore.\n"
		"Of the memory only command lines and environments are read; values of variables "
		"are shown only with --environment. No cluster is asked.",
	.examples = "# an archive that the kubelet has written\n"
		    "kubectl kcr inspect checkpoint-web_default-app-2026-11-22T09:00:00Z.tar\n"
		    "# what has changed between two\n"
		    "kubectl kcr inspect before.tar --diff after.tar\n"
		    "# for scripts\n"
		    "kubectl kcr inspect before.tar -o json | jq '.processes[].arguments'",
	.flags = inspect_flags,
	.flag_count = array_size(inspect_flags),
	.words = CLI_WORDS_FILES,
	.least_words = 1,
	.most_words = 1,
	.run = inspect_run,
};
