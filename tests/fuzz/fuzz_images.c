/* CRIU's images, each by the decoder of its kind: read or refused, whatever the bytes. */
#include <assert.h>
#include <string.h>

#include "criu/files.h"
#include "criu/image.h"
#include "criu/memory.h"
#include "criu/process.h"
#include "criu/system.h"

static int read_system(
	enum criu_image_type type, struct str payload, struct arena *arena, struct error *err)
{
	struct criu_cgroup *cgroups;
	struct criu_mount mount;
	struct criu_time time;
	struct criu_tty tty;
	struct str name;
	size_t count;

	switch (type) {
	case CRIU_IMAGE_MOUNTS:
		return criu_mount_read(payload, arena, &mount, err);
	case CRIU_IMAGE_HOST_NAME:
		return criu_host_name_read(payload, arena, &name, err);
	case CRIU_IMAGE_TTYS:
		return criu_tty_read(payload, &tty, err);
	case CRIU_IMAGE_TIME:
		return criu_time_read(payload, &time, err);
	case CRIU_IMAGE_CGROUPS:
		return criu_cgroups_read(payload, arena, &cgroups, &count, err);
	case CRIU_IMAGE_SECCOMP:
		return criu_seccomp_read(payload, &count, err);
	default:
		return 0;
	}
}

static int read_pagemap(struct str payload, struct error *err)
{
	struct criu_pages pages;
	uint32_t number;

	return criu_pagemap_head_read(payload, &number, err) < 0
		? -1
		: criu_pages_read(payload, &pages, err);
}

static int read_memory(struct str payload, struct arena *arena, struct error *err)
{
	struct criu_memory memory;

	if (criu_memory_read(payload, arena, &memory, err) < 0)
		return -1;
	for (size_t i = 0; i < memory.mapping_count; i++) {
		assert(memory.mappings[i].end >= memory.mappings[i].start);
		assert(criu_mapping_kind_name(memory.mappings[i].kind) != NULL);
	}
	return 0;
}

static int read_file(struct str payload, struct arena *arena, struct error *err)
{
	struct criu_file file;

	if (criu_file_read(payload, arena, &file, err) < 0)
		return -1;
	assert(file.socket.local.size <= sizeof(file.socket.local.bytes));
	return 0;
}

static int read_entry(
	enum criu_image_type type, struct str payload, struct arena *arena, struct error *err)
{
	struct criu_descriptor descriptor;
	struct criu_directories directories;
	struct criu_process process;
	struct criu_memfd memfd;
	struct criu_core core;
	struct criu_ids ids;
	uint32_t number;

	switch (type) {
	case CRIU_IMAGE_PROCESSES:
		return criu_process_read(payload, arena, &process, err);
	case CRIU_IMAGE_CORE:
		return criu_core_read(payload, arena, &core, err);
	case CRIU_IMAGE_IDS:
		return criu_ids_read(payload, &ids, err);
	case CRIU_IMAGE_DIRECTORIES:
		return criu_directories_read(payload, &directories, err);
	case CRIU_IMAGE_MEMORY:
		return read_memory(payload, arena, err);
	case CRIU_IMAGE_PAGEMAP:
		return read_pagemap(payload, err);
	case CRIU_IMAGE_DESCRIPTORS:
		return criu_descriptor_read(payload, &descriptor, err);
	case CRIU_IMAGE_FILES:
		return read_file(payload, arena, err);
	case CRIU_IMAGE_MEMFDS:
		return criu_memfd_read(payload, arena, &memfd, err);
	case CRIU_IMAGE_REMAPS:
		return criu_remap_read(payload, &number, err);
	default:
		return read_system(type, payload, arena, err);
	}
}

/* The magic that tells the kind: the second number of most files, the first of some. */
static enum criu_image_type type_of(struct str file)
{
	uint32_t magics[2] = {0, 0};

	memcpy(magics, file.data, file.size < sizeof(magics) ? file.size : sizeof(magics));
	return (enum criu_image_type)(
		magics[0] == 0x54564319 || magics[0] == 0x55105940 ? magics[1] : magics[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autoarena *arena = arena_new(4096);
	struct str rest = {(const char *)data, size};
	enum criu_image_type type;
	struct str payload;
	struct error err;
	size_t needed;

	if (size == 0)
		return 0;
	type = type_of(rest);
	if (criu_image_begin(&rest, type, "fuzz.img", &err) < 0) {
		assert(err.kind == ERROR_CORRUPT);
		return 0;
	}
	while (criu_image_next(&rest, "fuzz.img", &payload, &needed, &err) > 0)
		if (read_entry(type, payload, arena, &err) < 0)
			assert(err.kind == ERROR_CORRUPT || err.kind == ERROR_TOO_BIG);
	return 0;
}
