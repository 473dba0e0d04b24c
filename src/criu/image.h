/*
 * CRIU's image files: one or two magic numbers, then entries of a length (32 bits, little-endian)
 * and so many bytes of protobuf (criu.org/Images). Some kinds have raw bytes behind each entry;
 * those are not read here.
 */
#ifndef CRIU_IMAGE_H
#define CRIU_IMAGE_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* The kind of a file, by the magic that tells it; others exist. */
enum criu_image_type {
	CRIU_IMAGE_INVENTORY = 0x58313116,
	CRIU_IMAGE_STATS = 0x57093306,
	CRIU_IMAGE_PROCESSES = 0x50273030, /* pstree.img */
	CRIU_IMAGE_CORE = 0x55053847,
	CRIU_IMAGE_IDS = 0x54432030,
	CRIU_IMAGE_DIRECTORIES = 0x51403912, /* fs-PID.img */
	CRIU_IMAGE_MEMORY = 0x57492820, /* mm-PID.img */
	CRIU_IMAGE_PAGEMAP = 0x56084025,
	CRIU_IMAGE_DESCRIPTORS = 0x56213732, /* fdinfo-ID.img */
	CRIU_IMAGE_FILES = 0x56303138,
	CRIU_IMAGE_MEMFDS = 0x48453499,
	CRIU_IMAGE_REMAPS = 0x59133954, /* remap-fpath.img */
	CRIU_IMAGE_MOUNTS = 0x55563928,
	CRIU_IMAGE_HOST_NAME = 0x54473203, /* utsns-ID.img */
	CRIU_IMAGE_TTYS = 0x59453036, /* tty-info.img */
	CRIU_IMAGE_TIME = 0x43114433, /* timens-ID.img */
	CRIU_IMAGE_CGROUPS = 0x59383330,
	CRIU_IMAGE_SECCOMP = 0x64413049,
};

enum {
	/* The magic numbers in front of the entries, at most. */
	CRIU_IMAGE_HEAD_BYTES = 8,
	/* One entry: a process with 65,530 mappings, the kernel's default maximum, has 4 MiB. */
	CRIU_IMAGE_ENTRY_BYTES = 8 * 1024 * 1024,
};

/*
 * Takes the magic numbers off the front of *bytes, an image's first CRIU_IMAGE_HEAD_BYTES or more,
 * or all of a shorter one. `name` is for error texts. Fails with CORRUPT (another type, cut short).
 */
must_check int criu_image_begin(
	struct str *bytes, enum criu_image_type type, const char *name, struct error *err);

/*
 * Takes the next entry off the front of *bytes: 1, its payload borrowed in *ret_payload; 0 when
 * *bytes hold no whole entry: then *ret_needed (at least 4) bytes from here on do. Fails with
 * TOO_BIG (CRIU_IMAGE_ENTRY_BYTES).
 */
must_check int criu_image_next(struct str *bytes, const char *name, struct str *ret_payload,
	size_t *ret_needed, struct error *err);

#endif
