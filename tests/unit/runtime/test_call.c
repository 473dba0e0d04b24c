/* Calls as engines make them, recorded on containerd 2.4.2 and from CRI-O's and conmon's sources.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/attributes.h"
#include "runtime/call.h"

#define ID     "259ed79bb137a45d110cd743c9bb8b29681dff3080006da32b78b0d99bbb1072"
#define BUNDLE "/run/containerd/io.containerd.runtime.v2.task/k8s.io/" ID
#define ENGINE                                                                                     \
	"/opt/kcr/kcr-runtime", "--root", "/run/containerd/runc/k8s.io", "--log",                  \
		BUNDLE "/log.json", "--log-format", "json"
#define CRIO_BUNDLE "/run/containers/storage/overlay-containers/" ID "/userdata"

struct sample {
	const char *const *arguments;
	struct runtime_call call;
};

static struct runtime_call read_call(const char *const *arguments)
{
	size_t count = 0;

	while (arguments[count] != NULL)
		count++;
	return runtime_call_read(count, (char *const *)(uintptr_t)arguments);
}

static void assert_text(const char *found, const char *expected)
{
	if (expected == NULL)
		assert_null(found);
	else
		assert_string_equal(found, expected);
}

#define CALL(...) ((const char *const[]){__VA_ARGS__, NULL})

static const struct sample samples[] = {
	{CALL(ENGINE, "create", "--bundle", BUNDLE, "--pid-file", BUNDLE "/init.pid", ID),
		{.verb = RUNTIME_CREATE,
			.verb_index = 7,
			.id = ID,
			.bundle = BUNDLE,
			.pid_file = BUNDLE "/init.pid"}},
	{CALL(ENGINE, "create", "--bundle", BUNDLE, "--pid-file", BUNDLE "/init.pid",
		 "--console-socket", "/tmp/pty1/pty.sock", ID),
		{.verb = RUNTIME_CREATE,
			.verb_index = 7,
			.id = ID,
			.bundle = BUNDLE,
			.pid_file = BUNDLE "/init.pid",
			.console_socket = "/tmp/pty1/pty.sock"}},
	{CALL(ENGINE, "--systemd-cgroup", "start", ID),
		{.verb = RUNTIME_START, .verb_index = 8, .id = ID}},
	{CALL(ENGINE, "delete", ID), {.verb = RUNTIME_DELETE, .verb_index = 7, .id = ID}},
	{CALL(ENGINE, "delete", "--force", ID),
		{.verb = RUNTIME_DELETE, .verb_index = 7, .id = ID}},
	{CALL(ENGINE, "checkpoint", "--image-path", "/tmp/ctrd-checkpoint1", "--work-path",
		 "/var/lib/containerd/c/ctrd-checkpoint", "--leave-running", ID),
		{.verb = RUNTIME_CHECKPOINT,
			.verb_index = 7,
			.id = ID,
			.image_path = "/tmp/ctrd-checkpoint1",
			.image_path_index = 9,
			.work_path = "/var/lib/containerd/c/ctrd-checkpoint",
			.leave_running = true}},
	{CALL("crun", "checkpoint", "--image-path=/i", "--leave-running", ID),
		{.verb = RUNTIME_CHECKPOINT,
			.verb_index = 1,
			.id = ID,
			.image_path = "/i",
			.image_path_index = 2,
			.image_path_skip = 13,
			.leave_running = true}},
	/* containerd's shim: the engine's signal; what is left of a container that has ended */
	{CALL(ENGINE, "state", ID), {.verb = RUNTIME_STATE, .verb_index = 7, .id = ID}},
	{CALL(ENGINE, "kill", ID, "15"),
		{.verb = RUNTIME_KILL, .verb_index = 7, .id = ID, .signal = "15"}},
	{CALL(ENGINE, "kill", "--all", ID, "9"),
		{.verb = RUNTIME_KILL, .verb_index = 7, .id = ID, .signal = "9"}},
	{CALL(ENGINE, "resume", ID), {.verb = RUNTIME_RESUME, .verb_index = 7, .id = ID}},
	/* conmon for CRI-O */
	{CALL("/usr/bin/kcr-runtime", "--root=/run/runc", "--systemd-cgroup", "create", "--bundle",
		 CRIO_BUNDLE, "--pid-file", CRIO_BUNDLE "/pidfile", ID),
		{.verb = RUNTIME_CREATE,
			.verb_index = 3,
			.id = ID,
			.bundle = CRIO_BUNDLE,
			.pid_file = CRIO_BUNDLE "/pidfile"}},
	{CALL("kcr-runtime", "create", "-b", CRIO_BUNDLE, "-p", "/pid", "--no-pivot", ID),
		{.verb = RUNTIME_CREATE,
			.verb_index = 1,
			.id = ID,
			.bundle = CRIO_BUNDLE,
			.pid_file = "/pid",
			.no_pivot = true}},
	/* CRI-O itself, and a person */
	{CALL("/usr/bin/kcr-runtime", "--root=/run/runc", "--systemd-cgroup", "start", ID),
		{.verb = RUNTIME_START, .verb_index = 3, .id = ID}},
	{CALL("/usr/bin/kcr-runtime", "--root", "/run/runc", "--systemd-cgroup", "checkpoint",
		 "--image-path", CRIO_BUNDLE "/checkpoint", "--work-path", CRIO_BUNDLE,
		 "--leave-running", ID),
		{.verb = RUNTIME_CHECKPOINT,
			.verb_index = 4,
			.id = ID,
			.image_path = CRIO_BUNDLE "/checkpoint",
			.image_path_index = 6,
			.work_path = CRIO_BUNDLE,
			.leave_running = true}},
	{CALL("/usr/bin/kcr-runtime", "--root", "/run/crun", "kill", "-a", ID, "KILL"),
		{.verb = RUNTIME_KILL, .verb_index = 3, .id = ID, .signal = "KILL"}},
	{CALL("kcr-runtime", "kill", ID), {.verb = RUNTIME_KILL, .verb_index = 1, .id = ID}},
	{CALL(ENGINE, "pause", ID), {.verb = RUNTIME_PAUSE, .verb_index = 7, .id = ID}},
	{CALL("kcr-runtime", "create", ID),
		{.verb = RUNTIME_CREATE, .verb_index = 1, .id = ID, .bundle = "."}},
};

static void test_calls_of_engines_are_understood(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(samples); i++) {
		const struct runtime_call *expected = &samples[i].call;
		struct runtime_call call = read_call(samples[i].arguments);

		assert_int_equal(call.verb, expected->verb);
		assert_int_equal(call.verb_index, expected->verb_index);
		/* each engine's own way */
		assert_text(call.log_format, call.log_path != NULL ? "json" : NULL);
		assert_text(call.id, expected->id);
		assert_text(call.bundle, expected->bundle);
		assert_text(call.pid_file, expected->pid_file);
		assert_text(call.console_socket, expected->console_socket);
		assert_text(call.signal, expected->signal);
		assert_text(call.image_path, expected->image_path);
		assert_int_equal(call.image_path_index, expected->image_path_index);
		assert_text(call.work_path, expected->work_path);
		assert_int_equal(call.image_path_skip, expected->image_path_skip);
		assert_int_equal(call.leave_running, expected->leave_running);
		assert_int_equal(call.no_pivot, expected->no_pivot);
	}
}

static void test_all_other_calls_are_passed_on(void **state)
{
	const char *const *const others[] = {
		CALL("kcr-runtime"),
		CALL("kcr-runtime", "--version"),
		CALL("kcr-runtime", "features"),
		CALL(ENGINE, "state", "--all", ID),
		CALL(ENGINE, "exec", "--process", "/p", ID),
		CALL(ENGINE, "update", "--resources", "-", ID),
		CALL(ENGINE, "ps", "--format", "json", ID),
		CALL(ENGINE, "restore", "--detach", ID),
		/* no id, a strange one, or more than one */
		CALL(ENGINE, "create", "--bundle", BUNDLE),
		CALL(ENGINE, "start", "../etc"),
		CALL(ENGINE, "start", ".hidden"),
		CALL(ENGINE, "start", ""),
		CALL(ENGINE, "start", ID, ID),
		CALL(ENGINE, "kill", ID, "9", "9"),
		CALL("crun", "kill", "--regex", "a.*", "9"),
		/* options that we do not know, or that make it another matter */
		CALL(ENGINE, "create", "--preserve-fds", "3", "--bundle", BUNDLE, ID),
		CALL(ENGINE, "create", "--unheard-of", ID),
		CALL("kcr-runtime", "--unheard-of", "create", ID),
		CALL(ENGINE, "checkpoint", "--pre-dump", "--image-path", "/i", ID),
		CALL(ENGINE, "checkpoint", "--parent-path", "/p", "--image-path", "/i", ID),
		CALL(ENGINE, "checkpoint", "--lazy-pages", "--image-path", "/i", ID),
		CALL(ENGINE, "create", "--no-pivot=true", ID),
		CALL(ENGINE, "create", "--bundle"),
		CALL("kcr-runtime", "--root"),
	};

	(void)state;
	for (size_t i = 0; i < array_size(others); i++)
		assert_int_equal(read_call(others[i]).verb, RUNTIME_OTHER);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_calls_of_engines_are_understood),
		cmocka_unit_test(test_all_other_calls_are_passed_on),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
