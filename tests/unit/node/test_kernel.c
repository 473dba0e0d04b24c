/* A /proc with and without what CRIU needs. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "node/kernel.h"
#include "sys/fd.h"
#include "sys/file.h"

static int make_proc(char path[static 32])
{
	int fd;

	(void)snprintf(path, 32, "/tmp/kcr-proc-XXXXXX");
	assert_non_null(mkdtemp(path));
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(mkdirat(fd, "self", 0700), 0);
	assert_int_equal(mkdirat(fd, "self/ns", 0700), 0);
	assert_int_equal(mkdirat(fd, "thread-self", 0700), 0);
	return fd;
}

static void put(int proc_fd, const char *path)
{
	autoclose int fd = openat(proc_fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
}

static void options_are_missing_whose_files_are(void **state)
{
	autoarena *arena = arena_new(256);
	char path[32];
	autoclose int fd = make_proc(path);
	struct json_strings missing;
	struct error err;

	(void)state;
	put(fd, "self/pagemap");
	put(fd, "self/ns/pid");
	put(fd, "self/ns/net");
	missing = node_kernel_missing(fd, arena);
	assert_int_equal(missing.count, 2);
	assert_true(str_is(missing.items[0], "CONFIG_CHECKPOINT_RESTORE"));
	assert_true(str_is(missing.items[1], "CONFIG_PROC_CHILDREN"));
	put(fd, "thread-self/children");
	assert_int_equal(node_kernel_missing(fd, arena).count, 1);
	assert_int_equal(file_remove_tree(AT_FDCWD, path, &err), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(options_are_missing_whose_files_are),
	};

	return cmocka_run_group_tests_name("node/kernel", tests, NULL, NULL);
}
