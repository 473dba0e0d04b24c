/* A directory of its own for each test, removed with all that is in it. */
#ifndef TESTS_UNIT_SYS_SCRATCH_H
#define TESTS_UNIT_SYS_SCRATCH_H

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "sys/fd.h"
#include "sys/file.h"

struct scratch {
	char path[64];
	int fd;
};

static inline int scratch_make(void **state)
{
	struct scratch *scratch = new_zeroed(struct scratch);

	(void)snprintf(scratch->path, sizeof(scratch->path), "/tmp/kcr-sys-XXXXXX");
	assert_non_null(mkdtemp(scratch->path));
	scratch->fd = open(scratch->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	assert_true(scratch->fd >= 0);
	*state = scratch;
	return 0;
}

static inline int scratch_drop(void **state)
{
	struct scratch *scratch = *state;
	struct error err;

	assert_int_equal(file_remove_tree(AT_FDCWD, scratch->path, &err), 0);
	fd_close(&scratch->fd);
	free(scratch);
	return 0;
}

static inline void scratch_write(const struct scratch *scratch, const char *name, const char *text)
{
	autoclose int fd =
		openat(scratch->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	struct error err;

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, str_of(text), name, &err), 0);
}

static inline void assert_file(const struct scratch *scratch, const char *name, const char *text)
{
	autobuf content = BUF_INIT(4096);
	struct error err;

	if (file_read(scratch->fd, name, &content, &err) < 0)
		fail_msg("%s", err.text);
	assert_string_equal(content.data, text);
}

static inline int scratch_count_one(
	void *context, const char *name, bool is_directory, struct error *err)
{
	(void)name;
	(void)is_directory;
	(void)err;
	++*(int *)context;
	return 0;
}

/* How many entries the directory has. */
static inline int scratch_count(const struct scratch *scratch)
{
	struct error err;
	int count = 0;

	assert_int_equal(file_for_each(scratch->fd, scratch_count_one, &count, &err), 0);
	return count;
}

#define scratch_test(name) cmocka_unit_test_setup_teardown(name, scratch_make, scratch_drop)

#endif
