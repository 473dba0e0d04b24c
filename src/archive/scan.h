/*
 * One pass over a checkpoint archive (a tar: ustar, pax, GNU; compressed by gzip or zstd where that
 * is wanted): every byte is hashed while its entries are told to a visitor, so that the digest of
 * the layer and the description of the checkpoint cost one reading of the file. Nothing is
 * extracted: the visitor learns where each content lies and may see the bytes as they pass.
 *
 * Archives are taken to be hostile. Only regular files and directories are accepted, with paths
 * that archive_path_check() accepts, each once; entries must follow each other without gaps, and
 * behind the end-of-archive marker only zeros may stand.
 */
#ifndef ARCHIVE_SCAN_H
#define ARCHIVE_SCAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "archive/digest.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* All paths of an archive together: CRIU's names are short, a hostile archive fills no memory. */
enum { ARCHIVE_SCAN_PATH_BYTES = 16 * 1024 * 1024 };

/* An entry; borrowed for the duration of the callback. */
struct archive_scan_entry {
	struct str path; /* terminated; relative, without "./" in front or '/' behind */
	bool is_directory;
	int64_t size_bytes; /* 0 for directories */
	int64_t offset_bytes; /* of the content in the tar */
};

struct archive_scan_visitor {
	/*
	 * Called for each entry in the order of the archive (not for the archive's own root "./").
	 * Returns 1 when `content` shall be called with its bytes, 0 when they are only hashed, -1
	 * (with *err set) to end the scan. Whoever keeps content caps it by size_bytes first.
	 */
	int (*entry)(void *context, const struct archive_scan_entry *entry, struct error *err);
	/*
	 * The next piece of the content that `entry` asked for, in order, of any size; in the end
	 * size_bytes have come, or the scan fails. Returns 0, or -1 to end the scan. May be NULL
	 * when `entry` never asks.
	 */
	int (*content)(void *context, struct str piece, struct error *err);
	/* All of that content has been shown. Returns as `content`; may be NULL as well. */
	int (*end)(void *context, struct error *err);
	void *context;
};

struct archive_scan_result {
	struct archive_digest digest; /* of the whole tar, from its first byte to its last */
	struct archive_digest file_digest; /* of the file: another one only when it is compressed */
	int64_t size_bytes; /* of the whole tar */
	size_t entry_count;
};

/*
 * Reads `fd` (borrowed; a file at its beginning, or a pipe) to its end. A compressed file is no tar
 * when `unpacked_max` is 0; else it is unpacked on the way, and no more than so many bytes may come
 * of it. What the visitor saw counts only when the scan succeeds. Fails with CORRUPT (no tar,
 * damaged, truncated: tells what is missing; something behind the end), INVALID (an entry that is
 * refused: tells which and why), TOO_BIG (LIMIT_ARCHIVE_ENTRIES, ARCHIVE_SCAN_PATH_BYTES,
 * `unpacked_max`), SYSTEM, UNSUPPORTED (no SHA-256), and with the visitor's errors.
 */
must_check int archive_scan(int fd, int64_t unpacked_max,
	const struct archive_scan_visitor *visitor, struct archive_scan_result *ret_result,
	struct error *err);

#endif
