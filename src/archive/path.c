/* One pass over the components of a path. */
#include "archive/path.h"

static bool path_is_printable(struct str path)
{
	for (size_t i = 0; i < path.size; i++)
		if ((unsigned char)path.data[i] < 0x20 || path.data[i] == 0x7f)
			return false;
	return true;
}

/* Why a path is refused, or NULL. */
static const char *path_fault(struct str path)
{
	struct str component;
	bool has_more;

	if (path.size > LIMIT_ARCHIVE_PATH)
		return "is too long";
	do {
		has_more = str_cut(path, '/', &component, &path);
		if (component.size == 0)
			return "is absolute or has an empty component";
		if (str_is(component, ".") || str_is(component, ".."))
			return "has a component '.' or '..'";
	} while (has_more);
	return NULL;
}

/* Without what archivers put around a name: "./" in front, '/' behind a directory. */
static struct str path_core(struct str raw)
{
	if (str_is(raw, "."))
		return str_from(raw, 1);
	if (str_starts_with(raw, STR("./")))
		raw = str_from(raw, 2);
	if (raw.size > 1 && raw.data[raw.size - 1] == '/')
		raw.size--;
	return raw;
}

int archive_path_check(struct str raw, struct str *ret_path, struct error *err)
{
	struct str path = path_core(raw);
	const char *fault = path.size > 0 ? path_fault(path) : NULL;

	if (raw.size == 0)
		fault = "is empty";
	if (!path_is_printable(raw))
		return error_set(err, ERROR_INVALID,
			"archive entry is refused: its path holds a control character");
	if (fault != NULL)
		return error_set(err, ERROR_INVALID, "archive entry '%.*s' is refused: its path %s",
			ARCHIVE_PATH_SHOWN(raw), fault);
	*ret_path = path;
	return 0;
}
