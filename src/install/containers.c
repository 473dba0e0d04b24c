/*
 * Which containers and sandboxes of the host were made by kcr-runtime: containerd's shims write it
 * down, CRI-O's monitors are called with it.
 */
#include <fcntl.h>

#include "install/state.h"
#include "sys/fd.h"
#include "sys/file.h"

struct containers_count {
	const struct install *install;
	struct str directory; /* of what is counted, on the host */
	size_t count;
};

/* Calls `visit` for each entry of a directory of the host; one that is not there has none. */
static int containers_for_each(const struct install *install, const char *directory,
	file_visit_fn visit, struct containers_count *count, struct error *err)
{
	autoclose int fd = -1;

	if (file_open_in_root(install->host.root_fd, directory, O_RDONLY | O_DIRECTORY, &fd, err) <
		0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	return file_for_each(fd, visit, count, err);
}

/* containerd's shim keeps beside each container and sandbox which program it calls for it. */
static int containers_count_bundle(
	void *context, const char *name, bool is_directory, struct error *err)
{
	struct containers_count *count = context;
	const struct install_host *host = &count->install->host;
	struct str path =
		arena_printf(host->arena, "%.*s/%s/runtime", STR_ARG(count->directory), name);
	autobuf program = BUF_INIT(INSTALL_CONFIG_BYTES);

	(void)is_directory;
	if (install__host_read(host, path.data, &program, err) < 0)
		return -1;
	count->count += str_equal(str_trim(buf_str(&program)), count->install->program);
	return 0;
}

static int containers_count_namespace(
	void *context, const char *name, bool is_directory, struct error *err)
{
	struct containers_count *count = context;
	struct containers_count inner = {.install = count->install};

	(void)is_directory;
	inner.directory = arena_printf(
		count->install->host.arena, "%.*s/%s", STR_ARG(count->directory), name);
	if (containers_for_each(
		    count->install, inner.directory.data, containers_count_bundle, &inner, err) < 0)
		return -1;
	count->count += inner.count;
	return 0;
}

/* CRI-O's conmon has the program among its arguments, which end with NUL. */
static int containers_count_monitor(
	void *context, const char *name, bool is_directory, struct error *err)
{
	struct containers_count *count = context;
	const struct install_host *host = &count->install->host;
	struct str path = arena_printf(host->arena, "/proc/%s/cmdline", name);
	autobuf arguments = BUF_INIT(INSTALL_CONFIG_BYTES);
	struct str rest;
	struct str word;

	(void)is_directory;
	if (name[0] < '1' || name[0] > '9')
		return 0;
	if (install__host_read(host, path.data, &arguments, err) < 0)
		return 0; /* it has ended meanwhile */
	rest = buf_str(&arguments);
	for (bool is_found = false; rest.size > 0 && !is_found; count->count += is_found) {
		(void)str_cut(rest, '\0', &word, &rest);
		is_found = str_equal(word, count->install->program);
	}
	return 0;
}

/* Where containerd keeps what lives as long as a container. */
static struct str containers_find_bundles(const struct install *install)
{
	autobuf text = BUF_INIT(INSTALL_CONFIG_BYTES);
	autotoml main = INSTALL_TOML_INIT;
	struct arena *arena = install->host.arena;
	struct str state = STR("");
	struct error ignored;

	if (install->record.config.size > 0 &&
		install__host_read(&install->host, install->record.config.data, &text, &ignored) ==
			1 &&
		install_toml_read(buf_str(&text), arena, &main, &ignored) == 0)
		state = install_toml_text(&main, STR("state"));
	if (state.size == 0)
		state = STR("/run/containerd");
	return arena_printf(arena, "%.*s/io.containerd.runtime.v2.task", STR_ARG(state));
}

int install__count_containers(const struct install *install, size_t *ret_count, struct error *err)
{
	struct containers_count count = {.install = install};
	int result;

	if (str_is(install->engine.name, INSTALL_CRIO)) {
		result = containers_for_each(
			install, "/proc", containers_count_monitor, &count, err);
	} else {
		count.directory = containers_find_bundles(install);
		result = containers_for_each(
			install, count.directory.data, containers_count_namespace, &count, err);
	}
	*ret_count = count.count;
	return result;
}
