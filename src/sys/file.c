/* Files beneath directory descriptors; writes are atomic and durable. */
#include "sys/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/alloc.h"
#include "sys/fd.h"

int file_open_directory(const char *path, int *ret_fd, struct error *err)
{
	int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, "cannot open directory '%s'", path);
	*ret_fd = fd;
	return 0;
}

int file_make_directory(
	int directory_fd, const char *name, mode_t mode, int *ret_fd, struct error *err)
{
	int fd;

	if (mkdirat(directory_fd, name, mode) < 0 && errno != EEXIST)
		return error_set_errno(err, "cannot make directory '%s'", name);
	fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open directory '%s'", name);
	*ret_fd = fd;
	return 0;
}

int file_open_beneath(
	int directory_fd, const char *path, int flags, mode_t mode, int *ret_fd, struct error *err)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.mode = (flags & O_CREAT) != 0 ? mode : 0,
		.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, directory_fd, path, &how, sizeof(how));

	if (fd < 0 && (errno == EXDEV || errno == ELOOP))
		return error_set(err, ERROR_INVALID,
			"path '%s' leaves its directory or passes a link", path);
	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", path);
	*ret_fd = (int)fd;
	return 0;
}

int file_open_in_root(int root_fd, const char *path, int flags, int *ret_fd, struct error *err)
{
	struct open_how how = {
		.flags = (uint64_t)flags | O_CLOEXEC,
		.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS,
	};
	long fd = syscall(SYS_openat2, root_fd, path, &how, sizeof(how));

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", path);
	*ret_fd = (int)fd;
	return 0;
}

int file_read(int directory_fd, const char *path, struct buf *buf, struct error *err)
{
	autoclose int fd = openat(directory_fd, path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", path);
	return fd_read_all(fd, buf, path, err);
}

int file_sync(int fd, const char *what, struct error *err)
{
	if (fsync(fd) < 0)
		return error_set_errno(err, "cannot flush '%s' to the disk", what);
	return 0;
}

/* Appends the name of the file that `name` is written to first. */
static void file_temporary_name(struct buf *temporary, const char *name)
{
	buf_printf(temporary, ".%s.%d.tmp", name, (int)getpid());
}

static int file_write_temporary(int directory_fd, const char *temporary, struct str bytes,
	mode_t mode, bool is_flushed, struct error *err)
{
	autoclose int fd = -1;

	(void)unlinkat(directory_fd, temporary, 0); /* what a crash left, with its old mode */
	fd = openat(directory_fd, temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
	if (fd < 0)
		return error_set_errno(err, "cannot create '%s'", temporary);
	if (fd_write_all(fd, bytes, temporary, err) < 0)
		return -1;
	return is_flushed ? file_sync(fd, temporary, err) : 0;
}

int file_write_atomically(
	int directory_fd, const char *name, struct str bytes, mode_t mode, struct error *err)
{
	autobuf temporary = BUF_INIT(LIMIT_ARCHIVE_PATH);

	file_temporary_name(&temporary, name);
	if (file_write_temporary(directory_fd, temporary.data, bytes, mode, true, err) == 0 &&
		file_rename(directory_fd, temporary.data, directory_fd, name, err) == 0)
		return 0;
	(void)unlinkat(directory_fd, temporary.data, 0); /* the failure is reported already */
	return -1;
}

int file_write_by_rename(
	int directory_fd, const char *name, struct str bytes, mode_t mode, struct error *err)
{
	autobuf temporary = BUF_INIT(LIMIT_ARCHIVE_PATH);
	int result;

	file_temporary_name(&temporary, name);
	result = file_write_temporary(directory_fd, temporary.data, bytes, mode, false, err);
	if (result == 0 && renameat(directory_fd, temporary.data, directory_fd, name) < 0)
		result = error_set_errno(err, "cannot rename '%s' to '%s'", temporary.data, name);
	if (result < 0)
		(void)unlinkat(directory_fd, temporary.data, 0); /* reported already */
	return result;
}

int file_rename(int from_fd, const char *from, int to_fd, const char *to, struct error *err)
{
	if (renameat(from_fd, from, to_fd, to) < 0)
		return error_set_errno(err, "cannot rename '%s' to '%s'", from, to);
	if (from_fd != to_fd && file_sync(from_fd, from, err) < 0)
		return -1;
	return file_sync(to_fd, to, err);
}

static void file_close_directory(DIR **directory)
{
	if (*directory != NULL)
		(void)closedir(*directory);
}

/* Some file systems do not say it in the list (readdir(3)). */
static bool file_is_directory(int directory_fd, const struct dirent *entry)
{
	struct stat found;

	if (entry->d_type != DT_UNKNOWN)
		return entry->d_type == DT_DIR;
	return fstatat(directory_fd, entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(found.st_mode);
}

int file_for_each(int directory_fd, file_visit_fn visit, void *context, struct error *err)
{
	autoclose int fd = openat(directory_fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	clean_up(file_close_directory) DIR *directory = fd >= 0 ? fdopendir(fd) : NULL;
	const struct dirent *entry;

	if (directory == NULL)
		return error_set_errno(err, "cannot list a directory");
	(void)fd_take(&fd); /* owned by `directory` now */
	for (errno = 0; (entry = readdir(directory)) != NULL; errno = 0) {
		if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
			continue;
		if (visit(context, entry->d_name, file_is_directory(directory_fd, entry), err) < 0)
			return -1;
	}
	return errno == 0 ? 0 : error_set_errno(err, "cannot list a directory");
}

static int file_remove_entry(void *context, const char *name, bool is_directory, struct error *err)
{
	(void)is_directory;
	return file_remove_tree(*(const int *)context, name, err);
}

int file_remove_tree(int directory_fd, const char *name, struct error *err)
{
	autoclose int fd = -1;

	if (unlinkat(directory_fd, name, 0) == 0 || errno == ENOENT)
		return 0;
	if (errno != EISDIR && errno != EPERM)
		return error_set_errno(err, "cannot remove '%s'", name);
	fd = openat(directory_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return error_set_errno(err, "cannot open directory '%s'", name);
	if (file_for_each(fd, file_remove_entry, &fd, err) < 0)
		return -1;
	if (unlinkat(directory_fd, name, AT_REMOVEDIR) < 0 && errno != ENOENT)
		return error_set_errno(err, "cannot remove directory '%s'", name);
	return 0;
}

int file_system_space(int fd, struct file_space *ret_space, struct error *err)
{
	struct statvfs space;

	if (fstatvfs(fd, &space) < 0)
		return error_set_errno(err, "cannot read the free space of a file system");
	ret_space->total_bytes = (uint64_t)space.f_blocks * space.f_frsize;
	ret_space->free_bytes = (uint64_t)space.f_bavail * space.f_frsize;
	return 0;
}
