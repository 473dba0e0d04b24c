/* Layers between real directories: saved from one, applied to another. Needs root, as devices do.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buf.h"
#include "runtime/layer.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "tar/entry.h"

static struct {
	char base[64];
	int base_fd;
	int upper_fd; /* what is saved */
	int root_fd; /* to which it is applied */
	int tar_fd;
	struct error err;
} here;

static const struct runtime_layer_limits no_limits = {INT64_MAX, {INT64_MAX}};

static int make_place(void **state)
{
	(void)state;
	(void)snprintf(here.base, sizeof(here.base), "/tmp/test-layer-XXXXXX");
	if (geteuid() != 0 || mkdtemp(here.base) == NULL ||
		file_open_directory(here.base, &here.base_fd, &here.err) < 0 ||
		file_make_directory(here.base_fd, "upper", 0755, &here.upper_fd, &here.err) < 0 ||
		file_make_directory(here.base_fd, "root", 0755, &here.root_fd, &here.err) < 0)
		return -1;
	here.tar_fd = open(here.base, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return here.tar_fd < 0 ? -1 : 0;
}

static int remove_place(void **state)
{
	(void)state;
	fd_close(&here.tar_fd);
	fd_close(&here.upper_fd);
	fd_close(&here.root_fd);
	fd_close(&here.base_fd);
	return file_remove_tree(AT_FDCWD, here.base, &here.err);
}

static void put_file(int directory_fd, const char *path, const char *content)
{
	autoclose int fd =
		openat(directory_fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, str_of(content), path, &here.err), 0);
}

static void assert_content(const char *path, const char *content)
{
	autobuf text = BUF_INIT(4096);

	assert_int_equal(file_read(here.root_fd, path, &text, &here.err), 0);
	assert_string_equal(text.data, content);
}

/* Beside the root is a file that no layer may reach. */
static void put_victim(void)
{
	put_file(here.base_fd, "victim", "untouched");
}

static void assert_victim_is_untouched(void)
{
	autobuf text = BUF_INIT(4096);

	assert_int_equal(file_read(here.base_fd, "victim", &text, &here.err), 0);
	assert_string_equal(text.data, "untouched");
}

static void assert_absent(const char *path)
{
	assert_int_equal(faccessat(here.root_fd, path, F_OK, AT_SYMLINK_NOFOLLOW), -1);
	assert_int_equal(errno, ENOENT);
}

static struct stat look(const char *path)
{
	struct stat status;

	assert_int_equal(fstatat(here.root_fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
	return status;
}

static struct runtime_layer_size save(void)
{
	struct runtime_layer_size size;

	if (runtime_layer_save(here.upper_fd, here.tar_fd, &no_limits, &size, &here.err) < 0)
		fail_msg("%s", here.err.text);
	return size;
}

static void apply(void)
{
	if (runtime_layer_apply(here.tar_fd, here.root_fd, &here.err) < 0)
		fail_msg("%s", here.err.text);
}

static void save_and_apply(void)
{
	(void)save();
	apply();
}

static void put_entry(const char *path, mode_t mode, const char *link, bool is_hard_link)
{
	const struct stat status = {.st_mode = mode};
	autobuf header = BUF_INIT(TAR_HEADER_BYTES);
	const struct tar_entry entry = {.path = str_of(path),
		.link = str_of(link),
		.is_hard_link = is_hard_link,
		.status = &status};

	assert_int_equal(tar_entry_write(&entry, &header, &here.err), 0);
	assert_int_equal(fd_write_all(here.tar_fd, buf_str(&header), "the tar", &here.err), 0);
}

static void put_end(void)
{
	assert_int_equal(fd_write_all(here.tar_fd, (struct str){tar_zeros, TAR_END_BYTES},
				 "the tar", &here.err),
		0);
}

static void test_files_are_added_and_replaced(void **state)
{
	(void)state;
	put_file(here.root_fd, "kept", "kept");
	put_file(here.root_fd, "changed", "a longer text that was here before");
	put_file(here.upper_fd, "changed", "new");
	put_file(here.upper_fd, "added", "");
	save_and_apply();
	assert_content("kept", "kept");
	assert_content("changed", "new");
	assert_content("added", "");
}

static void test_directories_replace_links_and_files(void **state)
{
	(void)state;
	put_victim();
	assert_int_equal(symlinkat("..", here.root_fd, "link"), 0);
	put_file(here.root_fd, "file", "a file");
	assert_int_equal(mkdirat(here.upper_fd, "link", 0755), 0);
	assert_int_equal(mkdirat(here.upper_fd, "file", 0755), 0);
	put_file(here.upper_fd, "link/victim", "inside");
	put_file(here.upper_fd, "file/inner", "inside");
	save_and_apply();
	assert_content("link/victim", "inside");
	assert_content("file/inner", "inside");
	assert_victim_is_untouched();
}

static void test_what_is_removed_below_a_link_or_file_is_not_there(void **state)
{
	(void)state;
	put_victim();
	assert_int_equal(symlinkat("..", here.root_fd, "link"), 0);
	put_file(here.root_fd, "file", "a file");
	put_entry("link", S_IFDIR | 0755, NULL, false);
	put_entry("link/.wh.victim", S_IFREG | 0600, NULL, false);
	put_entry("file", S_IFDIR | 0755, NULL, false);
	put_entry("file/.wh..wh..opq", S_IFREG | 0600, NULL, false);
	put_end();
	apply();
	assert_true(S_ISDIR(look("link").st_mode));
	assert_true(S_ISDIR(look("file").st_mode));
	assert_victim_is_untouched();
}

static void test_owner_mode_and_times_are_kept(void **state)
{
	const struct timespec times[2] = {{111, 5}, {1234567890, 123456789}};
	struct stat status;

	(void)state;
	put_file(here.upper_fd, "file", "x");
	assert_int_equal(mkdirat(here.upper_fd, "directory", 0700), 0);
	put_file(here.upper_fd, "directory/inner", "y");
	assert_int_equal(fchownat(here.upper_fd, "file", 1000, 3000000, 0), 0);
	assert_int_equal(fchmodat(here.upper_fd, "file", 04751, 0), 0);
	assert_int_equal(fchmodat(here.upper_fd, "directory", 01777, 0), 0);
	assert_int_equal(utimensat(here.upper_fd, "file", times, 0), 0);
	assert_int_equal(utimensat(here.upper_fd, "directory", times, 0), 0);
	save_and_apply();
	status = look("file");
	assert_int_equal(status.st_uid, 1000);
	assert_int_equal(status.st_gid, 3000000);
	assert_int_equal(status.st_mode, S_IFREG | 04751);
	assert_int_equal(status.st_mtim.tv_sec, 1234567890);
	assert_int_equal(status.st_mtim.tv_nsec, 123456789);
	status = look("directory");
	assert_int_equal(status.st_mode, S_IFDIR | 01777);
	assert_int_equal(status.st_mtim.tv_nsec, 123456789);
}

static void test_links_devices_and_fifos_are_made(void **state)
{
	char target[16] = "";

	(void)state;
	put_file(here.upper_fd, "one", "shared");
	assert_int_equal(linkat(here.upper_fd, "one", here.upper_fd, "two", 0), 0);
	assert_int_equal(symlinkat("/etc/passwd", here.upper_fd, "soft"), 0);
	assert_int_equal(mknodat(here.upper_fd, "null", S_IFCHR | 0666, makedev(1, 3)), 0);
	assert_int_equal(mkfifoat(here.upper_fd, "fifo", 0600), 0);
	put_file(here.root_fd, "soft", "was a file");
	save_and_apply();
	assert_int_equal(look("one").st_ino, look("two").st_ino);
	assert_content("two", "shared");
	assert_int_equal(readlinkat(here.root_fd, "soft", target, sizeof(target)), 11);
	assert_true(S_ISCHR(look("null").st_mode));
	assert_int_equal(look("null").st_rdev, makedev(1, 3));
	assert_true(S_ISFIFO(look("fifo").st_mode));
}

static void test_whiteouts_remove_files_and_trees(void **state)
{
	(void)state;
	put_file(here.root_fd, "file", "x");
	assert_int_equal(mkdirat(here.root_fd, "tree", 0755), 0);
	assert_int_equal(mkdirat(here.root_fd, "tree/deep", 0755), 0);
	put_file(here.root_fd, "tree/deep/file", "x");
	put_file(here.root_fd, "stays", "x");
	assert_int_equal(mknodat(here.upper_fd, "file", S_IFCHR, 0), 0);
	assert_int_equal(mknodat(here.upper_fd, "tree", S_IFCHR, 0), 0);
	assert_int_equal(mknodat(here.upper_fd, "was-never-here", S_IFCHR, 0), 0);
	save_and_apply();
	assert_absent("file");
	assert_absent("tree");
	assert_absent("was-never-here");
	assert_absent(".wh.file");
	assert_content("stays", "x");
}

static void test_an_opaque_directory_hides_what_was_in_it_only(void **state)
{
	(void)state;
	assert_int_equal(mkdirat(here.root_fd, "d", 0755), 0);
	put_file(here.root_fd, "d/old", "old");
	put_file(here.root_fd, "d/both", "old");
	assert_int_equal(mkdirat(here.upper_fd, "d", 0755), 0);
	put_file(here.upper_fd, "d/new", "new");
	put_file(here.upper_fd, "d/both", "new");
	if (fsetxattr(here.upper_fd, "trusted.overlay.opaque", "y", 1, 0) < 0)
		skip(); /* a file system without such attributes */
	assert_int_equal(fremovexattr(here.upper_fd, "trusted.overlay.opaque"), 0);
	autoclose int fd = openat(here.upper_fd, "d", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fsetxattr(fd, "trusted.overlay.opaque", "y", 1, 0), 0);
	save_and_apply();
	assert_absent("d/old");
	assert_content("d/new", "new");
	assert_content("d/both", "new");
	assert_absent("d/.wh..wh..opq");
}

static void test_attributes_are_kept_but_not_overlays_own(void **state)
{
	char value[16];
	autoclose int upper = -1;
	autoclose int applied = -1;

	(void)state;
	put_file(here.upper_fd, "file", "x");
	upper = openat(here.upper_fd, "file", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(upper, "user.note", "a\0b", 3, 0) < 0 ||
		fsetxattr(upper, "trusted.overlay.origin", "x", 1, 0) < 0)
		skip();
	save_and_apply();
	applied = openat(here.root_fd, "file", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fgetxattr(applied, "user.note", value, sizeof(value)), 3);
	assert_memory_equal(value, "a\0b", 3);
	assert_int_equal(fgetxattr(applied, "trusted.overlay.origin", value, sizeof(value)), -1);
}

static void test_a_renamed_directory_is_refused(void **state)
{
	struct runtime_layer_size size;
	autoclose int fd = -1;

	(void)state;
	assert_int_equal(mkdirat(here.upper_fd, "d", 0755), 0);
	fd = openat(here.upper_fd, "d", O_RDONLY | O_CLOEXEC);
	if (fsetxattr(fd, "trusted.overlay.redirect", "/e", 2, 0) < 0)
		skip();
	assert_int_equal(
		runtime_layer_save(here.upper_fd, here.tar_fd, &no_limits, &size, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_UNSUPPORTED);
}

static void test_names_of_any_bytes_and_lengths_survive(void **state)
{
	char name[256];

	(void)state;
	memset(name, 'n', 255);
	name[255] = '\0';
	put_file(here.upper_fd, name, "long");
	put_file(here.upper_fd, "\xc3\xa4\xff \n=", "bytes");
	assert_int_equal(mkdirat(here.upper_fd, "d", 0755), 0);
	save_and_apply();
	assert_content(name, "long");
	assert_content("\xc3\xa4\xff \n=", "bytes");
}

static void test_an_empty_directory_makes_an_empty_layer(void **state)
{
	(void)state;
	assert_int_equal(save().entries, 0);
	apply();
}

static void test_a_layer_larger_than_allowed_is_refused(void **state)
{
	struct runtime_layer_size size;
	struct runtime_layer_limits limits = no_limits;

	(void)state;
	put_file(here.upper_fd, "file", "12345");
	limits.bytes = 4;
	assert_int_equal(
		runtime_layer_save(here.upper_fd, here.tar_fd, &limits, &size, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_TOO_BIG);
}

static void test_saving_ends_at_its_deadline(void **state)
{
	struct runtime_layer_limits limits = no_limits;
	struct runtime_layer_size size;

	(void)state;
	put_file(here.upper_fd, "file", "12345");
	limits.deadline = clock_mono();
	assert_int_equal(
		runtime_layer_save(here.upper_fd, here.tar_fd, &limits, &size, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_TIMEOUT);
}

/* ---- hostile layers ---- */

static void assert_refused(void)
{
	put_end();
	assert_int_equal(runtime_layer_apply(here.tar_fd, here.root_fd, &here.err), -1);
	assert_int_equal(ftruncate(here.tar_fd, 0), 0);
	assert_int_equal(lseek(here.tar_fd, 0, SEEK_SET), 0);
}

static void test_no_path_leaves_the_root(void **state)
{
	static const char *const paths[] = {"../escaped", "a/../../escaped", "..", "a/..", "link/x",
		"link/../x", "a/b/../../../escaped", ".wh...", ".wh..", "link/.wh.victim"};

	(void)state;
	put_victim();
	assert_int_equal(mkdirat(here.root_fd, "a", 0755), 0);
	assert_int_equal(symlinkat("..", here.root_fd, "link"), 0);
	for (size_t i = 0; i < array_size(paths); i++) {
		put_entry(paths[i], S_IFREG | 0600, NULL, false);
		assert_refused();
	}
	assert_int_equal(faccessat(here.base_fd, "escaped", F_OK, 0), -1);
	assert_victim_is_untouched();
}

static void test_no_hard_link_reaches_outside(void **state)
{
	static const char *const targets[] = {"../victim", "link/victim", "/../victim", "absent"};

	(void)state;
	put_victim();
	assert_int_equal(symlinkat("..", here.root_fd, "link"), 0);
	for (size_t i = 0; i < array_size(targets); i++) {
		put_entry("mine", S_IFREG | 0600, targets[i], true);
		assert_refused();
	}
	assert_victim_is_untouched();
}

static void test_an_absolute_path_means_the_root(void **state)
{
	(void)state;
	put_entry("/file", S_IFREG | 0600, NULL, false);
	put_entry("./d/", S_IFDIR | 0700, NULL, false);
	put_end();
	apply();
	assert_true(S_ISREG(look("file").st_mode));
	assert_true(S_ISDIR(look("d").st_mode));
}

static void test_a_link_of_the_layer_is_not_followed(void **state)
{
	(void)state;
	put_victim();
	put_entry("trap", S_IFLNK | 0777, "../victim", false);
	put_entry("trap", S_IFREG | 0666, NULL, false);
	put_end();
	apply();
	assert_content("trap", "");
	assert_victim_is_untouched();
}

static void test_a_truncated_layer_is_corrupt(void **state)
{
	off_t size;

	(void)state;
	put_file(here.upper_fd, "file", "content");
	(void)save();
	size = lseek(here.tar_fd, 0, SEEK_END);
	for (off_t cut = 100; cut < size - 1024; cut += 300) {
		assert_int_equal(ftruncate(here.tar_fd, size - 1024 - cut), 0);
		if (size - 1024 - cut > 0) /* no byte at all is an empty layer to libarchive */
			assert_int_equal(
				runtime_layer_apply(here.tar_fd, here.root_fd, &here.err), -1);
	}
}

static void test_deleted_files_are_removed_beneath_the_root(void **state)
{
	(void)state;
	put_victim();
	put_file(here.root_fd, "a", "x");
	assert_int_equal(mkdirat(here.root_fd, "d", 0755), 0);
	put_file(here.root_fd, "d/b", "x");
	assert_int_equal(
		runtime_layer_delete(STR("[\"a\",\"/d/b\",\"absent/x\"]"), here.root_fd, &here.err),
		0);
	assert_absent("a");
	assert_absent("d/b");
	assert_int_equal(runtime_layer_delete(STR("[\"../victim\"]"), here.root_fd, &here.err), -1);
	assert_int_equal(runtime_layer_delete(STR("[1]"), here.root_fd, &here.err), -1);
	assert_int_equal(runtime_layer_delete(STR("nonsense"), here.root_fd, &here.err), -1);
	assert_victim_is_untouched();
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_files_are_added_and_replaced),
		IN_PLACE(test_directories_replace_links_and_files),
		IN_PLACE(test_what_is_removed_below_a_link_or_file_is_not_there),
		IN_PLACE(test_owner_mode_and_times_are_kept),
		IN_PLACE(test_links_devices_and_fifos_are_made),
		IN_PLACE(test_whiteouts_remove_files_and_trees),
		IN_PLACE(test_an_opaque_directory_hides_what_was_in_it_only),
		IN_PLACE(test_attributes_are_kept_but_not_overlays_own),
		IN_PLACE(test_a_renamed_directory_is_refused),
		IN_PLACE(test_names_of_any_bytes_and_lengths_survive),
		IN_PLACE(test_an_empty_directory_makes_an_empty_layer),
		IN_PLACE(test_a_layer_larger_than_allowed_is_refused),
		IN_PLACE(test_saving_ends_at_its_deadline),
		IN_PLACE(test_no_path_leaves_the_root),
		IN_PLACE(test_no_hard_link_reaches_outside),
		IN_PLACE(test_an_absolute_path_means_the_root),
		IN_PLACE(test_a_link_of_the_layer_is_not_followed),
		IN_PLACE(test_a_truncated_layer_is_corrupt),
		IN_PLACE(test_deleted_files_are_removed_beneath_the_root),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
