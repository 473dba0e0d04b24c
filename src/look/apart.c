/* A child that confines itself reads, and tells by a pipe. */
#include "look/apart.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "look/open.h"
#include "look/report.h"
#include "sys/fd.h"

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
	if (look__open(call, path, &place, err) < 0)
		return -1;
	subject.place = place;
	return look__confine(call, &subject, err) < 0 ? -1 : look__show(call, place, out, err);
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
