/* A bundle's files, and shims that answer by a script over a real socket. */
#include "../sys/scratch.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include "runtime/shim.h"

enum { SHIM_DEADLINE_MS = 5000, SHIM_HEADER = 10 };

#define DONE    "\x00\x00\x00\x04\x00\x00\x00\x01\x02\x00\x0a\x00\x12\x00"
#define UNKNOWN "\x00\x00\x00\x04\x00\x00\x00\x01\x02\x00\x0a\x02\x08\x0c"
#define RUNNING                                                                                    \
	"\x00\x00\x00\x0b\x00\x00\x00\x01\x02\x00\x0a\x09\x08\x02\x12\x05"                         \
	"runs!"

struct answer {
	const char *service; /* that the call has to be for; NULL: hang up unheard */
	struct str bytes; /* nothing: silence, until the caller hangs up */
};

static void test_a_bootstrap_is_read(void **state)
{
	autoarena *arena = arena_new(1024);
	struct runtime_shim shim;
	struct error err;

	(void)state;
	assert_int_equal(runtime_shim_read(STR("{\"version\":3,\"address\":\"unix:///run/s/1\","
					       "\"protocol\":\"ttrpc\",\"extensions\":[{}]}"),
				 arena, &shim, &err),
		0);
	assert_string_equal(shim.socket.data, "/run/s/1");
	assert_int_equal(shim.version, 3);
	assert_int_equal(
		runtime_shim_read_address(STR("unix:///run/s/1\n"), arena, &shim, &err), 0);
	assert_string_equal(shim.socket.data, "/run/s/1");
	assert_int_equal(shim.version, 2);
}

static void test_what_is_no_bootstrap_is_refused(void **state)
{
	static const char *const texts[] = {
		"",
		"unix:///run/s/1",
		"[]",
		"{}",
		"{\"version\":1,\"address\":\"unix:///s\",\"protocol\":\"ttrpc\"}",
		"{\"version\":4,\"address\":\"unix:///s\",\"protocol\":\"ttrpc\"}",
		"{\"version\":\"3\",\"address\":\"unix:///s\",\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"address\":\"unix:///s\",\"protocol\":\"grpc\"}",
		"{\"version\":3,\"address\":\"vsock://1:2\",\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"address\":\"unix://s\",\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"address\":\"unix://\",\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"address\":\"unix://\\u0000abstract\",\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"address\":\"unix:///s\\u0000s\",\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"address\":[],\"protocol\":\"ttrpc\"}",
		"{\"version\":3,\"protocol\":\"ttrpc\"}",
	};
	autoarena *arena = arena_new(1024);

	(void)state;
	for (size_t i = 0; i < array_size(texts); i++) {
		struct runtime_shim shim;
		struct error err;

		if (runtime_shim_read(str_of(texts[i]), arena, &shim, &err) == 0)
			fail_msg("'%s' was taken", texts[i]);
	}
}

/* One frame without its header; the sizes here take one byte. */
static struct str hear(int fd, char bytes[static 256])
{
	size_t size;

	if (recv(fd, bytes, SHIM_HEADER, MSG_WAITALL) != SHIM_HEADER)
		_exit(5);
	size = (unsigned char)bytes[3];
	if (recv(fd, bytes, size, MSG_WAITALL) != (ssize_t)size)
		_exit(6);
	return (struct str){bytes, size};
}

/* Plays its part in a process of its own; ends well when every call was as it should be. */
static _Noreturn void play(int listener, const struct answer *answers, size_t count)
{
	char call[256];

	(void)alarm(20);
	for (size_t i = 0; i < count; i++) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			_exit(1);
		if (answers[i].service != NULL) {
			struct str said = hear(fd, call);

			if (!str_contains(said, str_of(answers[i].service)) ||
				!str_contains(said, STR("k8s.io")))
				_exit(2);
			/* one byte after the other: a frame comes as it likes */
			for (size_t at = 0; at < answers[i].bytes.size; at++)
				if (send(fd, answers[i].bytes.data + at, 1, MSG_NOSIGNAL) != 1)
					_exit(3);
			if (recv(fd, call, 1, 0) != 0)
				_exit(4);
		}
		(void)close(fd);
	}
	_exit(0);
}

/* Has a bundle's shim resume: returns what came of it and the call's error. */
static int resume(const struct scratch *scratch, const struct answer *answers, size_t count,
	int64_t deadline_ms, struct error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	autoclose int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	autoarena *arena = arena_new(1024);
	struct str bundle = arena_printf(arena, "%s/k8s.io/abc", scratch->path);
	autobuf bootstrap = BUF_INIT(1000);
	int status;
	int result;
	pid_t pid;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s/socket", scratch->path);
	assert_int_equal(bind(listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(mkdirat(scratch->fd, "k8s.io", 0700), 0);
	assert_int_equal(mkdirat(scratch->fd, "k8s.io/abc", 0700), 0);
	buf_printf(&bootstrap, "{\"version\":3,\"address\":\"unix://%s\",\"protocol\":\"ttrpc\"}",
		address.sun_path);
	scratch_write(scratch, "k8s.io/abc/bootstrap.json", bootstrap.data);
	pid = fork();
	if (pid == 0)
		play(listener, answers, count);
	result = runtime__shim_resume(bundle, STR("abc"), deadline_ms, arena, err);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	return result;
}

static void a_shim_resumes(void **state)
{
	const struct answer answers[] = {{"containerd.task.v3.Task", {DONE, sizeof(DONE) - 1}}};
	struct error err;

	assert_int_equal(resume(*state, answers, 1, SHIM_DEADLINE_MS, &err), 0);
}

static void a_shim_of_before_is_asked_in_its_words(void **state)
{
	const struct answer answers[] = {
		{"containerd.task.v3.Task", {UNKNOWN, sizeof(UNKNOWN) - 1}},
		{"containerd.task.v2.Task", {DONE, sizeof(DONE) - 1}}};
	struct error err;

	assert_int_equal(resume(*state, answers, 2, SHIM_DEADLINE_MS, &err), 0);
}

static void a_shim_that_refuses_says_why(void **state)
{
	const struct answer answers[] = {
		{"containerd.task.v3.Task", {RUNNING, sizeof(RUNNING) - 1}}};
	struct error err;

	assert_int_equal(resume(*state, answers, 1, SHIM_DEADLINE_MS, &err), -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_string_equal(err.text, "the shim: runs!");
}

static void a_shim_that_is_silent_is_not_waited_for(void **state)
{
	const struct answer answers[] = {{"Resume", {NULL, 0}}};
	struct error err;

	assert_int_equal(resume(*state, answers, 1, 100, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
}

static void a_shim_that_hangs_up_has_not_resumed(void **state)
{
	const struct answer answers[] = {{NULL, {NULL, 0}}};
	struct error err;

	assert_int_equal(resume(*state, answers, 1, SHIM_DEADLINE_MS, &err), -1);
}

static void a_shim_that_talks_nonsense_is_not_listened_to(void **state)
{
	const struct answer answers[] = {{"Resume", {"HTTP/1.1 400\r\n", 14}}};
	struct error err;

	assert_int_equal(resume(*state, answers, 1, SHIM_DEADLINE_MS, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void a_bundle_without_a_shim_is_told(void **state)
{
	const struct scratch *scratch = *state;
	autoarena *arena = arena_new(1024);
	struct error err;

	assert_int_equal(runtime__shim_resume(
				 str_of(scratch->path), STR("abc"), SHIM_DEADLINE_MS, arena, &err),
		-1);
	assert_int_equal(err.kind, ERROR_ABSENT);
	scratch_write(scratch, "address", "unix:///nonexistent/socket");
	assert_int_equal(runtime__shim_resume(
				 str_of(scratch->path), STR("abc"), SHIM_DEADLINE_MS, arena, &err),
		-1);
	assert_int_equal(err.system_errno, ENOENT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_bootstrap_is_read),
		cmocka_unit_test(test_what_is_no_bootstrap_is_refused),
		scratch_test(a_shim_resumes),
		scratch_test(a_shim_of_before_is_asked_in_its_words),
		scratch_test(a_shim_that_refuses_says_why),
		scratch_test(a_shim_that_is_silent_is_not_waited_for),
		scratch_test(a_shim_that_hangs_up_has_not_resumed),
		scratch_test(a_shim_that_talks_nonsense_is_not_listened_to),
		scratch_test(a_bundle_without_a_shim_is_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
