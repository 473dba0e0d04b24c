/*
 * A pagemap tells which addresses the pages of its pages-N.img have, in the order in which they lie
 * there. So each file is read once from its beginning to its end, which is all that a compressed
 * tar can do: there the files come as the tar has them.
 */
#include "inspect/contents.h"

#include <stdlib.h>

#include "base/alloc.h"
#include "criu/memory.h"
#include "inspect/build.h"

/* A space, and where its pages are. */
struct contents_space {
	struct inspect_space space;
	struct inspect_file *pagemap;
	const struct inspect_file *pages;
	bool is_visited;
};

struct contents_visit {
	struct inspect_build *build;
	struct inspect_list spaces; /* of struct contents_space */
	inspect_piece_fn visit;
	void *context;
	struct inspect_visited *told;
	char *block;
};

/* The pages of one space as they are read. */
struct contents_walk {
	struct contents_visit *visit;
	const struct contents_space *space;
	struct archive_list *list; /* they pass in it; NULL: read by ranges */
	int64_t position;
	uint64_t end; /* of the pages so far */
	bool is_stopped; /* `visit` has failed */
};

const struct inspect_area *inspect_area_at(const struct inspect_space *space, uint64_t address)
{
	size_t first = 0; /* of those that end behind the address */
	size_t behind = space->area_count;

	while (first < behind) {
		size_t middle = first + (behind - first) / 2;
		if (space->areas[middle].end <= address)
			first = middle + 1;
		else
			behind = middle;
	}
	return first < space->area_count && space->areas[first].start <= address
		? &space->areas[first]
		: NULL;
}

/* ---- Which spaces there are ---- */

static void contents_set_areas(struct inspect_build *build, struct inspect_space *space)
{
	struct criu_memory memory = {0};
	struct inspect_area *areas;

	if (!inspect__read_mappings(build, space->pid, build->arena, &memory))
		return;
	areas = arena_zeroed(build->arena, memory.mapping_count, sizeof(*areas));
	for (size_t i = 0; i < memory.mapping_count; i++) {
		const struct criu_mapping *mapping = &memory.mappings[i];
		areas[i] = (struct inspect_area){
			.start = mapping->start,
			.end = mapping->end,
			.protection = inspect__protection(build->arena, mapping->protection),
			.kind = str_of(criu_mapping_kind_name(mapping->kind)),
			.name = inspect__mapping_name(build, mapping),
		};
	}
	space->areas = areas;
	space->area_count = memory.mapping_count;
}

/* The file of the pages that the pagemap's head names; NULL: there is none, or another one has it.
 */
static const struct inspect_file *contents_find_pages(
	struct inspect_build *build, struct inspect_image *image)
{
	struct inspect_file *file;
	struct str payload;
	struct error err;
	uint32_t number;

	if (!inspect__image_next(image, &payload))
		return NULL;
	if (criu_pagemap_head_read(payload, &number, &err) < 0) {
		inspect__image_problem(image, &err);
		return NULL;
	}
	file = inspect__source_find(build->source,
		arena_printf(build->arena, "%.*spages-%u.img", STR_ARG(build->source->prefix),
			(unsigned)number));
	if (file == NULL || file->is_visited)
		return NULL;
	file->is_visited = true;
	return file;
}

/* Adds the space whose pagemap has this name. */
static void contents_add(
	struct contents_visit *visit, struct inspect_space space, struct str pagemap)
{
	struct inspect_build *build = visit->build;
	autoimage image = INSPECT_IMAGE_INIT;
	struct contents_space *added;
	const struct inspect_file *pages;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_PAGEMAP, "%.*s", STR_ARG(pagemap)))
		return;
	pages = contents_find_pages(build, &image);
	if (pages == NULL)
		return;
	if (space.pid != 0)
		contents_set_areas(build, &space);
	added = inspect__list_add(build->arena, &visit->spaces, sizeof(*added));
	*added = (struct contents_space){
		.space = space,
		.pagemap = inspect__source_find(build->source, image.file->name),
		.pages = pages,
	};
}

static void contents_add_shared(
	struct contents_visit *visit, const struct inspect_shared_memory *shared)
{
	struct arena *arena = visit->build->arena;
	struct inspect_area *area = arena_zeroed(arena, 1, sizeof(*area));

	*area = (struct inspect_area){
		.end = (uint64_t)shared->size_bytes,
		.protection = STR("rw-"),
		.kind = STR("shared"),
		.name = shared->name,
	};
	contents_add(visit,
		(struct inspect_space){.name = shared->id, .areas = area, .area_count = 1},
		arena_printf(arena, "pagemap-shmem-%.*s.img", STR_ARG(shared->id)));
}

static int contents_list(struct contents_visit *visit, int64_t pid, struct error *err)
{
	const struct inspect_report *report = visit->build->report;
	const struct inspect_process *processes = report->processes.items;
	const struct inspect_shared_memory *shared = report->shared_memory.items;
	bool is_known = pid == 0;

	for (size_t i = 0; i < report->processes.count; i++) {
		if (pid != 0 && processes[i].pid != pid)
			continue;
		is_known = true;
		contents_add(visit,
			(struct inspect_space){.pid = processes[i].pid, .name = processes[i].name},
			arena_printf(
				visit->build->arena, "pagemap-%u.img", (unsigned)processes[i].pid));
	}
	for (size_t i = 0; pid == 0 && i < report->shared_memory.count; i++)
		contents_add_shared(visit, &shared[i]);
	if (!is_known)
		return error_set(err, ERROR_ABSENT, "there is no process %lld in '%.*s'",
			(long long)pid, STR_ARG(report->source));
	return 0;
}

/* ---- Its bytes ---- */

/* The next `size` bytes of the file. */
static int contents_read(struct contents_walk *walk, size_t size, struct error *err)
{
	const struct contents_visit *visit = walk->visit;
	size_t got = 0;
	size_t more = 1;

	if (walk->list == NULL &&
		inspect__source_read(visit->build->source, walk->space->pages, walk->position,
			visit->block, size, &got, err) < 0)
		return -1;
	while (walk->list != NULL && got < size && more > 0) {
		if (archive_list_read(walk->list, visit->block + got, size - got, &more, err) < 0)
			return -1;
		got += more;
	}
	if (got < size)
		return error_set(err, ERROR_CORRUPT,
			"%.*s ends before the pages that it should have",
			STR_ARG(walk->space->pages->name));
	walk->position += (int64_t)size;
	return 0;
}

/* The pages of one entry of the pagemap. */
static int contents_visit_pages(
	struct contents_walk *walk, uint64_t address, uint64_t bytes, struct error *err)
{
	struct contents_visit *visit = walk->visit;

	while (bytes > 0) {
		size_t size = bytes < INSPECT_PIECE_BYTES ? (size_t)bytes : INSPECT_PIECE_BYTES;
		const struct inspect_piece piece = {
			.space = &walk->space->space,
			.address = address,
			.bytes = {visit->block, size},
			.is_continued = walk->position > 0 && address == walk->end,
		};
		if (contents_read(walk, size, err) < 0)
			return -1;
		visit->told->bytes += (int64_t)size;
		walk->end = address + size;
		if (visit->visit(visit->context, &piece, err) < 0) {
			walk->is_stopped = true;
			return -1;
		}
		address += size;
		bytes -= size;
	}
	return 0;
}

static int contents_visit_entry(struct contents_walk *walk, struct str payload, struct error *err)
{
	struct criu_pages pages;
	uint64_t bytes;
	uint64_t end;

	if (criu_pages_read(payload, &pages, err) < 0)
		return -1;
	if (__builtin_mul_overflow(pages.count, (uint64_t)CRIU_PAGE_BYTES, &bytes) ||
		bytes > INT64_MAX || __builtin_add_overflow(pages.address, bytes, &end) ||
		pages.address < walk->end)
		return error_set(err, ERROR_CORRUPT, "its pages are not in the order of addresses");
	if (pages.is_present)
		return contents_visit_pages(walk, pages.address, bytes, err);
	if (pages.is_in_parent &&
		__builtin_add_overflow(walk->visit->told->parent_bytes, (int64_t)bytes,
			&walk->visit->told->parent_bytes))
		walk->visit->told->parent_bytes = INT64_MAX;
	return 0;
}

/* What is wrong with the space is a problem, and the others go on. */
static int contents_visit_space(struct contents_visit *visit, struct contents_space *space,
	struct archive_list *list, struct error *err)
{
	struct str prefix = visit->build->source->prefix;
	struct contents_walk walk = {.visit = visit, .space = space, .list = list};
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;

	if (space->is_visited)
		return 0;
	space->is_visited = true;
	space->pagemap->is_visited = false; /* its head was read when it was listed */
	if (!inspect__image_open(visit->build, &image, CRIU_IMAGE_PAGEMAP, "%.*s",
		    STR_ARG(str_from(space->pagemap->name, prefix.size))) ||
		!inspect__image_next(&image, &payload)) /* its head */
		return 0;
	visit->told->space_count++;
	while (inspect__image_next(&image, &payload)) {
		if (contents_visit_entry(&walk, payload, err) == 0)
			continue;
		if (walk.is_stopped)
			return -1;
		inspect__image_problem(&image, err);
		return 0;
	}
	return 0;
}

/* The files come in the order that the tar has. */
static int contents_visit_compressed(struct contents_visit *visit, struct error *err)
{
	const struct inspect_source *source = visit->build->source;
	struct contents_space *spaces = visit->spaces.items;
	struct archive_list_entry entry;
	autolist *list = NULL;
	int found;

	if (archive_list_open(source->reader, &list, err) < 0)
		return -1;
	while ((found = archive_list_next(list, &entry, err)) > 0) {
		const struct inspect_file *file = inspect__source_entry(source, &entry);
		for (size_t i = 0; file != NULL && i < visit->spaces.count; i++)
			if (spaces[i].pages == file &&
				contents_visit_space(visit, &spaces[i], list, err) < 0)
				return -1;
	}
	return found;
}

static int contents_visit_all(struct contents_visit *visit, struct error *err)
{
	struct contents_space *spaces = visit->spaces.items;

	for (size_t i = 0; i < visit->spaces.count; i++)
		if (visit->build->source->reader != NULL && spaces[i].pages->offset_bytes < 0)
			return contents_visit_compressed(visit, err);
	for (size_t i = 0; i < visit->spaces.count; i++)
		if (contents_visit_space(visit, &spaces[i], NULL, err) < 0)
			return -1;
	return 0;
}

int inspect_visit_memory(struct inspect *inspect, int64_t pid, inspect_piece_fn visit_piece,
	void *context, struct inspect_visited *ret_visited, struct error *err)
{
	autofree char *block = alloc_zeroed(1, INSPECT_PIECE_BYTES);
	struct inspect_visited told = {0};
	struct contents_visit visit = {
		.build = &inspect->build,
		.visit = visit_piece,
		.context = context,
		.told = &told,
		.block = block,
	};
	int result;

	inspect__source_forget(&inspect->source);
	result = contents_list(&visit, pid, err);
	if (result == 0)
		result = contents_visit_all(&visit, err);
	inspect__tell_problems(&inspect->build);
	if (result < 0)
		return -1;
	*ret_visited = told;
	return 0;
}
