/*
 * What lies on this machine is opened, what is lent is taken over; then it is read by a process
 * that can open nothing else, and neither start a program nor reach a network.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/number.h"
#include "command/inspect.h"
#include "lend/borrow.h"
#include "look/file.h"
#include "look/look.h"
#include "look/report.h"
#include "look/several.h"
#include "sys/confine.h"
#include "sys/fd.h"

struct here_loan {
	const char *word; /* of the command line */
	const char *name; /* to show */
	int64_t size_bytes;
	int fd; /* -1: somebody reads it already */
};

/* What this program was started with. */
struct here_loans {
	struct here_loan items[CLI_LENT_MAX];
	size_t count;
};

static struct here_loan *here_find_loan(struct here_loans *loans, const char *word)
{
	for (size_t i = 0; i < loans->count; i++)
		if (loans->items[i].fd >= 0 && strcmp(loans->items[i].word, word) == 0)
			return &loans->items[i];
	return NULL;
}

static int here_open(const struct cli_call *call, const char *word,
	struct inspect_place **ret_place, struct error *err)
{
	struct here_loan *loan = here_find_loan(call->program->context, word);

	if (loan != NULL) {
		*ret_place = inspect_place_of_reader(
			lend_borrow(&loan->fd, loan->size_bytes), loan->name);
		return 0;
	}
	if (inspect_place_open(word, ret_place, err) == 0)
		return 0;
	if (err->kind == ERROR_ABSENT)
		return error_set(err, ERROR_ABSENT, "there is no file or directory '%s'", word);
	return -1;
}

/* What the kernel does not have is told by -v: the bytes are read nevertheless. */
static int here_confine(
	const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	const struct inspect_place *places[] = {subject->place, subject->other};
	struct confine_directory directories[array_size(places)];
	size_t count = 0;
	bool has_landlock;
	bool has_seccomp;

	for (size_t i = 0; i < array_size(places); i++)
		if (places[i] != NULL && inspect_place_directory(places[i]) >= 0)
			directories[count++] = (struct confine_directory){
				inspect_place_directory(places[i]), false};
	if (confine_self(directories, count, &has_landlock, err) < 0 ||
		confine_calls(count > 0, &has_seccomp, err) < 0)
		return -1;
	if (call->flags.verbosity > 0 && !has_landlock)
		fprintf(stderr, "This kernel has no Landlock: %s\n",
			has_seccomp && count == 0 ? "seccomp alone keeps files from being opened"
						  : "other files could be opened");
	if (call->flags.verbosity > 0 && !has_seccomp)
		fprintf(stderr, "This kernel has no seccomp: all system calls could be made\n");
	return 0;
}

static int here_read(
	const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	return here_confine(call, subject, err) < 0 ? -1 : look_inspect(call, subject, err);
}

/*
 * Who is confined cannot give a file its name: a process of its own writes, and this one, which has
 * not read a byte, does that when all went well.
 */
static int here_write(const struct cli_call *call, struct look_subject *subject, struct error *err)
{
	autofile file = LOOK_FILE_NONE;
	int status;
	pid_t child;

	if (look__file_open(call->flags.to, &file, err) < 0)
		return -1;
	subject->file_fd = file.fd;
	child = fork();
	if (child < 0)
		return error_set_errno(err, "cannot start a process");
	if (child == 0) {
		int result =
			prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 ? -1 : here_read(call, subject, err);
		if (result < 0)
			call->program->report(call, err);
		_exit(result < 0 ? CLI_FAILED : result);
	}
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, "cannot wait for a process");
	if (!WIFEXITED(status))
		return error_set(
			err, ERROR_SYSTEM, "the process that reads '%s' has died", call->words[0]);
	if (WEXITSTATUS(status) != CLI_DONE)
		return WEXITSTATUS(status);
	return look__file_publish(&file, err) < 0 ? -1 : CLI_DONE;
}

/* ---- One of several ---- */

static int apart_show(
	const struct cli_call *call, const char *path, struct buf *out, struct error *err)
{
	autoplace *place = NULL;
	struct look_subject subject = {.file_fd = -1};

	if (!cli_is_path(path))
		return error_set(err, ERROR_ABSENT,
			"there is no file or directory '%s', and images and checkpoints of the "
			"cluster are inspected one at a time",
			path);
	if (here_open(call, path, &place, err) < 0)
		return -1;
	subject.place = place;
	return here_confine(call, &subject, err) < 0 ? -1 : look__show(call, place, out, err);
}

/* What was shown, or what is wrong, goes into the pipe; which of both, the status tells. */
_Noreturn static void apart_run(const struct cli_call *call, const char *path, int pipe_fd)
{
	struct buf out = BUF_INIT(INSPECT_OUTPUT_BYTES);
	struct error err;
	int result = prctl(PR_SET_PDEATHSIG, SIGKILL) < 0
		? error_set_errno(&err, "cannot start a process")
		: apart_show(call, path, &out, &err);

	if (result == 0)
		result = buf_check(&out, "the output", &err);
	if (result == 0)
		result = fd_write_all(pipe_fd, buf_str(&out), "a pipe", &err);
	else
		(void)!fd_write_all(pipe_fd, str_of(err.text), "a pipe", &err);
	_exit(result < 0 ? CLI_FAILED : CLI_DONE);
}

/* The child's end is closed here, so that reading comes to an end. */
static int apart_read(
	int *pipe_fds, pid_t child, struct buf *text, bool *ret_is_shown, struct error *err)
{
	int result;
	int status;

	fd_close(&pipe_fds[1]);
	result = fd_read_all(pipe_fds[0], text, "what is told of a checkpoint", err);
	fd_close(&pipe_fds[0]); /* one that has more to say ends */
	while (waitpid(child, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, "cannot wait for a process");
	if (result < 0)
		return -1;
	if (!WIFEXITED(status))
		return error_set(err, ERROR_SYSTEM, "the process that reads it has died");
	*ret_is_shown = WEXITSTATUS(status) == CLI_DONE;
	return 0;
}

int look__show_apart(
	const struct cli_call *call, const char *path, struct buf *out, struct error *err)
{
	autobuf text = BUF_INIT(out->max_size);
	int pipe_fds[2];
	bool is_shown = false;
	pid_t child;

	if (pipe2(pipe_fds, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	child = fork();
	if (child == 0)
		apart_run(call, path, pipe_fds[1]);
	if (child < 0) {
		fd_close(&pipe_fds[0]);
		fd_close(&pipe_fds[1]);
		return error_set_errno(err, "cannot start a process");
	}
	if (apart_read(pipe_fds, child, &text, &is_shown, err) < 0)
		return error_wrap(err, "cannot inspect '%s'", path);
	if (!is_shown)
		return error_set(err, ERROR_CORRUPT, "%.*s", STR_ARG(buf_str(&text)));
	buf_add(out, buf_str(&text));
	return 0;
}

/* ---- What is asked for ---- */

static int here_inspect(struct cli_call *call, struct error *err)
{
	autoplace *place = NULL;
	autoplace *other = NULL;
	struct look_subject subject = {.file_fd = -1};
	struct json_strings paths;

	if (cli_wants_report(&call->flags) && look__several_find(call, &paths))
		return look__several(call, &paths, err);
	if (here_open(call, call->words[0], &place, err) < 0 ||
		(call->flags.diff != NULL && here_open(call, call->flags.diff, &other, err) < 0))
		return -1;
	subject.place = place;
	subject.other = other;
	return call->flags.to != NULL ? here_write(call, &subject, err)
				      : here_read(call, &subject, err);
}

static int here_elsewhere(struct cli_call *call, struct error *err)
{
	if (cli_become_sibling(call, CLI_WHOLE_PROGRAM, "inspect", err) < 0 &&
		err->kind == ERROR_ABSENT)
		return error_set(err, ERROR_ABSENT,
			"there is no file or directory '%s', and no " CLI_WHOLE_PROGRAM
			" beside this program that would ask the cluster for it",
			call->words[0]);
	return -1;
}

static void here_report(const struct cli_call *call, const struct error *err)
{
	(void)call;
	fprintf(stderr, "Error: %s\n", err->text);
}

/* Takes what is lent from the front of the arguments; returns how many they were. */
static int here_take_loans(int count, char *const *arguments, struct here_loans *loans)
{
	int taken = 0;

	while (loans->count < CLI_LENT_MAX && count - taken >= CLI_LENT_ARGUMENTS &&
		strcmp(arguments[taken], CLI_LENT) == 0) {
		struct here_loan *loan = &loans->items[loans->count];
		*loan = (struct here_loan){
			.word = arguments[taken + 1],
			.name = arguments[taken + 3],
			.fd = CLI_LENT_FD + (int)loans->count,
		};
		if (!number_parse_i64(str_of(arguments[taken + 2]), &loan->size_bytes) ||
			loan->size_bytes < 0)
			break;
		loans->count++;
		taken += CLI_LENT_ARGUMENTS;
	}
	return taken;
}

void look_main(int count, char *const *arguments)
{
	struct here_loans loans = {0};
	int taken = here_take_loans(count, arguments, &loans);
	const struct cli_program program = {
		.report = here_report,
		.inspect_here = here_inspect,
		.inspect_elsewhere = taken > 0 ? here_inspect : here_elsewhere,
		.context = &loans,
	};

	(void)signal(SIGPIPE, SIG_IGN); /* a closed pipe is an error of writing */
	/* Exit handlers (the leak checker's) would open files, which this process has given up. */
	_exit(cli_command_run(&program, &cli_inspect_command, count - taken, arguments + taken));
}
