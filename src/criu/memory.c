/* A mapping's status is a set of flags of which several may hold; the most telling one counts. */
#include "criu/memory.h"

#include "criu/message.h"
#include "images.pb-c.h"

/* CRIU's VMA_AREA_*, the more telling ones first. */
static const struct {
	uint32_t flag;
	enum criu_mapping_kind kind;
} memory_flags[] = {
	{1u << 2, CRIU_MAPPING_KERNEL}, /* vsyscall */
	{1u << 3, CRIU_MAPPING_KERNEL}, /* vdso */
	{1u << 12, CRIU_MAPPING_KERNEL}, /* vvar */
	{1u << 17, CRIU_MAPPING_KERNEL}, /* uprobes */
	{1u << 16, CRIU_MAPPING_GUARD},
	{1u << 10, CRIU_MAPPING_SYSV},
	{1u << 11, CRIU_MAPPING_SOCKET},
	{1u << 13, CRIU_MAPPING_AIO},
	{1u << 14, CRIU_MAPPING_MEMFD},
	{1u << 6, CRIU_MAPPING_FILE_PRIVATE},
	{1u << 7, CRIU_MAPPING_FILE_SHARED},
	{1u << 8, CRIU_MAPPING_SHARED},
	{1u << 5, CRIU_MAPPING_HEAP},
	{1u << 1, CRIU_MAPPING_STACK},
	{1u << 9, CRIU_MAPPING_ANONYMOUS},
};

enum {
	MEMORY_GROWS_DOWN = 0x100, /* MAP_GROWSDOWN: the main stack, which has no flag of CRIU's */
	/* CRIU's PE_* of a pagemap's entry. */
	MEMORY_PARENT = 1u << 0,
	MEMORY_LAZY = 1u << 1,
	MEMORY_PRESENT = 1u << 2,
};

static const char *const memory_kind_names[CRIU_MAPPING_KIND_COUNT] = {
	[CRIU_MAPPING_OTHER] = "other",
	[CRIU_MAPPING_ANONYMOUS] = "anonymous",
	[CRIU_MAPPING_HEAP] = "heap",
	[CRIU_MAPPING_STACK] = "stack",
	[CRIU_MAPPING_FILE_PRIVATE] = "file-private",
	[CRIU_MAPPING_FILE_SHARED] = "file-shared",
	[CRIU_MAPPING_SHARED] = "shared",
	[CRIU_MAPPING_MEMFD] = "memfd",
	[CRIU_MAPPING_SYSV] = "sysv",
	[CRIU_MAPPING_SOCKET] = "socket",
	[CRIU_MAPPING_AIO] = "aio",
	[CRIU_MAPPING_GUARD] = "guard",
	[CRIU_MAPPING_KERNEL] = "kernel",
};

const char *criu_mapping_kind_name(enum criu_mapping_kind kind)
{
	return memory_kind_names[kind];
}

static enum criu_mapping_kind memory_kind(const Criu__Mapping *mapping)
{
	for (size_t i = 0; i < array_size(memory_flags); i++)
		if ((mapping->status & memory_flags[i].flag) != 0) {
			bool is_stack = memory_flags[i].kind == CRIU_MAPPING_ANONYMOUS &&
				(mapping->flags & MEMORY_GROWS_DOWN) != 0;
			return is_stack ? CRIU_MAPPING_STACK : memory_flags[i].kind;
		}
	return CRIU_MAPPING_OTHER;
}

int criu_memory_read(
	struct str payload, struct arena *arena, struct criu_memory *ret_memory, struct error *err)
{
	automessage memory = {0};
	const Criu__Memory *message =
		criu__message_read(&memory, &criu__memory__descriptor, payload, err);
	struct criu_mapping *mappings;

	if (message == NULL)
		return -1;
	mappings = arena_zeroed(arena, message->n_mappings, sizeof(*mappings));
	for (size_t i = 0; i < message->n_mappings; i++) {
		const Criu__Mapping *mapping = message->mappings[i];
		mappings[i] = (struct criu_mapping){
			.start = mapping->start,
			.end = mapping->end > mapping->start ? mapping->end : mapping->start,
			.offset_bytes = mapping->pgoff,
			.object = mapping->shmid,
			.protection = mapping->prot,
			.kind = memory_kind(mapping),
		};
	}
	*ret_memory = (struct criu_memory){
		.arguments_start = message->arg_start,
		.arguments_end = message->arg_end,
		.environment_start = message->env_start,
		.environment_end = message->env_end,
		.executable_file = message->exe_file_id,
		.mappings = mappings,
		.mapping_count = message->n_mappings,
	};
	return 0;
}

int criu_pagemap_head_read(struct str payload, uint32_t *ret_pages, struct error *err)
{
	automessage memory = {0};
	const Criu__PagemapHead *message =
		criu__message_read(&memory, &criu__pagemap_head__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_pages = message->pages_id;
	return 0;
}

/* Images of before CRIU 1.8 have no flags: pages are present or in the parent. */
int criu_pages_read(struct str payload, struct criu_pages *ret_pages, struct error *err)
{
	automessage memory = {0};
	const Criu__PagemapEntry *message =
		criu__message_read(&memory, &criu__pagemap_entry__descriptor, payload, err);

	if (message == NULL)
		return -1;
	*ret_pages = (struct criu_pages){
		.address = message->vaddr,
		.count = message->has_nr_pages ? message->nr_pages : message->compat_nr_pages,
		.is_present = message->has_flags ? (message->flags & MEMORY_PRESENT) != 0
						 : !message->in_parent,
		.is_in_parent = message->in_parent || (message->flags & MEMORY_PARENT) != 0,
		.is_lazy = (message->flags & MEMORY_LAZY) != 0,
	};
	return 0;
}
