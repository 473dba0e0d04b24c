/* Headers, byte by byte where it matters; how libarchive reads them is tested in archive and
 * runtime. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tar/entry.h"

enum { FIELD_PATH = 0, FIELD_SIZE = 124, FIELD_TIME = 136, FIELD_SUM = 148, FIELD_TYPE = 156 };

#define EIGHT_GIB (INT64_C(8) << 30)

static struct buf write_entry(const struct tar_entry *entry)
{
	struct buf header = BUF_INIT(TAR_HEADER_BYTES);
	struct error err;

	if (tar_entry_write(entry, &header, &err) < 0)
		fail_msg("%s", err.text);
	return header;
}

static struct buf write_file(const char *path, int64_t bytes)
{
	const struct stat status = {.st_mode = S_IFREG | 0640, .st_size = bytes};

	return write_entry(&(struct tar_entry){.path = str_of(path), .status = &status});
}

static void test_a_plain_file_is_one_block(void **state)
{
	autobuf header = write_file("checkpoint/core-1.img", 1234);

	(void)state;
	assert_int_equal(header.size, TAR_BLOCK_BYTES);
	assert_string_equal(header.data + FIELD_PATH, "checkpoint/core-1.img");
	assert_string_equal(header.data + FIELD_SIZE, "00000002322");
	assert_string_equal(header.data + FIELD_TIME, "00000000000");
	assert_memory_equal(header.data + FIELD_TYPE + 101, "ustar\00000", 8);
	assert_int_equal(header.data[FIELD_TYPE], '0');
}

static void test_the_sum_counts_its_own_field_as_spaces(void **state)
{
	autobuf header = write_file("f", 0);
	unsigned sum = 8 * ' ';
	char text[8];

	(void)state;
	for (size_t i = 0; i < TAR_BLOCK_BYTES; i++)
		if (i < FIELD_SUM || i >= FIELD_TYPE)
			sum += (unsigned char)header.data[i];
	(void)snprintf(text, sizeof(text), "%06o", sum);
	assert_string_equal(header.data + FIELD_SUM, text);
}

static void test_the_largest_size_that_ustar_holds_needs_no_pax_header(void **state)
{
	autobuf held = write_file("f", EIGHT_GIB - 1);
	autobuf not_held = write_file("f", EIGHT_GIB);

	(void)state;
	assert_int_equal(held.size, TAR_BLOCK_BYTES);
	assert_string_equal(held.data + FIELD_SIZE, "77777777777");
	assert_int_equal(not_held.size, 3 * TAR_BLOCK_BYTES);
	assert_int_equal(not_held.data[FIELD_TYPE], 'x');
	assert_string_equal(not_held.data + TAR_BLOCK_BYTES, "19 size=8589934592\n");
}

static void test_a_path_of_100_bytes_needs_no_pax_header(void **state)
{
	char path[102];

	(void)state;
	memset(path, 'p', sizeof(path));
	path[101] = '\0';
	{
		autobuf long_path = write_file(path, 0);

		assert_int_equal(long_path.size, 3 * TAR_BLOCK_BYTES);
		assert_non_null(strstr(long_path.data + TAR_BLOCK_BYTES, "hdrcharset=BINARY\n"));
		assert_non_null(strstr(long_path.data + TAR_BLOCK_BYTES, path));
	}
	path[100] = '\0';
	{
		autobuf short_path = write_file(path, 0);

		assert_int_equal(short_path.size, TAR_BLOCK_BYTES);
		assert_memory_equal(short_path.data, path, 100);
	}
}

static void test_times_beyond_whole_seconds_stand_in_the_pax_header(void **state)
{
	static const struct {
		struct timespec time;
		const char *record; /* NULL: no pax header */
	} cases[] = {
		{{0, 0}, NULL},
		{{1700000000, 0}, NULL},
		{{(INT64_C(1) << 33) - 1, 0}, NULL},
		{{1700000000, 5}, "30 mtime=1700000000.000000005\n"},
		{{-1, 0}, "22 mtime=-1.000000000\n"},
		{{INT64_C(1) << 33, 0}, "30 mtime=8589934592.000000000\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct stat status = {.st_mode = S_IFREG, .st_mtim = cases[i].time};
		autobuf header =
			write_entry(&(struct tar_entry){.path = STR("f"), .status = &status});

		if (cases[i].record == NULL) {
			assert_int_equal(header.size, TAR_BLOCK_BYTES);
			continue;
		}
		assert_int_equal(header.size, 3 * TAR_BLOCK_BYTES);
		assert_string_equal(header.data + TAR_BLOCK_BYTES, cases[i].record);
	}
}

static void test_what_is_not_a_regular_file_has_no_content(void **state)
{
	static const struct {
		mode_t mode;
		char type;
	} cases[] = {
		{S_IFDIR, '5'}, {S_IFLNK, '2'}, {S_IFCHR, '3'}, {S_IFBLK, '4'}, {S_IFIFO, '6'}};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		const struct stat status = {.st_mode = cases[i].mode, .st_size = 4096};
		autobuf header =
			write_entry(&(struct tar_entry){.path = STR("it"), .status = &status});

		assert_int_equal(header.data[FIELD_TYPE], cases[i].type);
		assert_string_equal(header.data + FIELD_SIZE, "00000000000");
	}
}

static void test_attributes_that_do_not_fit_are_refused(void **state)
{
	const struct stat status = {.st_mode = S_IFREG};
	autobuf xattrs = BUF_INIT(16);
	autobuf header = BUF_INIT(TAR_HEADER_BYTES);
	struct error err = {0};

	(void)state;
	tar_xattr_add(&xattrs, "user.long", STR("a value of some length"));
	assert_int_equal(
		tar_entry_write(
			&(struct tar_entry){.path = STR("f"), .status = &status, .xattrs = &xattrs},
			&header, &err),
		-1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void test_the_length_of_a_record_counts_its_own_digits(void **state)
{
	char value[128];

	(void)state;
	memset(value, 'v', sizeof(value));
	for (size_t size = 0; size < sizeof(value); size++) {
		autobuf record = BUF_INIT(1024);
		unsigned told;

		tar_xattr_add(&record, "user.a", (struct str){value, size});
		assert_int_equal(sscanf(record.data, "%u ", &told), 1);
		assert_int_equal(told, record.size);
	}
}

static void test_padding_fills_up_to_whole_blocks(void **state)
{
	(void)state;
	assert_int_equal(tar_padding(0), 0);
	assert_int_equal(tar_padding(1), 511);
	assert_int_equal(tar_padding(511), 1);
	assert_int_equal(tar_padding(512), 0);
	assert_int_equal(tar_padding(EIGHT_GIB + 513), 511);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_plain_file_is_one_block),
		cmocka_unit_test(test_the_sum_counts_its_own_field_as_spaces),
		cmocka_unit_test(test_the_largest_size_that_ustar_holds_needs_no_pax_header),
		cmocka_unit_test(test_a_path_of_100_bytes_needs_no_pax_header),
		cmocka_unit_test(test_times_beyond_whole_seconds_stand_in_the_pax_header),
		cmocka_unit_test(test_what_is_not_a_regular_file_has_no_content),
		cmocka_unit_test(test_attributes_that_do_not_fit_are_refused),
		cmocka_unit_test(test_the_length_of_a_record_counts_its_own_digits),
		cmocka_unit_test(test_padding_fills_up_to_whole_blocks),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
