/* Archives of a directory that is no checkpoint itself: only names are looked at. */
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "inspect/build.h"
#include "sys/fd.h"
#include "sys/file.h"

struct archives {
	struct arena *arena;
	struct str directory;
	struct inspect_list paths; /* of struct str */
};

static bool archives_is_name(struct str name)
{
	static const char *const ends[] = {".tar", ".tar.gz", ".tgz", ".tar.zst"};

	for (size_t i = 0; i < array_size(ends); i++)
		if (str_ends_with(name, str_of(ends[i])))
			return true;
	return str_starts_with(name, STR("checkpoint-")); /* as the kubelet calls them */
}

static int archives_see(void *context, const char *name, bool is_directory, struct error *err)
{
	struct archives *archives = context;
	bool has_slash = str_ends_with(archives->directory, STR("/"));
	struct str *path;

	(void)err;
	if (is_directory || !archives_is_name(str_of(name)))
		return 0;
	path = inspect__list_add(archives->arena, &archives->paths, sizeof(*path));
	*path = arena_printf(archives->arena, "%.*s%s%s", STR_ARG(archives->directory),
		has_slash ? "" : "/", name);
	return 0;
}

static bool archives_is_checkpoint(int directory_fd)
{
	for (const char *const *mark = inspect__marks; *mark != NULL; mark++)
		if (faccessat(directory_fd, *mark, F_OK, 0) == 0)
			return true;
	return faccessat(directory_fd, INSPECT_LAYER, F_OK, 0) == 0;
}

static int archives_compare(const void *left, const void *right)
{
	const struct str *a = left;
	const struct str *b = right;

	return str_compare(*a, *b);
}

int inspect_find_archives(
	const char *path, struct arena *arena, struct json_strings *ret_paths, struct error *err)
{
	struct archives archives = {.arena = arena, .directory = str_of(path)};
	autoclose int fd = -1;
	struct stat status;

	*ret_paths = (struct json_strings){0};
	if (stat(path, &status) < 0 || !S_ISDIR(status.st_mode))
		return 0;
	if (file_open_directory(path, &fd, err) < 0)
		return -1;
	if (archives_is_checkpoint(fd))
		return 0;
	if (file_for_each(fd, archives_see, &archives, err) < 0)
		return error_wrap(err, "cannot list '%s'", path);
	if (archives.paths.count > 1)
		qsort(archives.paths.items, archives.paths.count, sizeof(struct str),
			archives_compare);
	*ret_paths = (struct json_strings){archives.paths.items, archives.paths.count};
	return 0;
}
