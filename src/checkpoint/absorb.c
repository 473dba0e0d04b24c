/*
 * From an archive to files of a directory. The engine's archive of a checkpoint that kcr-runtime
 * took holds a note in place of CRIU's images, and the file system's changes of a later moment:
 * what is of use are some small files at its top. One that is brought has all.
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
	size_t count; /* of files */
	struct buf *left_out; /* of a whole checkpoint; NULL: only its metadata is wanted */
};

/* Images lie in one directory, without others below it. */
static bool absorb_is_checkpoint(struct str path)
{
	struct str directory;
	struct str name;

	return checkpoint__is_change(path) ||
		(str_cut(path, '/', &directory, &name) && str_is(directory, CHECKPOINT_IMAGES) &&
			!str_contains(name, STR("/")));
}

static bool absorb_is_wanted(const struct absorb *absorb, const struct archive_scan_entry *entry)
{
	if (entry->is_directory)
		return false;
	if (checkpoint__is_metadata(entry->path))
		return entry->size_bytes <= ABSORB_FILE_BYTES;
	return absorb->left_out != NULL && absorb_is_checkpoint(entry->path);
}

static int absorb_entry(void *context, const struct archive_scan_entry *entry, struct error *err)
{
	struct absorb *absorb = context;

	if (absorb->left_out != NULL)
		checkpoint__note_left_out(entry->path, entry->size_bytes, absorb->left_out);
	if (!absorb_is_wanted(absorb, entry))
		return 0;
	if (++absorb->count > HANDOVER_FILES_MAX)
		return error_set(err, ERROR_TOO_BIG, "the checkpoint has more than %d files",
			HANDOVER_FILES_MAX);
	if (file_open_beneath(absorb->directory_fd, entry->path.data, O_WRONLY | O_CREAT | O_TRUNC,
		    0600, &absorb->file_fd, err) < 0)
		return -1;
	return 1;
}

static int absorb_content(void *context, struct str piece, struct error *err)
{
	return fd_write_all(
		((struct absorb *)context)->file_fd, piece, "a file of the checkpoint", err);
}

static int absorb_end(void *context, struct error *err)
{
	struct absorb *absorb = context;

	if (file_sync(absorb->file_fd, "a file of the checkpoint", err) < 0)
		return -1;
	fd_close(&absorb->file_fd);
	return 0;
}

static void absorb_done(struct absorb *absorb)
{
	fd_close(&absorb->file_fd);
}

static int absorb_archive(
	int fd, int64_t unpacked_max, int directory_fd, struct buf *left_out, struct error *err)
{
	clean_up(absorb_done) struct absorb absorb = {
		.directory_fd = directory_fd, .file_fd = -1, .left_out = left_out};
	const struct archive_scan_visitor visitor = {
		.entry = absorb_entry,
		.content = absorb_content,
		.end = absorb_end,
		.context = &absorb,
	};
	struct archive_scan_result ignored;

	return archive_scan(fd, unpacked_max, &visitor, &ignored, err);
}

int checkpoint_absorb(int fd, int directory_fd, struct error *err)
{
	return absorb_archive(fd, 0, directory_fd, NULL, err);
}

int checkpoint_unpack(int fd, int64_t unpacked_max, int directory_fd, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err)
{
	autobuf left_out = BUF_INIT(LIMIT_ERROR_TEXT);

	if (absorb_archive(fd, unpacked_max, directory_fd, &left_out, err) < 0 ||
		checkpoint_describe_directory(directory_fd, arena, ret_description, err) < 0)
		return -1;
	ret_description->left_out = arena_str(arena, buf_str(&left_out));
	return 0;
}
