/*
 * A tar of files in a directory that is written nowhere: its headers are made as they are asked
 * for, its contents are read from the files. So a checkpoint that lies as a directory, which is
 * what CRIU restores from, is at the same time the layer of an image, and lies once.
 *
 * The tar follows from the paths and sizes: files in the order of their paths, each directory
 * before the first file in it, owner 0, modes 0600 and 0700, time 0. It ends with two blocks of
 * zeros. The files themselves are opened when their contents are read.
 */
#ifndef ARCHIVE_COMPOSE_H
#define ARCHIVE_COMPOSE_H

#include <stddef.h>
#include <stdint.h>

#include "archive/scan.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "sys/reader.h"

struct archive_compose_file {
	struct str path; /* relative; as archive_path_check accepts and returns it */
	int64_t bytes;
};

/*
 * The tar of `files` (in any order, borrowed for the call) beneath *directory_fd, which is taken
 * over on success. The caller owns *ret_reader, which keeps the paths in memory and one file open.
 * Fails with INVALID (a path that is refused or named twice, an impossible size), TOO_BIG
 * (LIMIT_ARCHIVE_ENTRIES, ARCHIVE_SCAN_PATH_BYTES). Reading fails with CORRUPT when a file is
 * missing, is none, or has another size (tells which), SYSTEM.
 */
must_check int archive_compose(int *directory_fd, const struct archive_compose_file *files,
	size_t count, struct reader **ret_reader, struct error *err);

struct archive_compose_visitor {
	/* The next piece of a file's content. Returns 0, or -1 (with *err set) to end. */
	int (*content)(void *context, struct str piece, struct error *err);
	/* All of its content was shown; `file` is borrowed. Files come in the order of the tar. */
	int (*end)(void *context, const struct archive_compose_file *file, struct error *err);
	void *context;
};

/*
 * Reads the whole tar once, in blocks of 128 KiB: hashes it and shows the visitor the content of
 * each file. `directory_fd` is borrowed. Fails as archive_compose and its reader, with UNSUPPORTED
 * (no SHA-256), and with the visitor's errors.
 */
must_check int archive_compose_scan(int directory_fd, const struct archive_compose_file *files,
	size_t count, const struct archive_compose_visitor *visitor,
	struct archive_scan_result *ret_result, struct error *err);

#endif
