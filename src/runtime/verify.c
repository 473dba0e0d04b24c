/* Sizes first: they cost nothing and tell most damage. Then every byte once. */
#include "runtime/verify.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "handover/sum.h"
#include "sys/fd.h"
#include "sys/file.h"

enum { VERIFY_BLOCK_BYTES = 128 * 1024 }; /* stays in the processor's cache */

/* Reads `fd` to its end. */
static int verify_sum(
	int fd, char ret_text[static HANDOVER_SUM_TEXT], int64_t *ret_bytes, struct error *err)
{
	autofree char *block = alloc_zeroed(1, VERIFY_BLOCK_BYTES);
	struct handover_sum *sum = handover_sum_new();
	off_t offset = 0;
	ssize_t got;

	(void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	do {
		got = pread(fd, block, VERIFY_BLOCK_BYTES, offset);
		if (got > 0)
			handover_sum_add(sum, (struct str){block, (size_t)got});
		offset += got > 0 ? got : 0;
	} while (got > 0 || (got < 0 && errno == EINTR));
	handover_sum_finish(sum, ret_text);
	handover_sum_free(sum);
	*ret_bytes = offset;
	return got < 0 ? error_set_errno(err, "cannot read at offset %lld", (long long)offset) : 0;
}

/* Opens the file if it is a regular one of the right size. */
static int verify_open(
	const struct handover_file *file, int directory_fd, int *ret_fd, struct error *err)
{
	autoclose int fd = -1;
	struct stat status;

	if (file_open_beneath(directory_fd, file->path.data, O_RDONLY | O_NONBLOCK, 0, &fd, err) <
		0) {
		if (err->kind == ERROR_ABSENT)
			err->kind = ERROR_CORRUPT;
		return -1;
	}
	if (fstat(fd, &status) < 0)
		return error_set_errno(err, "cannot look at '%s'", file->path.data);
	if (!S_ISREG(status.st_mode))
		return error_set(err, ERROR_CORRUPT, "'%s' is no file", file->path.data);
	if (status.st_size != file->bytes)
		return error_set(err, ERROR_CORRUPT, "'%s' has %lld bytes, not %lld",
			file->path.data, (long long)status.st_size, (long long)file->bytes);
	*ret_fd = fd_take(&fd);
	return 0;
}

static int verify_file(const struct handover_file *file, int directory_fd, struct error *err)
{
	char text[HANDOVER_SUM_TEXT];
	autoclose int fd = -1;
	int64_t bytes;

	if (verify_open(file, directory_fd, &fd, err) < 0)
		return -1;
	if (verify_sum(fd, text, &bytes, err) < 0)
		return error_wrap(err, "'%s'", file->path.data);
	if (bytes != file->bytes || !str_is(file->xxh3, text))
		return error_set(err, ERROR_CORRUPT,
			"the content of '%s' has changed: %s, not %.*s", file->path.data, text,
			STR_ARG(file->xxh3));
	return 0;
}

int runtime_verify(const struct handover_candidate *candidate, int directory_fd, struct error *err)
{
	const struct handover_file *files = candidate->files.items;

	if (candidate->files.count == 0)
		return error_set(err, ERROR_CORRUPT, "the plan names no file");
	for (size_t i = 0; i < candidate->files.count; i++) {
		autoclose int fd = -1;

		if (verify_open(&files[i], directory_fd, &fd, err) < 0)
			return -1;
	}
	for (size_t i = 0; i < candidate->files.count; i++)
		if (verify_file(&files[i], directory_fd, err) < 0)
			return -1;
	return 0;
}
