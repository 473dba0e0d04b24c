/* Files beneath a directory: nothing leads out of it, and nothing half-written is seen in it. */
#include "scratch.h"

#include <errno.h>
#include <signal.h>
#include <sys/resource.h>

static int open_beneath(const struct scratch *scratch, const char *path, struct error *err)
{
	int fd = -1;

	return file_open_beneath(scratch->fd, path, O_RDONLY, 0, &fd, err) == 0 ? fd : -1;
}

static void what_lies_beneath_is_opened(void **state)
{
	static const char *const paths[] = {"file", "./file", "a/b", "a/../file", "a/./b", "a//b"};
	const struct scratch *scratch = *state;
	struct error err;

	scratch_write(scratch, "file", "x");
	assert_int_equal(mkdirat(scratch->fd, "a", 0700), 0);
	scratch_write(scratch, "a/b", "x");
	for (size_t i = 0; i < array_size(paths); i++) {
		autoclose int fd = open_beneath(scratch, paths[i], &err);
		if (fd < 0)
			fail_msg("'%s': %s", paths[i], err.text);
		assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	}
}

static void what_leads_out_is_refused(void **state)
{
	static const char *const paths[] = {"/etc/passwd", "../x", "..", "a/../../x", "/",
		"absolute", "relative", "inside", "directory/file", "loop", "up/etc/passwd",
		"magic/environ"};
	const struct scratch *scratch = *state;
	struct error err;

	scratch_write(scratch, "file", "x");
	assert_int_equal(mkdirat(scratch->fd, "a", 0700), 0);
	assert_int_equal(symlinkat("/etc/passwd", scratch->fd, "absolute"), 0);
	assert_int_equal(symlinkat("../x", scratch->fd, "relative"), 0);
	assert_int_equal(symlinkat("file", scratch->fd, "inside"), 0); /* a link is a link */
	assert_int_equal(symlinkat(".", scratch->fd, "directory"), 0);
	assert_int_equal(symlinkat("loop", scratch->fd, "loop"), 0);
	assert_int_equal(symlinkat("../../../../../..", scratch->fd, "up"), 0);
	assert_int_equal(symlinkat("/proc/self", scratch->fd, "magic"), 0);
	for (size_t i = 0; i < array_size(paths); i++) {
		if (open_beneath(scratch, paths[i], &err) >= 0)
			fail_msg("'%s' was opened", paths[i]);
		if (err.kind != ERROR_INVALID)
			fail_msg("'%s': %s", paths[i], err.text);
	}
}

static void what_is_missing_is_absent(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	assert_int_equal(open_beneath(scratch, "nothing", &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
	assert_int_equal(open_beneath(scratch, "", &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void a_file_made_through_a_link_is_refused(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;
	int fd = -1;

	assert_int_equal(symlinkat("/tmp/kcr-must-not-exist", scratch->fd, "link"), 0);
	assert_int_equal(
		file_open_beneath(scratch->fd, "link", O_WRONLY | O_CREAT, 0600, &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	assert_int_equal(access("/tmp/kcr-must-not-exist", F_OK), -1);
}

static void a_directory_is_made_once_and_not_through_a_link(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;
	int fd = -1;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(file_make_directory(scratch->fd, "d", 0700, &fd, &err), 0);
		fd_close(&fd);
	}
	assert_int_equal(symlinkat("/tmp", scratch->fd, "link"), 0);
	assert_int_equal(file_make_directory(scratch->fd, "link", 0700, &fd, &err), -1);
	scratch_write(scratch, "file", "x");
	assert_int_equal(file_make_directory(scratch->fd, "file", 0700, &fd, &err), -1);
	assert_int_equal(err.system_errno, ENOTDIR);
}

static void a_missing_directory_is_absent(void **state)
{
	struct error err;
	int fd = -1;

	(void)state;
	assert_int_equal(file_open_directory("/nowhere/at/all", &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void a_file_is_read_up_to_its_limit(void **state)
{
	const struct scratch *scratch = *state;
	autobuf content = BUF_INIT(5);
	struct error err;

	scratch_write(scratch, "five", "12345");
	scratch_write(scratch, "six", "123456");
	assert_int_equal(file_read(scratch->fd, "five", &content, &err), 0);
	buf_clear(&content);
	assert_int_equal(file_read(scratch->fd, "six", &content, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
	assert_int_equal(file_read(scratch->fd, "none", &content, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void a_file_is_replaced_as_a_whole_with_its_mode(void **state)
{
	const struct scratch *scratch = *state;
	struct stat status;
	struct error err;

	assert_int_equal(file_write_atomically(scratch->fd, "f", STR("old"), 0600, &err), 0);
	assert_int_equal(file_write_atomically(scratch->fd, "f", STR("new"), 0640, &err), 0);
	assert_file(scratch, "f", "new");
	assert_int_equal(fstatat(scratch->fd, "f", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_int_equal(scratch_count(scratch), 1);
}

static void a_link_is_replaced_and_not_followed(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	scratch_write(scratch, "target", "kept");
	assert_int_equal(symlinkat("target", scratch->fd, "link"), 0);
	assert_int_equal(file_write_atomically(scratch->fd, "link", STR("new"), 0600, &err), 0);
	assert_file(scratch, "target", "kept");
	assert_file(scratch, "link", "new");
}

/* The file may not grow beyond 4 bytes: as on a full disk, writing fails half way. */
static void a_write_that_fails_leaves_the_old_file_and_nothing_else(void **state)
{
	const struct scratch *scratch = *state;
	struct rlimit before;
	struct rlimit small;
	struct error err;
	int result;

	assert_int_equal(file_write_atomically(scratch->fd, "f", STR("old"), 0600, &err), 0);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	small = (struct rlimit){.rlim_cur = 4, .rlim_max = before.rlim_max};
	(void)signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	result = file_write_atomically(scratch->fd, "f", STR("much longer"), 0600, &err);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_int_equal(err.system_errno, EFBIG);
	assert_file(scratch, "f", "old");
	assert_int_equal(scratch_count(scratch), 1);
}

static void a_rename_that_fails_leaves_nothing_behind(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	assert_int_equal(mkdirat(scratch->fd, "f", 0700), 0);
	scratch_write(scratch, "f/x", "x");
	assert_int_equal(file_write_atomically(scratch->fd, "f", STR("new"), 0600, &err), -1);
	assert_int_equal(err.system_errno, EISDIR);
	assert_file(scratch, "f/x", "x");
	assert_int_equal(scratch_count(scratch), 1);
}

static void a_file_is_replaced_by_rename_without_a_flush(void **state)
{
	const struct scratch *scratch = *state;
	struct stat status;
	struct error err;

	scratch_write(scratch, "target", "kept");
	assert_int_equal(symlinkat("target", scratch->fd, "link"), 0);
	assert_int_equal(file_write_by_rename(scratch->fd, "link", STR("new"), 0640, &err), 0);
	assert_file(scratch, "target", "kept");
	assert_file(scratch, "link", "new");
	assert_int_equal(fstatat(scratch->fd, "link", &status, AT_SYMLINK_NOFOLLOW), 0);
	assert_int_equal(status.st_mode, S_IFREG | 0640);
	assert_int_equal(mkdirat(scratch->fd, "f", 0700), 0);
	assert_int_equal(file_write_by_rename(scratch->fd, "f", STR("new"), 0600, &err), -1);
	assert_int_equal(err.system_errno, EISDIR);
	assert_int_equal(scratch_count(scratch), 3);
}

static void what_a_crash_left_does_not_stop_the_next_write(void **state)
{
	const struct scratch *scratch = *state;
	autobuf left = BUF_INIT(100);
	struct stat status;
	struct error err;

	buf_printf(&left, ".f.%d.tmp", (int)getpid());
	scratch_write(scratch, left.data, "longer than what comes");
	assert_int_equal(fchmodat(scratch->fd, left.data, 0666, 0), 0);
	assert_int_equal(file_write_atomically(scratch->fd, "f", STR("new"), 0600, &err), 0);
	assert_file(scratch, "f", "new");
	assert_int_equal(fstatat(scratch->fd, "f", &status, 0), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	assert_int_equal(scratch_count(scratch), 1);
}

static void a_missing_directory_cannot_be_written_in(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	assert_int_equal(file_write_atomically(scratch->fd, "no/f", STR("x"), 0600, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void renaming_moves_between_directories(void **state)
{
	const struct scratch *scratch = *state;
	autoclose int other = -1;
	struct error err;

	assert_int_equal(file_make_directory(scratch->fd, "d", 0700, &other, &err), 0);
	scratch_write(scratch, "a", "x");
	assert_int_equal(file_rename(scratch->fd, "a", other, "b", &err), 0);
	assert_file(scratch, "d/b", "x");
	assert_int_equal(file_rename(scratch->fd, "a", other, "b", &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void a_tree_is_removed_without_following_links(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	assert_int_equal(mkdirat(scratch->fd, "kept", 0700), 0);
	scratch_write(scratch, "kept/file", "x");
	assert_int_equal(mkdirat(scratch->fd, "tree", 0700), 0);
	assert_int_equal(mkdirat(scratch->fd, "tree/a", 0700), 0);
	assert_int_equal(mkdirat(scratch->fd, "tree/a/b", 0700), 0);
	for (int i = 0; i < 300; i++) {
		char name[40];
		(void)snprintf(name, sizeof(name), "tree/a/b/%d", i);
		scratch_write(scratch, name, "x");
	}
	assert_int_equal(symlinkat("../kept", scratch->fd, "tree/link"), 0);
	assert_int_equal(mkfifoat(scratch->fd, "tree/pipe", 0600), 0);
	assert_int_equal(file_remove_tree(scratch->fd, "tree", &err), 0);
	assert_int_equal(file_remove_tree(scratch->fd, "tree", &err), 0); /* absent is fine */
	assert_file(scratch, "kept/file", "x");
	assert_int_equal(scratch_count(scratch), 1);
}

static int stop_at_once(void *context, const char *name, bool is_directory, struct error *err)
{
	(void)name;
	++*(int *)context;
	return error_set(err, ERROR_BUSY, is_directory ? "directory" : "file");
}

static void a_visit_that_fails_ends_the_walk(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;
	int count = 0;

	assert_int_equal(mkdirat(scratch->fd, "a", 0700), 0);
	assert_int_equal(mkdirat(scratch->fd, "b", 0700), 0);
	assert_int_equal(file_for_each(scratch->fd, stop_at_once, &count, &err), -1);
	assert_int_equal(err.kind, ERROR_BUSY);
	assert_string_equal(err.text, "directory");
	assert_int_equal(count, 1);
	assert_int_equal(scratch_count(scratch), 2); /* the walk left the descriptor as it was */
}

static void a_file_system_has_space(void **state)
{
	const struct scratch *scratch = *state;
	struct file_space space;
	struct error err;

	assert_int_equal(file_system_space(scratch->fd, &space, &err), 0);
	assert_true(space.total_bytes > 0 && space.free_bytes <= space.total_bytes);
	assert_int_equal(file_system_space(-1, &space, &err), -1);
}

static void test_a_root_is_not_left_by_its_links(void **state)
{
	const struct scratch *scratch = *state;
	autoclose int root = -1;
	autoclose int fd = -1;
	autobuf content = BUF_INIT(64);
	struct error err;

	assert_int_equal(mkdirat(scratch->fd, "root", 0755), 0);
	scratch_write(scratch, "file", "outside");
	scratch_write(scratch, "root/file", "inside");
	assert_int_equal(symlinkat("/file", scratch->fd, "root/absolute"), 0);
	assert_int_equal(symlinkat("../../file", scratch->fd, "root/upwards"), 0);
	root = openat(scratch->fd, "root", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (size_t i = 0; i < 3; i++) {
		static const char *const names[] = {"/absolute", "upwards", "/../file"};
		fd_close(&fd);
		buf_clear(&content);
		assert_int_equal(file_open_in_root(root, names[i], O_RDONLY, &fd, &err), 0);
		assert_int_equal(fd_read_all(fd, &content, names[i], &err), 0);
		assert_string_equal(content.data, "inside");
	}
	assert_int_equal(file_open_in_root(root, "/absent", O_RDONLY, &fd, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(test_a_root_is_not_left_by_its_links),
		scratch_test(what_lies_beneath_is_opened),
		scratch_test(what_leads_out_is_refused),
		scratch_test(what_is_missing_is_absent),
		scratch_test(a_file_made_through_a_link_is_refused),
		scratch_test(a_directory_is_made_once_and_not_through_a_link),
		cmocka_unit_test(a_missing_directory_is_absent),
		scratch_test(a_file_is_read_up_to_its_limit),
		scratch_test(a_file_is_replaced_as_a_whole_with_its_mode),
		scratch_test(a_link_is_replaced_and_not_followed),
		scratch_test(a_write_that_fails_leaves_the_old_file_and_nothing_else),
		scratch_test(a_rename_that_fails_leaves_nothing_behind),
		scratch_test(a_file_is_replaced_by_rename_without_a_flush),
		scratch_test(what_a_crash_left_does_not_stop_the_next_write),
		scratch_test(a_missing_directory_cannot_be_written_in),
		scratch_test(renaming_moves_between_directories),
		scratch_test(a_tree_is_removed_without_following_links),
		scratch_test(a_visit_that_fails_ends_the_walk),
		scratch_test(a_file_system_has_space),
	};

	return cmocka_run_group_tests_name("file", tests, NULL, NULL);
}
