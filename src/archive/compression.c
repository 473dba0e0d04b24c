/* RFC 1952, 2.3.1; RFC 8878, 3.1.1. */
#include "archive/compression.h"

#include "sys/fd.h"

enum archive_compression archive_compression_of_bytes(struct str begin)
{
	if (str_starts_with(begin, STR("\x1f\x8b")))
		return ARCHIVE_GZIP;
	if (str_starts_with(begin, STR("\x28\xb5\x2f\xfd")))
		return ARCHIVE_ZSTD;
	return ARCHIVE_PLAIN;
}

enum archive_compression archive_compression_of_file(int fd)
{
	struct error ignored; /* who reads the file meets it again */
	char begin[4];
	size_t size;

	if (fd_read_at(fd, begin, sizeof(begin), 0, &size, &ignored) < 0)
		return ARCHIVE_PLAIN;
	return archive_compression_of_bytes((struct str){begin, size});
}
