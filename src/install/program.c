/* Options, host.json and exit status of both commands. */
#include "install/install.h"

#include <signal.h>
#include <sys/stat.h>

#include "base/limits.h"
#include "install/state.h"
#include "options/options.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

static const char *const program_engines[] = {"auto", INSTALL_CONTAINERD, INSTALL_CRIO, NULL};

#define PROGRAM_ROW(option_name, option_type, member, argument_name, text)                         \
	.name = (option_name), .type = (option_type),                                              \
	.offset = offsetof(struct install_options, member), .argument = (argument_name),           \
	.help = (text)

#define PROGRAM_SHARED_ROWS                                                                        \
	{PROGRAM_ROW("host", OPTION_TEXT, host, "PATH",                                            \
		"Where the host's root is mounted; / on the host itself.")},                       \
		{PROGRAM_ROW("directory", OPTION_TEXT, directory, "PATH",                          \
			"The directory on the host for kcr-runtime and what belongs to it.")},     \
		{PROGRAM_ROW("store", OPTION_TEXT, store, "PATH",                                  \
			"The agent's store on the host; host.json in it says what was found.")},   \
		{PROGRAM_ROW("restart-engine", OPTION_FLAG, restart_engine, NULL,                  \
			"Restart containerd or CRI-O by systemd when it has to read its "          \
			"configuration anew, and then the kubelet; containers go on running.")},   \
	{                                                                                          \
		PROGRAM_ROW("log-format", OPTION_CHOICE, log_format, "FORMAT",                     \
			"How messages are written: text or json."),                                \
			.choices = log_format_choices                                              \
	}

static const struct option_row program_install_rows[] = {
	PROGRAM_SHARED_ROWS,
	{PROGRAM_ROW("default-handler", OPTION_FLAG, is_default, NULL,
		"Run all Pods without a RuntimeClass under kcr-runtime, so that an annotation is "
		"all they need.")},
	{PROGRAM_ROW("handler", OPTION_TEXT, handler, "NAME",
		"What the engine and a RuntimeClass call it by.")},
	{PROGRAM_ROW("engine", OPTION_CHOICE, engine, "NAME",
		 "containerd, cri-o, or auto: the one that runs."),
		.choices = program_engines},
	{PROGRAM_ROW("containerd-config", OPTION_TEXT, containerd_config, "PATH",
		"containerd's main configuration on the host; found by its process when empty.")},
	{PROGRAM_ROW("from-handler", OPTION_TEXT, from_handler, "NAME",
		"The engine's handler to take all options from; the default one when empty.")},
	{PROGRAM_ROW("runtime", OPTION_TEXT, runtime, "PATH",
		"runc or crun on the host; what that handler calls when empty.")},
	{PROGRAM_ROW("program", OPTION_TEXT, program, "PATH",
		"The kcr-runtime to install; the one beside this program when empty.")},
	{PROGRAM_ROW("best-effort", OPTION_FLAG, best_effort, NULL,
		"Succeed also where it cannot be installed; host.json then says why.")},
};

static const struct option_row program_remove_rows[] = {
	PROGRAM_SHARED_ROWS,
	{PROGRAM_ROW("stay", OPTION_FLAG, stay, NULL,
		"Wait for a signal when it is done, so that a DaemonSet counts as ready.")},
};

static const struct install_options program_defaults = {
	.host = "/",
	.directory = "/opt/kcr/bin",
	.handler = "kcr",
	.store = "/var/lib/kubelet/checkpoints/kcr",
	.engine = "auto",
	.containerd_config = "",
	.from_handler = "",
	.runtime = "",
	.program = "",
	.log_format = "text",
};

const struct option_table install_option_table = {
	.program = "kcr install-runtime",
	.usage = "[OPTION ...]",
	.purpose =
		"Installs kcr-runtime on a host: the program, CRIU's options, and a drop-in for "
		"containerd 2.x or CRI-O. Writes only what has changed, so that it may run again "
		"at any time. Does not restart the engine unless asked to; says when that is "
		"needed.",
	.rows = program_install_rows,
	.count = array_size(program_install_rows),
	.defaults = &program_defaults,
	.size = sizeof(program_defaults),
};

const struct option_table install_remove_option_table = {
	.program = "kcr uninstall-runtime",
	.usage = "[OPTION ...]",
	.purpose = "Undoes what 'kcr install-runtime' did on a host. Files that it changed are as "
		   "they were. The program stays, and the exit status is 3, while the engine or "
		   "containers still need it: run it again later.",
	.rows = program_remove_rows,
	.count = array_size(program_remove_rows),
	.defaults = &program_defaults,
	.size = sizeof(program_defaults),
};

/* Writes what was found, so that the agent can say why a strategy is not offered. */
static int program_report(struct install *install, const struct error *problem, struct error *err)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str path =
		arena_printf(install->host.arena, "%s/" HANDOVER_HOST, install->options->store);
	autoclose int fd = -1;

	install->facts.version = HANDOVER_FORMAT_VERSION;
	install->facts.installed = install->record.changed;
	install->facts.engine = install->engine.name;
	install->facts.engine_version = install->engine.version;
	install->facts.needs_restart = install__needs_restart(install);
	if (problem != NULL)
		install->facts.problem = str_of(problem->text);
	handover_host_write(&install->facts, &text);
	if (install__host_make_directory(&install->host, install->options->store, 0700, &fd, err) <
			0 ||
		install__host_write(&install->host, path.data, buf_str(&text), 0600, err) < 0)
		return -1;
	return 0;
}

/* What both commands have from beginning to end. */
struct program {
	struct arena *arena;
	struct install_options options;
	struct install install;
};

static void program_done(struct program *program)
{
	fd_close(&program->install.host.root_fd);
	arena_free(program->arena);
}
#define autoprogram clean_up(program_done) struct program

#define PROGRAM_INIT ((struct program){.arena = arena_new(16 * 1024), .install.host.root_fd = -1})

/* False when the program is over, with its exit status. */
static bool program_start(struct program *program, const struct option_table *table, int count,
	char *const *arguments, int *ret_status)
{
	struct install_options *options = &program->options;
	struct install *install = &program->install;
	struct options sources;
	struct error err;

	if (!options_start(&sources, table, count, arguments, options, ret_status))
		return false;
	options_done(&sources); /* flags only: nothing is borrowed from it */
	log_configure_by_names(options->log_format, "info");
	(void)umask(022);
	if (file_open_directory(options->host, &install->host.root_fd, &err) < 0) {
		log_error(&err, "Failed to read the host", "host", options->host);
		*ret_status = 1;
		return false;
	}
	install->options = options;
	install->host.root = options->host;
	install->host.arena = program->arena;
	install->program = install__path(install, INSTALL_PROGRAM);
	install->record_path = install__path(install, "kcr-install.json");
	return true;
}

static void program_tell(const struct install *install)
{
	if (install->facts.needs_restart)
		log_warning(NULL,
			"Restart the container engine, so that it reads its configuration, and "
			"then the kubelet, whose EventedPLEG gives up otherwise; containers go on "
			"running",
			"engine", install->facts.engine.data);
	log_info("Installed kcr-runtime", "engine", install->facts.engine.data, "engineVersion",
		install->facts.engine_version.data, "runtime", install->facts.runtime.data,
		"handler", install->facts.handler.data, "isDefault",
		install->facts.is_default ? "true" : "false");
}

int install_main(int count, char *const *arguments)
{
	autoprogram program = PROGRAM_INIT;
	struct error problem;
	struct error err;
	int result;

	if (!program_start(&program, &install_option_table, count, arguments, &result))
		return result;
	result = install__install(&program.install, &problem);
	if (result < 0)
		log_error(&problem, "Failed to install kcr-runtime");
	if (program_report(&program.install, result < 0 ? &problem : NULL, &err) < 0) {
		log_error(&err, "Failed to tell the agent what was found");
		return 1;
	}
	if (result == 0)
		program_tell(&program.install);
	return result == 0 || program.options.best_effort ? 0 : 1;
}

/* Until SIGTERM or SIGINT. */
static void program_stay(void)
{
	sigset_t signals;
	int number;

	(void)sigemptyset(&signals);
	(void)sigaddset(&signals, SIGTERM);
	(void)sigaddset(&signals, SIGINT);
	if (sigprocmask(SIG_BLOCK, &signals, NULL) == 0)
		(void)sigwait(&signals, &number);
}

int install_remove_main(int count, char *const *arguments)
{
	enum { PROGRAM_IS_KEPT = 3 };
	autoprogram program = PROGRAM_INIT;
	struct error err;
	int status;

	if (!program_start(&program, &install_remove_option_table, count, arguments, &status))
		return status;
	if (install__remove(&program.install, &err) < 0) {
		log_error(&err, "Failed to uninstall kcr-runtime");
		return err.kind == ERROR_BUSY ? PROGRAM_IS_KEPT : 1;
	}
	log_info("Uninstalled kcr-runtime");
	if (program.options.stay)
		program_stay();
	return 0;
}
