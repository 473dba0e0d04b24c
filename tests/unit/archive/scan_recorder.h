/* A visitor for tests that writes down what it is told, one line per entry. */
#ifndef TESTS_SCAN_RECORDER_H
#define TESTS_SCAN_RECORDER_H

#include <assert.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

#include "archive/scan.h"
#include "base/buf.h"
#include "sys/fd.h"
#include "tar_builder.h"

struct recorder {
	struct buf lines; /* "path/ DIRECTORY" or "path SIZE: content" */
	bool wants_content;
	int fd; /* to compare what is shown with what lies at the told offset; -1: not done */
	int64_t offset;
	int64_t unpacked_max;
};

#define RECORDER_INIT ((struct recorder){BUF_INIT(64u * 1024 * 1024), true, -1, 0, 0})

static inline void recorder_done(struct recorder *recorder)
{
	buf_done(&recorder->lines);
}
#define autorecorder clean_up(recorder_done) struct recorder

static inline int recorder_entry(
	void *context, const struct archive_scan_entry *entry, struct error *err)
{
	struct recorder *recorder = context;

	(void)err;
	assert(entry->path.data[entry->path.size] == '\0');
	if (entry->is_directory)
		buf_printf(&recorder->lines, "%s/\n", entry->path.data);
	else
		buf_printf(
			&recorder->lines, "%s %" PRId64 "\n", entry->path.data, entry->size_bytes);
	recorder->offset = entry->offset_bytes;
	return recorder->wants_content && !entry->is_directory ? 1 : 0;
}

static inline int recorder_content(void *context, struct str piece, struct error *err)
{
	struct recorder *recorder = context;
	char *there;

	(void)err;
	buf_add(&recorder->lines, piece);
	if (recorder->fd < 0)
		return 0;
	there = malloc(piece.size);
	assert(there != NULL);
	assert(pread(recorder->fd, there, piece.size, recorder->offset) == (ssize_t)piece.size);
	assert(memcmp(there, piece.data, piece.size) == 0);
	free(there);
	recorder->offset += (int64_t)piece.size;
	return 0;
}

/* Scans the first `size` bytes of the archive; what was seen is in the recorder. */
static inline int record_prefix(const struct tar *tar, size_t size, struct recorder *recorder,
	struct archive_scan_result *ret_result, struct error *err)
{
	autoclose int fd = tar_open(tar, size);
	struct archive_scan_visitor visitor = {recorder_entry, recorder_content, NULL, recorder};

	buf_clear(&recorder->lines);
	recorder->fd = recorder->unpacked_max == 0 ? fd : -1;
	return archive_scan(fd, recorder->unpacked_max, &visitor, ret_result, err);
}

static inline int record(const struct tar *tar, struct recorder *recorder,
	struct archive_scan_result *ret_result, struct error *err)
{
	return record_prefix(tar, tar->bytes.size, recorder, ret_result, err);
}

#endif
