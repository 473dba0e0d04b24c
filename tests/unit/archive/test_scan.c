/* Honest archives of every dialect that is read: entries, contents, offsets, digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scan_recorder.h"

/* Scans an archive that must be accepted and compares what the visitor was told. */
static void assert_scan(const struct tar *tar, const char *expected)
{
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct archive_digest digest;
	struct error err;

	if (record(tar, &recorder, &result, &err) < 0)
		fail_msg("refused: %s", err.text);
	assert_string_equal(recorder.lines.data, expected);
	assert_int_equal(result.size_bytes, tar->bytes.size);
	assert_int_equal(archive_digest_of(buf_str(&tar->bytes), &digest, &err), 0);
	assert_true(archive_digest_equal(&result.digest, &digest));
}

static void entries_are_told_in_order_with_their_contents(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_directory(&tar, "checkpoint/");
	tar_add_text(&tar, "checkpoint/a.img", "aaa");
	tar_add_text(&tar, "empty", "");
	tar_add_text(&tar, "spec.dump", "{}");
	tar_end(&tar);
	assert_scan(&tar, "checkpoint/\ncheckpoint/a.img 3\naaaempty 0\nspec.dump 2\n{}");
}

static void an_archive_without_entries_is_empty(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_end(&tar);
	assert_scan(&tar, "");
}

static void the_root_directory_is_not_told(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_directory(&tar, "./");
	tar_add_text(&tar, "./config.dump", "x");
	tar_end(&tar);
	assert_scan(&tar, "config.dump 1\nx");
}

static void a_directory_may_be_there_twice(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_directory(&tar, "a/");
	tar_add_directory(&tar, "./a");
	tar_end(&tar);
	assert_scan(&tar, "a/\na/\n");
}

static void padding_behind_the_end_belongs_to_the_digest(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "a", "1");
	tar_end(&tar);
	tar_zeros(&tar, 8192 + 100);
	assert_scan(&tar, "a 1\n1");
}

static void a_pax_header_renames_an_entry(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_pax(&tar, 'x', "path", STR("checkpoint/long.img"));
	tar_add_text(&tar, "short", "1");
	tar_add_text(&tar, "next", "2");
	tar_end(&tar);
	assert_scan(&tar, "checkpoint/long.img 1\n1next 1\n2");
}

static void a_pax_header_changes_a_size(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_pax(&tar, 'x', "size", STR("600"));
	tar_add_header(&tar, &(struct tar_header){.name = "a", .size = 0});
	for (int i = 0; i < 60; i++)
		buf_add_text(&tar.bytes, "0123456789");
	tar_pad(&tar);
	tar_add_text(&tar, "b", "2");
	tar_end(&tar);
	assert_scan(&tar,
		"a 600\n"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"012345678901234567890123456789012345678901234567890123456789"
		"b 1\n2");
}

static void pax_headers_that_do_not_matter_are_skipped(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_pax(&tar, 'g', "comment", STR("for the whole archive"));
	tar_add_pax(&tar, 'x', "SCHILY.xattr.security.capability", STR("\x01\x02"));
	tar_add_text(&tar, "a", "1");
	tar_add_pax(&tar, 'x', "mtime", STR("1795298400.123456789"));
	tar_add_text(&tar, "b", "2");
	tar_end(&tar);
	assert_scan(&tar, "a 1\n1b 1\n2");
}

static void gnu_long_names_are_read(void **state)
{
	autotar tar = TAR_INIT;
	autobuf name = BUF_INIT(4096);
	autobuf expected = BUF_INIT(8192);

	(void)state;
	while (name.size < 600)
		buf_add_text(&name, "directory/");
	buf_add_text(&name, "file");
	tar_add_gnu_name(&tar, buf_str(&name));
	tar_add_header(&tar, &(struct tar_header){.name = name.data, .size = 3, .is_gnu = true});
	tar_add_content(&tar, STR("abc"));
	tar_end(&tar);
	buf_printf(&expected, "%s 3\nabc", name.data);
	assert_scan(&tar, expected.data);
}

static void base_256_sizes_are_read(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_header(&tar,
		&(struct tar_header){.name = "a", .size = 3, .is_base256 = true, .is_gnu = true});
	tar_add_content(&tar, STR("abc"));
	tar_end(&tar);
	assert_scan(&tar, "a 3\nabc");
}

static void large_contents_come_in_pieces_and_whole(void **state)
{
	autotar tar = TAR_INIT;
	autobuf content = BUF_INIT(2 * 1024 * 1024);
	autobuf expected = BUF_INIT(8 * 1024 * 1024);

	(void)state;
	for (int i = 0; content.size < 1200 * 1000; i++)
		buf_printf(&content, "%d,", i);
	for (int i = 0; i < 3; i++) {
		char name[] = {'p', (char)('0' + i), '\0'};
		tar_add_file(&tar, name, buf_str(&content));
		buf_printf(&expected, "%s %zu\n%s", name, content.size, content.data);
	}
	tar_end(&tar);
	assert_scan(&tar, expected.data);
}

static void contents_that_nobody_wants_are_hashed_all_the_same(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct archive_digest digest;
	struct error err;

	(void)state;
	tar_add_header(&tar, &(struct tar_header){.name = "pages-1.img", .size = 700 * 1000});
	for (int i = 0; i < 100 * 1000; i++)
		buf_printf(&tar.bytes, "%07d", i);
	tar_pad(&tar);
	tar_add_text(&tar, "b", "2");
	tar_end(&tar);
	recorder.wants_content = false;
	assert_int_equal(record(&tar, &recorder, &result, &err), 0);
	assert_string_equal(recorder.lines.data, "pages-1.img 700000\nb 1\n");
	assert_int_equal(result.entry_count, 2);
	assert_int_equal(archive_digest_of(buf_str(&tar.bytes), &digest, &err), 0);
	assert_true(archive_digest_equal(&result.digest, &digest));
}

static void a_pipe_is_read_as_well(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_visitor visitor = {recorder_entry, recorder_content, NULL, &recorder};
	struct archive_scan_result result;
	struct error err;
	int ends[2];

	(void)state;
	tar_add_text(&tar, "a", "1");
	tar_end(&tar);
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(fd_write_all(ends[1], buf_str(&tar.bytes), "pipe", &err), 0);
	(void)close(ends[1]);
	assert_int_equal(archive_scan(ends[0], 0, &visitor, &result, &err), 0);
	(void)close(ends[0]);
	assert_string_equal(recorder.lines.data, "a 1\n1");
	assert_int_equal(result.size_bytes, tar.bytes.size);
}

static int refuse_entry(void *context, const struct archive_scan_entry *entry, struct error *err)
{
	(void)context;
	return error_set(err, ERROR_TOO_BIG, "no place for '%s'", entry->path.data);
}

static int accept_entry(void *context, const struct archive_scan_entry *entry, struct error *err)
{
	(void)context;
	(void)entry;
	(void)err;
	return 1;
}

static int refuse_content(void *context, struct str piece, struct error *err)
{
	(void)context;
	return error_set(err, ERROR_TOO_BIG, "no place for '%.*s'", STR_ARG(piece));
}

static void the_visitor_ends_the_scan_with_its_own_error(void **state)
{
	autotar tar = TAR_INIT;
	struct archive_scan_visitor visitor = {refuse_entry, refuse_content, NULL, NULL};
	struct archive_scan_result result;
	struct error err = {0};

	(void)state;
	tar_add_text(&tar, "a", "content");
	tar_end(&tar);
	for (int round = 0; round < 2; round++) {
		autoclose int fd = tar_open(&tar, tar.bytes.size);
		assert_int_equal(archive_scan(fd, 0, &visitor, &result, &err), -1);
		assert_int_equal(err.kind, ERROR_TOO_BIG);
		assert_string_equal(
			err.text, round == 0 ? "no place for 'a'" : "no place for 'content'");
		visitor.entry = accept_entry;
	}
}

static void a_file_that_cannot_be_read_is_an_error_of_the_system(void **state)
{
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_visitor visitor = {recorder_entry, recorder_content, NULL, &recorder};
	struct archive_scan_result result;
	struct error err = {0};

	(void)state;
	assert_int_equal(archive_scan(-1, 0, &visitor, &result, &err), -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_string_equal(err.text, "cannot read the archive: Bad file descriptor");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(entries_are_told_in_order_with_their_contents),
		cmocka_unit_test(an_archive_without_entries_is_empty),
		cmocka_unit_test(the_root_directory_is_not_told),
		cmocka_unit_test(a_directory_may_be_there_twice),
		cmocka_unit_test(padding_behind_the_end_belongs_to_the_digest),
		cmocka_unit_test(a_pax_header_renames_an_entry),
		cmocka_unit_test(a_pax_header_changes_a_size),
		cmocka_unit_test(pax_headers_that_do_not_matter_are_skipped),
		cmocka_unit_test(gnu_long_names_are_read),
		cmocka_unit_test(base_256_sizes_are_read),
		cmocka_unit_test(large_contents_come_in_pieces_and_whole),
		cmocka_unit_test(contents_that_nobody_wants_are_hashed_all_the_same),
		cmocka_unit_test(a_pipe_is_read_as_well),
		cmocka_unit_test(the_visitor_ends_the_scan_with_its_own_error),
		cmocka_unit_test(a_file_that_cannot_be_read_is_an_error_of_the_system),
	};

	return cmocka_run_group_tests_name("scan", tests, NULL, NULL);
}
