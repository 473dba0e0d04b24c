/*
 * Undoing, in the order opposite to installing. What still calls kcr-runtime needs it: containers
 * for their end, and an engine that has not read its configuration anew for every new one.
 */
#include <fcntl.h>
#include <string.h>

#include "install/state.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

static int remove_file(struct install *install, const char *path, struct error *err)
{
	int removed = install__host_remove(&install->host, path, err);

	if (removed == 1)
		log_info("Removed a file", "file", path);
	return removed < 0 ? -1 : 0;
}

static int remove_criu_file(struct install *install, const char *path, struct error *err)
{
	autobuf text = BUF_INIT(INSTALL_CONFIG_BYTES);
	autobuf rest = BUF_INIT(INSTALL_CONFIG_BYTES);
	int found = install__host_read(&install->host, path, &text, err);

	if (found <= 0)
		return found;
	if (!install_criu_remove(buf_str(&text), &rest))
		return remove_file(install, path, err);
	return install__put(install, path, buf_str(&rest), 0644, err) < 0 ? -1 : 0;
}

static int remove_count_mark(void *context, const char *name, bool is_directory, struct error *err)
{
	(void)is_directory;
	(void)err;
	if (strchr(name, '.') == NULL) /* others tell how a container ended */
		++*(size_t *)context;
	return 0;
}

/* How many containers run under kcr-runtime. */
static int remove_count_containers(
	const struct install *install, size_t *ret_count, struct error *err)
{
	struct str path = arena_printf(
		install->host.arena, "%s/" HANDOVER_CONTAINERS, install->options->store);
	autoclose int fd = -1;

	*ret_count = 0;
	if (file_open_in_root(install->host.root_fd, path.data, O_RDONLY | O_DIRECTORY, &fd, err) <
		0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	return file_for_each(fd, remove_count_mark, ret_count, err);
}

/* Why the program has to stay; the empty text when it need not. */
static int remove_find_reason(struct install *install, struct str *ret_reason, struct error *err)
{
	size_t count;

	if (remove_count_containers(install, &count, err) < 0)
		return -1;
	*ret_reason = STR("");
	if (install__needs_restart(install))
		*ret_reason = arena_printf(install->host.arena, "%.*s still uses it: restart %.*s",
			STR_ARG(install->engine.name), STR_ARG(install->engine.name));
	else if (count > 0)
		*ret_reason = arena_printf(install->host.arena,
			"%zu containers that were started with it need it for their end: wait "
			"until they are gone, or delete their Pods",
			count);
	return 0;
}

static int remove_program(struct install *install, struct error *err)
{
	const struct str paths[] = {
		install->program,
		install__path(install, "kcr-runtime.json"),
		install->record_path,
	};

	for (size_t i = 0; i < array_size(paths); i++)
		if (remove_file(install, paths[i].data, err) < 0)
			return -1;
	return 0;
}

/* All that leads new containers to kcr-runtime, and the agent to count on it. */
static int remove_configuration(struct install *install, struct error *err)
{
	struct str facts =
		arena_printf(install->host.arena, "%s/" HANDOVER_HOST, install->options->store);

	if (remove_file(install, facts.data, err) < 0 || install__unconfigure(install, err) < 0 ||
		remove_criu_file(install, INSTALL_CRIU_CRUN, err) < 0 ||
		remove_criu_file(install, INSTALL_CRIU_RUNC, err) < 0)
		return -1;
	if (!install->has_changed)
		return 0;
	install->record.changed = clock_wall();
	return install__record_store(
		&install->host, install->record_path.data, &install->record, err);
}

int install__remove(struct install *install, struct error *err)
{
	const char *engine;
	struct str reason;
	struct error ignored;

	if (install__record_load(&install->host, install->record_path.data, &install->record, err) <
		0)
		return -1;
	engine = install->record.engine.size > 0 ? install->record.engine.data : "auto";
	/* a host without an engine has one file less to change */
	if (install__engine_find(&install->host, engine, install->options->containerd_config,
		    &install->engine, &ignored) < 0)
		install->engine = (struct install_engine){.name = install->record.engine};
	if (remove_configuration(install, err) < 0)
		return -1;
	if (install->options->restart_engine && install__needs_restart(install) &&
		install__engine_restart(&install->host, &install->engine, err) < 0)
		return -1;
	if (remove_find_reason(install, &reason, err) < 0)
		return -1;
	if (reason.size == 0)
		return remove_program(install, err);
	return error_set(err, ERROR_BUSY, "'%s' is kept: %s; then run this again",
		install->program.data, reason.data);
}
