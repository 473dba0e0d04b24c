/* A reader of a part of a file. */
#include "scratch.h"

#include "sys/reader.h"

static int open_file(const struct scratch *scratch)
{
	int fd;

	scratch_write(scratch, "file", "0123456789");
	fd = openat(scratch->fd, "file", O_RDWR | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static void a_part_of_a_file_is_read_at_any_place(void **state)
{
	int fd = open_file(*state);
	autoreader *reader = NULL;
	char bytes[5] = "";
	struct error err;

	assert_int_equal(reader_of_file(&fd, 3, 6, &reader, &err), 0);
	assert_int_equal(fd, -1);
	assert_int_equal(reader->size_bytes, 6);
	assert_int_equal(reader_read(reader, 2, bytes, 4, &err), 0);
	assert_string_equal(bytes, "5678");
	assert_int_equal(reader_read(reader, 0, bytes, 2, &err), 0);
	assert_string_equal(bytes, "3478");
	assert_int_equal(reader_read(reader, 6, bytes, 0, &err), 0);
}

static void a_file_that_is_too_short_is_corrupt(void **state)
{
	static const struct {
		int64_t offset;
		int64_t size;
	} parts[] = {{0, 11}, {10, 1}, {11, 0}, {-1, 1}, {0, -1}, {1, INT64_MAX}, {INT64_MAX, 1}};
	autoclose int fd = open_file(*state);
	struct reader *reader;
	struct error err;

	for (size_t i = 0; i < array_size(parts); i++) {
		assert_int_equal(
			reader_of_file(&fd, parts[i].offset, parts[i].size, &reader, &err), -1);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_true(fd >= 0);
	}
}

static void a_file_that_shrinks_meanwhile_is_corrupt(void **state)
{
	const struct scratch *scratch = *state;
	int fd = open_file(scratch);
	autoreader *reader = NULL;
	char bytes[10];
	struct error err;

	assert_int_equal(reader_of_file(&fd, 0, 10, &reader, &err), 0);
	scratch_write(scratch, "file", "01234");
	assert_int_equal(reader_read(reader, 0, bytes, 5, &err), 0);
	assert_int_equal(reader_read(reader, 1, bytes, 5, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_string_equal(err.text, "the file ends at byte 5, too early");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		scratch_test(a_part_of_a_file_is_read_at_any_place),
		scratch_test(a_file_that_is_too_short_is_corrupt),
		scratch_test(a_file_that_shrinks_meanwhile_is_corrupt),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
