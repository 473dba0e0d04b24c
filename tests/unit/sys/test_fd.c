/* Descriptors: one owner, and no short counts. */
#include "scratch.h"

#include <errno.h>
#include <sys/socket.h>

static bool is_open(int fd)
{
	return fcntl(fd, F_GETFD) >= 0;
}

static void closing_keeps_errno_and_may_be_repeated(void **state)
{
	int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
	int number = fd;

	(void)state;
	errno = EAGAIN;
	fd_close(&fd);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	assert_int_equal(errno, EAGAIN);
	assert_false(is_open(number));
}

static void a_taken_descriptor_stays_open(void **state)
{
	int taken = -1;

	(void)state;
	{
		autoclose int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
		taken = fd_take(&fd);
		assert_int_equal(fd, -1);
	}
	assert_true(is_open(taken));
	fd_close(&taken);
}

static void reading_goes_on_to_the_end(void **state)
{
	const struct scratch *scratch = *state;
	autobuf text = BUF_INIT(100000);
	autobuf content = BUF_INIT(100000);
	autoclose int fd = -1;
	struct error err;

	buf_printf(&text, "%070000d", 1);
	scratch_write(scratch, "large", text.data);
	fd = openat(scratch->fd, "large", O_RDONLY | O_CLOEXEC);
	assert_int_equal(fd_read_all(fd, &content, "large", &err), 0);
	assert_true(str_equal(buf_str(&text), buf_str(&content)));
}

static void reading_stops_at_the_maximum(void **state)
{
	autobuf content = BUF_INIT(100);
	autoclose int fd = open("/dev/zero", O_RDONLY | O_CLOEXEC); /* has no end */
	struct error err;

	(void)state;
	assert_int_equal(fd_read_all(fd, &content, "/dev/zero", &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void a_full_disk_is_told(void **state)
{
	autoclose int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct error err;

	(void)state;
	assert_int_equal(fd_write_all(fd, STR("x"), "the log", &err), -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_int_equal(err.system_errno, ENOSPC);
	assert_true(str_starts_with(str_of(err.text), STR("cannot write 'the log': ")));
}

static void writing_nothing_does_nothing(void **state)
{
	struct error err;

	(void)state;
	assert_int_equal(fd_write_all(-1, STR(""), "nothing", &err), 0);
}

static void reading_at_an_offset_is_short_only_at_the_end(void **state)
{
	static const struct {
		off_t offset;
		size_t size;
		const char *bytes;
	} cases[] = {
		{0, 3, "abc"}, {3, 3, "def"}, {4, 3, "ef"}, {6, 3, ""}, {100, 3, ""}, {2, 0, ""}};
	const struct scratch *scratch = *state;
	autoclose int fd = -1;
	struct error err;

	scratch_write(scratch, "file", "abcdef");
	fd = openat(scratch->fd, "file", O_RDONLY | O_CLOEXEC);
	for (size_t i = 0; i < array_size(cases); i++) {
		char bytes[4] = {0};
		size_t size = 77;
		assert_int_equal(
			fd_read_at(fd, bytes, cases[i].size, cases[i].offset, &size, &err), 0);
		assert_string_equal(bytes, cases[i].bytes);
		assert_int_equal(size, strlen(cases[i].bytes));
	}
}

static void a_pipe_cannot_be_read_at_an_offset(void **state)
{
	int ends[2];
	char byte;
	size_t size;
	struct error err;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(fd_read_at(ends[0], &byte, 1, 0, &size, &err), -1);
	assert_int_equal(err.system_errno, ESPIPE);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void a_nonblocking_descriptor_does_not_wait(void **state)
{
	int ends[2];
	char byte;
	struct error err;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
	assert_int_equal(fd_set_nonblocking(ends[0], &err), 0);
	assert_int_equal(read(ends[0], &byte, 1), -1);
	assert_int_equal(errno, EAGAIN);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	assert_int_equal(fd_set_nonblocking(-1, &err), -1);
	assert_int_equal(err.system_errno, EBADF);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(closing_keeps_errno_and_may_be_repeated),
		cmocka_unit_test(a_taken_descriptor_stays_open),
		scratch_test(reading_goes_on_to_the_end),
		cmocka_unit_test(reading_stops_at_the_maximum),
		cmocka_unit_test(a_full_disk_is_told),
		cmocka_unit_test(writing_nothing_does_nothing),
		scratch_test(reading_at_an_offset_is_short_only_at_the_end),
		cmocka_unit_test(a_pipe_cannot_be_read_at_an_offset),
		cmocka_unit_test(a_nonblocking_descriptor_does_not_wait),
	};

	return cmocka_run_group_tests_name("fd", tests, NULL, NULL);
}
