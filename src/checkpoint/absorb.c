/*
 * The engine's archive of a checkpoint that kcr-runtime took holds a note in place of CRIU's
 * images, and the file system's changes of a later moment. What is of use are some small files at
 * its top.
 */
#include <fcntl.h>
#include <unistd.h>

#include "archive/scan.h"
#include "checkpoint/describe.h"
#include "checkpoint/directory.h"
#include "sys/fd.h"
#include "sys/file.h"

enum { ABSORB_FILE_BYTES = 64 * 1024 * 1024 }; /* a container's log; a longer one is left out */

struct absorb {
	int directory_fd; /* borrowed */
	int file_fd; /* owned; of the entry at hand */
};

static int absorb_entry(void *context, const struct archive_scan_entry *entry, struct error *err)
{
	struct absorb *absorb = context;

	if (entry->is_directory || !checkpoint__is_metadata(entry->path) ||
		entry->size_bytes > ABSORB_FILE_BYTES)
		return 0;
	if (file_open_beneath(absorb->directory_fd, entry->path.data, O_WRONLY | O_CREAT | O_TRUNC,
		    0600, &absorb->file_fd, err) < 0)
		return -1;
	return 1;
}

static int absorb_content(void *context, struct str piece, struct error *err)
{
	return fd_write_all(((struct absorb *)context)->file_fd, piece, "metadata", err);
}

static int absorb_end(void *context, struct error *err)
{
	struct absorb *absorb = context;

	if (file_sync(absorb->file_fd, "metadata", err) < 0)
		return -1;
	fd_close(&absorb->file_fd);
	return 0;
}

static void absorb_done(struct absorb *absorb)
{
	fd_close(&absorb->file_fd);
}

int checkpoint_absorb(int fd, int directory_fd, struct error *err)
{
	clean_up(absorb_done) struct absorb absorb = {.directory_fd = directory_fd, .file_fd = -1};
	const struct archive_scan_visitor visitor = {
		.entry = absorb_entry,
		.content = absorb_content,
		.end = absorb_end,
		.context = &absorb,
	};
	struct archive_scan_result ignored;

	return archive_scan(fd, &visitor, &ignored, err);
}
