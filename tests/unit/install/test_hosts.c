/*
 * Both commands on roots of hosts that lie in a directory: what a host has before, installing
 * twice, and taking it away. Of these hosts no program can be run but speaker.c, where we are root;
 * asking a real engine is what the tests on a node do.
 */
#include <dirent.h>
#include <errno.h>
#include <limits.h>

#include "../sys/scratch.h"

#include "base/arena.h"
#include "install/install.h"

#define MAIN    "/etc/containerd/config.toml"
#define DROP_IN "/etc/containerd/conf.d/50-kcr.toml"
#define PROGRAM "/opt/kcr/bin/kcr-runtime"
#define OPT     "/opt/kcr/bin"
#define STORE   "/var/lib/kubelet/checkpoints/kcr"
#define LINE                                                                                       \
	"imports = [\"/etc/containerd/conf.d/50-kcr*.toml\"] # added by 'kcr install-runtime'\n"
#define IMPORTED "version = 2\nimports = ['/etc/containerd/conf.d/*.toml']\n"

/* Writes a file of the host with the directories above it. */
static void put(const struct scratch *scratch, const char *path, const char *text, mode_t mode)
{
	autobuf whole = BUF_INIT(PATH_MAX);
	autoclose int fd = -1;
	struct error err;

	buf_printf(&whole, "%s%s", scratch->path, path);
	for (char *slash = strchr(whole.data + 1, '/'); slash != NULL;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(whole.data, 0755) == 0 || errno == EEXIST);
		*slash = '/';
	}
	fd = open(whole.data, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(fchmod(fd, mode), 0);
	assert_int_equal(fd_write_all(fd, str_of(text), path, &err), 0);
}

static bool is_there(const struct scratch *scratch, const char *path)
{
	return faccessat(scratch->fd, path + 1, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void assert_holds(const struct scratch *scratch, const char *path, const char *part)
{
	autobuf content = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error err;

	if (file_read(scratch->fd, path + 1, &content, &err) < 0)
		fail_msg("%s", err.text);
	if (!str_contains(buf_str(&content), str_of(part)))
		fail_msg("%s does not hold '%s':\n%s", path, part, content.data);
}

static int visible(const struct dirent *entry)
{
	return strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
}

/* Every file with its mode and content, in the order of names. */
static void list_files(const char *directory, struct buf *out)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, visible, alphasort);

	assert_true(count >= 0);
	for (int i = 0; i < count; i++) {
		autobuf path = BUF_INIT(PATH_MAX);
		struct stat status;
		struct error err;
		buf_printf(&path, "%s/%s", directory, entries[i]->d_name);
		assert_int_equal(lstat(path.data, &status), 0);
		if (S_ISDIR(status.st_mode)) {
			list_files(path.data, out);
		} else {
			buf_printf(out, "--- %s %o\n", path.data, status.st_mode);
			assert_int_equal(file_read(AT_FDCWD, path.data, out, &err), 0);
		}
		free(entries[i]);
	}
	free(entries);
}

/* A command with the host's options and up to two more. */
static int run(const struct scratch *scratch, int (*command)(int, char *const *), const char *one,
	const char *two)
{
	autobuf host = BUF_INIT(PATH_MAX);
	autobuf program = BUF_INIT(PATH_MAX);
	char first[64] = "";
	char second[64] = "";
	char *arguments[4] = {NULL};
	int count = 0;

	buf_printf(&host, "--host=%s", scratch->path);
	buf_printf(
		&program, "--program=%s/usr/bin/runc", scratch->path); /* its bytes do not matter */
	arguments[count++] = host.data;
	if (command == install_main)
		arguments[count++] = program.data;
	(void)snprintf(first, sizeof(first), "%s", one);
	(void)snprintf(second, sizeof(second), "%s", two);
	if (first[0] != '\0')
		arguments[count++] = first;
	if (second[0] != '\0')
		arguments[count++] = second;
	return command(count, arguments);
}

static int install(const struct scratch *scratch, const char *one, const char *two)
{
	return run(scratch, install_main, one, two);
}

/* Until it is gone: the first time it may be that the engine could still call the program. */
static void assert_removed(const struct scratch *scratch)
{
	int status = run(scratch, install_remove_main, "", "");

	if (status == 3)
		status = run(scratch, install_remove_main, "", "");
	assert_int_equal(status, 0);
}

/* Puts a program that can be run where we may change the root; false where we may not. */
static bool put_speaker(const struct scratch *scratch, const char *path)
{
	autobuf bytes = BUF_INIT(INT32_MAX);
	autobuf speaker = BUF_INIT(PATH_MAX);
	autoclose int fd = -1;
	char own[PATH_MAX] = "";
	struct error err;

	assert_true(readlink("/proc/self/exe", own, sizeof(own) - 1) > 0);
	*strrchr(own, '/') = '\0';
	buf_printf(&speaker, "%s/install/unit-install-speaker", own);
	assert_int_equal(file_read(AT_FDCWD, speaker.data, &bytes, &err), 0);
	put(scratch, path, "", 0755);
	fd = openat(scratch->fd, path + 1, O_WRONLY | O_CLOEXEC);
	assert_int_equal(fd_write_all(fd, buf_str(&bytes), path, &err), 0);
	return geteuid() == 0;
}

static void put_program(const struct scratch *scratch, const char *path)
{
	put(scratch, path, "no program\n", 0755);
}

static const struct sample {
	const char *engine;
	const char *path; /* of a file that is there before; NULL: none */
	const char *text;
	const char *changed; /* a file to look at when it is installed */
	const char *part; /* what it holds then */
} samples[] = {
	{"--engine=containerd", NULL, NULL, MAIN, LINE},
	{"--engine=containerd", NULL, NULL, MAIN, "version = 3\n"},
	{"--engine=containerd", NULL, NULL, DROP_IN, "runtimes.kcr]\n"},
	{"--engine=containerd", MAIN, "version = 2\nroot = '/x'", MAIN, "version = 2\nroot = '/x'"},
	{"--engine=containerd", MAIN, "version = 2\n", DROP_IN, "version = 2\n"},
	{"--engine=containerd", MAIN, "version = 4\n", DROP_IN, "version = 4\n"},
	{"--engine=containerd", MAIN, IMPORTED, MAIN, IMPORTED},
	{"--engine=containerd", MAIN, "imports = ['/mine.toml']\n", MAIN, "*.toml\", '/mine.toml'"},
	{"--engine=containerd", MAIN, "imports = ['/etc/mine.d/*.toml']\n",
		"/etc/mine.d/50-kcr.toml", "runtimes.kcr]"},
	{"--engine=cri-o", NULL, NULL, "/etc/crio/crio.conf.d/50-kcr.conf", PROGRAM},
	{"--engine=containerd", "/etc/criu/runc.conf", "tcp-close\n# mine", "/etc/criu/runc.conf",
		"skip-in-flight\nnetwork-lock skip\n"},
	{"--engine=containerd", "/etc/criu/crun.conf", "", "/etc/criu/crun.conf", "external mnt"},
	{"--engine=containerd", NULL, NULL, "/opt/kcr/bin/kcr-runtime.json", "/usr/bin/runc"},
	{"--engine=containerd", NULL, NULL, STORE "/host.json", "\"handler\":\"kcr\""},
	{"--engine=cri-o", NULL, NULL, STORE "/host.json", "\"engine\":\"cri-o\""},
};

static void check_sample(const struct scratch *scratch, const struct sample *sample)
{
	autobuf before = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf once = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf twice = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf after = BUF_INIT(LIMIT_CONFIG_BYTES);

	put_program(scratch, "/usr/bin/runc");
	put_program(scratch, "/usr/bin/crun");
	if (sample->path != NULL)
		put(scratch, sample->path, sample->text, 0640);
	list_files(scratch->path, &before);
	assert_int_equal(install(scratch, sample->engine, ""), 0);
	assert_holds(scratch, sample->changed, sample->part);
	list_files(scratch->path, &once);
	assert_int_equal(install(scratch, sample->engine, ""), 0);
	list_files(scratch->path, &twice);
	assert_removed(scratch);
	list_files(scratch->path, &after);
	if (!str_contains(buf_str(&once), STR("\"needsRestart\":true")))
		assert_string_equal(twice.data, once.data);
	assert_string_equal(after.data, before.data);
}

static void test_a_host_is_changed_once_and_then_as_it_was(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < array_size(samples); i++) {
		void *state = NULL;
		assert_int_equal(scratch_make(&state), 0);
		check_sample(state, &samples[i]);
		assert_int_equal(scratch_drop(&state), 0);
	}
}

static void test_on_request_it_is_the_default_and_can_stop_being_it(void **state)
{
	put_program(*state, "/usr/bin/runc");
	assert_int_equal(install(*state, "--engine=containerd", "--default-handler"), 0);
	assert_holds(*state, DROP_IN, "default_runtime_name = \"kcr\"\n");
	assert_holds(*state, STORE "/host.json", "\"isDefault\":true");
	assert_int_equal(install(*state, "--engine=containerd", ""), 0);
	assert_holds(*state, DROP_IN, "# handler 'kcr' is as 'runc'");
	assert_removed(*state);
	assert_false(is_there(*state, DROP_IN));
}

static void check_kept(const struct scratch *scratch, const char *evidence)
{
	assert_int_equal(run(scratch, install_remove_main, "", ""), 3);
	assert_int_equal(run(scratch, install_remove_main, "", ""), 3);
	assert_false(is_there(scratch, STORE "/host.json"));
	assert_true(is_there(scratch, PROGRAM));
	assert_int_equal(unlinkat(scratch->fd, evidence + 1, 0), 0);
	assert_removed(scratch);
	assert_false(is_there(scratch, PROGRAM));
}

static void test_the_program_stays_while_containers_need_it(void **state)
{
	static const char evidence[] = "/run/k/io.containerd.runtime.v2.task/k8s.io/0123/runtime";

	put_program(*state, "/usr/bin/runc");
	put(*state, MAIN, "state = '/run/k'\n", 0644);
	assert_int_equal(install(*state, "--engine=containerd", ""), 0);
	put(*state, evidence, PROGRAM, 0644);
	put(*state, "/run/k/io.containerd.runtime.v2.task/k8s.io/4567/runtime", "/usr/bin/runc",
		0644);
	check_kept(*state, evidence);
}

static void test_the_program_stays_while_a_monitor_has_it(void **state)
{
	static const char conmon[] = "/usr/bin/conmon\0-r\0" PROGRAM "\0-b\0/x";
	autoclose int fd = -1;
	struct error err;

	put_program(*state, "/usr/bin/runc");
	put_program(*state, "/usr/bin/crun");
	assert_int_equal(install(*state, "--engine=cri-o", ""), 0);
	put(*state, "/proc/77/cmdline", "", 0644);
	fd = openat(((struct scratch *)*state)->fd, "proc/77/cmdline", O_WRONLY | O_CLOEXEC);
	assert_int_equal(
		fd_write_all(fd, (struct str){conmon, sizeof(conmon)}, "cmdline", &err), 0);
	check_kept(*state, "/proc/77/cmdline");
}

static void test_without_a_record_all_is_taken_away(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	assert_int_equal(install(scratch, "--engine=containerd", "--default-handler"), 0);
	assert_int_equal(unlinkat(scratch->fd, &OPT "/kcr-install.json"[1], 0), 0);
	put(scratch, "/run/containerd/containerd.sock", "", 0600); /* so it is seen to be one */
	assert_removed(scratch);
	assert_false(is_there(scratch, DROP_IN));
	assert_false(is_there(scratch, MAIN));
	assert_false(is_there(scratch, PROGRAM));
}

static void test_the_program_stays_while_a_file_of_others_names_it(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	assert_int_equal(install(scratch, "--engine=containerd", ""), 0);
	put(scratch, DROP_IN, "# mine now\n[x]\nBinaryName = '" PROGRAM "'\n", 0644);
	check_kept(scratch, DROP_IN);
}

static void test_the_program_stays_while_the_main_file_names_it(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	assert_int_equal(install(scratch, "--engine=containerd", ""), 0);
	put(scratch, MAIN, "[x]\nBinaryName = '" PROGRAM "'\n", 0644);
	check_kept(scratch, MAIN);
}

/* What is told when it cannot be done; the configuration is then as it was. */
static void check_refusal(const struct scratch *scratch, const char *engine, const char *part)
{
	assert_int_equal(install(scratch, engine, ""), 1);
	assert_int_equal(install(scratch, engine, "--best-effort"), 0);
	assert_holds(scratch, STORE "/host.json", part);
	assert_false(is_there(scratch, DROP_IN));
}

/* Else a crash between the two would leave nothing to undo by. */
static void test_nothing_is_changed_that_cannot_be_put_on_record(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	put(scratch, OPT "/x", "", 0644);
	assert_int_equal(symlinkat("nowhere", scratch->fd, &OPT "/kcr-install.json"[1]), 0);
	check_refusal(scratch, "--engine=containerd", "is a link");
	assert_false(is_there(scratch, MAIN));
}

static void test_nothing_is_restored_after_it_was_taken_away(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	assert_int_equal(install(scratch, "--engine=containerd", ""), 0);
	put(scratch, STORE "/plans/pod/main.json", "{}", 0600);
	put(scratch, STORE "/orders/0123.json", "{}", 0600);
	put(scratch, STORE "/checkpoint/files.json", "{}", 0600);
	assert_removed(scratch);
	assert_false(is_there(scratch, STORE "/plans"));
	assert_false(is_there(scratch, STORE "/orders"));
	assert_true(is_there(scratch, STORE "/checkpoint/files.json"));
}

static void test_links_lead_within_the_host(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	put(scratch, "/var/opt/keep", "", 0600);
	assert_int_equal(symlinkat("/var/opt", scratch->fd, "opt"), 0);
	assert_int_equal(install(scratch, "--engine=containerd", ""), 0);
	assert_true(is_there(scratch, "/var/opt/kcr/bin/kcr-runtime"));
}

static void test_a_configuration_that_is_a_link_is_left(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	put(scratch, "/etc/containerd/real.toml", "version = 2\n", 0644);
	assert_int_equal(symlinkat("real.toml", scratch->fd, &MAIN[1]), 0);
	check_refusal(scratch, "--engine=containerd",
		"import '/etc/containerd/conf.d/50-kcr*.toml', which you may do by hand");
}

static void test_a_configuration_that_cannot_be_read_is_left(void **state)
{
	put_program(*state, "/usr/bin/runc");
	put(*state, MAIN, "version = 2\n[plugins\n", 0644);
	check_refusal(*state, "--engine=containerd", "line 2: a table's name has no end");
}

static void test_a_host_without_a_runtime_is_told_what_is_missing(void **state)
{
	put_program(*state, "/usr/bin/crun");
	check_refusal(*state, "--engine=containerd", "name the runtime by --runtime");
}

static void test_a_place_that_cannot_be_written_is_named(void **state)
{
	put_program(*state, "/usr/bin/runc");
	put(*state, "/opt", "in the way", 0644);
	check_refusal(*state, "--engine=containerd", "'/opt");
}

static void test_a_program_that_does_not_run_replaces_none_that_does(void **state)
{
	const struct scratch *scratch = *state;
	autobuf directory = BUF_INIT(PATH_MAX);
	autobuf program = BUF_INIT(PATH_MAX);
	autobuf before = BUF_INIT(INT32_MAX);
	autobuf after = BUF_INIT(INT32_MAX);

	if (!put_speaker(scratch, "/usr/bin/runc"))
		skip(); /* only root runs programs of another root */
	put_program(scratch, "/bad");
	buf_printf(&directory, "%s" OPT, scratch->path);
	buf_printf(&program, "--program=%s/bad", scratch->path);
	assert_int_equal(install(scratch, "--engine=containerd", ""), 0);
	assert_holds(scratch, STORE "/host.json", "\"runtimeVersion\":\"1.2.3\"");
	list_files(directory.data, &before);
	assert_int_equal(install(scratch, "--engine=containerd", program.data), 1);
	assert_holds(scratch, STORE "/host.json", "kcr-runtime does not run in '" OPT "'");
	list_files(directory.data, &after);
	assert_string_equal(after.data, before.data);
}

static void test_it_does_not_become_its_own_runtime(void **state)
{
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/runc");
	put_program(scratch, PROGRAM);
	put(scratch, MAIN,
		"version = 3\n[plugins.'io.containerd.cri.v1.runtime'.containerd]\n"
		"default_runtime_name = 'kcr'\n"
		"[plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.kcr.options]\n"
		"BinaryName = '" PROGRAM "'\n",
		0644);
	assert_int_equal(install(scratch, "--engine=containerd", "--handler=kcr2"), 1);
	assert_holds(scratch, STORE "/host.json", "which would call itself");
	assert_holds(scratch, PROGRAM, "no program\n");
	assert_false(is_there(scratch, OPT "/kcr-runtime.json"));
}

static void test_the_runtime_is_not_changed_under_its_containers(void **state)
{
	static const char evidence[] =
		"/run/containerd/io.containerd.runtime.v2.task/k8s.io/0/runtime";
	const struct scratch *scratch = *state;

	put_program(scratch, "/usr/bin/crun");
	put_program(scratch, "/usr/sbin/runc");
	put_program(scratch, "/usr/bin/runc");
	assert_int_equal(install(scratch, "--engine=containerd", "--runtime=/usr/bin/crun"), 0);
	put(scratch, evidence, PROGRAM, 0644);
	assert_int_equal(install(scratch, "--engine=containerd", ""), 1);
	assert_holds(scratch, STORE "/host.json", "'/usr/bin/crun' has made 1 containers");
	assert_holds(scratch, OPT "/kcr-runtime.json", "/usr/bin/crun");
	assert_int_equal(unlinkat(scratch->fd, evidence + 1, 0), 0);
	assert_int_equal(install(scratch, "--engine=containerd", "--runtime=/usr/sbin/runc"), 0);
	put(scratch, evidence, PROGRAM, 0644);
	assert_int_equal(install(scratch, "--engine=containerd", "--runtime=/usr/bin/runc"), 0);
	assert_holds(scratch, OPT "/kcr-runtime.json", "/usr/bin/runc");
}

static void test_a_program_can_be_run_after_it_was_installed(void **state)
{
	const struct scratch *scratch = *state;
	struct stat status;

	put_program(scratch, "/usr/bin/runc");
	put(scratch, PROGRAM, "no program\n", 0644);
	assert_int_equal(install(scratch, "--engine=containerd", ""), 0);
	assert_int_equal(fstatat(scratch->fd, &PROGRAM[1], &status, 0), 0);
	assert_int_equal(status.st_mode & 07777, 0755);
}

static void test_a_host_without_an_engine_is_told_so(void **state)
{
	put_program(*state, "/usr/bin/runc");
	check_refusal(*state, "", "neither containerd nor CRI-O");
}

static void test_taking_away_what_is_not_there_is_fine(void **state)
{
	autobuf before = BUF_INIT(LIMIT_CONFIG_BYTES);
	autobuf after = BUF_INIT(LIMIT_CONFIG_BYTES);

	put(*state, MAIN, "version = 2\n", 0644);
	put(*state, "/etc/criu/runc.conf", "tcp-close\n", 0644);
	list_files(((struct scratch *)*state)->path, &before);
	assert_int_equal(run(*state, install_remove_main, "", ""), 0);
	list_files(((struct scratch *)*state)->path, &after);
	assert_string_equal(after.data, before.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_host_is_changed_once_and_then_as_it_was),
		scratch_test(test_on_request_it_is_the_default_and_can_stop_being_it),
		scratch_test(test_the_program_stays_while_containers_need_it),
		scratch_test(test_the_program_stays_while_a_monitor_has_it),
		scratch_test(test_without_a_record_all_is_taken_away),
		scratch_test(test_the_program_stays_while_a_file_of_others_names_it),
		scratch_test(test_the_program_stays_while_the_main_file_names_it),
		scratch_test(test_nothing_is_changed_that_cannot_be_put_on_record),
		scratch_test(test_nothing_is_restored_after_it_was_taken_away),
		scratch_test(test_links_lead_within_the_host),
		scratch_test(test_a_configuration_that_is_a_link_is_left),
		scratch_test(test_a_configuration_that_cannot_be_read_is_left),
		scratch_test(test_a_host_without_a_runtime_is_told_what_is_missing),
		scratch_test(test_a_place_that_cannot_be_written_is_named),
		scratch_test(test_a_program_that_does_not_run_replaces_none_that_does),
		scratch_test(test_it_does_not_become_its_own_runtime),
		scratch_test(test_the_runtime_is_not_changed_under_its_containers),
		scratch_test(test_a_program_can_be_run_after_it_was_installed),
		scratch_test(test_a_host_without_an_engine_is_told_so),
		scratch_test(test_taking_away_what_is_not_there_is_fine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
