/* /proc of the host tells which engine runs and with which configuration: proc(5). */
#include "install/engine.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/limits.h"
#include "base/number.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

enum { ENGINE_RESTART_MS = 90000, ENGINE_OUTPUT_BYTES = 64 * 1024 };

static const struct engine_kind {
	const char *name;
	const char *process; /* as /proc/PID/comm has it */
	const char *socket;
	const char *unit;
} engine_kinds[] = {
	/* a host with both runs containerd for something else, such as Docker */
	{INSTALL_CRIO, "crio", "/run/crio/crio.sock", "crio"},
	{INSTALL_CONTAINERD, "containerd", "/run/containerd/containerd.sock", "containerd"},
};

static const struct engine_kind *engine_kind(const char *name)
{
	for (size_t i = 0; i < array_size(engine_kinds); i++)
		if (strcmp(name, engine_kinds[i].name) == 0)
			return &engine_kinds[i];
	return NULL;
}

/* A file of a process; empty when the process has ended. */
static struct str engine_proc_file(
	const struct install_host *host, const char *pid, const char *file)
{
	autobuf text = BUF_INIT(ENGINE_OUTPUT_BYTES);
	struct str path = arena_printf(host->arena, "/proc/%s/%s", pid, file);
	struct error ignored;

	if (install__host_read(host, path.data, &text, &ignored) != 1)
		return STR("");
	return arena_str(host->arena, buf_str(&text));
}

/* Whether a process lives on the host itself, not in a container of its own. */
static bool engine_is_of_host(const struct install_host *host, const char *pid)
{
	struct str path = arena_printf(host->arena, "%s/proc/%s/root", host->root, pid);
	struct stat root;
	struct stat process;

	return fstat(host->root_fd, &root) == 0 && stat(path.data, &process) == 0 &&
		root.st_dev == process.st_dev && root.st_ino == process.st_ino;
}

/* When a process started: its age by the clock that /proc counts by, taken off the wall clock. */
static struct wall_time engine_started(struct str stat_text)
{
	enum { FIELDS_BEFORE_START = 19 }; /* behind the name in parentheses */
	struct timespec now;
	struct str name;
	struct str field;
	uint64_t ticks = 0;
	int64_t age_us;

	if (!str_cut_last(stat_text, ')', &name, &stat_text))
		return (struct wall_time){0};
	stat_text = str_trim(stat_text);
	for (int i = 0; i <= FIELDS_BEFORE_START; i++)
		(void)str_cut(stat_text, ' ', &field, &stat_text);
	if (!number_parse_u64(field, &ticks) || clock_gettime(CLOCK_BOOTTIME, &now) < 0)
		return (struct wall_time){0};
	age_us = now.tv_sec * TIME_SECOND_US + now.tv_nsec / 1000 -
		(int64_t)(ticks * (uint64_t)TIME_SECOND_US / (uint64_t)sysconf(_SC_CLK_TCK));
	return (struct wall_time){clock_wall().us - age_us};
}

struct engine_search {
	const struct install_host *host;
	const struct engine_kind *kind;
	struct install_engine *engine;
};

static int engine_visit(void *context, const char *name, bool is_directory, struct error *err)
{
	struct engine_search *search = context;
	int64_t pid;

	(void)is_directory;
	(void)err;
	if (search->engine->pid != 0 || !number_parse_i64(str_of(name), &pid) ||
		!str_is(str_trim(engine_proc_file(search->host, name, "comm")),
			search->kind->process) ||
		!engine_is_of_host(search->host, name))
		return 0;
	search->engine->started = engine_started(engine_proc_file(search->host, name, "stat"));
	if (wall_time_is_set(search->engine->started))
		search->engine->pid = (int)pid;
	return 0;
}

static void engine_look_for(const struct install_host *host, const struct engine_kind *kind,
	struct install_engine *engine)
{
	struct engine_search search = {host, kind, engine};
	struct error ignored;
	autoclose int fd = -1;

	engine->pid = 0;
	if (file_open_in_root(host->root_fd, "/proc", O_RDONLY | O_DIRECTORY, &fd, &ignored) < 0 ||
		file_for_each(fd, engine_visit, &search, &ignored) < 0)
		engine->pid = 0; /* not visible: then it is not known whether it runs */
}

void install__engine_look(const struct install_host *host, struct install_engine *engine)
{
	const struct engine_kind *kind = engine_kind(arena_str(host->arena, engine->name).data);

	if (kind != NULL)
		engine_look_for(host, kind, engine);
}

/* The value of --config in a command line, whose words end with NUL. */
static struct str engine_config_argument(struct str words)
{
	static const char *const names[] = {"--config", "-config", "-c"};
	struct str word;

	while (words.size > 0) {
		(void)str_cut(words, '\0', &word, &words);
		for (size_t i = 0; i < array_size(names); i++) {
			struct str name = str_of(names[i]);
			if (str_equal(word, name)) {
				(void)str_cut(words, '\0', &word, &words);
				return word;
			}
			if (str_starts_with(word, name) && word.data[name.size] == '=')
				return str_from(word, name.size + 1);
		}
	}
	return STR("");
}

/* The program of a running engine; a deleted one is looked for by name. */
static struct str engine_program_of(const struct install_host *host, const char *pid)
{
	struct str link = arena_printf(host->arena, "%s/proc/%s/exe", host->root, pid);
	char path[PATH_MAX];
	ssize_t size = readlink(link.data, path, sizeof(path));

	if (size <= 0 || size == PATH_MAX)
		return STR("");
	return install__host_find(host, (struct str){path, (size_t)size});
}

static void engine_describe(const struct install_host *host, const struct engine_kind *kind,
	struct install_engine *engine)
{
	struct str pid = arena_printf(host->arena, "%d", engine->pid);

	engine->name = str_of(kind->name);
	engine->config = STR("/etc/containerd/config.toml");
	if (engine->pid != 0) {
		struct str config =
			engine_config_argument(engine_proc_file(host, pid.data, "cmdline"));
		if (str_starts_with(config, STR("/")))
			engine->config = arena_str(host->arena, config);
		engine->program = engine_program_of(host, pid.data);
	}
	if (engine->program.size == 0)
		engine->program = install__host_find(host, str_of(kind->process));
	engine->version = install__engine_version(host, engine->program, INSTALL_THIRD_WORD);
}

/* What a kind of engine leaves to see: a process is better than a socket, that than a program. */
static int engine_signs(const struct install_host *host, const struct engine_kind *kind,
	struct install_engine *engine)
{
	engine_look_for(host, kind, engine);
	if (engine->pid != 0)
		return 3;
	if (install__host_exists(host, kind->socket))
		return 2;
	return install__host_find(host, str_of(kind->process)).size > 0 ? 1 : 0;
}

int install__engine_find(const struct install_host *host, const char *wanted, const char *config,
	struct install_engine *ret_engine, struct error *err)
{
	const bool is_any = strcmp(wanted, "auto") == 0;
	const struct engine_kind *best = NULL;
	int best_signs = is_any ? 0 : -1; /* what was asked for needs no sign */

	*ret_engine = (struct install_engine){0};
	for (size_t i = 0; i < array_size(engine_kinds); i++) {
		struct install_engine engine = {0};
		int signs;
		if (!is_any && strcmp(wanted, engine_kinds[i].name) != 0)
			continue;
		signs = engine_signs(host, &engine_kinds[i], &engine);
		if (signs <= best_signs)
			continue;
		best = &engine_kinds[i];
		best_signs = signs;
		*ret_engine = engine;
	}
	if (best == NULL)
		return error_set(err, ERROR_ABSENT,
			"neither containerd nor CRI-O runs or is installed on the host");
	engine_describe(host, best, ret_engine);
	if (config[0] != '\0')
		ret_engine->config = str_of(config);
	return 0;
}

struct str install__engine_version(
	const struct install_host *host, struct str program, enum install_word word_at)
{
	const char *const arguments[] = {program.data, "--version", NULL};
	autobuf text = BUF_INIT(ENGINE_OUTPUT_BYTES);
	struct error ignored;
	struct str line;
	struct str rest;
	struct str word = STR("");
	int status;

	if (program.size == 0 ||
		install__host_run(host, arguments, 1, INSTALL_RUN_MS, &text, &status, &ignored) < 0)
		return STR("");
	(void)str_cut(buf_str(&text), '\n', &line, &rest);
	for (size_t i = 0; i <= (size_t)word_at; i++)
		(void)str_cut(line, ' ', &word, &line);
	word = str_trim(word);
	if (str_starts_with(word, STR("v")))
		word = str_from(word, 1);
	return arena_str(host->arena, word);
}

static int engine_systemctl(
	const struct install_host *host, const char *verb, const char *unit, struct error *err)
{
	struct str systemctl = install__host_find(host, STR("systemctl"));
	const char *const arguments[] = {systemctl.data, verb, unit, NULL};
	autobuf text = BUF_INIT(ENGINE_OUTPUT_BYTES);
	int status;

	if (systemctl.size == 0 || !install__host_exists(host, "/run/systemd/system"))
		return error_set(err, ERROR_UNSUPPORTED,
			"the host does not run systemd: restart %s by its own means", unit);
	if (install__host_run(host, arguments, 2, ENGINE_RESTART_MS, &text, &status, err) < 0)
		return -1;
	if (status != 0)
		return error_set(err, ERROR_SYSTEM, "systemctl %s %s: %s", verb, unit, text.data);
	return 0;
}

int install__engine_restart(
	const struct install_host *host, const struct install_engine *engine, struct error *err)
{
	const struct engine_kind *kind = engine_kind(arena_str(host->arena, engine->name).data);

	if (kind == NULL)
		return error_set(err, ERROR_ABSENT, "the host has no container engine");
	if (engine_systemctl(host, "restart", kind->unit, err) < 0)
		return -1;
	/* its EventedPLEG gives up for good when the engine goes away; k3s has no such unit */
	return engine_systemctl(host, "try-restart", "kubelet", err) < 0 &&
			err->kind != ERROR_SYSTEM
		? -1
		: 0;
}
