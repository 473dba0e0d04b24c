/* The row of `inspect`. */
#include "command/inspect.h"

#include <string.h>
#include <sys/stat.h>

bool cli_is_path(const char *word)
{
	struct stat status;

	return word[0] == '/' || word[0] == '.' || stat(word, &status) == 0;
}

const char *const cli_part_names[] = {"container", "dump", "processes", "memory", "files",
	"sockets", "mounts", "environment", "changes", "annotations", "restore", NULL};

static int inspect_read_part(struct str name, unsigned *ret_part, struct error *err)
{
	const char *meant;

	for (size_t i = 0; cli_part_names[i] != NULL; i++) {
		if (!str_is(name, cli_part_names[i]))
			continue;
		*ret_part = 1u << i;
		return 0;
	}
	meant = option_nearest(name, cli_part_names);
	return error_set(err, ERROR_INVALID,
		"a checkpoint has no part '%.*s'%s%s%s; --help names them", STR_ARG(name),
		meant != NULL ? ", did you mean '" : "", meant != NULL ? meant : "",
		meant != NULL ? "'?" : "");
}

int cli_read_parts(const struct cli_flags *flags, unsigned *ret_parts, struct error *err)
{
	struct str rest = str_of(flags->parts);
	struct str name;
	unsigned parts = 0;
	unsigned part = 0;

	while (rest.size > 0) {
		(void)str_cut(rest, ',', &name, &rest);
		if (inspect_read_part(name, &part, err) < 0)
			return -1;
		parts |= part;
	}
	*ret_parts = parts;
	return 0;
}

bool cli_wants_output(const struct cli_flags *flags, const char *name)
{
	return strcmp(flags->output, name) == 0;
}

bool cli_wants_report(const struct cli_flags *flags)
{
	return flags->diff == NULL && flags->search == NULL && flags->dump_memory == 0;
}

/* Flags that mean nothing together. */
static int inspect_check_report(const struct cli_flags *flags, struct error *err)
{
	bool is_report = cli_wants_report(flags);
	unsigned parts;

	if (cli_read_parts(flags, &parts, err) < 0)
		return -1;
	if (!is_report && flags->parts != NULL)
		return error_set(err, ERROR_INVALID, "--part is for a checkpoint as a whole");
	if (!is_report && (cli_wants_output(flags, "yaml") || cli_wants_output(flags, "name")))
		return error_set(
			err, ERROR_INVALID, "-o %s is for a checkpoint as a whole", flags->output);
	if (flags->parts != NULL && cli_wants_output(flags, "tree"))
		return error_set(err, ERROR_INVALID, "a tree has no parts: leave out -o tree");
	if (flags->pid != 0 && (flags->diff != NULL || flags->dump_memory != 0))
		return error_set(err, ERROR_INVALID,
			"--pid is for a checkpoint as a whole and for --search");
	return 0;
}

static int inspect_check(const struct cli_call *call, struct error *err)
{
	const struct cli_flags *flags = &call->flags;
	bool is_dump = flags->dump_memory != 0;

	if (call->word_count > 1 && !cli_wants_report(flags))
		return error_set(err, ERROR_INVALID,
			"--diff, --search and --dump-memory are for one checkpoint: '%s' is too "
			"much",
			call->words[1]);
	if ((flags->diff != NULL) + (flags->search != NULL) + is_dump > 1)
		return error_set(err, ERROR_INVALID,
			"--diff, --search and --dump-memory exclude each other");
	if (inspect_check_report(flags, err) < 0)
		return -1;
	if (flags->search == NULL &&
		(flags->regex || flags->show_match || flags->context_bytes > 0))
		return error_set(err, ERROR_INVALID,
			"--regex, --show-match and --around belong to --search");
	if (flags->context_bytes > 0 && !flags->show_match)
		return error_set(
			err, ERROR_INVALID, "--around shows memory: it needs --show-match, too");
	if (flags->to != NULL && !is_dump)
		return error_set(err, ERROR_INVALID, "--to belongs to --dump-memory");
	if (is_dump && flags->output[0] != '\0')
		return error_set(err, ERROR_INVALID,
			"--dump-memory has no formats: it writes text, or bytes with --to");
	return 0;
}

/* Several have to lie here: one that does not is told as one that could not be read. */
static int inspect_run(struct cli_call *call, struct error *err)
{
	bool is_here = call->word_count > 1 ||
		(cli_is_path(call->words[0]) &&
			(call->flags.diff == NULL || cli_is_path(call->flags.diff)));

	if (inspect_check(call, err) < 0)
		return -1;
	return is_here ? call->program->inspect_here(call, err)
		       : call->program->inspect_elsewhere(call, err);
}

static const char *const inspect_outputs[] = {"tree", "table", "json", "yaml", "name", NULL};

static const struct option_row inspect_flags[] = {
	{.name = "output",
		.letter = 'o',
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, output),
		.argument = "FORMAT",
		.help = "tree: processes with what they have, also when left out. table: a line "
			"for each, also with --part. json, yaml: all, as docs/formats/inspect.md "
			"describes it. name: how it is called, if it can be read.",
		.choices = inspect_outputs},
	{.name = "part",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, parts),
		.argument = "PARTS",
		.help = "Only these, separated by commas: container, dump, processes, memory, "
			"files, sockets, mounts, environment, changes, annotations, restore."},
	{.name = "pid",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct cli_flags, pid),
		.argument = "PID",
		.help = "Only this process and those below it, with their files and sockets; with "
			"--search: the memory of this one. 0: all.",
		.minimum = 0,
		.maximum = INT32_MAX},
	{.name = "diff",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, diff),
		.argument = "OTHER",
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
	{.name = "authfile",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, authfile),
		.argument = "PATH",
		.help = "Logins for the registry of an image. Left out: those of podman, skopeo "
			"and docker."},
	{.name = "plain-http",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, plain_http),
		.help = "Speaks to the registry without TLS; to one on this machine it does "
			"anyway."},
	{.name = "search",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, search),
		.argument = "PATTERN",
		.group = "Flags for what the memory holds, secrets among it",
		.help = "Searches all dumped memory for this text, or for the bytes 0x..., and "
			"tells process, address and mapping of each match; not what stands there."},
	{.name = "regex",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, regex),
		.help = "The pattern is a regular expression as Perl has them, over bytes; of a "
			"match of more than 4 KiB the end may be missing."},
	{.name = "show-match",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, show_match),
		.help = "Shows what matches, too."},
	{.name = "around",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct cli_flags, context_bytes),
		.argument = "BYTES",
		.help = "With --show-match: so many bytes before and behind it, too.",
		.minimum = 0,
		.maximum = 1024},
	{.name = "dump-memory",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct cli_flags, dump_memory),
		.argument = "PID",
		.help = "Prints the dumped memory of this process, with addresses, as hexadecimal "
			"text; memory that it shares is not in it.",
		.minimum = 0,
		.maximum = INT32_MAX},
	{.name = "to",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, to),
		.argument = "FILE",
		.help = "With --dump-memory: writes the bytes to a new file of mode 0600, and "
			"prints which addresses are where in it. '-': to standard output, without "
			"that."},
};

const struct cli_command cli_inspect_command = {
	.name = "inspect",
	.arguments = "PATH ...|IMAGE|CHECKPOINT",
	.summary = "Shows what is in a checkpoint",
	.description =
		"Reads an archive of the kubelet, CRI-O or podman (a tar, also compressed by gzip "
		"or zstd), or a directory: an unpacked archive, CRIU's images, an entry of a "
		"node's store. Shows processes with command lines and threads, memory by kind, "
		"open files, sockets, mounts, changed files, the dump's statistics, and what "
		"would hinder a restore.\n"
		"Several paths, or a directory of archives such as the kubelet's, are shown as a "
		"table with a row each; with -o or --part, one after the other. Of one that "
		"cannot be read it is told why, and the exit status is 1 in the end.\n"
		"Of the memory only command lines and environments are read; values of variables "
		"are shown only with --environment.\n"
		"A word with a '/', ':' or '@' that is no file names an image at a registry, of "
		"whose layer only the parts that matter are read, unless it is compressed. Any "
		"other word names a checkpoint of the cluster. It is read "
		"from its node as 'export' reads it, with the same rights, and stays on record "
		"likewise; but only by the ranges that are looked at, never the memory's pages.\n"
		"--search and --dump-memory are for forensics: they read all of the memory, which "
		"holds every key and password of the process. What --dump-memory writes, and "
		"--search with --show-match, is as secret as these.",
	.examples = "# an archive that the kubelet has written\n"
		    "kubectl kcr inspect checkpoint-web_default-app-2026-11-22T09:00:00Z.tar\n"
		    "# all that the kubelet has written\n"
		    "kubectl kcr inspect /var/lib/kubelet/checkpoints\n"
		    "# one of the cluster, and how much of it was fetched\n"
		    "kubectl kcr inspect web-5c7d-x2x9-1795334400 -v 1\n"
		    "# what has changed between two\n"
		    "kubectl kcr inspect before.tar --diff after.tar\n"
		    "# the open files of process 31 and of those below it\n"
		    "kubectl kcr inspect before.tar --part files --pid 31\n"
		    "# for scripts\n"
		    "kubectl kcr inspect before.tar -o json | jq '.processes[].arguments'\n"
		    "# an image that KCR, buildah or checkpointctl has made\n"
		    "kubectl kcr inspect registry.example.com/shop/web:2026-11-22\n"
		    "# where a leaked key still stands in memory, without showing it\n"
		    "kubectl kcr inspect web.tar --regex --search 'AKIA[0-9A-Z]{16}'\n"
		    "# the memory of process 31, for other tools\n"
		    "kubectl kcr inspect web.tar --dump-memory 31 --to 31.mem",
	.flags = inspect_flags,
	.flag_count = array_size(inspect_flags),
	.words = CLI_WORDS_FILES,
	.least_words = 1,
	.most_words = SIZE_MAX,
	.run = inspect_run,
};
