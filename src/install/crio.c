/* CRI-O reads crio.conf, then crio.conf.d in the order of names; tables are merged key by key. */
#include "install/handler.h"

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

/* All of the base handler but for the program and what CRI-O finds out by itself. */
static void crio_add_options(const struct install_toml *effective, struct str base, struct buf *out)
{
	for (size_t i = 0; i < effective->count; i++) {
		const struct install_toml_value *value = &effective->values[i];
		struct str key;
		if (!install_toml_is_below(value->path, base, &key) ||
			str_contains(key, STR("\x1f")) || str_is(key, "runtime_path") ||
			str_is(key, "runtime_root"))
			continue;
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
	struct str root =
		install_toml_text(effective, install_toml_path(arena, base, "runtime_root", NULL));

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
	buf_add_text(out, "\nruntime_root = ");
	/* the real runtime's own, so that its containers are found beside ours */
	install_toml_add_string(out,
		root.size > 0 ? root : arena_printf(arena, "/run/%.*s", STR_ARG(handler->base)));
	buf_add_byte(out, '\n');
	crio_add_options(effective, base, out);
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
