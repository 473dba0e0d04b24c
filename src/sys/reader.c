/* Calls of a kind's functions, and the kind that is a file. */
#include "sys/reader.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/alloc.h"
#include "sys/fd.h"

struct file_reader {
	struct reader reader;
	int fd;
	int64_t offset; /* of the first byte in the file */
};

int reader_read(struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	assert(offset >= 0 && offset <= reader->size_bytes);
	assert(size <= (uint64_t)(reader->size_bytes - offset));
	return reader->read(reader, offset, bytes, size, err);
}

void reader_free(struct reader *reader)
{
	if (reader != NULL)
		reader->free(reader);
}

static int file_reader_read(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct file_reader *file = container_of(reader, struct file_reader, reader);
	size_t got;

	if (fd_read_at(file->fd, bytes, size, file->offset + offset, &got, err) < 0)
		return -1;
	if (got < size)
		return error_set(err, ERROR_CORRUPT, "the file ends at byte %lld, too early",
			(long long)(file->offset + offset + (int64_t)got));
	return 0;
}

static void file_reader_free(struct reader *reader)
{
	struct file_reader *file = container_of(reader, struct file_reader, reader);

	fd_close(&file->fd);
	free(file);
}

int reader_of_file(
	int *fd, int64_t offset, int64_t size, struct reader **ret_reader, struct error *err)
{
	struct file_reader *file;
	struct stat status;

	if (fstat(*fd, &status) < 0)
		return error_set_errno(err, "cannot look at a file");
	if (offset < 0 || size < 0 || offset > status.st_size || size > status.st_size - offset)
		return error_set(err, ERROR_CORRUPT, "the file has %lld bytes, too few",
			(long long)status.st_size);
	file = new_zeroed(struct file_reader);
	file->reader = (struct reader){size, file_reader_read, file_reader_free};
	file->fd = fd_take(fd);
	file->offset = offset;
	*ret_reader = &file->reader;
	return 0;
}
