/* files.img is read once and sorted by number; descriptors then only point into it. */
#include <fcntl.h>
#include <stdlib.h>

#include "inspect/build.h"

static int files_compare(const void *a, const void *b)
{
	const struct criu_file *left = a;
	const struct criu_file *right = b;

	return left->id < right->id ? -1 : left->id > right->id;
}

static int files_compare_ids(const void *a, const void *b)
{
	uint32_t left = *(const uint32_t *)a;
	uint32_t right = *(const uint32_t *)b;

	return left < right ? -1 : left > right;
}

static bool files_is_socket(const struct criu_file *file)
{
	return file->type == CRIU_FILE_INET_SOCKET || file->type == CRIU_FILE_UNIX_SOCKET ||
		file->type == CRIU_FILE_NETLINK_SOCKET || file->type == CRIU_FILE_PACKET_SOCKET;
}

static struct str files_type(struct inspect_build *build, const struct criu_file *file)
{
	const char *name = criu_file_type_name(file->type);
	struct str unknown;

	if (name != NULL)
		return str_of(name);
	unknown = arena_printf(build->arena, "unknown-%u", (unsigned)file->type);
	inspect__unknown(
		build, arena_printf(build->arena, "files of type %u", (unsigned)file->type));
	return unknown;
}

static void files_read_sockets(struct inspect_build *build)
{
	struct inspect_list sockets = {0};

	for (size_t i = 0; i < build->file_count; i++)
		if (files_is_socket(&build->files[i]))
			*(struct inspect_socket *)inspect__list_add(
				build->arena, &sockets, sizeof(struct inspect_socket)) =
				inspect__socket(build, &build->files[i]);
	build->report->sockets = (struct json_list){sockets.items, sockets.count};
}

void inspect__read_files(struct inspect_build *build)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct inspect_list files = {0};
	struct criu_file file;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_FILES, "files.img"))
		return;
	while (inspect__image_next(&image, &payload))
		if (criu_file_read(payload, build->arena, &file, &err) < 0)
			inspect__image_problem(&image, &err);
		else
			*(struct criu_file *)inspect__list_add(build->arena, &files, sizeof(file)) =
				file;
	if (build->deleted.count > 0)
		qsort(build->deleted.items, build->deleted.count, sizeof(uint32_t),
			files_compare_ids);
	if (files.count > 0)
		qsort(files.items, files.count, sizeof(file), files_compare);
	build->files = files.items;
	build->file_count = files.count;
	files_read_sockets(build);
}

/* "rw", with "a" (append) and "n" (not blocking). */
static struct str files_access(struct inspect_build *build, uint32_t flags)
{
	static const char *const modes[] = {"r", "w", "rw", "-"};
	bool is_path = (flags & O_PATH) != 0;

	return arena_printf(build->arena, "%s%s%s", is_path ? "-" : modes[flags & O_ACCMODE],
		(flags & O_APPEND) != 0 ? "a" : "", (flags & O_NONBLOCK) != 0 ? "n" : "");
}

/* Of a FIFO the regular file behind it has them. */
static uint32_t files_flags(const struct inspect_build *build, const struct criu_file *file)
{
	const struct criu_file *behind =
		file->type == CRIU_FILE_FIFO ? inspect__file(build, file->object) : NULL;

	return behind != NULL ? behind->flags : file->flags;
}

static bool files_is_deleted(const struct inspect_build *build, uint32_t id)
{
	const struct inspect_list *deleted = &build->deleted;

	return deleted->count > 0 &&
		bsearch(&id, deleted->items, deleted->count, sizeof(id), files_compare_ids) != NULL;
}

static struct inspect_descriptor files_descriptor(
	struct inspect_build *build, const struct criu_descriptor *descriptor)
{
	const struct criu_file *file = inspect__file(build, descriptor->file);
	struct inspect_descriptor named = {
		.number = descriptor->number,
		.is_closed_on_exec = descriptor->is_closed_on_exec,
		.file = descriptor->file,
	};

	if (file == NULL)
		return named;
	named.type = files_type(build, file);
	named.name = inspect__file_name(build, file);
	named.access = files_access(build, files_flags(build, file));
	named.is_deleted = files_is_deleted(build, file->id);
	named.position = file->position <= INT64_MAX ? (int64_t)file->position : 0;
	return named;
}

static int files_compare_numbers(const void *a, const void *b)
{
	const struct inspect_descriptor *left = a;
	const struct inspect_descriptor *right = b;

	return left->number < right->number ? -1 : left->number > right->number;
}

/* The list of a table that was read before; false: none was. */
static bool files_known(
	const struct inspect_build *build, uint32_t id, struct json_list *ret_descriptors)
{
	const struct inspect_table *tables = build->tables.items;

	for (size_t i = 0; i < build->tables.count; i++)
		if (tables[i].id == id) {
			*ret_descriptors = tables[i].descriptors;
			return true;
		}
	return false;
}

struct json_list inspect__read_descriptors(struct inspect_build *build, uint32_t id)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct inspect_list list = {0};
	struct criu_descriptor descriptor;
	struct json_list descriptors;
	struct inspect_table *table;
	struct str payload;
	struct error err;

	if (files_known(build, id, &descriptors))
		return descriptors;
	if (!inspect__image_open(
		    build, &image, CRIU_IMAGE_DESCRIPTORS, "fdinfo-%u.img", (unsigned)id))
		return (struct json_list){0};
	while (inspect__image_next(&image, &payload))
		if (criu_descriptor_read(payload, &descriptor, &err) < 0)
			inspect__image_problem(&image, &err);
		else
			*(struct inspect_descriptor *)inspect__list_add(
				build->arena, &list, sizeof(struct inspect_descriptor)) =
				files_descriptor(build, &descriptor);
	if (list.count > 0)
		qsort(list.items, list.count, sizeof(struct inspect_descriptor),
			files_compare_numbers);
	table = inspect__list_add(build->arena, &build->tables, sizeof(*table));
	*table = (struct inspect_table){id, {list.items, list.count}};
	return table->descriptors;
}
