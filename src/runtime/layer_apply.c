/*
 * A layer is read three times: first what it removes, so that removing cannot hit what the same
 * layer creates; then what it creates; last the times of directories, which creating changes. No
 * list of paths needs to be kept, and an uncompressed tar is skipped through by seeking.
 */
#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "runtime/layer.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "json/json.h"

#define LAYER_WHITEOUT STR(".wh.")
#define LAYER_OPAQUE   STR(".wh..wh..opq")

enum { LAYER_BLOCK_BYTES = 256 * 1024 };

enum layer_pass { LAYER_REMOVE, LAYER_CREATE, LAYER_DIRECTORY_TIMES };

/* An entry of the layer and the place where it belongs. */
struct layer_entry {
	struct archive *archive;
	struct archive_entry *entry;
	int root_fd;
	int parent_fd; /* owned by the pass */
	const char *name; /* in the parent; "." for the root itself */
	const char *path; /* for errors */
};

static int layer_fail(const struct layer_entry *at, const char *verb, struct error *err)
{
	return error_set_errno(err, "cannot %s '%s'", verb, at->path);
}

static int layer_fail_read(struct archive *archive, struct error *err)
{
	const char *text = archive_error_string(archive);

	return error_set(err, ERROR_CORRUPT, "the layer cannot be read: %s",
		text != NULL ? text : "it is damaged");
}

/* ---- removing ---- */

static int layer_remove_visited(
	void *context, const char *name, bool is_directory, struct error *err)
{
	(void)is_directory;
	return file_remove_tree(*(const int *)context, name, err);
}

/* Everything below the directory `name`, which may be absent or no directory. */
static int layer_empty_directory(const struct layer_entry *at, const char *name, struct error *err)
{
	autoclose int fd =
		openat(at->parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (fd < 0 && (errno == ENOENT || errno == ENOTDIR || errno == ELOOP))
		return 0;
	if (fd < 0)
		return layer_fail(at, "open", err);
	return file_for_each(fd, layer_remove_visited, &fd, err);
}

/* Whether the entry is an overlay's own whiteout: a character device 0:0. */
static bool layer_is_overlay_whiteout(struct archive_entry *entry)
{
	return archive_entry_filetype(entry) == AE_IFCHR && archive_entry_rdev(entry) == 0;
}

static bool layer_is_opaque(struct archive_entry *entry)
{
	const char *name;
	const void *value;
	size_t size;

	archive_entry_xattr_reset(entry);
	while (archive_entry_xattr_next(entry, &name, &value, &size) == ARCHIVE_OK)
		if (strcmp(name, "trusted.overlay.opaque") == 0 && size == 1 &&
			memcmp(value, "y", 1) == 0)
			return true;
	return false;
}

static int layer_pass_remove(const struct layer_entry *at, struct error *err)
{
	struct str name = str_of(at->name);

	if (str_equal(name, LAYER_OPAQUE))
		return layer_empty_directory(at, ".", err);
	if (str_starts_with(name, STR(".wh..wh.")))
		return 0; /* AUFS's own bookkeeping */
	if (str_starts_with(name, LAYER_WHITEOUT)) {
		struct str hidden = str_from(name, LAYER_WHITEOUT.size);

		if (hidden.size == 0 || str_is(hidden, ".") || str_is(hidden, ".."))
			return error_set(err, ERROR_INVALID, "the layer has '%s'", at->path);
		return file_remove_tree(at->parent_fd, hidden.data, err);
	}
	if (layer_is_overlay_whiteout(at->entry))
		return file_remove_tree(at->parent_fd, at->name, err);
	if (archive_entry_filetype(at->entry) == AE_IFDIR && layer_is_opaque(at->entry))
		return layer_empty_directory(at, at->name, err);
	return 0;
}

/* ---- creating ---- */

/* Names under which nothing is set: what an overlay means by them is not the container's. */
static bool layer_keeps_xattr(const char *name)
{
	struct str text = str_of(name);

	return !str_starts_with(text, STR("trusted.overlay.")) &&
		!str_starts_with(text, STR("user.overlay.")) && !str_is(text, "security.selinux");
}

/* `fd` may be opened with O_PATH: the attributes are set by its name below /proc. */
static int layer_set_xattrs(const struct layer_entry *at, int fd, struct error *err)
{
	char self[64];
	const char *name;
	const void *value;
	size_t size;

	(void)snprintf(self, sizeof(self), "/proc/self/fd/%d", fd);
	archive_entry_xattr_reset(at->entry);
	while (archive_entry_xattr_next(at->entry, &name, &value, &size) == ARCHIVE_OK)
		if (layer_keeps_xattr(name) && setxattr(self, name, value, size, 0) < 0 &&
			errno != ENOTSUP)
			return error_set_errno(
				err, "cannot set attribute '%s' of '%s'", name, at->path);
	return 0;
}

static int layer_set_times(const struct layer_entry *at, struct error *err)
{
	struct timespec times[2] = {
		{archive_entry_atime(at->entry), archive_entry_atime_nsec(at->entry)},
		{archive_entry_mtime(at->entry), archive_entry_mtime_nsec(at->entry)},
	};

	if (!archive_entry_atime_is_set(at->entry))
		times[0].tv_nsec = UTIME_OMIT;
	if (utimensat(at->parent_fd, at->name, times, AT_SYMLINK_NOFOLLOW) < 0)
		return layer_fail(at, "set the times of", err);
	return 0;
}

/*
 * Owner before mode and attributes: changing the owner clears set-user-id bits and capabilities.
 * Links have neither mode nor attributes of their own.
 */
static int layer_set_properties(const struct layer_entry *at, struct error *err)
{
	mode_t type = archive_entry_filetype(at->entry);
	autoclose int fd = -1;

	if (fchownat(at->parent_fd, at->name, (uid_t)archive_entry_uid(at->entry),
		    (gid_t)archive_entry_gid(at->entry), AT_SYMLINK_NOFOLLOW) < 0)
		return layer_fail(at, "set the owner of", err);
	if (type == AE_IFLNK)
		return layer_set_times(at, err);
	if (fchmodat(at->parent_fd, at->name, archive_entry_perm(at->entry), 0) < 0)
		return layer_fail(at, "set the mode of", err);
	fd = openat(at->parent_fd, at->name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return layer_fail(at, "open", err);
	if (layer_set_xattrs(at, fd, err) < 0)
		return -1;
	return type == AE_IFDIR ? 0 : layer_set_times(at, err);
}

static int layer_write_block(const struct layer_entry *at, int fd, const char *block, size_t size,
	off_t offset, struct error *err)
{
	while (size > 0) {
		ssize_t written = pwrite(fd, block, size, offset);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return layer_fail(at, "write", err);
		block += written;
		size -= (size_t)written;
		offset += written;
	}
	return 0;
}

static int layer_create_file(const struct layer_entry *at, struct error *err)
{
	autoclose int fd = openat(at->parent_fd, at->name,
		O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	const void *block;
	size_t size;
	la_int64_t offset;
	int result;

	if (fd < 0)
		return layer_fail(at, "create", err);
	while ((result = archive_read_data_block(at->archive, &block, &size, &offset)) ==
		ARCHIVE_OK)
		if (layer_write_block(at, fd, block, size, offset, err) < 0)
			return -1;
	if (result != ARCHIVE_EOF)
		return layer_fail_read(at->archive, err);
	if (ftruncate(fd, archive_entry_size(at->entry)) < 0) /* a hole may be at the end */
		return layer_fail(at, "write", err);
	return 0;
}

/* The directory is kept if it is there: it may hold what lower layers put into it. */
static int layer_create_directory(const struct layer_entry *at, struct error *err)
{
	struct stat status;

	if (fstatat(at->parent_fd, at->name, &status, AT_SYMLINK_NOFOLLOW) == 0 &&
		S_ISDIR(status.st_mode))
		return 0;
	if (file_remove_tree(at->parent_fd, at->name, err) < 0)
		return -1;
	if (mkdirat(at->parent_fd, at->name, 0700) < 0)
		return layer_fail(at, "create", err);
	return 0;
}

static int layer_create_hardlink(
	const struct layer_entry *at, const char *target, struct error *err)
{
	autoclose int fd = -1;

	while (*target == '/')
		target++;
	if (file_open_beneath(at->root_fd, target, O_PATH | O_NOFOLLOW, 0, &fd, err) < 0)
		return error_wrap(err, "hard link '%s'", at->path);
	if (linkat(fd, "", at->parent_fd, at->name, AT_EMPTY_PATH) < 0)
		return layer_fail(at, "link", err);
	return 0;
}

static int layer_create_node(const struct layer_entry *at, struct error *err)
{
	mode_t type = archive_entry_filetype(at->entry);

	if (type == AE_IFLNK) {
		if (symlinkat(archive_entry_symlink(at->entry), at->parent_fd, at->name) < 0)
			return layer_fail(at, "create", err);
		return 0;
	}
	if (type != AE_IFCHR && type != AE_IFBLK && type != AE_IFIFO)
		return error_set(
			err, ERROR_INVALID, "'%s' is of no kind that can be made", at->path);
	if (mknodat(at->parent_fd, at->name, type | 0600, archive_entry_rdev(at->entry)) < 0)
		return layer_fail(at, "create", err);
	return 0;
}

static int layer_pass_create(const struct layer_entry *at, struct error *err)
{
	const char *target = archive_entry_hardlink(at->entry);
	mode_t type = archive_entry_filetype(at->entry);
	int result;

	if (str_starts_with(str_of(at->name), LAYER_WHITEOUT) ||
		layer_is_overlay_whiteout(at->entry))
		return 0;
	if (type == AE_IFDIR && target == NULL) {
		if (layer_create_directory(at, err) < 0)
			return -1;
		return layer_set_properties(at, err);
	}
	if (file_remove_tree(at->parent_fd, at->name, err) < 0)
		return -1;
	if (target != NULL)
		return layer_create_hardlink(at, target, err);
	result = type == AE_IFREG ? layer_create_file(at, err) : layer_create_node(at, err);
	return result < 0 ? -1 : layer_set_properties(at, err);
}

/* ---- passes ---- */

static int layer_pass_times(const struct layer_entry *at, struct error *err)
{
	if (archive_entry_filetype(at->entry) != AE_IFDIR ||
		archive_entry_hardlink(at->entry) != NULL)
		return 0;
	return layer_set_times(at, err);
}

/*
 * Splits "a/b/c", with "./" or "/" in front or "/" behind, into the directory "a/b", which is
 * opened beneath the root, and "c"; the root itself is "." in itself. `path` is cut in pieces.
 * Returns 1, or 0 when the directory is not there.
 */
static int layer_open_parent(
	int root_fd, char *path, int *ret_fd, const char **ret_name, struct error *err)
{
	size_t size = strlen(path);
	char *slash;

	while (size > 0 && path[size - 1] == '/')
		path[--size] = '\0';
	slash = strrchr(path, '/');
	*ret_name = slash != NULL ? slash + 1 : path;
	if (slash != NULL)
		*slash = '\0';
	if (strcmp(*ret_name, "..") == 0)
		return error_set(err, ERROR_INVALID, "a path of the layer ends in '..'");
	if (**ret_name == '\0')
		*ret_name = ".";
	while (*path == '/')
		path++;
	if (file_open_beneath(root_fd, slash != NULL && *path != '\0' ? path : ".",
		    O_RDONLY | O_DIRECTORY, 0, ret_fd, err) == 0)
		return 1;
	return err->kind == ERROR_ABSENT ? 0 : -1;
}

/* Whether a link or a file is where the layer has a directory: then nothing is below it. */
static bool layer_is_no_directory(const struct error *err)
{
	return err->kind == ERROR_INVALID || err->system_errno == ENOTDIR;
}

static int layer_visit(struct archive *archive, struct archive_entry *entry, int root_fd,
	enum layer_pass pass, struct error *err)
{
	static int (*const visitors[])(const struct layer_entry *, struct error *) = {
		[LAYER_REMOVE] = layer_pass_remove,
		[LAYER_CREATE] = layer_pass_create,
		[LAYER_DIRECTORY_TIMES] = layer_pass_times,
	};
	struct layer_entry at = {.archive = archive, .entry = entry, .root_fd = root_fd};
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autoclose int parent_fd = -1;
	int found;

	at.path = archive_entry_pathname(entry);
	if (at.path == NULL)
		return error_set(err, ERROR_CORRUPT, "the layer has an entry without a name");
	buf_add_text(&path, at.path);
	if (buf_check(&path, "a path of the layer", err) < 0)
		return -1;
	found = layer_open_parent(root_fd, path.data, &parent_fd, &at.name, err);
	if (pass == LAYER_REMOVE && (found == 0 || (found < 0 && layer_is_no_directory(err))))
		return 0;
	if (found < 0)
		return -1;
	if (found == 0)
		return error_set(err, ERROR_CORRUPT, "'%s' comes before its directory", at.path);
	at.parent_fd = parent_fd;
	return visitors[pass](&at, err);
}

static void layer_free_archive(struct archive **archive)
{
	(void)archive_read_free(*archive); /* NULL is fine */
}

static int layer_run_pass(int tar_fd, int root_fd, enum layer_pass pass, struct error *err)
{
	clean_up(layer_free_archive) struct archive *archive = archive_read_new();
	struct archive_entry *entry;
	size_t count = 0;
	int result;

	if (lseek(tar_fd, 0, SEEK_SET) < 0)
		return error_set_errno(err, "cannot read the layer");
	if (archive == NULL || archive_read_support_format_tar(archive) != ARCHIVE_OK ||
		archive_read_support_filter_gzip(archive) != ARCHIVE_OK ||
		archive_read_open_fd(archive, tar_fd, LAYER_BLOCK_BYTES) != ARCHIVE_OK)
		return layer_fail_read(archive, err);
	/* a warning is about a name that is not ASCII: the C locale has it as the bytes it is */
	while ((result = archive_read_next_header(archive, &entry)) == ARCHIVE_OK ||
		result == ARCHIVE_WARN) {
		if (++count > LIMIT_ARCHIVE_ENTRIES)
			return error_set(err, ERROR_TOO_BIG, "the layer has more than %d entries",
				LIMIT_ARCHIVE_ENTRIES);
		if (layer_visit(archive, entry, root_fd, pass, err) < 0)
			return -1;
	}
	return result == ARCHIVE_EOF ? 0 : layer_fail_read(archive, err);
}

int runtime_layer_apply(int tar_fd, int root_fd, struct error *err)
{
	if (layer_run_pass(tar_fd, root_fd, LAYER_REMOVE, err) < 0 ||
		layer_run_pass(tar_fd, root_fd, LAYER_CREATE, err) < 0)
		return -1;
	return layer_run_pass(tar_fd, root_fd, LAYER_DIRECTORY_TIMES, err);
}

int runtime_layer_delete(struct str deleted_files, int root_fd, struct error *err)
{
	autojson *doc = NULL;

	if (json_parse(deleted_files, &doc, err) < 0)
		return error_wrap(err, "deleted.files");
	for (struct json_iter it = json_iter(json_doc_root(doc)); json_next(&it);) {
		autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
		autoclose int parent_fd = -1;
		const char *name;
		int found;

		buf_add(&path, json_str(it.value));
		if (path.size == 0 || memchr(path.data, '\0', path.size) != NULL)
			return error_set(err, ERROR_CORRUPT, "deleted.files names no file");
		found = layer_open_parent(root_fd, path.data, &parent_fd, &name, err);
		if (found < 0)
			return -1;
		if (found == 1 && strcmp(name, ".") != 0 &&
			file_remove_tree(parent_fd, name, err) < 0)
			return -1;
	}
	return 0;
}
