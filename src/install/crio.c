/* CRI-O reads crio.conf, then crio.conf.d in the order of names; tables are merged key by key. */
#include "install/handler.h"

#include "base/attributes.h"

static struct str crio_handler(struct str name, struct arena *arena)
{
	struct str table = install_toml_path(arena, STR(""), "crio", "runtime", "runtimes", NULL);

	return arena_printf(
		arena, "%.*s%c%.*s", STR_ARG(table), INSTALL_TOML_SEPARATOR, STR_ARG(name));
}

static struct str crio_option(
	const struct install_toml *toml, struct arena *arena, const char *table, const char *name)
{
	return install_toml_text(
		toml, install_toml_path(arena, STR(""), "crio", table, name, NULL));
}

/* What says which program is called. The root stays, so that its containers are found by ours. */
static bool crio_is_of_program(struct str option)
{
	static const char *const options[] = {
		"runtime_path", "inherit_default_runtime", "platform_runtime_paths"};

	for (size_t i = 0; i < array_size(options); i++)
		if (str_is(option, options[i]))
			return true;
	return false;
}

/* All of the base handler but for the program. */
static void crio_add_options(
	const struct install_toml *effective, struct str base, struct arena *arena, struct buf *out)
{
	for (size_t i = 0; i < effective->count; i++) {
		const struct install_toml_value *value = &effective->values[i];
		struct str key;
		struct str option;
		struct str within;
		if (!install_toml_is_below(value->path, base, &key))
			continue;
		(void)str_cut(key, INSTALL_TOML_SEPARATOR, &option, &within);
		if (crio_is_of_program(option))
			continue;
		option = arena_str(arena, option);
		if (within.size > 0 &&
			install_toml_find(effective,
				install_toml_path(arena, base, option.data, NULL)) != NULL)
			continue; /* an item of an array, which is there as a whole */
		install_toml_add_path(out, key);
		buf_printf(out, " = %.*s\n", STR_ARG(value->raw));
	}
}

int install_crio_drop_in(const struct install_toml *effective,
	const struct install_handler *handler, struct arena *arena, struct buf *out,
	struct error *err)
{
	struct str base = crio_handler(handler->base, arena);
	struct str kind =
		install_toml_text(effective, install_toml_path(arena, base, "runtime_type", NULL));

	if (kind.size > 0 && !str_is(kind, "oci"))
		return error_set(err, ERROR_UNSUPPORTED,
			"handler '%.*s' of CRI-O has runtime_type '%.*s', which does not call "
			"runc or crun; name another one by --from-handler",
			STR_ARG(handler->base), STR_ARG(kind));
	buf_printf(out, INSTALL_NOTE "# handler '%.*s' is as '%.*s' but for its program\n",
		STR_ARG(handler->name), STR_ARG(handler->base));
	if (handler->is_default) {
		buf_add_text(out, "\n[crio.runtime]\ndefault_runtime = ");
		install_toml_add_string(out, handler->name);
		buf_add_byte(out, '\n');
	}
	buf_add_text(out, "\n[");
	install_toml_add_path(out, crio_handler(handler->name, arena));
	buf_add_text(out, "]\nruntime_path = ");
	install_toml_add_string(out, handler->program);
	buf_add_byte(out, '\n');
	crio_add_options(effective, base, arena, out);
	return 0;
}

struct str install_crio_default(const struct install_toml *effective, struct arena *arena)
{
	struct str name = crio_option(effective, arena, "runtime", "default_runtime");

	return name.size > 0 ? name : STR("crun"); /* CRI-O's own default since 1.31 */
}

struct str install_crio_program(
	const struct install_toml *effective, struct str handler, struct arena *arena)
{
	struct str base = crio_handler(handler, arena);

	return install_toml_text(effective, install_toml_path(arena, base, "runtime_path", NULL));
}

/* The value of an option that may be there as a comment only: `# name = "value"`. */
static struct str crio_commented(struct str text, struct str name)
{
	struct str line;

	for (bool is_more = true; is_more;) {
		struct str rest;
		is_more = str_cut(text, '\n', &line, &text);
		line = str_trim(line);
		if (str_starts_with(line, STR("#")))
			line = str_trim(str_from(line, 1));
		if (!str_starts_with(line, name))
			continue;
		rest = str_trim(str_from(line, name.size));
		if (!str_starts_with(rest, STR("=")))
			continue;
		rest = str_trim(str_from(rest, 1));
		if (rest.size >= 2 && rest.data[0] == '"')
			return (struct str){rest.data + 1, rest.size - 2};
	}
	return STR("");
}

struct str install_crio_image_problem(
	struct str text, const struct install_toml *effective, struct arena *arena)
{
	struct str level =
		crio_option(effective, arena, "checkpoint_restore", "container_level_enabled");

	if (str_is(crio_option(effective, arena, "runtime", "enable_criu_support"), "false"))
		return STR("enable_criu_support is false in CRI-O's configuration");
	if (level.size == 0)
		level = crio_commented(text, STR("container_level_enabled"));
	/* releases without the option restore without being asked */
	if (level.size > 0 && !str_is(level, "checkpoint_restore"))
		return arena_printf(arena,
			"container_level_enabled is \"%.*s\", not \"checkpoint_restore\", in "
			"CRI-O's configuration (crio.checkpoint_restore)",
			STR_ARG(level));
	return STR("");
}
