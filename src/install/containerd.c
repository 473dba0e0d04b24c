/*
 * containerd reads its main file, then what that imports, and merges tables key by key; later files
 * win. /etc/containerd/conf.d is imported by default only in the sense that `containerd config
 * default` writes it: a main file without `imports`, and no main file at all, import nothing.
 */
#include "install/handler.h"

#include "base/number.h"
#include "handover/engine.h"

#define DROP_IN_DIRECTORY "/etc/containerd/conf.d"
#define DROP_IN_NAME      "50-kcr.toml"
/* Imports nothing once the file is gone; a plain name would then keep containerd from starting. */
#define DROP_IN_PATTERN "/etc/containerd/conf.d/50-kcr*.toml"
#define IMPORT_NOTE     " # added by 'kcr install-runtime'\n"
#define RUNC_SHIM       "io.containerd.runc.v2"

enum { CONTAINERD_VERSION_NEW = 3, CONTAINERD_VERSION_GRPC = 2 };

/* The table of handlers and their default, as version 3 names it, else as version 2 does. */
static struct str containerd_table(const struct install_toml *toml, struct arena *arena)
{
	struct str table = install_toml_path(
		arena, STR(""), "plugins", "io.containerd.cri.v1.runtime", "containerd", NULL);
	struct str older = install_toml_path(
		arena, STR(""), "plugins", "io.containerd.grpc.v1.cri", "containerd", NULL);

	return !install_toml_has_table(toml, table) && install_toml_has_table(toml, older) ? older
											   : table;
}

static struct str containerd_handler(
	const struct install_toml *toml, struct str name, struct arena *arena)
{
	struct str table =
		install_toml_path(arena, containerd_table(toml, arena), "runtimes", NULL);

	return arena_printf(
		arena, "%.*s%c%.*s", STR_ARG(table), INSTALL_TOML_SEPARATOR, STR_ARG(name));
}

/* The directory of an import of all its .toml files; relative ones are relative to the main file.
 */
static bool containerd_imports_directory(
	struct str import, struct str main_path, struct arena *arena, struct str *ret_directory)
{
	struct str directory;
	struct str name;
	struct str parent;

	if (!str_cut_last(import, '/', &directory, &name) || !str_is(name, "*.toml") ||
		str_contains(directory, STR("*")))
		return false;
	if (str_starts_with(import, STR("/"))) {
		*ret_directory = directory;
		return true;
	}
	(void)str_cut_last(main_path, '/', &parent, &name);
	*ret_directory = arena_printf(arena, "%.*s/%.*s", STR_ARG(parent), STR_ARG(directory));
	return true;
}

static bool containerd_is_import(const struct install_toml_value *value)
{
	struct str key;

	return install_toml_is_below(value->path, STR("imports"), &key);
}

/* The directory that the drop-in lies in: ours if it is imported, else the first that is. */
static bool containerd_find_directory(const struct install_toml *main, struct str main_path,
	struct arena *arena, struct str *ret_directory)
{
	bool is_found = false;

	for (size_t i = 0; i < main->count; i++) {
		struct str directory;
		if (!containerd_is_import(&main->values[i]) ||
			!containerd_imports_directory(
				main->values[i].text, main_path, arena, &directory))
			continue;
		if (!is_found || str_is(directory, DROP_IN_DIRECTORY))
			*ret_directory = directory;
		is_found = true;
	}
	return is_found;
}

static bool containerd_has_import(const struct install_toml *main, const char *import)
{
	for (size_t i = 0; i < main->count; i++)
		if (containerd_is_import(&main->values[i]) && str_is(main->values[i].text, import))
			return true;
	return false;
}

int install_containerd_place(struct str main_text, struct str main_path, struct arena *arena,
	struct install_place *ret_place, struct error *err)
{
	autotoml main = INSTALL_TOML_INIT;
	struct install_place place = {.pattern = STR(DROP_IN_PATTERN)};
	struct str directory = STR(DROP_IN_DIRECTORY);

	if (install_toml_read(main_text, arena, &main, err) < 0)
		return -1;
	if (containerd_find_directory(&main, main_path, arena, &directory) ||
		containerd_has_import(&main, DROP_IN_PATTERN))
		place.import = INSTALL_IMPORTED;
	else if (install_toml_find(&main, STR("imports")) != NULL)
		place.import = INSTALL_IMPORT_ITEM;
	else
		place.import = INSTALL_IMPORT_LINE;
	place.drop_in = arena_printf(arena, "%.*s/" DROP_IN_NAME, STR_ARG(directory));
	*ret_place = place;
	return 0;
}

static void containerd_import_line(struct str pattern, struct buf *out)
{
	buf_printf(out, "imports = [\"%.*s\"]" IMPORT_NOTE, STR_ARG(pattern));
}

static void containerd_import_item(struct str pattern, struct buf *out)
{
	buf_printf(out, "\"%.*s\", ", STR_ARG(pattern));
}

/* Where the list of imports begins: behind its bracket. */
static size_t containerd_list_start(struct str main_text)
{
	autoarena *arena = arena_new(4096);
	autotoml main = INSTALL_TOML_INIT;
	const struct install_toml_value *imports;
	struct error ignored;

	if (install_toml_read(main_text, arena, &main, &ignored) < 0)
		return 0;
	imports = install_toml_find(&main, STR("imports"));
	return imports != NULL ? (size_t)(imports->raw.data - main_text.data) + 1 : 0;
}

void install_containerd_import(
	struct str main_text, const struct install_place *place, struct buf *out)
{
	size_t start = 0;

	if (place->import == INSTALL_IMPORT_ITEM)
		start = containerd_list_start(main_text);
	buf_add(out, (struct str){main_text.data, start});
	if (place->import == INSTALL_IMPORT_ITEM)
		containerd_import_item(place->pattern, out);
	else if (place->import == INSTALL_IMPORT_LINE)
		containerd_import_line(place->pattern, out);
	buf_add(out, str_from(main_text, start));
}

/* Adds `text` without the first `part` in it; false when it is not in there. */
static bool containerd_add_without(struct str text, struct str part, struct buf *out)
{
	for (size_t i = 0; i + part.size <= text.size; i++) {
		if (!str_starts_with(str_from(text, i), part))
			continue;
		buf_add(out, (struct str){text.data, i});
		buf_add(out, str_from(text, i + part.size));
		return true;
	}
	return false;
}

void install_containerd_unimport(struct str main_text, struct str pattern, struct buf *out)
{
	autobuf line = BUF_INIT(INSTALL_TOML_BYTES);
	autobuf item = BUF_INIT(INSTALL_TOML_BYTES);

	containerd_import_line(pattern, &line);
	containerd_import_item(pattern, &item);
	if (!containerd_add_without(main_text, buf_str(&line), out) &&
		!containerd_add_without(main_text, buf_str(&item), out))
		buf_add(out, main_text); /* somebody has changed it: it imports an absent file */
}

int install_containerd_version(const struct install_toml *main)
{
	int64_t version;

	if (!number_parse_i64(install_toml_text(main, STR("version")), &version) ||
		version < CONTAINERD_VERSION_GRPC || version > 9)
		return CONTAINERD_VERSION_NEW; /* none, or 1, which the plugins do not migrate */
	return (int)version;
}

/* What an absent option means anyway. */
static bool containerd_is_empty(struct str raw)
{
	static const char *const texts[] = {"''", "\"\"", "0", "false", "[]"};

	for (size_t i = 0; i < array_size(texts); i++)
		if (str_is(raw, texts[i]))
			return true;
	return false;
}

/* All that lies in `from`, or in its table of options, as lines; but for the program's name. */
static void containerd_add_options(
	const struct install_toml *effective, struct str from, bool in_options, struct buf *out)
{
	for (size_t i = 0; i < effective->count; i++) {
		const struct install_toml_value *value = &effective->values[i];
		struct str key;
		struct str option;
		bool is_option;
		if (!install_toml_is_below(value->path, from, &key))
			continue;
		is_option = install_toml_is_below(key, STR("options"), &option);
		if (is_option)
			key = option;
		if (is_option != in_options || (is_option && str_is(key, "BinaryName")) ||
			containerd_is_empty(value->raw) || str_contains(key, STR("\x1f")))
			continue; /* the last: an item of an array, which is there as a whole */
		buf_add_text(out, "  ");
		install_toml_add_path(out, key);
		buf_printf(out, " = %.*s\n", STR_ARG(value->raw));
	}
}

static void containerd_add_header(struct str table, struct buf *out)
{
	buf_add_text(out, "\n[");
	install_toml_add_path(out, table);
	buf_add_text(out, "]\n");
}

int install_containerd_drop_in(const struct install_toml *effective,
	const struct install_handler *handler, int version, struct arena *arena, struct buf *out,
	struct error *err)
{
	struct str base = containerd_handler(effective, handler->base, arena);
	struct str kind =
		install_toml_text(effective, install_toml_path(arena, base, "runtime_type", NULL));
	struct str table = install_toml_path(arena, STR(""), "plugins",
		version == CONTAINERD_VERSION_GRPC ? "io.containerd.grpc.v1.cri"
						   : "io.containerd.cri.v1.runtime",
		"containerd", NULL);
	struct str own = install_toml_path(
		arena, table, "runtimes", arena_str(arena, handler->name).data, NULL);

	if (kind.size > 0 && !str_is(kind, RUNC_SHIM))
		return error_set(err, ERROR_UNSUPPORTED,
			"handler '%.*s' of containerd has runtime_type '%.*s', which does not call "
			"runc or crun; name another one by --from-handler",
			STR_ARG(handler->base), STR_ARG(kind));
	buf_printf(out, INSTALL_NOTE "# handler '%.*s' is as '%.*s' but for its program\n",
		STR_ARG(handler->name), STR_ARG(handler->base));
	buf_printf(out, "version = %d\n", version);
	if (handler->is_default) {
		containerd_add_header(table, out);
		buf_add_text(out, "  default_runtime_name = ");
		install_toml_add_string(out, handler->name);
		buf_add_byte(out, '\n');
	}
	containerd_add_header(own, out);
	containerd_add_options(effective, base, false, out);
	if (kind.size == 0)
		buf_add_text(out, "  runtime_type = \"" RUNC_SHIM "\"\n");
	containerd_add_header(install_toml_path(arena, own, "options", NULL), out);
	buf_add_text(out, "  BinaryName = ");
	install_toml_add_string(out, handler->program);
	buf_add_byte(out, '\n');
	containerd_add_options(effective, base, true, out);
	return 0;
}

struct str install_containerd_default(const struct install_toml *effective, struct arena *arena)
{
	struct str path = install_toml_path(
		arena, containerd_table(effective, arena), "default_runtime_name", NULL);
	struct str name = install_toml_text(effective, path);

	return name.size > 0 ? name : STR("runc");
}

struct str install_containerd_program(
	const struct install_toml *effective, struct str handler, struct arena *arena)
{
	struct str path = install_toml_path(arena, containerd_handler(effective, handler, arena),
		"options", "BinaryName", NULL);

	return install_toml_text(effective, path);
}

struct str install_containerd_image_problem(
	const struct install_toml *effective, struct str version, struct arena *arena)
{
	struct handover_version number;
	enum handover_image_restore images;
	struct str table =
		install_toml_path(arena, STR(""), "plugins", "io.containerd.cri.v1.runtime", NULL);
	struct str option =
		install_toml_path(arena, table, "enable_experimental_restore_via_create", NULL);

	if (!handover_version_read(version, &number))
		return STR("the version of containerd is not known");
	images = handover_containerd_images(&number);
	if (images == HANDOVER_IMAGE_REMOVED)
		return STR("containerd 2.4 and later cannot restore images");
	if (images == HANDOVER_IMAGE_NOT_YET)
		return STR("containerd restores images from 2.1 to 2.3");
	if (str_is(install_toml_text(
			   effective, install_toml_path(arena, table, "enable_criu", NULL)),
		    "false"))
		return STR("enable_criu is false in containerd's configuration");
	/* the releases that know the option print it, others restore without being asked */
	if (str_is(install_toml_text(effective, option), "false"))
		return STR("enable_experimental_restore_via_create is not true in containerd's "
			   "configuration (plugins.'io.containerd.cri.v1.runtime')");
	return STR("");
}
