/*
 * Engines give relative lower directories when the options would not fit into a page (containerd:
 * core/mount, compactLowerdirOption; containers/storage: drivers/overlay/mount.go). Both have the
 * layers two or one levels above the upper directory: .../snapshots/4/fs, .../overlay/ID/diff.
 */
#include "runtime/overlay.h"

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buf.h"
#include "base/limits.h"
#include "runtime/mounts.h"
#include "sys/fd.h"
#include "sys/file.h"

static const struct {
	const char *name;
	unsigned long flag;
} overlay_flags[] = {
	{"rw", 0},
	{"nodev", MS_NODEV},
	{"nosuid", MS_NOSUID},
	{"noexec", MS_NOEXEC},
	{"noatime", MS_NOATIME},
	{"nodiratime", MS_NODIRATIME},
	{"relatime", MS_RELATIME},
};

static bool overlay_read_flags(struct str options, unsigned long *ret_flags)
{
	unsigned long flags = 0;
	struct str option;

	while (options.size > 0) {
		size_t i = 0;

		(void)str_cut(options, ',', &option, &options);
		while (i < array_size(overlay_flags) && !str_is(option, overlay_flags[i].name))
			i++;
		if (i == array_size(overlay_flags))
			return false;
		flags |= overlay_flags[i].flag;
	}
	*ret_flags = flags;
	return true;
}

/* The value of option `name`; a comma within a value ("\,") is nobody's path here. */
static struct str overlay_option(struct str options, struct str name)
{
	struct str option;

	while (options.size > 0) {
		(void)str_cut(options, ',', &option, &options);
		if (str_starts_with(option, name))
			return str_from(option, name.size);
	}
	return (struct str){NULL, 0};
}

/* The options without "rw", which is a flag and no option of overlayfs. */
static struct str overlay_own_options(struct str options)
{
	struct str first;
	struct str rest;

	(void)str_cut(options, ',', &first, &rest);
	return str_is(first, "rw") ? rest : options;
}

static bool overlay_has_relative(struct str lower)
{
	struct str path;

	while (lower.size > 0) {
		(void)str_cut(lower, ':', &path, &lower);
		if (path.size > 0 && path.data[0] != '/')
			return true;
	}
	return false;
}

static bool overlay_directory_has(const char *directory, struct str lower)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct str first;
	struct str rest;
	struct stat status;

	(void)str_cut(lower, ':', &first, &rest);
	buf_printf(&path, "%s/%.*s", str_starts_with(first, STR("/")) ? "" : directory,
		STR_ARG(first));
	return !path.is_overflown && stat(path.data, &status) == 0 && S_ISDIR(status.st_mode);
}

/* The directory in which the engine was when it mounted. */
static bool overlay_find_directory(struct runtime_overlay *overlay, struct arena *arena)
{
	struct str lower = overlay->lower;
	struct str parent = overlay->upper;
	struct str last;

	overlay->directory = STR("/");
	if (!overlay_has_relative(lower))
		return true;
	for (int level = 0; level < 3; level++) {
		(void)str_cut_last(parent, '/', &parent, &last);
		overlay->directory = arena_str(arena, parent);
		if (parent.size > 0 && overlay_directory_has(overlay->directory.data, lower))
			return true;
	}
	return false;
}

/* False when the mount could not be made once more. */
static bool overlay_read_mount(
	const struct runtime_mount *mount, struct arena *arena, struct runtime_overlay *overlay)
{
	if (!str_is(mount->type, "overlay") || !overlay_read_flags(mount->options, &overlay->flags))
		return false;
	overlay->options = overlay_own_options(runtime__mount_decode(mount->super, arena));
	overlay->upper = arena_str(arena, overlay_option(overlay->options, STR("upperdir=")));
	overlay->work = arena_str(arena, overlay_option(overlay->options, STR("workdir=")));
	overlay->lower = arena_str(arena, overlay_option(overlay->options, STR("lowerdir=")));
	if (overlay->lower.size == 0 || !str_starts_with(overlay->upper, STR("/")) ||
		!str_starts_with(overlay->work, STR("/")))
		return false;
	return overlay_find_directory(overlay, arena);
}

int runtime_overlay_read(struct str mountinfo, struct str target, struct arena *arena,
	struct runtime_overlay *ret_overlay)
{
	struct runtime_mount mount;
	int found = 0;

	while (runtime__mount_next(&mountinfo, &mount)) {
		struct runtime_overlay overlay = {0};

		if (mount.target.size < target.size)
			continue; /* encoding makes texts longer only */
		overlay.target = runtime__mount_decode(mount.target, arena);
		if (!str_equal(overlay.target, target))
			continue;
		found = overlay_read_mount(&mount, arena, &overlay) ? 1 : 0;
		if (found == 1)
			*ret_overlay = overlay;
	}
	return found;
}

int runtime_overlay_find(struct str target, struct arena *arena,
	struct runtime_overlay *ret_overlay, struct error *err)
{
	autobuf mountinfo = BUF_INIT(RUNTIME_MOUNTINFO_BYTES);

	if (runtime__mounts_read(&mountinfo, err) < 0)
		return -1;
	if (runtime_overlay_read(buf_str(&mountinfo), target, arena, ret_overlay) == 0)
		return 0;
	if (!overlay_directory_has(ret_overlay->directory.data, ret_overlay->lower))
		ret_overlay->lower = STR("");
	return 1;
}

static int overlay_remove_entry(
	void *context, const char *name, bool is_directory, struct error *err)
{
	(void)is_directory;
	return file_remove_tree(*(const int *)context, name, err);
}

/* Mounts from `directory`, because of relative paths, and comes back. */
static int overlay_mount(const struct runtime_overlay *overlay, struct error *err)
{
	autoclose int here = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);

	if (here < 0 || chdir(overlay->directory.data) < 0 ||
		mount("overlay", overlay->target.data, "overlay", overlay->flags,
			overlay->options.data) < 0)
		return error_set_errno(err, "cannot mount '%s' again", overlay->target.data);
	if (fchdir(here) < 0)
		return error_set_errno(err, "cannot go back to the working directory");
	return 0;
}

/*
 * What is mounted as volatile (CRI-O) may lack what was written before a crash, so the kernel
 * refuses to mount it once more while its mark is there. Here nothing has crashed.
 */
static int overlay_remove_mark(const struct runtime_overlay *overlay, struct error *err)
{
	autoclose int work_fd = -1;

	if (file_open_directory(overlay->work.data, &work_fd, err) < 0)
		return -1;
	return file_remove_tree(work_fd, "work/incompat", err);
}

int runtime_overlay_empty(const struct runtime_overlay *overlay, struct error *err)
{
	autoclose int upper_fd = -1;
	struct error mount_error;
	int result;

	if (file_open_directory(overlay->upper.data, &upper_fd, err) < 0)
		return -1;
	if (umount2(overlay->target.data, UMOUNT_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot unmount '%s'", overlay->target.data);
	result = overlay_remove_mark(overlay, err);
	if (result == 0)
		result = file_for_each(upper_fd, overlay_remove_entry, &upper_fd, err);
	/* mounted in any case: better a root that is half changed than none */
	if (overlay_mount(overlay, &mount_error) == 0)
		return result;
	*err = mount_error;
	return -1;
}
