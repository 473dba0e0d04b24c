/* Children: what they are given, what becomes of them, and that nothing else of ours reaches them.
 */
#include "scratch.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#include "sys/process.h"

/* Runs `script` with standard output and error in one pipe; returns the status of waitpid(2). */
static int run_script(const char *script, const char *const *environment, struct buf *output)
{
	const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
	struct process process = PROCESS_NONE;
	struct error err;
	int status = -1;
	int ends[2];

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct process_fd fds[] = {{ends[1], 1}, {ends[1], 2}};
	struct process_spec spec = {.arguments = arguments,
		.environment = environment,
		.fds = fds,
		.fd_count = array_size(fds)};
	if (process_start(&spec, &process, &err) < 0)
		fail_msg("%s", err.text);
	fd_close(&ends[1]);
	assert_int_equal(fd_read_all(ends[0], output, "the child", &err), 0);
	fd_close(&ends[0]);
	assert_int_equal(process_wait(&process, &status, &err), 0);
	assert_int_equal(process.pid, 0);
	assert_int_equal(process.pidfd, -1);
	return status;
}

static void a_child_writes_and_ends(void **state)
{
	autobuf output = BUF_INIT(4096);

	(void)state;
	assert_int_equal(
		WEXITSTATUS(run_script("echo out; echo err >&2; exit 3", NULL, &output)), 3);
	assert_string_equal(output.data, "out\nerr\n");
}

static void a_child_has_the_environment_that_it_is_given(void **state)
{
	static const char *const environment[] = {"ONLY=this", NULL};
	autobuf output = BUF_INIT(4096);

	(void)state;
	assert_int_equal(setenv("KCR_TEST", "ours", 1), 0);
	assert_int_equal(run_script("echo $ONLY-$KCR_TEST", environment, &output), 0);
	assert_int_equal(run_script("echo $ONLY-$KCR_TEST", NULL, &output), 0);
	assert_string_equal(output.data, "this-\n-ours\n");
}

static void a_child_gets_no_other_descriptor(void **state)
{
	autobuf output = BUF_INIT(4096);
	int leaky = open("/dev/null", O_RDONLY); /* without O_CLOEXEC, as a library may do */

	(void)state;
	assert_true(leaky > 2);
	assert_int_equal(run_script("ls /proc/$$/fd", NULL, &output), 0);
	assert_string_equal(output.data, "0\n1\n2\n");
	fd_close(&leaky);
}

static void descriptors_may_trade_places(void **state)
{
	const char *const arguments[] = {"/bin/sh", "-c", "echo three >&3; echo four >&4", NULL};
	struct process process = PROCESS_NONE;
	autobuf first = BUF_INIT(100);
	autobuf second = BUF_INIT(100);
	int a[2];
	int b[2];
	struct error err;
	int status;

	(void)state;
	assert_int_equal(pipe2(a, O_CLOEXEC), 0);
	assert_int_equal(pipe2(b, O_CLOEXEC), 0);
	const struct process_fd fds[] = {{a[1], 3}, {b[1], 4}, {a[1], b[1]}, {b[1], a[1]}};
	struct process_spec spec = {.arguments = arguments, .fds = fds, .fd_count = 4};
	assert_int_equal(process_start(&spec, &process, &err), 0);
	fd_close(&a[1]);
	fd_close(&b[1]);
	assert_int_equal(process_wait(&process, &status, &err), 0);
	assert_int_equal(fd_read_all(a[0], &first, "a", &err), 0);
	assert_int_equal(fd_read_all(b[0], &second, "b", &err), 0);
	assert_string_equal(first.data, "three\n");
	assert_string_equal(second.data, "four\n");
	fd_close(&a[0]);
	fd_close(&b[0]);
}

static void a_program_is_looked_for_only_when_asked(void **state)
{
	const char *const arguments[] = {"true", NULL};
	struct process_spec spec = {.arguments = arguments};
	struct process process = PROCESS_NONE;
	struct error err;
	int status = -1;

	(void)state;
	assert_int_equal(process_start(&spec, &process, &err), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
	assert_int_equal(process.pid, 0);
	spec.search_path = true;
	assert_int_equal(process_start(&spec, &process, &err), 0);
	assert_int_equal(process_wait(&process, &status, &err), 0);
	assert_int_equal(status, 0);
}

static void what_cannot_be_executed_is_told(void **state)
{
	const struct scratch *scratch = *state;
	autobuf path = BUF_INIT(200);
	struct process process = PROCESS_NONE;
	struct error err;

	scratch_write(scratch, "file", "#!/bin/sh\n");
	buf_printf(&path, "%s/file", scratch->path);
	const char *const arguments[] = {path.data, NULL};
	struct process_spec spec = {.arguments = arguments};
	assert_int_equal(process_start(&spec, &process, &err), -1);
	assert_int_equal(err.system_errno, EACCES);
	assert_true(str_contains(str_of(err.text), buf_str(&path)));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1); /* nobody is left behind */
	assert_int_equal(errno, ECHILD);
}

static void signals_that_we_block_reach_the_child(void **state)
{
	autobuf output = BUF_INIT(100);
	sigset_t blocked;
	sigset_t before;
	int status;

	(void)state;
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGTERM);
	assert_int_equal(sigprocmask(SIG_BLOCK, &blocked, &before), 0);
	status = run_script("kill -TERM $$; echo survived", NULL, &output);
	assert_int_equal(sigprocmask(SIG_SETMASK, &before, NULL), 0);
	assert_true(WIFSIGNALED(status));
	assert_string_equal(output.data, "");
}

static void a_pidfd_tells_the_end(void **state)
{
	const char *const arguments[] = {"/bin/sleep", "100", NULL};
	struct process_spec spec = {.arguments = arguments};
	struct process process = PROCESS_NONE;
	struct pollfd waiting;
	struct error err;
	int status;

	(void)state;
	assert_int_equal(process_start(&spec, &process, &err), 0);
	waiting = (struct pollfd){.fd = process.pidfd, .events = POLLIN};
	assert_int_equal(poll(&waiting, 1, 0), 0);
	assert_int_equal(kill(process.pid, SIGTERM), 0);
	assert_int_equal(poll(&waiting, 1, 10000), 1);
	assert_int_equal(process_wait(&process, &status, &err), 0);
	assert_int_equal(WTERMSIG(status), SIGTERM);
}

static void killing_ends_it_and_may_be_repeated(void **state)
{
	const char *const arguments[] = {"/bin/sleep", "100", NULL};
	struct process_spec spec = {.arguments = arguments};
	struct process process = PROCESS_NONE;
	struct error err;
	pid_t pid;

	(void)state;
	assert_int_equal(process_start(&spec, &process, &err), 0);
	pid = process.pid;
	process_kill(&process);
	process_kill(&process);
	assert_int_equal(kill(pid, 0), -1);
	assert_int_equal(errno, ESRCH);
}

static void killing_a_group_ends_what_its_leader_has_started(void **state)
{
	const char *const arguments[] = {"/bin/sh", "-c", "sleep 100 & echo; wait", NULL};
	struct process process = PROCESS_NONE;
	struct error err;
	int ends[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	const struct process_fd fds[] = {{ends[1], 1}};
	const struct process_spec spec = {
		.arguments = arguments, .fds = fds, .fd_count = 1, .leads_group = true};
	struct pollfd waiting = {.fd = ends[0], .events = POLLIN};
	assert_int_equal(process_start(&spec, &process, &err), 0);
	fd_close(&ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	process_kill(&process);
	/* the last one that holds the pipe has gone */
	assert_int_equal(poll(&waiting, 1, 10000), 1);
	assert_int_equal(read(ends[0], &byte, 1), 0);
	fd_close(&ends[0]);
}

static void a_status_has_a_text(void **state)
{
	static const struct {
		int status;
		const char *text;
	} cases[] = {{0, "exit code 0"}, {3 << 8, "exit code 3"}, {255 << 8, "exit code 255"},
		{9, "signal 9 (Killed)"}, {11 | 0x80, "signal 11 (Segmentation fault)"}};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		char text[PROCESS_STATUS_TEXT];
		process_format_status(cases[i].status, text);
		assert_string_equal(text, cases[i].text);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_child_writes_and_ends),
		cmocka_unit_test(a_child_has_the_environment_that_it_is_given),
		cmocka_unit_test(a_child_gets_no_other_descriptor),
		cmocka_unit_test(descriptors_may_trade_places),
		cmocka_unit_test(a_program_is_looked_for_only_when_asked),
		scratch_test(what_cannot_be_executed_is_told),
		cmocka_unit_test(signals_that_we_block_reach_the_child),
		cmocka_unit_test(a_pidfd_tells_the_end),
		cmocka_unit_test(killing_ends_it_and_may_be_repeated),
		cmocka_unit_test(killing_a_group_ends_what_its_leader_has_started),
		cmocka_unit_test(a_status_has_a_text),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
