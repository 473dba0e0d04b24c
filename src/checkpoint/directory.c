/* CRIU's images, the file system's changes and the engine's metadata; whatever else lies there is
 * the agent's or kcr-runtime's own. */
#include "checkpoint/directory.h"

#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "checkpoint/describe.h"
#include "handover/formats.h"
#include "sys/fd.h"
#include "sys/file.h"

enum { DIRECTORY_EMPTY_TAR = 3 * 512 }; /* podman's, of an empty directory */

bool checkpoint__is_metadata(struct str path)
{
	static const char *const names[] = {"bind.mounts", "config.dump", "container.log",
		"dump.log", "io.kubernetes.cri-o.LogPath", "spec.dump", "stats-dump", "status",
		"status.dump"};

	for (size_t i = 0; i < array_size(names); i++)
		if (str_is(path, names[i]))
			return true;
	return false;
}

bool checkpoint__is_change(struct str path)
{
	return str_is(path, CHECKPOINT_CHANGES) || str_is(path, CHECKPOINT_DELETIONS);
}

void checkpoint__note_left_out(struct str path, int64_t bytes, struct buf *names)
{
	if (bytes > DIRECTORY_EMPTY_TAR &&
		(str_starts_with(path, STR("volumes/")) || str_is(path, "devshm-checkpoint.tar")))
		buf_printf(names, "%s%.*s", names->size > 0 ? ", " : "", STR_ARG(path));
}

/* One directory on the way. */
struct directory_list {
	struct arena *arena;
	int fd;
	struct str prefix; /* "" or "checkpoint/" */
	struct handover_file *files; /* HANDOVER_FILES_MAX at most */
	size_t count;
	size_t capacity;
};

static int directory_add(struct directory_list *list, const char *name, struct error *err)
{
	struct stat found;

	if (fstatat(list->fd, name, &found, AT_SYMLINK_NOFOLLOW) < 0)
		return error_set_errno(err, "cannot look at '%s'", name);
	if (!S_ISREG(found.st_mode))
		return 0;
	if (list->count == HANDOVER_FILES_MAX)
		return error_set(err, ERROR_TOO_BIG, "the checkpoint has more than %d files",
			HANDOVER_FILES_MAX);
	if (list->count == list->capacity) {
		size_t more = list->capacity == 0 ? 64 : 2 * list->capacity;
		struct handover_file *files = arena_zeroed(list->arena, more, sizeof(*files));
		for (size_t i = 0; i < list->count; i++)
			files[i] = list->files[i];
		list->files = files;
		list->capacity = more;
	}
	list->files[list->count++] = (struct handover_file){
		.path = arena_printf(list->arena, "%.*s%s", STR_ARG(list->prefix), name),
		.bytes = found.st_size,
	};
	return 0;
}

static int directory_visit_top(
	void *context, const char *name, bool is_directory, struct error *err)
{
	(void)is_directory;
	if (!checkpoint__is_metadata(str_of(name)) && !checkpoint__is_change(str_of(name)))
		return 0;
	return directory_add(context, name, err);
}

static int directory_visit_images(
	void *context, const char *name, bool is_directory, struct error *err)
{
	(void)is_directory;
	return directory_add(context, name, err);
}

static int directory_compare(const void *a, const void *b)
{
	return str_compare(
		((const struct handover_file *)a)->path, ((const struct handover_file *)b)->path);
}

int checkpoint__list_files(
	int directory_fd, struct arena *arena, struct json_list *ret_files, struct error *err)
{
	struct directory_list list = {.arena = arena, .fd = directory_fd};
	autoclose int images = -1;

	if (file_for_each(directory_fd, directory_visit_top, &list, err) < 0 ||
		file_open_beneath(directory_fd, CHECKPOINT_IMAGES, O_RDONLY | O_DIRECTORY, 0,
			&images, err) < 0)
		return -1;
	list.fd = images;
	list.prefix = STR(CHECKPOINT_IMAGES "/");
	if (file_for_each(images, directory_visit_images, &list, err) < 0)
		return -1;
	if (list.count > 0)
		qsort(list.files, list.count, sizeof(*list.files), directory_compare);
	*ret_files = (struct json_list){list.files, list.count};
	return 0;
}

struct archive_compose_file *checkpoint_tar_files(
	const struct json_list *files, struct arena *arena)
{
	const struct handover_file *items = files->items;
	struct archive_compose_file *tar = arena_zeroed(arena, files->count + 1, sizeof(*tar));

	for (size_t i = 0; i < files->count; i++)
		tar[i] = (struct archive_compose_file){items[i].path, items[i].bytes};
	return tar;
}
