/*
 * The writable directory of an overlay becomes a tar. Two things of overlayfs are translated, as
 * engines do it: a character device 0:0 is a removed file, the attribute "trusted.overlay.opaque"
 * a directory that hides what lies below (kernel, Documentation/filesystems/overlayfs.rst). What
 * cannot be translated fails: then the engine's own way of taking the layer is right.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/limits.h"
#include "base/map.h"
#include "runtime/layer.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "tar/entry.h"

enum {
	LAYER_DEPTH_MAX = 256, /* directories within directories */
	LAYER_XATTR_BYTES = 64 * 1024, /* XATTR_LIST_MAX and XATTR_SIZE_MAX of the kernel */
	LAYER_COPY_BYTES = 256 * 1024,
	LAYER_PROC_PATH = 512, /* "/proc/self/fd/N/NAME" */
};

struct layer_saver {
	int tar_fd; /* borrowed */
	struct buf header; /* of the file at hand */
	struct buf xattrs; /* of the file at hand */
	char *names; /* LAYER_XATTR_BYTES */
	char *block; /* LAYER_COPY_BYTES */
	struct map links; /* "device:inode" of files with several names to the first of them */
	struct arena *arena; /* the names in `links` */
	const struct runtime_layer_limits *limits; /* borrowed */
	struct runtime_layer_size size;
};

/* A file in the directory at hand. */
struct layer_file {
	int directory_fd;
	const char *name;
	const char *path; /* within the upper directory */
	int depth;
	struct stat status;
};

static int saver_write(struct layer_saver *saver, struct str bytes, struct error *err)
{
	return fd_write_all(saver->tar_fd, bytes, "the layer", err);
}

static int saver_write_header(
	struct layer_saver *saver, const struct tar_entry *entry, struct error *err)
{
	if (++saver->size.entries > LIMIT_ARCHIVE_ENTRIES)
		return error_set(err, ERROR_TOO_BIG, "the layer has more than %d entries",
			LIMIT_ARCHIVE_ENTRIES);
	buf_clear(&saver->header);
	if (tar_entry_write(entry, &saver->header, err) < 0)
		return error_wrap(err, "'%.*s'", STR_ARG(entry->path));
	return saver_write(saver, buf_str(&saver->header), err);
}

/* An empty file whose name says that something is removed. */
static int saver_write_mark(struct layer_saver *saver, const char *directory, const char *mark,
	const char *name, struct error *err)
{
	const struct stat status = {.st_mode = S_IFREG | 0600};
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct tar_entry entry = {.status = &status};

	buf_printf(&path, "%s%s%s%s", directory, *directory != '\0' ? "/" : "", mark, name);
	if (buf_check(&path, "a path of the layer", err) < 0)
		return -1;
	entry.path = buf_str(&path);
	return saver_write_header(saver, &entry, err);
}

/* What overlayfs itself stores with a file; true when it cannot be told by a layer. */
static bool saver_is_untellable(const char *name)
{
	return strcmp(name, "trusted.overlay.redirect") == 0 ||
		strcmp(name, "trusted.overlay.metacopy") == 0;
}

/* Gathers the attributes and tells whether the file hides what lies below. */
static int saver_add_xattrs(struct layer_saver *saver, const struct layer_file *file,
	bool *ret_is_opaque, struct error *err)
{
	char path[LAYER_PROC_PATH];
	ssize_t size;

	*ret_is_opaque = false;
	buf_clear(&saver->xattrs);
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", file->directory_fd, file->name);
	size = llistxattr(path, saver->names, LAYER_XATTR_BYTES);
	if (size < 0 && errno == ENOTSUP)
		return 0;
	if (size < 0)
		return error_set_errno(err, "cannot read the attributes of '%s'", file->path);
	for (const char *name = saver->names; name < saver->names + size;
		name += strlen(name) + 1) {
		ssize_t value_size = lgetxattr(path, name, saver->block, LAYER_XATTR_BYTES);

		if (value_size < 0)
			return error_set_errno(
				err, "cannot read attribute '%s' of '%s'", name, file->path);
		if (saver_is_untellable(name))
			return error_set(err, ERROR_UNSUPPORTED,
				"'%s' refers to a lower layer (%s)", file->path, name);
		if (strcmp(name, "trusted.overlay.opaque") == 0)
			*ret_is_opaque = value_size == 1 && saver->block[0] == 'y';
		else if (!str_starts_with(str_of(name), STR("trusted.overlay.")) &&
			strcmp(name, "security.selinux") != 0)
			tar_xattr_add(&saver->xattrs, name,
				(struct str){saver->block, (size_t)value_size});
	}
	return 0;
}

/* Where a symbolic link leads; the text stays until the next file. */
static int saver_read_symlink(struct layer_saver *saver, const struct layer_file *file,
	struct str *ret_target, struct error *err)
{
	ssize_t size = readlinkat(file->directory_fd, file->name, saver->block, LAYER_COPY_BYTES);

	if (size < 0)
		return error_set_errno(err, "cannot read link '%s'", file->path);
	*ret_target = (struct str){saver->block, (size_t)size};
	return 0;
}

/* Exactly the size that the header says: a file that shrinks meanwhile is an error. */
static int saver_write_content(
	struct layer_saver *saver, const struct layer_file *file, struct error *err)
{
	autoclose int fd =
		openat(file->directory_fd, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	int64_t left = file->status.st_size;

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", file->path);
	saver->size.bytes += left;
	if (saver->size.bytes > saver->limits->bytes)
		return error_set(err, ERROR_TOO_BIG,
			"the container's own files, holes included, have more than %lld bytes",
			(long long)saver->limits->bytes);
	while (left > 0) {
		size_t want = left < LAYER_COPY_BYTES ? (size_t)left : LAYER_COPY_BYTES;
		ssize_t got = read(fd, saver->block, want);

		if (clock_mono().us >= saver->limits->deadline.us)
			return error_set(err, ERROR_TIMEOUT, "saving the files took too long");
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return error_set_errno(err, "cannot read '%s'", file->path);
		if (got == 0)
			return error_set(err, ERROR_CONFLICT, "'%s' has shrunk", file->path);
		if (saver_write(saver, (struct str){saver->block, (size_t)got}, err) < 0)
			return -1;
		left -= got;
	}
	return saver_write(saver, (struct str){tar_zeros, tar_padding(file->status.st_size)}, err);
}

/* The path under which this very file is in the layer already; NULL: it is the first. */
static const char *saver_find_link(struct layer_saver *saver, const struct layer_file *file)
{
	char key[64];
	const char *first;

	if (file->status.st_nlink < 2 || S_ISDIR(file->status.st_mode))
		return NULL;
	(void)snprintf(key, sizeof(key), "%llx:%llx", (unsigned long long)file->status.st_dev,
		(unsigned long long)file->status.st_ino);
	first = map_get(&saver->links, str_of(key));
	if (first == NULL) {
		struct str path = arena_str(saver->arena, str_of(file->path));

		(void)map_set(&saver->links, str_of(key), (void *)(uintptr_t)path.data);
	}
	return first;
}

static int saver_write_entry(struct layer_saver *saver, const struct layer_file *file,
	bool *ret_is_opaque, struct error *err)
{
	const char *first = saver_find_link(saver, file);
	struct tar_entry entry = {
		.path = str_of(file->path),
		.link = str_of(first),
		.is_hard_link = first != NULL,
		.status = &file->status,
		.xattrs = first != NULL ? NULL : &saver->xattrs,
	};

	*ret_is_opaque = false;
	if (first != NULL)
		return saver_write_header(saver, &entry, err);
	if (saver_add_xattrs(saver, file, ret_is_opaque, err) < 0)
		return -1;
	if (S_ISLNK(file->status.st_mode) && saver_read_symlink(saver, file, &entry.link, err) < 0)
		return -1;
	if (saver_write_header(saver, &entry, err) < 0)
		return -1;
	return S_ISREG(file->status.st_mode) ? saver_write_content(saver, file, err) : 0;
}

struct saver_directory {
	struct layer_saver *saver;
	int fd;
	const char *path; /* "" is the upper directory */
	int depth;
};

static int saver_visit(void *context, const char *name, bool is_directory, struct error *err);

static int saver_enter(
	struct layer_saver *saver, const struct layer_file *file, bool is_opaque, struct error *err)
{
	autoclose int fd = openat(
		file->directory_fd, file->name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct saver_directory directory = {saver, fd, file->path, file->depth + 1};

	if (fd < 0)
		return error_set_errno(err, "cannot open '%s'", file->path);
	if (directory.depth > LAYER_DEPTH_MAX)
		return error_set(err, ERROR_TOO_BIG, "'%s' is more than %d directories deep",
			file->path, LAYER_DEPTH_MAX);
	if (is_opaque && saver_write_mark(saver, file->path, ".wh..wh..opq", "", err) < 0)
		return -1;
	return file_for_each(fd, saver_visit, &directory, err);
}

static int saver_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	const struct saver_directory *directory = context;
	struct layer_saver *saver = directory->saver;
	struct layer_file file = {directory->fd, name, NULL, directory->depth, {0}};
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	bool is_opaque;

	(void)is_directory; /* a hint only */
	buf_printf(&path, "%s%s%s", directory->path, *directory->path != '\0' ? "/" : "", name);
	if (buf_check(&path, "a path of the layer", err) < 0)
		return -1;
	file.path = path.data;
	if (fstatat(directory->fd, name, &file.status, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot look at '%s'", file.path);
	if (S_ISSOCK(file.status.st_mode))
		return 0;
	if (S_ISCHR(file.status.st_mode) && file.status.st_rdev == 0)
		return saver_write_mark(saver, directory->path, ".wh.", name, err);
	if (saver_write_entry(saver, &file, &is_opaque, err) < 0)
		return -1;
	return S_ISDIR(file.status.st_mode) ? saver_enter(saver, &file, is_opaque, err) : 0;
}

static void saver_done(struct layer_saver *saver)
{
	buf_done(&saver->header);
	buf_done(&saver->xattrs);
	free(saver->names);
	free(saver->block);
	map_done(&saver->links);
	arena_free(saver->arena);
}

int runtime_layer_save(int upper_fd, int tar_fd, const struct runtime_layer_limits *limits,
	struct runtime_layer_size *ret_size, struct error *err)
{
	clean_up(saver_done) struct layer_saver saver = {
		.tar_fd = tar_fd,
		.header = BUF_INIT(TAR_HEADER_BYTES),
		.xattrs = BUF_INIT(TAR_PAX_BYTES),
		.names = alloc_zeroed(1, LAYER_XATTR_BYTES),
		.block = alloc_zeroed(1, LAYER_COPY_BYTES),
		.arena = arena_new(1024),
		.limits = limits,
	};
	struct saver_directory directory = {&saver, upper_fd, "", 0};

	if (file_for_each(upper_fd, saver_visit, &directory, err) < 0 ||
		saver_write(&saver, (struct str){tar_zeros, TAR_END_BYTES}, err) < 0)
		return -1;
	*ret_size = saver.size;
	return 0;
}
