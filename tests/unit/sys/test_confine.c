/* What a process can no longer do, each in a child that is confined and tries. */
#include "scratch.h"

#include <errno.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "sys/confine.h"

/* What a child tried: its errno, 0 when it succeeded. */
typedef int (*attempt_fn)(int directory);

struct confinement {
	bool has_directory;
	bool is_writable;
	bool has_calls; /* confine_calls(), too */
	bool may_open;
};

/* The errno of the attempt; -1: this kernel cannot confine so. */
static int try_confined(const struct confinement *wanted, int directory, attempt_fn attempt)
{
	const struct confine_directory allowed = {directory, wanted->is_writable};
	bool has_files = false;
	bool has_calls = !wanted->has_calls;
	struct error err;
	int status;
	pid_t child = fork();

	if (child == 0) {
		if (confine_self(&allowed, wanted->has_directory ? 1 : 0, &has_files, &err) < 0 ||
			(wanted->has_calls &&
				confine_calls(wanted->may_open, &has_calls, &err) < 0))
			_exit(253);
		_exit(has_files && has_calls ? attempt(directory) : 254);
	}
	assert_true(child > 0);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	assert_int_not_equal(WEXITSTATUS(status), 253);
	return WEXITSTATUS(status) == 254 ? -1 : WEXITSTATUS(status);
}

static void assert_attempt(
	const struct confinement *wanted, int directory, attempt_fn attempt, int expected)
{
	int got = try_confined(wanted, directory, attempt);

	if (got < 0)
		skip();
	assert_int_equal(got, expected);
}

static int open_elsewhere(int directory)
{
	(void)directory;
	return open("/etc/passwd", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int open_inside(int directory)
{
	return openat(directory, "file", O_RDONLY | O_CLOEXEC) < 0 ? errno : 0;
}

static int make_inside(int directory)
{
	return openat(directory, "new", O_WRONLY | O_CREAT | O_CLOEXEC, 0600) < 0 ? errno : 0;
}

static int make_socket(int directory)
{
	(void)directory;
	return socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0) < 0 ? errno : 0;
}

/* The descriptor 0 of what tries is one end of a socket. */
static int write_socket(int directory)
{
	char byte = 0;

	(void)directory;
	return write(STDIN_FILENO, &byte, 1) == 1 && read(STDIN_FILENO, &byte, 1) == 1 ? 0 : errno;
}

static int receive_message(int directory)
{
	struct msghdr message = {0};

	(void)directory;
	return recvmsg(STDIN_FILENO, &message, MSG_DONTWAIT) < 0 ? errno : 0;
}

static int send_message(int directory)
{
	struct msghdr message = {0};

	(void)directory;
	return sendmsg(STDIN_FILENO, &message, MSG_DONTWAIT) < 0 ? errno : 0;
}

static int start_program(int directory)
{
	(void)directory;
	(void)execl("/bin/true", "true", (char *)NULL);
	return errno;
}

static void files_elsewhere_cannot_be_opened(void **state)
{
	static const struct confinement nothing = {0};
	static const struct confinement inside = {.has_directory = true};
	const struct scratch *scratch = *state;

	scratch_write(scratch, "file", "content");
	assert_attempt(&nothing, scratch->fd, open_elsewhere, EACCES);
	assert_attempt(&inside, scratch->fd, open_elsewhere, EACCES);
	assert_attempt(&inside, scratch->fd, open_inside, 0);
}

static void a_directory_is_written_only_where_it_may_be(void **state)
{
	static const struct confinement read_only = {.has_directory = true};
	static const struct confinement writable = {.has_directory = true, .is_writable = true};
	const struct scratch *scratch = *state;

	scratch_write(scratch, "file", "content");
	assert_attempt(&read_only, scratch->fd, make_inside, EACCES);
	assert_attempt(&writable, scratch->fd, make_inside, 0);
}

static void calls_that_reach_others_are_refused(void **state)
{
	static const struct confinement opening = {
		.has_directory = true, .has_calls = true, .may_open = true};
	static const struct confinement closed = {.has_directory = true, .has_calls = true};
	const struct scratch *scratch = *state;

	scratch_write(scratch, "file", "content");
	assert_attempt(&opening, scratch->fd, make_socket, EPERM);
	assert_attempt(&opening, scratch->fd, start_program, EPERM);
	assert_attempt(&opening, scratch->fd, open_inside, 0);
	assert_attempt(&closed, scratch->fd, open_inside, EPERM);
}

static void a_socket_can_be_read_and_written_only(void **state)
{
	static const struct confinement closed = {.has_calls = true};
	const struct scratch *scratch = *state;
	int fds[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
	assert_int_equal(write(fds[1], "ab", 2), 2);
	assert_int_equal(dup2(fds[0], STDIN_FILENO), STDIN_FILENO);
	assert_attempt(&closed, scratch->fd, write_socket, 0);
	assert_attempt(&closed, scratch->fd, receive_message, EPERM);
	assert_attempt(&closed, scratch->fd, send_message, EPERM);
	(void)close(fds[0]);
	(void)close(fds[1]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(files_elsewhere_cannot_be_opened),
		scratch_test(a_directory_is_written_only_where_it_may_be),
		scratch_test(calls_that_reach_others_are_refused),
		scratch_test(a_socket_can_be_read_and_written_only),
	};

	return cmocka_run_group_tests_name("confine", tests, NULL, NULL);
}
