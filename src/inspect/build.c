/* The window onto an image grows to its largest entry and no further. */
#include "inspect/build.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum {
	BUILD_WINDOW_BYTES = 16 * 1024,
	BUILD_PROBLEMS = 100, /* the rest is much the same */
	BUILD_NAME_BYTES = 64,
};

void *inspect__list_add(struct arena *arena, struct inspect_list *list, size_t item_bytes)
{
	if (list->count == list->capacity) {
		size_t capacity = list->capacity == 0 ? 8 : 2 * list->capacity;
		void *items = arena_zeroed(arena, capacity, item_bytes);
		if (list->count > 0)
			memcpy(items, list->items, list->count * item_bytes);
		list->items = items;
		list->capacity = capacity;
	}
	return (char *)list->items + list->count++ * item_bytes;
}

static void build_add_text(struct inspect_build *build, struct inspect_list *list, struct str text)
{
	*(struct str *)inspect__list_add(build->arena, list, sizeof(struct str)) = text;
}

void inspect__problem(struct inspect_build *build, struct str what, const struct error *err)
{
	if (build->problems.count < BUILD_PROBLEMS)
		build_add_text(build, &build->problems,
			arena_printf(build->arena, "%.*s: %s", STR_ARG(what), err->text));
}

void inspect__unknown(struct inspect_build *build, struct str what)
{
	const struct str *items = build->unknown.items;

	if (build->unknown.count >= BUILD_PROBLEMS)
		return;
	for (size_t i = 0; i < build->unknown.count; i++)
		if (str_equal(items[i], what))
			return;
	build_add_text(build, &build->unknown, arena_str(build->arena, what));
}

void inspect__tell_problems(struct inspect_build *build)
{
	build->report->problems =
		(struct json_strings){build->problems.items, build->problems.count};
	build->report->unknown = (struct json_strings){build->unknown.items, build->unknown.count};
}

static int build_compare_id(const void *key, const void *item)
{
	uint32_t id = *(const uint32_t *)key;
	const struct criu_file *file = item;

	return id < file->id ? -1 : id > file->id;
}

const struct criu_file *inspect__file(const struct inspect_build *build, uint32_t id)
{
	if (build->file_count == 0)
		return NULL;
	return bsearch(
		&id, build->files, build->file_count, sizeof(*build->files), build_compare_id);
}

void inspect__image_done(struct inspect_image *image)
{
	buf_done(&image->window);
}

void inspect__image_problem(struct inspect_image *image, const struct error *err)
{
	inspect__problem(image->build, image->file->name, err);
}

static struct str image_rest(const struct inspect_image *image)
{
	return str_from(buf_str(&image->window), image->consumed);
}

/* Has `needed` bytes in the window, or all that the file still has. */
static int image_fill(struct inspect_image *image, size_t needed, struct error *err)
{
	struct buf *window = &image->window;
	size_t size = needed > BUILD_WINDOW_BYTES ? needed : BUILD_WINDOW_BYTES;
	char *room;

	buf_drop_front(window, image->consumed);
	image->consumed = 0;
	size -= window->size < size ? window->size : size;
	room = buf_room(window, size);
	if (room == NULL)
		return buf_check(window, "an image", err);
	if (inspect__source_read(
		    image->build->source, image->file, image->position, room, size, &size, err) < 0)
		return -1;
	buf_claim(window, size);
	image->position += (int64_t)size;
	return 0;
}

static int image_begin(struct inspect_image *image, enum criu_image_type type, struct error *err)
{
	struct str rest;

	if (image_fill(image, CRIU_IMAGE_HEAD_BYTES, err) < 0)
		return -1;
	rest = image_rest(image);
	if (criu_image_begin(&rest, type, "it", err) < 0)
		return -1;
	image->consumed = image->window.size - rest.size;
	return 0;
}

bool inspect__image_open(struct inspect_build *build, struct inspect_image *image,
	enum criu_image_type type, const char *format, ...)
{
	char name[BUILD_NAME_BYTES];
	struct inspect_file *file;
	va_list arguments;
	struct error err;

	va_start(arguments, format);
	(void)vsnprintf(name, sizeof(name), format, arguments);
	va_end(arguments);
	*image = (struct inspect_image){
		.build = build, .window = BUF_INIT(CRIU_IMAGE_ENTRY_BYTES + BUILD_WINDOW_BYTES)};
	file = inspect__source_find(build->source,
		arena_printf(build->arena, "%.*s%s", STR_ARG(build->source->prefix), name));
	if (file == NULL || file->is_visited || build->is_too_big)
		return false;
	file->is_visited = true;
	image->file = file;
	if (image_begin(image, type, &err) == 0)
		return true;
	inspect__image_problem(image, &err);
	return false;
}

/* Ends the reading of everything when the report is as large as it may be. */
static bool image_is_too_big(struct inspect_image *image)
{
	struct inspect_build *build = image->build;

	if (!build->is_too_big && arena_used(build->arena) > INSPECT_REPORT_BYTES)
		build->is_too_big = true;
	return build->is_too_big;
}

bool inspect__image_next(struct inspect_image *image, struct str *ret_payload)
{
	struct str rest = image_rest(image);
	struct error err;
	size_t needed;
	int found;

	if (image_is_too_big(image))
		return false;
	found = criu_image_next(&rest, "it", ret_payload, &needed, &err);
	if (found == 0 && image->position < image->file->size_bytes) {
		if (image_fill(image, needed, &err) < 0) {
			inspect__image_problem(image, &err);
			return false;
		}
		rest = image_rest(image);
		found = criu_image_next(&rest, "it", ret_payload, &needed, &err);
	}
	if (found == 0 && rest.size > 0)
		found = error_set(&err, ERROR_CORRUPT, "it is cut short");
	if (found < 0)
		inspect__image_problem(image, &err);
	image->consumed = image->window.size - rest.size;
	return found > 0;
}
