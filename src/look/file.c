/* O_TMPFILE: when this process ends before the file is complete, the kernel removes it. */
#include "look/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/arena.h"
#include "sys/fd.h"
#include "sys/file.h"

void look__file_done(struct look_file *file)
{
	if (file->fd != STDOUT_FILENO)
		fd_close(&file->fd);
	fd_close(&file->directory_fd);
}

static int file_conflict(const struct look_file *file, struct error *err)
{
	return error_set(err, ERROR_CONFLICT,
		"'%s' is there already: remove it, or name another one", file->path);
}

static int file_open_directory_of(struct look_file *file, struct error *err)
{
	struct str directory;
	struct str name;
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	bool has_directory = str_cut_last(str_of(file->path), '/', &directory, &name);

	if (has_directory)
		buf_printf(&path, "%.*s/", STR_ARG(directory));
	else
		buf_add_text(&path, ".");
	file->name = has_directory ? name.data : file->path;
	return file_open_directory(path.data, &file->directory_fd, err);
}

int look__file_open(const char *path, struct look_file *file, struct error *err)
{
	struct stat status;

	*file = LOOK_FILE_NONE;
	file->path = path;
	if (strcmp(path, "-") == 0) {
		file->fd = STDOUT_FILENO;
		return 0;
	}
	if (file_open_directory_of(file, err) < 0)
		return error_wrap(err, "cannot write '%s'", path);
	if (fstatat(file->directory_fd, file->name, &status, AT_SYMLINK_NOFOLLOW) == 0)
		return file_conflict(file, err);
	file->fd = openat(file->directory_fd, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, 0600);
	if (file->fd < 0 && errno == EOPNOTSUPP)
		return error_set(err, ERROR_UNSUPPORTED,
			"the file system of '%s' has no files without a name; use '--to -' with "
			"'umask 077' and '>'",
			path);
	return file->fd < 0 ? error_set_errno(err, "cannot write '%s'", path) : 0;
}

int look__file_publish(const struct look_file *file, struct error *err)
{
	char own[64];

	if (file->fd < 0 || file->fd == STDOUT_FILENO)
		return 0;
	(void)snprintf(own, sizeof(own), "/proc/self/fd/%d", file->fd);
	if (file_sync(file->fd, file->path, err) < 0)
		return -1;
	if (linkat(AT_FDCWD, own, file->directory_fd, file->name, AT_SYMLINK_FOLLOW) == 0)
		return 0;
	return errno == EEXIST ? file_conflict(file, err)
			       : error_set_errno(err, "cannot write '%s'", file->path);
}
