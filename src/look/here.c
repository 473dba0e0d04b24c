/* The program: what is asked for, and the file of --to. */
#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command/inspect.h"
#include "look/file.h"
#include "look/look.h"
#include "look/open.h"
#include "look/several.h"

static int here_read(
	const struct cli_call *call, const struct look_subject *subject, struct error *err)
{
	return look__confine(call, subject, err) < 0 ? -1 : look_inspect(call, subject, err);
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

static int here_inspect(struct cli_call *call, struct error *err)
{
	autoplace *place = NULL;
	autoplace *other = NULL;
	struct look_subject subject = {.file_fd = -1};
	struct json_strings paths;

	if (cli_wants_report(&call->flags) && look__several_find(call, &paths))
		return look__several(call, &paths, err);
	if (look__open(call, call->words[0], &place, err) < 0 ||
		(call->flags.diff != NULL && look__open(call, call->flags.diff, &other, err) < 0))
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
	cli_tell("Error: %s", err->text);
}

void look_main(int count, char *const *arguments)
{
	struct look_loans loans = {0};
	int taken = look__take_loans(count, arguments, &loans);
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
