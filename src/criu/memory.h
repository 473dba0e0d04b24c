/*
 * The images that say what memory a process has (mm-PID.img) and which of its pages were written
 * where (pagemap-PID.img; pages-N.img holds them one behind the other). Never the pages themselves.
 * All fail with CORRUPT (no protobuf), TOO_BIG (CRIU_MESSAGE_BYTES of memory).
 */
#ifndef CRIU_MEMORY_H
#define CRIU_MEMORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* What a mapping is, as CRIU has sorted it. */
enum criu_mapping_kind {
	CRIU_MAPPING_OTHER,
	CRIU_MAPPING_ANONYMOUS, /* private */
	CRIU_MAPPING_HEAP,
	CRIU_MAPPING_STACK,
	CRIU_MAPPING_FILE_PRIVATE,
	CRIU_MAPPING_FILE_SHARED,
	CRIU_MAPPING_SHARED, /* anonymous, shared between processes */
	CRIU_MAPPING_MEMFD,
	CRIU_MAPPING_SYSV,
	CRIU_MAPPING_SOCKET,
	CRIU_MAPPING_AIO,
	CRIU_MAPPING_GUARD, /* no mapping: a range within one that may not be touched */
	CRIU_MAPPING_KERNEL, /* vdso, vvar, vsyscall: the kernel's, not in a dump's pages */
	CRIU_MAPPING_KIND_COUNT,
};

/* "heap", "file-private"; static. */
const char *criu_mapping_kind_name(enum criu_mapping_kind kind);

struct criu_mapping {
	uint64_t start;
	uint64_t end; /* never before start */
	uint64_t offset_bytes; /* in the file */
	uint64_t object; /* the file in files.img, or shared memory's number */
	uint32_t protection; /* PROT_*: mmap(2) */
	enum criu_mapping_kind kind;
};

struct criu_memory {
	uint64_t arguments_start; /* addresses, as of prctl(2) PR_SET_MM */
	uint64_t arguments_end;
	uint64_t environment_start;
	uint64_t environment_end;
	uint32_t executable_file; /* in files.img */
	struct criu_mapping *mappings; /* in the order of the image: of addresses */
	size_t mapping_count;
};

must_check int criu_memory_read(
	struct str payload, struct arena *arena, struct criu_memory *ret_memory, struct error *err);

/* The first entry of a pagemap: the N of its pages-N.img. */
must_check int criu_pagemap_head_read(struct str payload, uint32_t *ret_pages, struct error *err);

enum { CRIU_PAGE_BYTES = 4096 };

struct criu_pages {
	uint64_t address;
	uint64_t count;
	bool is_present; /* in this dump's pages */
	bool is_in_parent; /* in those of the dump that this one builds on */
	bool is_lazy;
};

must_check int criu_pages_read(struct str payload, struct criu_pages *ret_pages, struct error *err);

#endif
