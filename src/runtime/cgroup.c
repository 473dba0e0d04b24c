/* A cgroup is removed by rmdir once nothing is in it; processes need a moment to be gone. */
#include "runtime/cgroup.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "base/number.h"
#include "runtime/mounts.h"
#include "sys/fd.h"
#include "sys/file.h"

enum { CGROUP_DEPTH_MAX = 16, CGROUP_TRIES = 100, CGROUP_WAIT_NS = 10 * 1000 * 1000 };

/* "a-b.slice" is the directory a.slice/a-b.slice; "-.slice" is the root. */
static void cgroup_add_slice(struct buf *path, struct str slice)
{
	const struct str suffix = STR(".slice");
	struct str name = {slice.data, slice.size - suffix.size};

	if (str_is(name, "-"))
		return;
	for (size_t i = 0; i < name.size; i++)
		if (name.data[i] == '-')
			buf_printf(path, "%.*s.slice/", (int)i, name.data);
	buf_printf(path, "%.*s/", STR_ARG(slice));
}

static bool cgroup_is_safe(struct str path)
{
	struct str part;

	if (path.size == 0 || path.data[0] == '/')
		return false;
	while (path.size > 0) {
		(void)str_cut(path, '/', &part, &path);
		if (part.size == 0 || str_is(part, ".") || str_is(part, ".."))
			return false;
	}
	return true;
}

struct str runtime__cgroup_directory(struct str cgroups_path, struct arena *arena)
{
	const struct str none = {NULL, 0};
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct str slice;
	struct str prefix;
	struct str name;

	if (str_starts_with(cgroups_path, STR("/"))) {
		buf_add(&path, str_from(cgroups_path, 1));
	} else {
		if (!str_cut(cgroups_path, ':', &slice, &name) ||
			!str_cut(name, ':', &prefix, &name) || prefix.size == 0 ||
			!str_ends_with(slice, STR(".slice")))
			return none;
		cgroup_add_slice(&path, slice);
		buf_printf(&path, "%.*s-%.*s.scope", STR_ARG(prefix), STR_ARG(name));
	}
	if (path.is_overflown || !cgroup_is_safe(buf_str(&path)))
		return none;
	return arena_str(arena, buf_str(&path));
}

static void cgroup_kill(int fd)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str rest;
	struct str line;
	struct error ignored;
	uint64_t pid;

	if (file_read(fd, "cgroup.procs", &text, &ignored) < 0)
		return;
	rest = buf_str(&text);
	while (str_cut(rest, '\n', &line, &rest))
		if (number_parse_u64(line, &pid) && pid > 1)
			(void)kill((pid_t)pid, SIGKILL);
}

struct cgroup_walk {
	int parent_fd;
	int depth;
};

static int cgroup_remove_tree(int parent_fd, const char *name, int depth, struct error *err);

static int cgroup_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	const struct cgroup_walk *walk = context;

	return is_directory ? cgroup_remove_tree(walk->parent_fd, name, walk->depth, err) : 0;
}

static int cgroup_remove_tree(int parent_fd, const char *name, int depth, struct error *err)
{
	const struct timespec pause = {.tv_nsec = CGROUP_WAIT_NS};
	autoclose int fd = openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct cgroup_walk walk = {fd, depth + 1};

	if (fd < 0 && errno == ENOENT)
		return 0;
	if (fd < 0)
		return error_set_errno(err, "cannot open cgroup '%s'", name);
	if (depth > CGROUP_DEPTH_MAX)
		return error_set(err, ERROR_TOO_BIG, "cgroup '%s' is too deep", name);
	cgroup_kill(fd);
	if (file_for_each(fd, cgroup_visit, &walk, err) < 0)
		return -1;
	for (int i = 0; i < CGROUP_TRIES; i++) {
		if (unlinkat(parent_fd, name, AT_REMOVEDIR) == 0 || errno == ENOENT)
			return 0;
		if (errno != EBUSY)
			return error_set_errno(err, "cannot remove cgroup '%s'", name);
		(void)nanosleep(&pause, NULL);
	}
	return error_set(err, ERROR_BUSY, "cgroup '%s' is still in use", name);
}

int runtime__cgroup_remove(struct str cgroups_path, struct arena *arena, struct error *err)
{
	autobuf mountinfo = BUF_INIT(RUNTIME_MOUNTINFO_BYTES);
	struct str directory = runtime__cgroup_directory(cgroups_path, arena);
	struct str rest;
	struct runtime_mount mount;

	if (directory.size == 0)
		return 0;
	if (runtime__mounts_read(&mountinfo, err) < 0)
		return -1;
	rest = buf_str(&mountinfo);
	while (runtime__mount_next(&rest, &mount)) {
		autoclose int fd = -1;

		if (!str_starts_with(mount.type, STR("cgroup")) || !str_is(mount.root, "/"))
			continue;
		if (file_open_directory(runtime__mount_decode(mount.target, arena).data, &fd, err) <
				0 ||
			cgroup_remove_tree(fd, directory.data, 0, err) < 0)
			return -1;
	}
	return 0;
}
