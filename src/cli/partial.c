/*
 * Directories may be everybody's (/tmp), and the bytes are secrets: a partial file that is not ours
 * alone is not used. Its lock says that another run writes it.
 */
#include "cli/partial.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/buf.h"
#include "sys/fd.h"
#include "sys/file.h"

enum {
	PARTIAL_DIGITS = 12, /* of the digest in the name: enough to tell checkpoints apart */
	PARTIAL_PIECE_BYTES = 8 * 1024 * 1024,
	PARTIAL_MODE = 0600,
};

int cli_partial_check(const char *path, bool overwrites, struct error *err)
{
	struct stat status;

	if (strcmp(path, "-") == 0)
		return isatty(STDOUT_FILENO) != 1
			? 0
			: error_set(err, ERROR_INVALID,
				  "a checkpoint is not written to a terminal: name a file by -o, "
				  "or pipe it");
	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : error_set_errno(err, "cannot look at '%s'", path);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_INVALID,
			"'%s' is there and no file; name another one by -o", path);
	if (!overwrites)
		return error_set(err, ERROR_CONFLICT,
			"'%s' is there already; -f overwrites it, -o names another one", path);
	return 0;
}

/* ---- The partial file ---- */

static void partial_name(struct cli_partial *partial, const char *path)
{
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);

	archive_digest_format(&partial->digest, digest);
	buf_printf(&name, "%s.%.*s.partial", path, PARTIAL_DIGITS, strchr(digest, ':') + 1);
	partial->path = str_dup(str_of(path));
	partial->partial_path = buf_take(&name);
}

static int partial_check_ours(
	const struct cli_partial *partial, const struct stat *status, struct error *err)
{
	if (S_ISREG(status->st_mode) && status->st_uid == geteuid() && status->st_nlink == 1)
		return 0;
	return error_set(err, ERROR_INVALID,
		"'%s' is there and not a file of yours alone; name another file by -o",
		partial->partial_path);
}

static int partial_open_file(
	struct cli_partial *partial, struct stat *ret_status, struct error *err)
{
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	autoclose int fd = open(
		partial->partial_path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, PARTIAL_MODE);

	if (fd < 0 || fstat(fd, ret_status) < 0)
		return error_set_errno(err, "cannot write '%s'", partial->partial_path);
	if (partial_check_ours(partial, ret_status, err) < 0)
		return -1;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		return error_set(err, ERROR_CONFLICT,
			"'%s' is being written by another export: let that one end",
			partial->partial_path);
	if (fchmod(fd, PARTIAL_MODE) < 0)
		return error_set_errno(err, "cannot protect '%s'", partial->partial_path);
	partial->fd = fd_take(&fd);
	return 0;
}

/* What is longer than it should be is nothing to go on with. */
static int partial_find(struct cli_partial *partial, int64_t size_bytes, struct error *err)
{
	if (size_bytes > partial->size_bytes) {
		if (ftruncate(partial->fd, 0) < 0)
			return error_set_errno(err, "cannot empty '%s'", partial->partial_path);
		size_bytes = 0;
	}
	partial->found_bytes = size_bytes;
	if (lseek(partial->fd, size_bytes, SEEK_SET) < 0)
		return error_set_errno(err, "cannot go on with '%s'", partial->partial_path);
	return 0;
}

static int partial_check_space(const struct cli_partial *partial, struct error *err)
{
	struct file_space space;
	int64_t missing = partial->size_bytes - partial->found_bytes;

	if (file_system_space(partial->fd, &space, err) < 0)
		return -1;
	if ((uint64_t)missing <= space.free_bytes)
		return 0;
	return error_set(err, ERROR_TOO_BIG,
		"'%s' needs %" PRIi64 " more bytes, and its disk has %" PRIu64 " left",
		partial->path, missing, space.free_bytes);
}

int cli_partial_open(struct cli_partial *partial, const char *path, bool overwrites,
	int64_t size_bytes, const struct archive_digest *digest, struct error *err)
{
	struct stat status;

	partial->size_bytes = size_bytes;
	partial->digest = *digest;
	partial->overwrites = overwrites;
	if (cli_partial_check(path, overwrites, err) < 0 ||
		archive_hasher_new(&partial->hasher, err) < 0)
		return -1;
	if (strcmp(path, "-") == 0) {
		partial->fd = STDOUT_FILENO;
		return 0;
	}
	partial_name(partial, path);
	if (partial_open_file(partial, &status, err) < 0 ||
		partial_find(partial, status.st_size, err) < 0)
		return -1;
	return partial_check_space(partial, err);
}

/* The digest so far is not kept anywhere: what is there is read once more. */
int cli_partial_take_up(struct cli_partial *partial, struct error *err)
{
	autofree char *piece = NULL;
	size_t got;

	if (partial->written_bytes >= partial->found_bytes)
		return 0;
	piece = alloc_zeroed(PARTIAL_PIECE_BYTES, 1);
	if (fd_read_at(partial->fd, piece, PARTIAL_PIECE_BYTES, partial->written_bytes, &got, err) <
		0)
		return -1;
	if ((int64_t)got > partial->found_bytes - partial->written_bytes || got == 0)
		return error_set(err, ERROR_CORRUPT, "'%s' has changed while it was read",
			partial->partial_path);
	archive_hasher_add(partial->hasher, (struct str){piece, got});
	partial->written_bytes += (int64_t)got;
	return partial->written_bytes < partial->found_bytes ? 1 : 0;
}

int cli_partial_add(struct cli_partial *partial, struct str bytes, struct error *err)
{
	const char *name = partial->path != NULL ? partial->partial_path : "standard output";

	if ((int64_t)bytes.size > partial->size_bytes - partial->written_bytes)
		return error_set(err, ERROR_CORRUPT, "more bytes came than the checkpoint has");
	if (fd_write_all(partial->fd, bytes, name, err) < 0)
		return -1;
	archive_hasher_add(partial->hasher, bytes);
	partial->written_bytes += (int64_t)bytes.size;
	return 0;
}

/* ---- The end ---- */

static int partial_verify(struct cli_partial *partial, struct error *err)
{
	struct archive_digest digest;

	if (partial->written_bytes < partial->size_bytes)
		return error_set(err, ERROR_CORRUPT, "only %" PRIi64 " of %" PRIi64 " bytes came",
			partial->written_bytes, partial->size_bytes);
	if (archive_hasher_end(partial->hasher, &digest, err) < 0)
		return -1;
	if (archive_digest_equal(&digest, &partial->digest))
		return 0;
	(void)error_set(err, ERROR_CORRUPT,
		"the bytes that came are not the checkpoint's: their digest is another one");
	if (partial->path != NULL && unlink(partial->partial_path) == 0)
		return error_wrap(err, "'%s' was removed; export it again", partial->partial_path);
	return -1;
}

/* A file that has come up meanwhile stays, where the file system can tell at the renaming. */
static int partial_rename(const struct cli_partial *partial, struct error *err)
{
	unsigned flags = partial->overwrites ? 0 : RENAME_NOREPLACE;
	int result = renameat2(AT_FDCWD, partial->partial_path, AT_FDCWD, partial->path, flags);

	if (result < 0 && errno == EINVAL && flags != 0) {
		if (cli_partial_check(partial->path, false, err) < 0)
			return -1;
		result = rename(partial->partial_path, partial->path);
	}
	if (result == 0)
		return 0;
	if (errno == EEXIST)
		return error_set(err, ERROR_CONFLICT,
			"'%s' has come up meanwhile; the checkpoint lies in '%s', whole and "
			"verified",
			partial->path, partial->partial_path);
	return error_set_errno(err, "cannot rename '%s'", partial->partial_path);
}

static int partial_sync_directory(const struct cli_partial *partial, struct error *err)
{
	autofree char *copy = str_dup(str_of(partial->path));
	const char *directory = dirname(copy);
	autoclose int fd = -1;

	if (file_open_directory(directory, &fd, err) < 0)
		return -1;
	return file_sync(fd, directory, err);
}

int cli_partial_finish(struct cli_partial *partial, struct error *err)
{
	if (partial_verify(partial, err) < 0)
		return -1;
	if (partial->path == NULL)
		return 0;
	if (file_sync(partial->fd, partial->partial_path, err) < 0 ||
		partial_rename(partial, err) < 0)
		return -1;
	return partial_sync_directory(partial, err);
}

void cli_partial_done(struct cli_partial *partial)
{
	if (partial->path != NULL && partial->fd >= 0) {
		if (partial->written_bytes == 0 && partial->found_bytes == 0)
			(void)unlink(partial->partial_path); /* nothing is in it */
		fd_close(&partial->fd);
	}
	archive_hasher_free(partial->hasher);
	free(partial->partial_path);
	free(partial->path);
	*partial = CLI_PARTIAL_INIT;
}
