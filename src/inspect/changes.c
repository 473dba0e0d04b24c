/* Entries are collected in an array that doubles: what is outgrown stays in the arena. */
#include "inspect/changes.h"

#include <string.h>

static const char *const changes_types[] = {
	[ARCHIVE_LIST_FILE] = "file",
	[ARCHIVE_LIST_DIRECTORY] = "directory",
	[ARCHIVE_LIST_LINK] = "link",
	[ARCHIVE_LIST_HARD_LINK] = "hard-link",
	[ARCHIVE_LIST_DEVICE] = "device",
	[ARCHIVE_LIST_OTHER] = "other",
};

struct changes {
	struct arena *arena;
	struct inspect_change *items;
	size_t count;
	size_t capacity;
};

static int changes_add(
	struct changes *changes, const struct inspect_change *change, struct error *err)
{
	if (arena_used(changes->arena) > INSPECT_REPORT_BYTES)
		return error_set(err, ERROR_TOO_BIG,
			"the file system's changes take more than %d bytes", INSPECT_REPORT_BYTES);
	if (changes->count == changes->capacity) {
		size_t capacity = changes->capacity == 0 ? 32 : 2 * changes->capacity;
		struct inspect_change *items =
			arena_zeroed(changes->arena, capacity, sizeof(*items));
		if (changes->count > 0)
			memcpy(items, changes->items, changes->count * sizeof(*items));
		changes->items = items;
		changes->capacity = capacity;
	}
	changes->items[changes->count++] = *change;
	return 0;
}

/* "/PATH" without "./" in front and '/' behind. */
static struct str changes_path(struct arena *arena, struct str path)
{
	if (str_starts_with(path, STR("./")))
		path = str_from(path, 2);
	while (str_starts_with(path, STR("/")))
		path = str_from(path, 1);
	if (str_ends_with(path, STR("/")))
		path.size--;
	return arena_printf(arena, "/%.*s", STR_ARG(path));
}

/* The path that a whiteout's name stands for: "a/.wh.b" for "a/b". False: it is none. */
static bool changes_whiteout(struct arena *arena, struct str path, struct str *ret_path)
{
	struct str directory;
	struct str name;

	(void)str_cut_last(path, '/', &directory, &name); /* without a directory it is empty */
	if (!str_starts_with(name, STR(".wh.")))
		return false;
	name = str_from(name, strlen(".wh."));
	*ret_path = arena_printf(arena, "%.*s%s%.*s", STR_ARG(directory),
		directory.size > 0 ? "/" : "", STR_ARG(name));
	return true;
}

static struct inspect_change changes_of_entry(
	struct arena *arena, const struct archive_list_entry *entry)
{
	struct str path = entry->path;

	if (entry->is_whiteout || changes_whiteout(arena, path, &path))
		return (struct inspect_change){
			.path = changes_path(arena, path), .type = STR("deleted")};
	return (struct inspect_change){
		.path = changes_path(arena, path),
		.type = str_of(changes_types[entry->type]),
		.target = arena_str(arena, entry->target),
		.mode = arena_printf(arena, "%04o", (unsigned)entry->mode),
		.size_bytes = entry->type == ARCHIVE_LIST_FILE ? entry->size_bytes : 0,
	};
}

int inspect__changes_read(struct archive_list *list, struct arena *arena,
	struct json_list *ret_changes, struct error *err)
{
	struct changes changes = {.arena = arena};
	struct archive_list_entry entry;
	int found;

	while ((found = archive_list_next(list, &entry, err)) > 0) {
		struct inspect_change change = changes_of_entry(arena, &entry);
		if (changes_add(&changes, &change, err) < 0)
			return -1;
	}
	if (found < 0)
		return -1;
	*ret_changes = (struct json_list){changes.items, changes.count};
	return 0;
}

int inspect__changes_add_deleted(
	struct str text, struct arena *arena, struct json_list *changes, struct error *err)
{
	struct changes all = {arena, changes->items, changes->count, changes->count};
	autojson *doc = NULL;

	if (json_parse(text, &doc, err) < 0)
		return -1;
	for (struct json_iter it = json_iter(json_doc_root(doc)); json_next(&it);) {
		struct inspect_change change = {
			.path = changes_path(arena, json_str(it.value)), .type = STR("deleted")};
		if (changes_add(&all, &change, err) < 0)
			return -1;
	}
	*changes = (struct json_list){all.items, all.count};
	return 0;
}
