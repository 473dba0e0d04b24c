/* Child processes, started without a shell and known by a pidfd. */
#ifndef SYS_PROCESS_H
#define SYS_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/attributes.h"
#include "base/error.h"

struct process {
	pid_t pid;
	int pidfd; /* readable when the process has ended; owned */
	bool leads_group; /* process_kill() ends what it has started, too */
};

#define PROCESS_NONE ((struct process){.pid = 0, .pidfd = -1})

struct process_fd {
	int from; /* a descriptor of ours (borrowed) */
	int to; /* its number in the child: 0, 1, 2, ... */
};

struct process_spec {
	const char *const *arguments; /* NULL-terminated; arguments[0] is the program */
	const char *const *environment; /* NULL-terminated; NULL: ours */
	const struct process_fd *fds; /* beside our 0, 1 and 2; the rest is closed */
	size_t fd_count;
	bool search_path; /* look for a name without '/' in $PATH */
	bool leads_group; /* of processes: one of its own, for it and what it starts */
	const char *root; /* chroot(2) to this directory; NULL: stay in ours */
};

/*
 * Starts a child that dies with us (PR_SET_PDEATHSIG). The caller owns *ret_process and ends it
 * with process_wait() or process_kill(). Fails with ABSENT (no such program), SYSTEM.
 */
must_check int process_start(
	const struct process_spec *spec, struct process *ret_process, struct error *err);

/* Waits for the end and releases the process. *ret_status as waitpid(2). Fails with SYSTEM. */
must_check int process_wait(struct process *process, int *ret_status, struct error *err);

/* Kills the process, or its group, if it still runs, waits for it and releases it. PROCESS_NONE is
 * fine. */
void process_kill(struct process *process);

/* "exit code 3" or "signal 9 (Killed)" for a status of waitpid(2); static storage is not used. */
enum { PROCESS_STATUS_TEXT = 64 };
void process_format_status(int status, char text[static PROCESS_STATUS_TEXT]);

#endif
