/* A file that is served or sent: numbered lines of 16 bytes. */
#ifndef TESTS_UNIT_HTTP_NUMBERED_FILE_H
#define TESTS_UNIT_HTTP_NUMBERED_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <unistd.h>

#include "sys/reader.h"

/* Its descriptor, which is the caller's; the file has no name. */
static inline int numbered_file_open(int64_t bytes)
{
	FILE *file = tmpfile();
	int fd = dup(fileno(file));

	for (int64_t i = 0; i < bytes / 16; i++)
		assert_int_equal(fprintf(file, "%15lld\n", (long long)i), 16);
	assert_int_equal(fclose(file), 0);
	return fd;
}

/* A reader of all of it, with a descriptor of its own. */
static inline struct reader *numbered_file_read(int file_fd, int64_t bytes)
{
	int fd = dup(file_fd);
	struct reader *reader;
	struct error err;

	assert_int_equal(reader_of_file(&fd, 0, bytes, &reader, &err), 0);
	return reader;
}

#endif
