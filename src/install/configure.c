/*
 * The engine's configuration: asked of the engine itself, changed by a drop-in, and asked again. An
 * engine that would not start with it keeps the configuration that it had.
 */
#include "base/limits.h"
#include "install/state.h"
#include "sys/log.h"

#define CRIO_DROP_IN "/etc/crio/crio.conf.d/50-kcr.conf"
#define CRIO_CONFIG  "/etc/crio/crio.conf"
/* The main configuration of a containerd that had none. */
#define CONTAINERD_MADE INSTALL_NOTE "version = 3\n"

void install__effective_done(struct install_effective *effective)
{
	install_toml_done(&effective->toml);
	buf_done(&effective->text);
}

static bool configure_is_containerd(const struct install *install)
{
	return str_is(install->engine.name, INSTALL_CONTAINERD);
}

/* The last line of what the engine complains about: that is where containerd says the reason. */
static void configure_last_line(struct buf *text, char line[static 256])
{
	struct str rest = str_trim(buf_str(text));
	struct str last;

	(void)str_cut_last(rest, '\n', &rest, &last);
	(void)snprintf(line, 256, "%.*s", (int)(last.size > 255 ? 255 : last.size), last.data);
}

/* What `containerd config dump` or `crio config` prints. */
static int configure_ask(struct install *install, struct buf *text, struct error *err)
{
	struct str config = arena_str(install->host.arena, install->engine.config);
	const char *const containerd[] = {
		install->engine.program.data, "--config", config.data, "config", "dump", NULL};
	const char *const crio[] = {install->engine.program.data, "config", NULL};
	const char *const *arguments = configure_is_containerd(install) ? containerd : crio;
	autobuf complaint = BUF_INIT(LIMIT_CONFIG_BYTES);
	char line[256];
	int status;

	if (install__host_run(&install->host, arguments, 1, INSTALL_RUN_MS, text, &status, err) < 0)
		return -1;
	if (status == 0)
		return 0;
	if (install__host_run(
		    &install->host, arguments, 2, INSTALL_RUN_MS, &complaint, &status, err) < 0)
		return -1;
	configure_last_line(&complaint, line);
	return error_set(err, ERROR_INVALID, "%.*s refuses its configuration: %s",
		STR_ARG(install->engine.name), line);
}

/* Asked, or read from the main file where the engine's program cannot be found. */
static int effective_read(
	struct install *install, struct install_effective *effective, struct error *err)
{
	const char *path = configure_is_containerd(install)
		? arena_str(install->host.arena, install->engine.config).data
		: CRIO_CONFIG;

	if (install->engine.program.size > 0) {
		if (configure_ask(install, &effective->text, err) < 0)
			return -1;
	} else if (install__host_read(&install->host, path, &effective->text, err) < 0) {
		return -1;
	}
	if (install_toml_read(
		    buf_str(&effective->text), install->host.arena, &effective->toml, err) < 0)
		return error_wrap(err, "the configuration of %.*s", STR_ARG(install->engine.name));
	return 0;
}

/* A file of the configuration, as it was before we changed it. */
struct configure_file {
	struct str path;
	struct buf text; /* owned */
	bool was_there;
};

/* Files in the order in which they were changed. */
struct configure_changes {
	struct configure_file files[2];
	size_t count;
	struct wall_time changed; /* the record's, before */
};

static void configure_changes_done(struct configure_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		buf_done(&changes->files[i].text);
}

static int configure_announce(struct install *install, struct error *err)
{
	install->has_changed = true;
	return install__remember(install, err);
}

/* Writes a file and remembers what was there, if that was something else. */
static int configure_change(struct install *install, struct str path, struct str text,
	struct configure_changes *changes, struct error *err)
{
	autobuf old = BUF_INIT(INSTALL_CONFIG_BYTES);
	int found = install__host_read(&install->host, path.data, &old, err);

	if (found < 0)
		return -1;
	if (found == 1 && str_equal(buf_str(&old), text))
		return 0;
	if (configure_announce(install, err) < 0 ||
		install__put(install, path.data, text, 0644, err) < 0)
		return -1;
	changes->files[changes->count++] = (struct configure_file){path, old, found == 1};
	old = BUF_INIT(0); /* moved */
	return 0;
}

static void configure_undo(struct install *install, const struct configure_changes *changes)
{
	struct error err;

	for (size_t i = changes->count; i-- > 0;) {
		const struct configure_file *file = &changes->files[i];
		int result = file->was_there
			? install__host_write(
				  &install->host, file->path.data, buf_str(&file->text), 0644, &err)
			: install__host_remove(&install->host, file->path.data, &err);
		if (result < 0)
			log_error(&err, "Failed to undo a change", "file", file->path.data);
	}
	install->has_changed = false;
	install->record.changed = changes->changed;
	if (install__remember(install, &err) < 0)
		log_error(&err, "Failed to note that the configuration is as it was");
}

/* containerd's files: first what is imported, then the import. */
static int configure_containerd(struct install *install, const struct install_effective *effective,
	const struct install_handler *handler, struct configure_changes *changes, struct error *err)
{
	struct arena *arena = install->host.arena;
	struct str path = arena_str(arena, install->engine.config);
	autobuf main_text = BUF_INIT(INSTALL_CONFIG_BYTES);
	autobuf drop_in = BUF_INIT(INSTALL_CONFIG_BYTES);
	autobuf imported = BUF_INIT(INSTALL_CONFIG_BYTES);
	autotoml main = INSTALL_TOML_INIT;
	struct install_place place;
	int found = install__host_read(&install->host, path.data, &main_text, err);

	if (found < 0)
		return -1;
	if (found == 0)
		buf_add_text(&main_text, CONTAINERD_MADE);
	if (install_containerd_place(buf_str(&main_text), path, arena, &place, err) < 0 ||
		install_toml_read(buf_str(&main_text), arena, &main, err) < 0)
		return error_wrap(err, "'%s'", path.data);
	if (install_containerd_drop_in(&effective->toml, handler, install_containerd_version(&main),
		    arena, &drop_in, err) < 0)
		return -1;
	install_containerd_import(buf_str(&main_text), &place, &imported);
	install->record.config = path;
	install->record.drop_in = place.drop_in;
	install->record.pattern = place.pattern;
	if (configure_change(install, place.drop_in, buf_str(&drop_in), changes, err) < 0)
		return -1;
	if (configure_change(install, path, buf_str(&imported), changes, err) < 0)
		return error_wrap(err, "cannot let '%s' import '%.*s', which you may do by hand",
			path.data, STR_ARG(place.pattern));
	return 0;
}

static int configure_crio(struct install *install, const struct install_effective *effective,
	const struct install_handler *handler, struct configure_changes *changes, struct error *err)
{
	autobuf drop_in = BUF_INIT(INSTALL_CONFIG_BYTES);

	if (install_crio_drop_in(&effective->toml, handler, install->host.arena, &drop_in, err) < 0)
		return -1;
	install->record.drop_in = STR(CRIO_DROP_IN);
	return configure_change(install, STR(CRIO_DROP_IN), buf_str(&drop_in), changes, err);
}

/* Whether the engine now says what it was told to; it can only be asked where it can be run. */
static int configure_verify(
	struct install *install, const struct install_handler *handler, struct error *err)
{
	autoeffective effective = INSTALL_EFFECTIVE_INIT;
	struct arena *arena = install->host.arena;
	struct str program;
	struct str name;

	if (install->engine.program.size == 0)
		return 0;
	if (effective_read(install, &effective, err) < 0)
		return -1;
	program = configure_is_containerd(install)
		? install_containerd_program(&effective.toml, handler->name, arena)
		: install_crio_program(&effective.toml, handler->name, arena);
	name = configure_is_containerd(install) ? install_containerd_default(&effective.toml, arena)
						: install_crio_default(&effective.toml, arena);
	if (!str_equal(program, handler->program))
		return error_set(err, ERROR_CONFLICT,
			"the configuration of %.*s does not show handler '%.*s'; another file "
			"overrides '%.*s'",
			STR_ARG(install->engine.name), STR_ARG(handler->name),
			STR_ARG(install->record.drop_in));
	if (handler->is_default && !str_equal(name, handler->name))
		return error_set(err, ERROR_CONFLICT,
			"the default handler of %.*s is '%.*s'; another file overrides '%.*s'",
			STR_ARG(install->engine.name), STR_ARG(name),
			STR_ARG(install->record.drop_in));
	return 0;
}

/* The handler that ours is like: asked for, else the default one before we came. */
static struct str configure_base(
	const struct install *install, const struct install_effective *effective)
{
	struct str base = str_of(install->options->from_handler);

	if (base.size == 0)
		base = configure_is_containerd(install)
			? install_containerd_default(&effective->toml, install->host.arena)
			: install_crio_default(&effective->toml, install->host.arena);
	if (!str_is(base, install->options->handler))
		return base;
	return install->record.base.size > 0 ? install->record.base : STR("runc");
}

/* The program behind kcr-runtime: asked for, else what the base handler calls. */
static int configure_find_runtime(struct install *install,
	const struct install_effective *effective, struct str base, struct error *err)
{
	struct str name = str_of(install->options->runtime);

	if (name.size == 0)
		name = configure_is_containerd(install)
			? install_containerd_program(&effective->toml, base, install->host.arena)
			: install_crio_program(&effective->toml, base, install->host.arena);
	if (name.size == 0)
		name = str_is(base, "crun") ? STR("crun") : STR("runc");
	install->facts.runtime = install__host_find(&install->host, name);
	if (install->facts.runtime.size == 0)
		return error_set(err, ERROR_ABSENT,
			"there is no '%.*s' on the host, which handler '%.*s' calls; name the "
			"runtime by --runtime",
			STR_ARG(name), STR_ARG(base));
	if (str_ends_with(install->facts.runtime, STR("/" INSTALL_PROGRAM)))
		return error_set(err, ERROR_INVALID,
			"handler '%.*s' calls kcr-runtime itself, which would call itself for "
			"ever; name another one by --from-handler, or the runtime by --runtime",
			STR_ARG(base));
	return 0;
}

static struct str configure_image_problem(
	const struct install *install, const struct install_effective *effective)
{
	struct arena *arena = install->host.arena;

	if (configure_is_containerd(install))
		return install_containerd_image_problem(
			&effective->toml, install->engine.version, arena);
	return arena_str(arena,
		install_crio_image_problem(buf_str(&effective->text), &effective->toml, arena));
}

int install__examine(
	struct install *install, struct install_effective *effective, struct error *err)
{
	struct str base;

	if (effective_read(install, effective, err) < 0)
		return -1;
	base = configure_base(install, effective);
	install->record.base = base;
	install->facts.image_problem = configure_image_problem(install, effective);
	return configure_find_runtime(install, effective, base, err);
}

int install__configure(
	struct install *install, const struct install_effective *effective, struct error *err)
{
	const struct install_handler handler = {
		.name = str_of(install->options->handler),
		.program = install->program,
		.base = install->record.base,
		.is_default = install->options->is_default,
	};
	clean_up(configure_changes_done) struct configure_changes changes = {
		.changed = install->record.changed};
	int result = configure_is_containerd(install)
		? configure_containerd(install, effective, &handler, &changes, err)
		: configure_crio(install, effective, &handler, &changes, err);

	if (result == 0)
		result = configure_verify(install, &handler, err);
	if (result < 0) {
		configure_undo(install, &changes);
		return error_wrap(err, "the configuration was left as it was");
	}
	return 0;
}

/* The drop-in, unless somebody else has put a file of theirs in its place. */
static int configure_remove_drop_in(struct install *install, struct error *err)
{
	autobuf text = BUF_INIT(INSTALL_CONFIG_BYTES);
	const char *path = install->record.drop_in.data;
	int found = install__host_read(&install->host, path, &text, err);

	if (found <= 0)
		return found;
	if (!str_starts_with(buf_str(&text), STR(INSTALL_NOTE))) {
		log_warning(NULL, "Kept a file that is not ours any more", "file", path);
		return 0;
	}
	if (configure_announce(install, err) < 0)
		return -1;
	return install__host_remove(&install->host, path, err) < 0 ? -1 : 0;
}

/* The main configuration without our import; without the file if we made it. */
static int configure_remove_import(struct install *install, struct error *err)
{
	autobuf text = BUF_INIT(INSTALL_CONFIG_BYTES);
	autobuf rest = BUF_INIT(INSTALL_CONFIG_BYTES);
	const char *path = install->record.config.data;
	int result = install__host_read(&install->host, path, &text, err);

	if (result <= 0)
		return result;
	install_containerd_unimport(buf_str(&text), install->record.pattern, &rest);
	if (str_equal(buf_str(&text), buf_str(&rest)) && !str_is(buf_str(&rest), CONTAINERD_MADE))
		return 0;
	if (configure_announce(install, err) < 0)
		return -1;
	if (str_is(buf_str(&rest), CONTAINERD_MADE))
		result = install__host_remove(&install->host, path, err);
	else
		result = install__put(install, path, buf_str(&rest), 0644, err);
	return result < 0 ? -1 : 0;
}

/* Without a record: where it would have been put. What is not ours there is left alone. */
static void configure_guess(struct install *install)
{
	autobuf main_text = BUF_INIT(INSTALL_CONFIG_BYTES);
	struct arena *arena = install->host.arena;
	struct str config = arena_str(arena, install->engine.config);
	struct install_place place;
	struct error ignored; /* the search for what still names us has the last word */

	if (str_is(install->engine.name, INSTALL_CRIO))
		install->record.drop_in = STR(CRIO_DROP_IN);
	if (!configure_is_containerd(install) ||
		install__host_read(&install->host, config.data, &main_text, &ignored) < 0 ||
		install_containerd_place(buf_str(&main_text), config, arena, &place, &ignored) < 0)
		return;
	install->record.config = config;
	install->record.drop_in = place.drop_in;
	install->record.pattern = place.pattern;
}

int install__unconfigure(struct install *install, struct error *err)
{
	if (install->record.drop_in.size == 0)
		configure_guess(install);
	if (install->record.config.size > 0 && configure_remove_import(install, err) < 0)
		return -1;
	if (install->record.drop_in.size > 0 && configure_remove_drop_in(install, err) < 0)
		return -1;
	return 0;
}

int install__find_mention(struct install *install, struct str *ret_where, struct error *err)
{
	autobuf text = BUF_INIT(INSTALL_CONFIG_BYTES);
	autoeffective effective = INSTALL_EFFECTIVE_INIT;
	struct str where = STR("");

	if (install->record.drop_in.size > 0) {
		if (install__host_read(&install->host, install->record.drop_in.data, &text, err) <
			0)
			return -1;
		if (str_contains(buf_str(&text), install->program))
			where = install->record.drop_in; /* kept as somebody else's */
	}
	if (where.size == 0 && install->engine.name.size > 0) {
		if (effective_read(install, &effective, err) < 0)
			return -1;
		for (size_t i = 0; i < effective.toml.count; i++)
			if (str_equal(effective.toml.values[i].text, install->program))
				where = arena_printf(install->host.arena,
					"the configuration of %.*s", STR_ARG(install->engine.name));
	}
	*ret_where = where;
	return 0;
}
