/* Tars that are looked into: names, places, contents, whatever the entries are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/list.h"
#include "tar_builder.h"

/* How much of the tar was read. */
struct counting_reader {
	struct reader reader;
	const struct tar *tar;
	size_t read_bytes;
};

static int read_counting(
	struct reader *reader, int64_t offset, char *bytes, size_t size, struct error *err)
{
	struct counting_reader *counting = container_of(reader, struct counting_reader, reader);

	(void)err;
	memcpy(bytes, counting->tar->bytes.data + offset, size);
	counting->read_bytes += size;
	return 0;
}

static struct counting_reader reader_of(const struct tar *tar)
{
	return (struct counting_reader){
		.reader = {.size_bytes = (int64_t)tar->bytes.size, .read = read_counting},
		.tar = tar,
	};
}

static void entries_have_types_and_places(void **state)
{
	autotar tar = TAR_INIT;
	struct counting_reader reader;
	struct archive_list_entry entry;
	autolist *list = NULL;
	struct error err;

	(void)state;
	tar_add_directory(&tar, "d/");
	tar_add_text(&tar, "d/f", "content");
	tar_add_header(&tar, &(struct tar_header){.name = "l", .type = '2', .link = "d/f"});
	tar_add_header(&tar, &(struct tar_header){.name = "gone", .type = '3'});
	tar_end(&tar);
	reader = reader_of(&tar);
	assert_int_equal(archive_list_open(&reader.reader, &list, &err), 0);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_int_equal(entry.type, ARCHIVE_LIST_DIRECTORY);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_true(str_is(entry.path, "d/f"));
	assert_int_equal(entry.size_bytes, 7);
	assert_memory_equal(tar.bytes.data + entry.offset_bytes, "content", 7);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_int_equal(entry.type, ARCHIVE_LIST_LINK);
	assert_true(str_is(entry.target, "d/f"));
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_true(entry.is_whiteout);
	assert_int_equal(archive_list_next(list, &entry, &err), 0);
}

static void large_contents_are_skipped(void **state)
{
	autotar tar = TAR_INIT;
	struct counting_reader reader;
	struct archive_list_entry entry;
	autolist *list = NULL;
	struct error err;

	(void)state;
	tar_add_header(&tar, &(struct tar_header){.name = "pages-1.img", .size = 8 << 20});
	tar_zeros(&tar, 8 << 20);
	tar_add_text(&tar, "small", "x");
	tar_end(&tar);
	reader = reader_of(&tar);
	assert_int_equal(archive_list_open(&reader.reader, &list, &err), 0);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_true(str_is(entry.path, "small"));
	assert_int_equal(archive_list_next(list, &entry, &err), 0);
	assert_in_range(reader.read_bytes, 1, 200000);
}

static void a_tar_within_a_tar_is_listed(void **state)
{
	autotar inner_tar = TAR_INIT;
	autotar tar = TAR_INIT;
	struct counting_reader reader;
	struct archive_list_entry entry;
	autolist *list = NULL;
	autolist *inner = NULL;
	struct error err;
	char bytes[8];
	size_t size;

	(void)state;
	tar_add_text(&inner_tar, "a", "one");
	tar_end(&inner_tar);
	tar_add_file(&tar, "rootfs-diff.tar", buf_str(&inner_tar.bytes));
	tar_end(&tar);
	reader = reader_of(&tar);
	assert_int_equal(archive_list_open(&reader.reader, &list, &err), 0);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_int_equal(archive_list_open_inner(list, &inner, &err), 0);
	assert_int_equal(archive_list_next(inner, &entry, &err), 1);
	assert_true(str_is(entry.path, "a"));
	assert_int_equal(entry.offset_bytes, -1);
	assert_int_equal(archive_list_read(inner, bytes, sizeof(bytes), &size, &err), 0);
	assert_int_equal(size, 3);
	assert_memory_equal(bytes, "one", 3);
	assert_int_equal(archive_list_next(inner, &entry, &err), 0);
}

static void contents_are_read_in_any_pieces(void **state)
{
	autotar tar = TAR_INIT;
	struct counting_reader reader;
	struct archive_list_entry entry;
	autolist *list = NULL;
	struct error err;
	autobuf content = BUF_INIT(200000);
	autobuf got = BUF_INIT(200000);
	size_t size;

	(void)state;
	for (size_t i = 0; content.size < 100000; i++)
		buf_printf(&content, "%zu ", i);
	tar_add_file(&tar, "passed", buf_str(&content));
	tar_add_file(&tar, "read", buf_str(&content));
	tar_end(&tar);
	reader = reader_of(&tar);
	assert_int_equal(archive_list_open(&reader.reader, &list, &err), 0);
	for (size_t i = 0; i < 2; i++) {
		char bytes[7000];
		assert_int_equal(archive_list_next(list, &entry, &err), 1);
		assert_int_equal(archive_list_read(list, bytes, 7, &size, &err), 0);
		assert_int_equal(size, 7);
		for (buf_clear(&got); i > 0 && size > 0;) {
			buf_add(&got, (struct str){bytes, size});
			assert_int_equal(
				archive_list_read(list, bytes, sizeof(bytes), &size, &err), 0);
		}
	}
	assert_string_equal(got.data, content.data);
}

/* A hole that would pass by for hours. */
static void holes_are_not_read(void **state)
{
	autotar tar = TAR_INIT;
	struct counting_reader reader;
	struct archive_list_entry entry;
	autolist *list = NULL;
	struct error err;
	char bytes[8];
	size_t size;

	(void)state;
	tar_add_pax(&tar, 'x', "GNU.sparse.map", STR("1152921504606846976,4"));
	tar_add_text(&tar, "pages-1.img", "tail");
	tar_add_text(&tar, "behind", "x");
	tar_end(&tar);
	reader = reader_of(&tar);
	assert_int_equal(archive_list_open(&reader.reader, &list, &err), 0);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_int_equal(archive_list_read(list, bytes, sizeof(bytes), &size, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_string_equal(err.text, "'pages-1.img' is a sparse file, whose holes are not read");
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_true(str_is(entry.path, "behind"));
}

static void what_is_cut_or_no_tar_is_corrupt(void **state)
{
	autotar tar = TAR_INIT;
	struct counting_reader reader;
	struct archive_list_entry entry;
	autolist *list = NULL;
	struct error err = {0};

	(void)state;
	tar_add_header(&tar, &(struct tar_header){.name = "a", .size = 5000});
	tar_zeros(&tar, 100);
	reader = reader_of(&tar);
	assert_int_equal(archive_list_open(&reader.reader, &list, &err), 0);
	assert_int_equal(archive_list_next(list, &entry, &err), 1);
	assert_int_equal(archive_list_next(list, &entry, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	archive_list_free(list);
	list = NULL;
	buf_clear(&tar.bytes);
	buf_add_text(&tar.bytes, "this is a text and no archive at all");
	reader = reader_of(&tar);
	err.kind = ERROR_NONE;
	if (archive_list_open(&reader.reader, &list, &err) == 0)
		assert_int_equal(archive_list_next(list, &entry, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_have_types_and_places),
		cmocka_unit_test(large_contents_are_skipped),
		cmocka_unit_test(a_tar_within_a_tar_is_listed),
		cmocka_unit_test(contents_are_read_in_any_pieces),
		cmocka_unit_test(holes_are_not_read),
		cmocka_unit_test(what_is_cut_or_no_tar_is_corrupt),
	};

	return cmocka_run_group_tests_name("list", tests, NULL, NULL);
}
