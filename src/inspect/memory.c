/*
 * mm-PID.img has the mappings, pagemap-PID.img which of their pages were written, both in the order
 * of addresses: they are walked side by side. On the way it is remembered where the pages lie that
 * hold the command line and the environment; no other page is ever read.
 */
#include <stdlib.h>
#include <sys/mman.h>

#include "criu/memory.h"
#include "inspect/build.h"

/* One process's memory as its pagemap is walked. */
struct memory_walk {
	struct inspect_build *build;
	struct inspect_process *process;
	struct criu_memory memory;
	int64_t *dumped; /* bytes of each mapping */
	int64_t *parent;
	size_t at; /* the first mapping that may hold further pages */
	uint64_t end; /* of the pages so far */
	const struct inspect_file *pages;
	int64_t position; /* of the next page in it */
	struct inspect_text *text; /* NULL: no command line */
	size_t texts_found; /* bytes of the command line that this dump has */
};

static int memory_compare(const void *a, const void *b)
{
	const struct criu_mapping *left = a;
	const struct criu_mapping *right = b;

	return left->start < right->start ? -1 : left->start > right->start;
}

/* Without ranges that are no mappings, in the order of addresses. */
static void memory_sort(struct criu_memory *memory)
{
	size_t count = 0;

	for (size_t i = 0; i < memory->mapping_count; i++)
		if (memory->mappings[i].kind != CRIU_MAPPING_GUARD)
			memory->mappings[count++] = memory->mappings[i];
	memory->mapping_count = count;
	if (count > 0)
		qsort(memory->mappings, count, sizeof(*memory->mappings), memory_compare);
}

/* The memory file that is mapped; NULL: it is none. */
static const struct criu_memfd *memory_file(
	const struct inspect_build *build, const struct criu_mapping *mapping)
{
	const struct criu_memfd *memfds = build->memfds.items;
	const struct criu_file *file = mapping->kind == CRIU_MAPPING_MEMFD
		? inspect__file(build, (uint32_t)mapping->object)
		: NULL;

	for (size_t i = 0; file != NULL && i < build->memfds.count; i++)
		if (memfds[i].id == file->object)
			return &memfds[i];
	return NULL;
}

/* CRIU keeps anonymous shared memory as a memory file of this name. */
static void memory_tell_shared(const struct inspect_build *build, struct criu_memory *memory)
{
	for (size_t i = 0; i < memory->mapping_count; i++) {
		struct criu_mapping *mapping = &memory->mappings[i];
		const struct criu_memfd *memfd = memory_file(build, mapping);
		if (memfd == NULL)
			continue;
		mapping->object = memfd->shared_memory;
		if (str_is(memfd->name, "/dev/zero"))
			mapping->kind = CRIU_MAPPING_SHARED;
	}
}

bool inspect__read_mappings(struct inspect_build *build, int64_t pid, struct arena *arena,
	struct criu_memory *ret_memory)
{
	autoimage image = INSPECT_IMAGE_INIT;
	struct str payload;
	struct error err;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_MEMORY, "mm-%u.img", (unsigned)pid) ||
		!inspect__image_next(&image, &payload))
		return false;
	if (criu_memory_read(payload, arena, ret_memory, &err) < 0) {
		inspect__image_problem(&image, &err);
		return false;
	}
	memory_sort(ret_memory);
	memory_tell_shared(build, ret_memory);
	return true;
}

/* Bytes that fit where sizes are added up: a hostile image's may be anything. */
static int64_t memory_bytes(uint64_t bytes)
{
	return bytes < (UINT64_C(1) << 57) ? (int64_t)bytes : 0;
}

static void memory_add(int64_t *sum, uint64_t bytes)
{
	if (__builtin_add_overflow(*sum, memory_bytes(bytes), sum))
		*sum = INT64_MAX;
}

/* ---- The command line ---- */

/* Room for the text from `start` to `end`; NULL: there is none. */
static char *memory_text(
	struct inspect_build *build, uint64_t start, uint64_t end, size_t *ret_size)
{
	uint64_t size = end > start ? end - start : 0;

	if (size > INSPECT_ARGUMENT_BYTES)
		size = INSPECT_ARGUMENT_BYTES;
	*ret_size = (size_t)size;
	return size > 0 ? arena_zeroed(build->arena, (size_t)size + 1, 1) : NULL;
}

static void memory_begin_text(struct memory_walk *walk)
{
	const struct criu_memory *memory = &walk->memory;
	struct inspect_text *text = inspect__list_add(
		walk->build->arena, &walk->build->texts, sizeof(struct inspect_text));

	text->process = walk->build->processes.count;
	text->arguments = memory_text(
		walk->build, memory->arguments_start, memory->arguments_end, &text->argument_bytes);
	text->environment = memory_text(walk->build, memory->environment_start,
		memory->environment_end, &text->environment_bytes);
	text->is_cut = memory->arguments_end > memory->arguments_start &&
		memory->arguments_end - memory->arguments_start > INSPECT_ARGUMENT_BYTES;
	walk->text = text;
}

/* Wants what `pages`, written at `position`, have of the text at `start`. The bytes it has. */
static size_t memory_want(struct memory_walk *walk, const struct criu_pages *pages, uint64_t bytes,
	uint64_t start, char *text, size_t size)
{
	uint64_t from = start > pages->address ? start : pages->address;
	uint64_t to = start + size < pages->address + bytes ? start + size : pages->address + bytes;
	struct inspect_range *range;

	if (text == NULL || from >= to)
		return 0;
	range = inspect__list_add(walk->build->arena, &walk->build->ranges, sizeof(*range));
	*range = (struct inspect_range){
		.file = walk->pages,
		.offset_bytes = walk->position + (int64_t)(from - pages->address),
		.bytes = text + (from - start),
		.size = (size_t)(to - from),
	};
	return (size_t)(to - from);
}

static void memory_want_texts(
	struct memory_walk *walk, const struct criu_pages *pages, uint64_t bytes)
{
	struct inspect_text *text = walk->text;

	if (walk->pages == NULL)
		return;
	walk->texts_found += memory_want(walk, pages, bytes, walk->memory.arguments_start,
		text->arguments, text->argument_bytes);
	(void)memory_want(walk, pages, bytes, walk->memory.environment_start, text->environment,
		text->environment_bytes);
}

/* ---- Pages ---- */

/* Adds the pages to the mappings that they lie in. */
static void memory_count(struct memory_walk *walk, const struct criu_pages *pages, uint64_t bytes)
{
	const struct criu_memory *memory = &walk->memory;
	uint64_t end = pages->address + bytes;
	size_t i;

	while (walk->at < memory->mapping_count && memory->mappings[walk->at].end <= pages->address)
		walk->at++;
	for (i = walk->at; i < memory->mapping_count && memory->mappings[i].start < end; i++) {
		const struct criu_mapping *mapping = &memory->mappings[i];
		uint64_t from = mapping->start > pages->address ? mapping->start : pages->address;
		uint64_t to = mapping->end < end ? mapping->end : end;
		if (from < to)
			memory_add(
				pages->is_present ? &walk->dumped[i] : &walk->parent[i], to - from);
	}
	if (i > walk->at)
		walk->at = i - 1;
}

static int memory_add_pages(
	struct memory_walk *walk, const struct criu_pages *pages, struct error *err)
{
	uint64_t bytes;
	uint64_t end;

	if (__builtin_mul_overflow(pages->count, (uint64_t)CRIU_PAGE_BYTES, &bytes) ||
		bytes > INT64_MAX - (uint64_t)walk->position ||
		__builtin_add_overflow(pages->address, bytes, &end) || pages->address < walk->end)
		return error_set(err, ERROR_CORRUPT, "its pages are not in the order of addresses");
	walk->end = end;
	if (pages->is_in_parent)
		walk->build->report->dump.has_parent = true;
	if (!pages->is_present && !pages->is_in_parent)
		return 0;
	memory_count(walk, pages, bytes);
	if (!pages->is_present)
		return 0;
	if (walk->text != NULL)
		memory_want_texts(walk, pages, bytes);
	walk->position += (int64_t)bytes;
	return 0;
}

/* The pagemap's head names the file of the pages. False: the image is damaged. */
static bool memory_read_head(struct memory_walk *walk, struct inspect_image *image)
{
	struct inspect_build *build = walk->build;
	struct str payload;
	struct error err;
	uint32_t number;

	if (!inspect__image_next(image, &payload))
		return false;
	if (criu_pagemap_head_read(payload, &number, &err) < 0) {
		inspect__image_problem(image, &err);
		return false;
	}
	walk->pages = inspect__source_find(build->source,
		arena_printf(build->arena, "%.*spages-%u.img", STR_ARG(build->source->prefix),
			(unsigned)number));
	return true;
}

/* Walks over the pages; what is behind `position` afterwards was written. */
static void memory_walk_pages(struct memory_walk *walk, struct inspect_image *image)
{
	struct criu_pages pages;
	struct str payload;
	struct error err;

	if (!memory_read_head(walk, image))
		return;
	while (inspect__image_next(image, &payload))
		if (criu_pages_read(payload, &pages, &err) < 0 ||
			memory_add_pages(walk, &pages, &err) < 0) {
			inspect__image_problem(image, &err);
			break;
		}
}

/* ---- What becomes of it ---- */

static void memory_sum_kinds(struct memory_walk *walk)
{
	struct inspect_memory kinds[CRIU_MAPPING_KIND_COUNT] = {0};
	struct inspect_list list = {0};

	for (size_t i = 0; i < walk->memory.mapping_count; i++) {
		const struct criu_mapping *mapping = &walk->memory.mappings[i];
		struct inspect_memory *kind = &kinds[mapping->kind];
		kind->count++;
		memory_add(&kind->bytes, mapping->end - mapping->start);
		memory_add(&kind->dumped_bytes, (uint64_t)walk->dumped[i]);
		memory_add(&kind->parent_bytes, (uint64_t)walk->parent[i]);
		memory_add(&walk->process->memory_bytes, mapping->end - mapping->start);
		memory_add(&walk->process->dumped_bytes, (uint64_t)walk->dumped[i]);
	}
	for (size_t i = 0; i < array_size(kinds); i++)
		if (kinds[i].count > 0) {
			kinds[i].kind = str_of(criu_mapping_kind_name((enum criu_mapping_kind)i));
			*(struct inspect_memory *)inspect__list_add(
				walk->build->arena, &list, sizeof(kinds[i])) = kinds[i];
		}
	walk->process->memory = (struct json_list){list.items, list.count};
}

struct str inspect__protection(struct arena *arena, uint32_t protection)
{
	return arena_printf(arena, "%c%c%c", (protection & PROT_READ) != 0 ? 'r' : '-',
		(protection & PROT_WRITE) != 0 ? 'w' : '-',
		(protection & PROT_EXEC) != 0 ? 'x' : '-');
}

struct str inspect__mapping_name(
	const struct inspect_build *build, const struct criu_mapping *mapping)
{
	bool has_file = mapping->kind == CRIU_MAPPING_FILE_PRIVATE ||
		mapping->kind == CRIU_MAPPING_FILE_SHARED;
	const struct criu_file *file =
		has_file ? inspect__file(build, (uint32_t)mapping->object) : NULL;

	return file != NULL ? file->name : (struct str){0};
}

static void memory_list_mappings(struct memory_walk *walk)
{
	struct arena *arena = walk->build->arena;
	size_t count = walk->memory.mapping_count;
	struct inspect_mapping *mappings = arena_zeroed(arena, count, sizeof(*mappings));

	for (size_t i = 0; i < count; i++) {
		const struct criu_mapping *mapping = &walk->memory.mappings[i];
		mappings[i] = (struct inspect_mapping){
			.start = arena_printf(arena, "%llx", (unsigned long long)mapping->start),
			.end = arena_printf(arena, "%llx", (unsigned long long)mapping->end),
			.protection = inspect__protection(arena, mapping->protection),
			.kind = str_of(criu_mapping_kind_name(mapping->kind)),
			.name = inspect__mapping_name(walk->build, mapping),
			.offset_bytes = memory_bytes(mapping->offset_bytes),
			.dumped_bytes = walk->dumped[i],
		};
	}
	walk->process->mappings = (struct json_list){mappings, count};
}

static const struct criu_memfd *memory_shared_file(const struct inspect_build *build, uint64_t id)
{
	const struct criu_memfd *memfds = build->memfds.items;

	for (size_t i = 0; i < build->memfds.count; i++)
		if (memfds[i].shared_memory == id)
			return &memfds[i];
	return NULL;
}

/* Shared memory has a pagemap of its own; it is told once, however many have it. */
static void memory_read_shared(struct memory_walk *walk, const struct criu_mapping *mapping)
{
	struct inspect_build *build = walk->build;
	struct inspect_report *report = build->report;
	struct inspect_list list = {report->shared_memory.items, report->shared_memory.count,
		report->shared_memory.count};
	const struct criu_memfd *memfd = memory_shared_file(build, mapping->object);
	struct memory_walk shared = {.build = build};
	struct inspect_shared_memory *item;
	autoimage image = INSPECT_IMAGE_INIT;

	if (!inspect__image_open(build, &image, CRIU_IMAGE_PAGEMAP, "pagemap-shmem-%llu.img",
		    (unsigned long long)mapping->object))
		return;
	memory_walk_pages(&shared, &image);
	item = inspect__list_add(build->arena, &list, sizeof(*item));
	item->id = arena_printf(build->arena, "%llu", (unsigned long long)mapping->object);
	item->name = memfd != NULL ? memfd->name : (struct str){0};
	item->size_bytes =
		memory_bytes(memfd != NULL ? memfd->size : mapping->end - mapping->start);
	item->dumped_bytes = shared.position;
	report->shared_memory = (struct json_list){list.items, list.count};
}

static bool memory_is_shared(enum criu_mapping_kind kind)
{
	return kind == CRIU_MAPPING_SHARED || kind == CRIU_MAPPING_MEMFD ||
		kind == CRIU_MAPPING_SYSV;
}

void inspect__read_memory(struct inspect_build *build, struct inspect_process *process)
{
	struct memory_walk walk = {.build = build, .process = process};
	const struct criu_file *executable;
	autoimage image = INSPECT_IMAGE_INIT;

	if (!inspect__read_mappings(build, process->pid, build->arena, &walk.memory))
		return;
	walk.dumped = arena_zeroed(build->arena, walk.memory.mapping_count, sizeof(*walk.dumped));
	walk.parent = arena_zeroed(build->arena, walk.memory.mapping_count, sizeof(*walk.parent));
	memory_begin_text(&walk);
	if (inspect__image_open(
		    build, &image, CRIU_IMAGE_PAGEMAP, "pagemap-%u.img", (unsigned)process->pid))
		memory_walk_pages(&walk, &image);
	if (walk.texts_found < walk.text->argument_bytes)
		walk.text->is_cut = true;
	executable = inspect__file(build, walk.memory.executable_file);
	if (executable != NULL)
		process->executable = executable->name;
	memory_sum_kinds(&walk);
	if (build->options->show_mappings)
		memory_list_mappings(&walk);
	for (size_t i = 0; i < walk.memory.mapping_count; i++)
		if (memory_is_shared(walk.memory.mappings[i].kind))
			memory_read_shared(&walk, &walk.memory.mappings[i]);
}
