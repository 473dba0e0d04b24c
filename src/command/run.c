/* From the arguments to a call, and from its end to an exit status. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/alloc.h"
#include "command/command.h"
#include "sys/fd.h"

void cli_command_options_init(
	struct cli_command_options *options, const struct cli_command *command)
{
	struct option_row *common = options->rows + command->flag_count;

	assert(command->flag_count + cli_common_flag_count <= CLI_FLAGS_MAX);
	if (command->flag_count > 0)
		memcpy(options->rows, command->flags, command->flag_count * sizeof(*common));
	memcpy(common, cli_common_flags, cli_common_flag_count * sizeof(*common));
	options->program = BUF_INIT(LIMIT_CONFIG_BYTES);
	buf_printf(&options->program, "kubectl kcr %s", command->name);
	options->table = (struct option_table){
		.program = options->program.data,
		.usage = command->arguments,
		.purpose = command->summary,
		.rows = options->rows,
		.count = command->flag_count + cli_common_flag_count,
		.defaults = &cli_flags_defaults,
		.size = sizeof(struct cli_flags),
	};
}

void cli_command_options_done(struct cli_command_options *options)
{
	buf_done(&options->program);
}

/* ---- Running ---- */

/* All that is wrong with a command line, and the way out. */
static int run_misused(const struct cli_command *command, const struct option_mistakes *mistakes)
{
	struct str rest = buf_str(&mistakes->lines);
	struct str line;

	while (rest.size > 0) {
		(void)str_cut(rest, '\n', &line, &rest);
		fprintf(stderr, "kubectl kcr %s: %.*s\n", command->name, STR_ARG(line));
	}
	fprintf(stderr, "'kubectl kcr %s --help' tells what there is.\n", command->name);
	return CLI_MISUSED;
}

static void run_check_words(const struct cli_command *command, const struct option_words *words,
	struct option_mistakes *mistakes)
{
	if (words->count < command->least_words)
		option_mistakes_add(mistakes, "it needs more: %s", command->arguments);
	else if (words->count > command->most_words)
		option_mistakes_add(mistakes, "'%s' is too much: it takes %s",
			words->items[command->most_words],
			command->arguments[0] != '\0' ? command->arguments : "no words");
}

static int run_help(const struct cli_command *command, struct error *err)
{
	autobuf help = BUF_INIT(LIMIT_CONFIG_BYTES);

	cli_help_write(&help, command);
	return cli_print(&help, err);
}

int cli_command_run(const struct cli_program *program, const struct cli_command *command, int count,
	char *const *arguments)
{
	autooption_mistakes mistakes = OPTION_MISTAKES_INIT;
	autocommandoptions options;
	autoarena *arena = arena_new(4096);
	struct option_words words = {
		.items = arena_zeroed(arena, (size_t)count + 1, sizeof(char *))};
	struct cli_call call = {
		.program = program,
		.command = command,
		.flags = cli_flags_defaults,
		.argument_count = count,
		.arguments = arguments,
		.arena = arena,
	};
	struct error err;
	int result;

	cli_command_options_init(&options, command);
	result =
		options_read_line(&options.table, count, arguments, &call.flags, &words, &mistakes);
	if (result <= 0)
		run_check_words(command, &words, &mistakes);
	if (result <= 0 && mistakes.count > 0)
		return run_misused(command, &mistakes);
	call.words = words.items;
	call.word_count = words.count;
	result = result > 0 ? run_help(command, &err) : command->run(&call, &err);
	if (result < 0 && err.system_errno == EINTR) {
		fprintf(stderr, "Interrupted.\n");
		return CLI_INTERRUPTED;
	}
	if (result < 0)
		program->report(&call, &err);
	if (result >= 0)
		return result;
	return command->failure != 0 ? (int)command->failure : CLI_FAILED;
}

/* ---- The other program ---- */

int cli_find_sibling(const char *name, struct buf *path, struct error *err)
{
	char own[PATH_MAX];
	struct str directory;
	struct str file;
	ssize_t size = readlink("/proc/self/exe", own, sizeof(own));

	if (size < 0)
		return error_set_errno(err, "cannot tell where this program lies");
	(void)str_cut_last((struct str){own, (size_t)size}, '/', &directory, &file);
	buf_printf(path, "%.*s/%s", STR_ARG(directory), name);
	if (buf_check(path, "the path of a program", err) < 0)
		return -1;
	if (access(path->data, X_OK) < 0 && errno == ENOENT)
		return error_set(err, ERROR_ABSENT, "there is no program '%s'", path->data);
	return 0;
}

int cli_become_sibling(
	const struct cli_call *call, const char *name, const char *first, struct error *err)
{
	const char **arguments =
		arena_zeroed(call->arena, (size_t)call->argument_count + 3, sizeof(*arguments));
	autobuf path = BUF_INIT(PATH_MAX);
	size_t count = 0;

	if (cli_find_sibling(name, &path, err) < 0)
		return -1;
	arguments[count++] = path.data;
	if (first != NULL)
		arguments[count++] = first;
	for (int i = 0; i < call->argument_count; i++)
		arguments[count++] = call->arguments[i];
	(void)execv(path.data, (char *const *)(uintptr_t)arguments);
	return error_set_errno(err, "cannot execute '%s'", path.data);
}

int cli_print(const struct buf *out, struct error *err)
{
	if (buf_check(out, "the output", err) < 0)
		return -1;
	return fd_write_all(STDOUT_FILENO, buf_str(out), "standard output", err);
}
