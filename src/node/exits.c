/* Container ids to first processes by /proc, first processes to exit statuses by pidfds. */
#include "node/exits.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "base/map.h"
#include "base/number.h"
#include "sys/fd.h"
#include "sys/file.h"

/* linux/pidfd.h of Linux 6.15; Debian's headers are older, the kernel is asked at run time. */
struct node_pidfd_info {
	uint64_t mask;
	uint64_t cgroup_id;
	uint32_t ids[11]; /* pid, tgid, ppid and the user and group ids */
	int32_t exit_code;
	uint32_t rest[2];
};
#define NODE_PIDFD_GET_INFO  _IOWR(0xFF, 11, struct node_pidfd_info)
#define NODE_PIDFD_INFO_EXIT UINT64_C(8)

enum {
	NODE_EXITS_REAP_MS = 1, /* the shim reaps the process at once; its status is there then */
	NODE_PROC_FILE_BYTES = 16 * 1024,
};

struct node_exits {
	struct loop *loop;
	int proc_fd;
	node_exit_fn ended;
	void *context;
	struct map watches; /* by container id; struct node_watch, owned */
};

struct node_watch {
	struct node_exits *exits;
	char *container_id;
	int pidfd;
	bool is_restored;
	struct loop_source *readable;
	struct loop_source *retry;
};

/* Whether the process has been reaped; then its status is in *ret_status. */
static bool node_exit_status(int pidfd, int *ret_status)
{
	struct node_pidfd_info info = {.mask = NODE_PIDFD_INFO_EXIT};

	if (ioctl(pidfd, NODE_PIDFD_GET_INFO, &info) < 0 || (info.mask & NODE_PIDFD_INFO_EXIT) == 0)
		return false;
	*ret_status = info.exit_code;
	return true;
}

/* A child of our own that ends: does the kernel tell its status through the pidfd? */
static int node_exits_probe(struct error *err)
{
	autoclose int pidfd = -1;
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(7);
	if (pid < 0)
		return error_set_errno(err, "cannot start a process");
	pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
	(void)waitpid(pid, NULL, 0); /* it is our child: it ends by itself */
	if (pidfd < 0 || !node_exit_status(pidfd, &status) || WEXITSTATUS(status) != 7)
		return error_set(err, ERROR_UNSUPPORTED,
			"the kernel does not tell exit statuses through pidfds (Linux 6.15 does)");
	return 0;
}

/*
 * Process 1 of a PID namespace of its own sees no other container's processes. (A node may itself
 * be in a namespace, so what else runs there tells nothing.)
 */
static int node_exits_check_namespace(struct error *err)
{
	if (getpid() == 1)
		return error_set(err, ERROR_UNSUPPORTED,
			"the node's PID namespace is not visible (hostPID: true makes it so)");
	return 0;
}

int node_exits_new(struct loop *loop, node_exit_fn ended, void *context,
	struct node_exits **ret_exits, struct error *err)
{
	autoclose int proc_fd = -1;
	struct node_exits *exits;

	if (file_open_directory("/proc", &proc_fd, err) < 0 ||
		node_exits_check_namespace(err) < 0 || node_exits_probe(err) < 0)
		return -1;
	exits = new_zeroed(struct node_exits);
	exits->loop = loop;
	exits->proc_fd = fd_take(&proc_fd);
	exits->ended = ended;
	exits->context = context;
	*ret_exits = exits;
	return 0;
}

static void node_watch_free(struct node_watch *watch)
{
	if (watch == NULL)
		return;
	loop_source_free(watch->readable);
	loop_source_free(watch->retry);
	fd_close(&watch->pidfd);
	free(watch->container_id);
	free(watch);
}

void node_exits_free(struct node_exits *exits)
{
	struct node_watch *watch;
	size_t position = 0;

	if (exits == NULL)
		return;
	while ((watch = map_next(&exits->watches, &position, NULL)) != NULL)
		node_watch_free(watch);
	map_done(&exits->watches);
	fd_close(&exits->proc_fd);
	free(exits);
}

void node_exits_forget(struct node_exits *exits, struct str container_id)
{
	node_watch_free(map_remove(&exits->watches, container_id));
}

bool node_exits_is_restored(const struct node_exits *exits, struct str container_id)
{
	const struct node_watch *watch = map_get(&exits->watches, container_id);

	return watch != NULL && watch->is_restored;
}

/* ---- The end of a process ---- */

static void node_watch_look(void *context)
{
	struct node_watch *watch = context;
	struct node_exits *exits = watch->exits;
	int status;

	if (!node_exit_status(watch->pidfd, &status)) {
		loop_timer_set(watch->retry, NODE_EXITS_REAP_MS);
		return;
	}
	(void)map_remove(&exits->watches, str_of(watch->container_id));
	exits->ended(exits->context, str_of(watch->container_id), status);
	node_watch_free(watch);
}

/* The process has ended; the pidfd stays readable from now on, so it is not watched further. */
static void node_watch_readable(void *context, unsigned events)
{
	struct node_watch *watch = context;

	(void)events;
	loop_source_free(watch->readable);
	watch->readable = NULL;
	node_watch_look(watch);
}

/* ---- Finding the first process ---- */

static bool node_process_offsets(int proc_fd, uint64_t pid, struct buf *text)
{
	autobuf path = BUF_INIT(64);
	struct error none;

	buf_printf(&path, "%llu/timens_offsets", (unsigned long long)pid);
	return file_read(proc_fd, path.data, text, &none) == 0;
}

/* Other clocks than ours: see node_exits_is_restored(). */
static bool node_process_is_restored(int proc_fd, uint64_t pid)
{
	autobuf ours = BUF_INIT(NODE_PROC_FILE_BYTES);
	autobuf theirs = BUF_INIT(NODE_PROC_FILE_BYTES);

	return node_process_offsets(proc_fd, (uint64_t)getpid(), &ours) &&
		node_process_offsets(proc_fd, pid, &theirs) &&
		!str_equal(buf_str(&ours), buf_str(&theirs));
}

struct node_search {
	int proc_fd;
	struct str id; /* the runtime's id, without "containerd://" */
	uint64_t first_pid; /* 0: none found */
	uint64_t first_time; /* its start, in clock ticks since boot */
};

static bool node_process_is_in(int proc_fd, uint64_t pid, struct str id)
{
	autobuf path = BUF_INIT(64);
	autobuf text = BUF_INIT(NODE_PROC_FILE_BYTES);
	struct error gone;

	buf_printf(&path, "%llu/cgroup", (unsigned long long)pid);
	return file_read(proc_fd, path.data, &text, &gone) == 0 && str_contains(buf_str(&text), id);
}

/* Field 22 of /proc/PID/stat (proc(5)); the command before it may hold spaces and parentheses. */
static bool node_process_start(int proc_fd, uint64_t pid, uint64_t *ret_time)
{
	enum { NODE_STAT_FIELDS_BEHIND_COMMAND = 20 };
	autobuf path = BUF_INIT(64);
	autobuf text = BUF_INIT(NODE_PROC_FILE_BYTES);
	struct str rest;
	struct str field = {0};
	struct error gone;

	buf_printf(&path, "%llu/stat", (unsigned long long)pid);
	if (file_read(proc_fd, path.data, &text, &gone) < 0 ||
		!str_cut_last(buf_str(&text), ')', &field, &rest))
		return false;
	rest = str_trim(rest);
	for (int i = 0; i < NODE_STAT_FIELDS_BEHIND_COMMAND; i++)
		(void)str_cut(rest, ' ', &field, &rest);
	return number_parse_u64(field, ret_time);
}

static int node_search_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct node_search *search = context;
	uint64_t pid;
	uint64_t start;

	(void)is_directory;
	(void)err;
	if (!number_parse_u64(str_of(name), &pid) ||
		!node_process_is_in(search->proc_fd, pid, search->id) ||
		!node_process_start(search->proc_fd, pid, &start))
		return 0;
	if (search->first_pid == 0 || start < search->first_time) {
		search->first_pid = pid;
		search->first_time = start;
	}
	return 0;
}

/* A pidfd of the container's first process, and whether that was restored. Returns 1, 0 or -1. */
static int node_exits_open(struct node_exits *exits, struct str container_id, int *ret_pidfd,
	bool *ret_is_restored, struct error *err)
{
	struct node_search search = {.proc_fd = exits->proc_fd};
	struct str scheme;
	int pidfd;

	if (!str_cut_last(container_id, '/', &scheme, &search.id) || search.id.size == 0)
		return error_set(
			err, ERROR_INVALID, "'%.*s' is no container id", STR_ARG(container_id));
	if (file_for_each(exits->proc_fd, node_search_visit, &search, err) < 0)
		return -1;
	if (search.first_pid == 0)
		return 0;
	pidfd = (int)syscall(SYS_pidfd_open, (pid_t)search.first_pid, 0);
	if (pidfd < 0 && errno == ESRCH)
		return 0;
	if (pidfd < 0)
		return error_set_errno(
			err, "cannot watch process %llu", (unsigned long long)search.first_pid);
	*ret_is_restored = node_process_is_restored(exits->proc_fd, search.first_pid);
	/* The number may have been given to another process meanwhile; the pidfd cannot. */
	if (!node_process_is_in(exits->proc_fd, search.first_pid, search.id)) {
		fd_close(&pidfd);
		return 0;
	}
	*ret_pidfd = pidfd;
	return 1;
}

int node_exits_watch(struct node_exits *exits, struct str container_id, struct error *err)
{
	struct node_watch *watch;
	bool is_restored = false;
	int pidfd = -1;
	int found;

	if (map_get(&exits->watches, container_id) != NULL)
		return 1;
	found = node_exits_open(exits, container_id, &pidfd, &is_restored, err);
	if (found <= 0)
		return found;
	watch = new_zeroed(struct node_watch);
	watch->exits = exits;
	watch->container_id = str_dup(container_id);
	watch->pidfd = pidfd;
	watch->is_restored = is_restored;
	watch->retry = loop_timer_new(exits->loop, node_watch_look, watch);
	if (loop_watch_fd(exits->loop, pidfd, LOOP_READ, node_watch_readable, watch,
		    &watch->readable, err) < 0) {
		node_watch_free(watch);
		return -1;
	}
	(void)map_set(&exits->watches, container_id, watch);
	return 1;
}
