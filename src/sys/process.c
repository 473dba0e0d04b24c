/* fork and exec with an explicit list of descriptors; errors of exec come back through a pipe. */
#include "sys/process.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fd.h"

enum {
	PROCESS_FD_SPARE = 64, /* descriptors are parked above this while they are arranged */
	PROCESS_FD_MAX = 16, /* descriptors that one child gets */
};

/* Gives the child its descriptors, numbered as asked, and lets exec close all others. */
static bool process_arrange_fds(const struct process_spec *spec)
{
	int parked[PROCESS_FD_MAX];
	int last = 2;

	for (size_t i = 0; i < spec->fd_count; i++) {
		parked[i] = fcntl(spec->fds[i].from, F_DUPFD_CLOEXEC, PROCESS_FD_SPARE);
		if (parked[i] < 0)
			return false;
	}
	for (size_t i = 0; i < spec->fd_count; i++) {
		if (dup2(parked[i], spec->fds[i].to) < 0)
			return false;
		last = spec->fds[i].to > last ? spec->fds[i].to : last;
	}
	return close_range((unsigned)last + 1, ~0u, CLOSE_RANGE_CLOEXEC) == 0;
}

/* Everything between fork and exec: async-signal-safe calls only. Returns on failure with errno. */
static void process_exec(const struct process_spec *spec, pid_t parent)
{
	sigset_t none;
	char *const *arguments = (char *const *)(uintptr_t)spec->arguments;

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		return;
	if (spec->leads_group && setpgid(0, 0) < 0)
		return;
	sigemptyset(&none);
	(void)signal(SIGPIPE, SIG_DFL); /* our HTTP room ignores it, and that is inherited */
	if (sigprocmask(SIG_SETMASK, &none, NULL) < 0 || !process_arrange_fds(spec))
		return;
	if (spec->root != NULL && (chroot(spec->root) < 0 || chdir("/") < 0))
		return;
	if (spec->environment != NULL)
		environ = (char **)(uintptr_t)spec->environment;
	if (spec->search_path)
		execvp(spec->arguments[0], arguments);
	else
		execv(spec->arguments[0], arguments);
}

static _Noreturn void process_child(const struct process_spec *spec, int report_fd, pid_t parent)
{
	int number;

	report_fd = fcntl(report_fd, F_DUPFD_CLOEXEC, PROCESS_FD_SPARE); /* clear of the targets */
	process_exec(spec, parent);
	number = errno;
	(void)!write(report_fd, &number, sizeof(number)); /* the parent sees the end of file then */
	_exit(127);
}

int process_start(const struct process_spec *spec, struct process *ret_process, struct error *err)
{
	int ends[2];
	int number = 0;
	pid_t parent = getpid();
	pid_t pid;

	assert(spec->fd_count <= PROCESS_FD_MAX);
	if (pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot make a pipe");
	autoclose int read_end = ends[0];
	autoclose int write_end = ends[1];
	pid = fork();
	if (pid == 0)
		process_child(spec, write_end, parent);
	if (pid < 0)
		return error_set_errno(err, "cannot start '%s'", spec->arguments[0]);
	fd_close(&write_end);
	if (read(read_end, &number, sizeof(number)) == (ssize_t)sizeof(number)) {
		(void)waitpid(pid, NULL, 0);
		errno = number;
		return error_set_errno(err, "cannot start '%s'", spec->arguments[0]);
	}
	ret_process->pid = pid;
	ret_process->leads_group = spec->leads_group;
	ret_process->pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	return 0;
}

int process_wait(struct process *process, int *ret_status, struct error *err)
{
	pid_t pid = process->pid;
	int status;

	fd_close(&process->pidfd);
	*process = PROCESS_NONE;
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return error_set_errno(err, "cannot wait for process %d", (int)pid);
	*ret_status = status;
	return 0;
}

void process_kill(struct process *process)
{
	struct error ignored;
	int status;

	if (process->pid <= 0)
		return;
	(void)kill(process->leads_group ? -process->pid : process->pid, SIGKILL);
	if (process_wait(process, &status, &ignored) < 0)
		return; /* it was reaped elsewhere: nothing is left to end */
}

void process_format_status(int status, char text[static PROCESS_STATUS_TEXT])
{
	if (WIFSIGNALED(status))
		(void)snprintf(text, PROCESS_STATUS_TEXT, "signal %d (%s)", WTERMSIG(status),
			strsignal(WTERMSIG(status)));
	else
		(void)snprintf(text, PROCESS_STATUS_TEXT, "exit code %d", WEXITSTATUS(status));
}
