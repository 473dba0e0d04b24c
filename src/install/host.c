/* Paths are resolved as the host does it, wherever its root is mounted for us. */
#include "install/host.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/time.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/process.h"

enum { HOST_PROGRAM_BYTES = 64 * 1024 * 1024 };

int install__host_read(
	const struct install_host *host, const char *path, struct buf *buf, struct error *err)
{
	autoclose int fd = -1;

	if (file_open_in_root(host->root_fd, path, O_RDONLY, &fd, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	return fd_read_all(fd, buf, path, err) < 0 ? -1 : 1;
}

bool install__host_exists(const struct install_host *host, const char *path)
{
	struct error ignored;
	autoclose int fd = -1;

	return file_open_in_root(host->root_fd, path, O_PATH, &fd, &ignored) == 0;
}

/* The directory `path`, made beneath its parent `parent_fd` when it is missing. */
static int host_step(const struct install_host *host, int parent_fd, const char *path, mode_t mode,
	int *ret_fd, struct error *err)
{
	const char *name = strrchr(path, '/') + 1;

	if (file_open_in_root(host->root_fd, path, O_RDONLY | O_DIRECTORY, ret_fd, err) == 0)
		return 0;
	if (err->kind != ERROR_ABSENT)
		return -1;
	if (mkdirat(parent_fd, name, mode) < 0)
		return error_set_errno(err, "cannot make directory '%s'", path);
	return file_open_in_root(host->root_fd, path, O_RDONLY | O_DIRECTORY, ret_fd, err);
}

int install__host_make_directory(const struct install_host *host, const char *path, mode_t mode,
	int *ret_fd, struct error *err)
{
	autoclose int fd = -1;
	struct str whole = str_of(path);

	if (!str_starts_with(whole, STR("/")) || str_contains(whole, STR("/../")))
		return error_set(err, ERROR_INVALID, "'%s' is no absolute path", path);
	if (file_open_in_root(host->root_fd, "/", O_RDONLY | O_DIRECTORY, &fd, err) < 0)
		return -1;
	for (size_t end = 1; end < whole.size; end++) {
		autoclose int next = -1;
		struct str step;
		while (end < whole.size && path[end] != '/')
			end++;
		step = arena_str(host->arena, (struct str){path, end});
		if (path[end - 1] == '/')
			continue;
		if (host_step(host, fd, step.data, end == whole.size ? mode : 0755, &next, err) < 0)
			return -1;
		fd_close(&fd);
		fd = fd_take(&next);
	}
	*ret_fd = fd_take(&fd);
	return 0;
}

/* The directory that a file lies in, and its name there. */
static int host_open_parent(const struct install_host *host, const char *path, int *ret_fd,
	const char **ret_name, struct error *err)
{
	struct str parent;
	struct str name;

	if (!str_cut_last(str_of(path), '/', &parent, &name) || name.size == 0)
		return error_set(err, ERROR_INVALID, "'%s' is no absolute path of a file", path);
	*ret_name = name.data;
	parent = parent.size > 0 ? arena_str(host->arena, parent) : STR("/");
	return install__host_make_directory(host, parent.data, 0755, ret_fd, err);
}

/* Whether the file holds these bytes already. */
static bool host_is_same(int directory_fd, const char *name, struct str bytes)
{
	autobuf old = BUF_INIT(HOST_PROGRAM_BYTES);
	struct error ignored;

	return file_read(directory_fd, name, &old, &ignored) == 0 &&
		str_equal(buf_str(&old), bytes);
}

int install__host_write(const struct install_host *host, const char *path, struct str bytes,
	mode_t mode, struct error *err)
{
	autoclose int directory_fd = -1;
	const char *name = "";
	struct stat status;

	if (host_open_parent(host, path, &directory_fd, &name, err) < 0)
		return -1;
	if (fstatat(directory_fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0) {
		if (S_ISLNK(status.st_mode))
			return error_set(err, ERROR_UNSUPPORTED,
				"'%s' is a link, which is not replaced", path);
		mode = (status.st_mode & 07777) | (mode & 0111);
		if (mode == (status.st_mode & 07777) && host_is_same(directory_fd, name, bytes))
			return 0;
	}
	if (file_write_atomically(directory_fd, name, bytes, mode, err) < 0)
		return error_wrap(err, "cannot write '%s'", path);
	return 1;
}

int install__host_remove(const struct install_host *host, const char *path, struct error *err)
{
	struct str parent;
	struct str name;
	autoclose int fd = -1;

	(void)str_cut_last(str_of(path), '/', &parent, &name);
	parent = arena_printf(host->arena, "%.*s/", STR_ARG(parent));
	if (file_open_in_root(host->root_fd, parent.data, O_RDONLY | O_DIRECTORY, &fd, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	if (unlinkat(fd, name.data, 0) == 0)
		return 1;
	return errno == ENOENT ? 0 : error_set_errno(err, "cannot remove '%s'", path);
}

struct str install__host_find(const struct install_host *host, struct str name)
{
	static const char *const directories[] = {"/usr/local/sbin", "/usr/local/bin", "/usr/sbin",
		"/usr/bin", "/sbin", "/bin", "/usr/libexec/crio", "/opt/bin"};

	if (str_starts_with(name, STR("/"))) {
		name = arena_str(host->arena, name);
		return install__host_exists(host, name.data) ? name : STR("");
	}
	for (size_t i = 0; i < array_size(directories); i++) {
		struct str path =
			arena_printf(host->arena, "%s/%.*s", directories[i], STR_ARG(name));
		if (name.size > 0 && install__host_exists(host, path.data))
			return path;
	}
	return STR("");
}

/* Reads what a child prints until it closes its end, which it does by ending. */
static int host_collect(int fd, int64_t deadline_us, struct buf *buf, struct error *err)
{
	for (;;) {
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		int64_t left_us = deadline_us - clock_mono().us;
		char *room;
		ssize_t size;
		if (left_us <= 0 || poll(&wait, 1, (int)(left_us / 1000) + 1) == 0)
			return error_set(err, ERROR_TIMEOUT, "it took too long");
		room = buf_room(buf, 4096);
		if (room == NULL)
			return buf_check(buf, "its output", err);
		size = read(fd, room, 4096);
		if (size < 0 && errno != EINTR)
			return error_set_errno(err, "cannot read its output");
		if (size == 0)
			return 0;
		buf_claim(buf, size > 0 ? (size_t)size : 0);
	}
}

/* A child may close its output and live on. */
static int host_wait(
	struct process *process, int64_t deadline_us, int *ret_status, struct error *err)
{
	struct pollfd ended = {.fd = process->pidfd, .events = POLLIN};
	int64_t left_us = deadline_us - clock_mono().us;

	if (poll(&ended, 1, left_us > 0 ? (int)(left_us / 1000) + 1 : 0) == 1)
		return process_wait(process, ret_status, err);
	process_kill(process);
	return error_set(err, ERROR_TIMEOUT, "it took too long");
}

int install__host_run(const struct install_host *host, const char *const *arguments, int output,
	int deadline_ms, struct buf *buf, int *ret_status, struct error *err)
{
	static const char *const environment[] = {
		"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C",
		NULL};
	autoclose int null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	struct process process = PROCESS_NONE;
	const int64_t deadline_us = clock_mono().us + deadline_ms * INT64_C(1000);
	int ends[2];

	if (null_fd < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return error_set_errno(err, "cannot run '%s'", arguments[0]);
	autoclose int read_end = ends[0];
	autoclose int write_end = ends[1];
	const struct process_fd fds[3] = {{null_fd, 0}, {output == 1 ? write_end : null_fd, 1},
		{output == 2 ? write_end : null_fd, 2}};
	const struct process_spec spec = {.arguments = arguments,
		.environment = environment,
		.fds = fds,
		.fd_count = 3,
		.root = strcmp(host->root, "/") != 0 ? host->root : NULL};
	if (process_start(&spec, &process, err) < 0)
		return -1;
	fd_close(&write_end);
	if (host_collect(read_end, deadline_us, buf, err) < 0)
		process_kill(&process);
	else if (host_wait(&process, deadline_us, ret_status, err) == 0)
		return 0;
	return error_wrap(err, "'%s' on the host", arguments[0]);
}
