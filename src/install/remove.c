/*
 * Undoing, in the order opposite to installing. What still calls kcr-runtime needs it: containers
 * for their end, and an engine that has not read its configuration anew for every new one.
 */
#include <fcntl.h>
#include <string.h>

#include "install/state.h"
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

/* Why the program has to stay; the empty text when it need not. */
static int remove_find_reason(struct install *install, struct str *ret_reason, struct error *err)
{
	struct str where;
	size_t count;

	*ret_reason = STR("");
	if (!install__host_exists(&install->host, install->program.data))
		return 0;
	if (install__count_containers(install, &count, err) < 0 ||
		install__find_mention(install, &where, err) < 0)
		return -1;
	if (install__needs_restart(install))
		*ret_reason = arena_printf(install->host.arena, "%.*s still uses it: restart %.*s",
			STR_ARG(install->engine.name), STR_ARG(install->engine.name));
	else if (where.size > 0)
		*ret_reason = arena_printf(install->host.arena,
			"%.*s names it, by what others have written: take that out",
			STR_ARG(where));
	else if (count > 0)
		*ret_reason = arena_printf(install->host.arena,
			"it is needed for the end of %zu containers and sandboxes: wait until "
			"their Pods are gone, or delete them",
			count);
	return 0;
}

static int remove_program(struct install *install, struct error *err)
{
	const struct str paths[] = {
		install->program,
		install__path(install, INSTALL_PROGRAM ".json"),
		install__path(install, INSTALL_PROGRAM ".new"), /* of a trial that was cut off */
		install__path(install, INSTALL_PROGRAM ".new.json"),
		install->record_path,
	};

	for (size_t i = 0; i < array_size(paths); i++)
		if (remove_file(install, paths[i].data, err) < 0)
			return -1;
	return 0;
}

/*
 * From what kcr-runtime may restore and take checkpoints: containers of older sandboxes go on being
 * made by it, but the agent that knows what may be restored will not be asked any more.
 */
static int remove_plans(struct install *install, struct error *err)
{
	autoclose int store = -1;

	if (file_open_in_root(install->host.root_fd, install->options->store,
		    O_RDONLY | O_DIRECTORY, &store, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	if (file_remove_tree(store, HANDOVER_PLANS, err) < 0 ||
		file_remove_tree(store, HANDOVER_ORDERS, err) < 0)
		return -1;
	return 0;
}

/* All that leads new containers to kcr-runtime, and the agent to count on it. */
static int remove_configuration(struct install *install, struct error *err)
{
	struct str facts =
		arena_printf(install->host.arena, "%s/" HANDOVER_HOST, install->options->store);

	if (remove_file(install, facts.data, err) < 0 || remove_plans(install, err) < 0 ||
		install__unconfigure(install, err) < 0 ||
		remove_criu_file(install, INSTALL_CRIU_CRUN, err) < 0 ||
		remove_criu_file(install, INSTALL_CRIU_RUNC, err) < 0)
		return -1;
	if (!install->has_changed)
		return 0;
	return install__remember(install, err);
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
