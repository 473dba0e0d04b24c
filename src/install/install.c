/* The order: what is called before who calls it; so a step that fails leaves a host that works. */
#include <fcntl.h>
#include <limits.h>
#include <unistd.h>

#include "base/limits.h"
#include "install/state.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/log.h"

enum {
	INSTALL_PROGRAM_BYTES = 64 * 1024 * 1024,
	INSTALL_CRIU_MS = 60000, /* `criu check` tries out what the kernel can do */
};

struct str install__path(const struct install *install, const char *name)
{
	return arena_printf(install->host.arena, "%s/%s", install->options->directory, name);
}

int install__put(
	struct install *install, const char *path, struct str text, mode_t mode, struct error *err)
{
	int changed = install__host_write(&install->host, path, text, mode, err);

	if (changed == 1)
		log_info("Wrote a file", "file", path);
	return changed;
}

bool install__needs_restart(struct install *install)
{
	install__engine_look(&install->host, &install->engine);
	if (install->engine.pid == 0) /* it does not run, unless processes are not to be seen */
		return install->has_changed && !install__host_exists(&install->host, "/proc/1");
	return wall_time_is_set(install->record.changed) &&
		install->engine.started.us < install->record.changed.us;
}

int install__remember(struct install *install, struct error *err)
{
	if (install->has_changed)
		install->record.changed = clock_wall();
	install->record.engine = install->engine.name;
	return install__record_store(
		&install->host, install->record_path.data, &install->record, err);
}

/* kcr-runtime from beside this very program. */
static int install_read_program(const struct install *install, struct buf *bytes, struct error *err)
{
	char own[PATH_MAX];
	ssize_t size = readlink("/proc/self/exe", own, sizeof(own));
	struct str path = str_of(install->options->program);
	struct str directory;
	struct str name;

	if (path.size == 0) {
		if (size <= 0 || size == PATH_MAX)
			return error_set_errno(err, "cannot tell where this program lies");
		(void)str_cut_last((struct str){own, (size_t)size}, '/', &directory, &name);
		path = arena_printf(
			install->host.arena, "%.*s/" INSTALL_PROGRAM, STR_ARG(directory));
	}
	return file_read(AT_FDCWD, path.data, bytes, err);
}

static void install_write_config(const struct install *install, struct buf *out)
{
	const struct handover_config config = {
		.runtime = install->facts.runtime,
		.store = str_of(install->options->store),
		.state = STR("/run/kcr"),
		.agent_deadline_ms = 200,
		.create_deadline_ms = HANDOVER_CREATE_DEADLINE_MS,
		.plan_max_age_seconds = 24 * 60 * 60,
		.resume_patience_ms = HANDOVER_RESUME_PATIENCE_MS,
	};

	handover_config_write(&config, out);
}

/*
 * Whether the program runs on the host, which an old kernel or a file system without the right to
 * execute forbid: it has to say what the runtime behind it says. An engine that called one that
 * does not run would start no container any more.
 */
static int install_try_program(const struct install *install, struct str program, struct error *err)
{
	struct str said = install__engine_version(&install->host, program, INSTALL_THIRD_WORD);

	if (!str_equal(said, install->facts.runtime_version))
		return error_set(err, ERROR_UNSUPPORTED,
			"kcr-runtime does not run in '%s' on the host; choose a directory that "
			"programs can be run from by --directory",
			install->options->directory);
	return 0;
}

/* Tries the program beside the one that the engine may be calling right now. */
static int install_try(
	struct install *install, struct str bytes, struct str config, struct error *err)
{
	struct str program = install__path(install, INSTALL_PROGRAM ".new");
	struct str config_path = install__path(install, INSTALL_PROGRAM ".new.json");
	struct error ignored; /* what is left is written over the next time */
	int result;

	if (install->facts.runtime_version.size == 0)
		return 0; /* the runtime itself does not run: a host that is not alive */
	result = install__host_write(&install->host, config_path.data, config, 0644, err);
	if (result >= 0)
		result = install__host_write(&install->host, program.data, bytes, 0755, err);
	if (result >= 0)
		result = install_try_program(install, program, err);
	if (install__host_remove(&install->host, program.data, &ignored) < 0 ||
		install__host_remove(&install->host, config_path.data, &ignored) < 0)
		log_warning(&ignored, "Left the program of a trial", "file", program.data);
	return result;
}

/* The runtime that an earlier installation has put behind kcr-runtime; empty when there was none.
 */
static struct str install_find_present_runtime(const struct install *install)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str path = install__path(install, INSTALL_PROGRAM ".json");
	struct handover_config config;
	struct error ignored; /* what cannot be read is written anew */

	if (install__host_read(&install->host, path.data, &text, &ignored) != 1 ||
		handover_config_read(buf_str(&text), install->host.arena, &config, &ignored) < 0)
		return STR("");
	return config.runtime;
}

/*
 * runc does not know the containers of crun, nor crun those of runc: they could be neither ended
 * nor entered any more. The same one at another path does.
 */
static int install_check_runtime(const struct install *install, struct error *err)
{
	struct str present = install_find_present_runtime(install);
	struct str directory;
	struct str old;
	struct str new;
	size_t count;

	if (!str_cut_last(present, '/', &directory, &old) ||
		!str_cut_last(install->facts.runtime, '/', &directory, &new) ||
		str_equal(old, new) || !install__host_exists(&install->host, present.data))
		return 0;
	if (install__count_containers(install, &count, err) < 0)
		return -1;
	if (count > 0)
		return error_set(err, ERROR_BUSY,
			"'%s' has made %zu containers and sandboxes, which '%s' does not know; "
			"delete their Pods before you change the runtime, or name it by --runtime",
			present.data, count, install->facts.runtime.data);
	return 0;
}

static int install_put_program(struct install *install, struct error *err)
{
	autobuf bytes = BUF_INIT(INSTALL_PROGRAM_BYTES);
	autobuf config = BUF_INIT(LIMIT_CONFIG_BYTES);

	install_write_config(install, &config);
	if (install_read_program(install, &bytes, err) < 0 ||
		install_try(install, buf_str(&bytes), buf_str(&config), err) < 0)
		return -1;
	if (install__put(install, install__path(install, INSTALL_PROGRAM ".json").data,
		    buf_str(&config), 0644, err) < 0 ||
		install__put(install, install->program.data, buf_str(&bytes), 0755, err) < 0)
		return -1;
	return 0;
}

static int install_put_criu_file(
	struct install *install, const char *path, bool is_crun, struct error *err)
{
	autobuf text = BUF_INIT(INSTALL_CONFIG_BYTES);
	autobuf others = BUF_INIT(INSTALL_CONFIG_BYTES);
	autobuf whole = BUF_INIT(INSTALL_CONFIG_BYTES);
	int found = install__host_read(&install->host, path, &text, err);
	bool is_new;

	if (found < 0)
		return -1;
	is_new = !install_criu_remove(buf_str(&text), &others) || found == 0;
	install_criu_add(buf_str(&others), is_new,
		is_crun && str_is(install->engine.name, INSTALL_CONTAINERD), &whole);
	if (buf_check(&whole, path, err) < 0)
		return -1;
	return install__put(install, path, buf_str(&whole), 0644, err) < 0 ? -1 : 0;
}

static int install_put_criu(struct install *install, struct error *err)
{
	if (install_put_criu_file(install, INSTALL_CRIU_RUNC, false, err) < 0)
		return -1;
	return install_put_criu_file(install, INSTALL_CRIU_CRUN, true, err);
}

/* What CRIU says about the host; a missing one is a problem, but no reason not to install. */
static void install_find_criu(struct install *install)
{
	struct str criu = install__host_find(&install->host, STR("criu"));
	const char *const arguments[] = {criu.data, "check", NULL};
	autobuf said = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error err;
	int status;

	if (criu.size == 0) {
		install->facts.criu_problem = STR("CRIU is not installed");
		return;
	}
	install->facts.criu_version =
		install__engine_version(&install->host, criu, INSTALL_SECOND_WORD);
	if (install__host_run(&install->host, arguments, 2, INSTALL_CRIU_MS, &said, &status, &err) <
		0)
		install->facts.criu_problem = arena_str(install->host.arena, str_of(err.text));
	else if (status != 0)
		install->facts.criu_problem =
			arena_str(install->host.arena, str_trim(buf_str(&said)));
}

static int install_check_version(const struct install *install, struct error *err)
{
	if (str_is(install->engine.name, INSTALL_CONTAINERD) &&
		str_starts_with(install->engine.version, STR("1.")))
		return error_set(err, ERROR_UNSUPPORTED,
			"containerd %.*s cannot take checkpoints; 2.0 or later is needed",
			STR_ARG(install->engine.version));
	return 0;
}

static int install_restart(struct install *install, struct error *err)
{
	if (!install->options->restart_engine || !install__needs_restart(install))
		return 0;
	log_info("Restarting the container engine", "engine", install->engine.name.data);
	return install__engine_restart(&install->host, &install->engine, err);
}

int install__install(struct install *install, struct error *err)
{
	autoeffective effective = INSTALL_EFFECTIVE_INIT;

	if (install__record_load(&install->host, install->record_path.data, &install->record, err) <
			0 ||
		install__engine_find(&install->host, install->options->engine,
			install->options->containerd_config, &install->engine, err) < 0 ||
		install_check_version(install, err) < 0)
		return -1;
	install_find_criu(install);
	if (install__examine(install, &effective, err) < 0)
		return -1;
	install->facts.runtime_version =
		install__engine_version(&install->host, install->facts.runtime, INSTALL_THIRD_WORD);
	if (install_check_runtime(install, err) < 0 || install_put_program(install, err) < 0 ||
		install_put_criu(install, err) < 0 ||
		install__configure(install, &effective, err) < 0 ||
		install__remember(install, err) < 0)
		return -1;
	install->facts.program = install->program;
	install->facts.program_version = STR(KCR_VERSION);
	install->facts.handler = str_of(install->options->handler);
	install->facts.is_default = install->options->is_default;
	return install_restart(install, err);
}
