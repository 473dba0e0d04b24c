/* config.json (OCI runtime specification, config.md): annotations, root.path, cgroupsPath. */
#include "runtime/bundle.h"

#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>

#include "base/limits.h"
#include "sys/file.h"

void runtime__bundle_done(struct runtime_bundle *bundle)
{
	json_doc_unref(bundle->config);
	*bundle = RUNTIME_BUNDLE_INIT;
}

/* root.path may be relative to the bundle. */
static int bundle_find_root(const char *path, struct str root, struct arena *arena,
	struct str *ret_root, struct error *err)
{
	char resolved[PATH_MAX];

	if (str_starts_with(root, STR("/")))
		root = arena_str(arena, root);
	else
		root = arena_printf(arena, "%s/%.*s", path, STR_ARG(root));
	if (realpath(root.data, resolved) == NULL)
		return error_set_errno(err, "cannot find the root '%s'", root.data);
	*ret_root = arena_str(arena, str_of(resolved));
	return 0;
}

int runtime__bundle_read(
	const char *path, struct arena *arena, struct runtime_bundle *ret_bundle, struct error *err)
{
	autobundle bundle = RUNTIME_BUNDLE_INIT;
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct str name = arena_printf(arena, "%s/config.json", path);
	const struct json *root;

	if (file_read(AT_FDCWD, name.data, &text, err) < 0)
		return -1;
	if (json_parse(buf_str(&text), &bundle.config, err) < 0)
		return error_wrap(err, "'%s'", name.data);
	root = json_doc_root(bundle.config);
	if (!runtime_container_read(json_get(root, "annotations"), &bundle.container))
		return 0;
	bundle.cgroup = json_str(json_at(root, "linux", "cgroupsPath", NULL));
	if (bundle_find_root(path, json_str(json_at(root, "root", "path", NULL)), arena,
		    &bundle.root, err) < 0)
		return -1;
	*ret_bundle = bundle;
	bundle.config = NULL; /* moved */
	return 1;
}
