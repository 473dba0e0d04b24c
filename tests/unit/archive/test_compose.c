/* Tars composed of files in a real directory, read by ranges, by our scan (libarchive) and by tar.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "archive/compose.h"
#include "base/alloc.h"
#include "scan_recorder.h"
#include "sys/file.h"
#include "sys/process.h"

#define NINE_GIB (INT64_C(9) << 30)

static struct {
	char base[64];
	int fd;
	struct archive_compose_file files[16];
	size_t count;
	struct error err;
} here;

static int make_place(void **state)
{
	(void)state;
	(void)snprintf(here.base, sizeof(here.base), "/tmp/test-compose-XXXXXX");
	here.count = 0;
	here.err = (struct error){0};
	return mkdtemp(here.base) == NULL ? -1
					  : file_open_directory(here.base, &here.fd, &here.err);
}

static int remove_place(void **state)
{
	(void)state;
	fd_close(&here.fd);
	return file_remove_tree(AT_FDCWD, here.base, &here.err);
}

/* Makes the file with some bytes that are nowhere the same for long, and names it. */
static void put_file(const char *path, size_t size)
{
	autobuf content = BUF_INIT(16 * 1024 * 1024);
	autoclose int fd = openat(here.fd, path, O_WRONLY | O_CREAT | O_CLOEXEC, 0640);

	assert_true(fd >= 0);
	while (content.size < size)
		buf_add_byte(&content, (char)('a' + (content.size * 7 + content.size / 31) % 26));
	assert_int_equal(fd_write_all(fd, buf_str(&content), path, &here.err), 0);
	here.files[here.count++] = (struct archive_compose_file){str_of(path), (int64_t)size};
}

static void put_checkpoint(void)
{
	assert_int_equal(mkdirat(here.fd, "checkpoint", 0755), 0);
	put_file("spec.dump", 1000);
	put_file("checkpoint/pages-1.img", 2048);
	put_file("checkpoint/empty", 0);
	put_file("checkpoint-log", 1);
	put_file("config.dump", 512);
	put_file("checkpoint/core-1.img", 511);
}

static struct reader *compose(void)
{
	int fd = openat(here.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reader *reader;

	assert_true(fd >= 0);
	if (archive_compose(&fd, here.files, here.count, &reader, &here.err) < 0)
		fail_msg("%s", here.err.text);
	assert_int_equal(fd, -1);
	return reader;
}

static void read_range(struct reader *reader, int64_t offset, char *bytes, size_t size)
{
	if (reader_read(reader, offset, bytes, size, &here.err) < 0)
		fail_msg("%s", here.err.text);
}

/* The whole tar in memory. */
static void compose_whole(struct tar *tar)
{
	autoreader *reader = compose();
	char *room = buf_room(&tar->bytes, (size_t)reader->size_bytes);

	read_range(reader, 0, room, (size_t)reader->size_bytes);
	buf_claim(&tar->bytes, (size_t)reader->size_bytes);
}

static int ignore_content(void *context, struct str piece, struct error *err)
{
	(void)context;
	(void)piece;
	(void)err;
	return 0;
}

static int ignore_end(void *context, const struct archive_compose_file *file, struct error *err)
{
	(void)context;
	(void)file;
	(void)err;
	return 0;
}

static int scan(struct archive_scan_result *ret_result)
{
	const struct archive_compose_visitor visitor = {ignore_content, ignore_end, NULL};

	return archive_compose_scan(
		here.fd, here.files, here.count, &visitor, ret_result, &here.err);
}

static void assert_refused(enum error_kind kind, const char *text)
{
	int fd = openat(here.fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	struct reader *reader;

	assert_int_equal(archive_compose(&fd, here.files, here.count, &reader, &here.err), -1);
	assert_true(fd >= 0);
	fd_close(&fd);
	assert_int_equal(here.err.kind, kind);
	assert_non_null(strstr(here.err.text, text));
}

/* ---- What it is ---- */

static void test_libarchive_reads_what_was_composed(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder seen = RECORDER_INIT;
	struct archive_scan_result result;

	(void)state;
	put_checkpoint();
	compose_whole(&tar);
	seen.wants_content = false;
	if (record(&tar, &seen, &result, &here.err) < 0)
		fail_msg("%s", here.err.text);
	assert_string_equal(seen.lines.data,
		"checkpoint-log 1\n"
		"checkpoint/\n"
		"checkpoint/core-1.img 511\n"
		"checkpoint/empty 0\n"
		"checkpoint/pages-1.img 2048\n"
		"config.dump 512\n"
		"spec.dump 1000\n");
}

static void test_contents_are_those_of_the_files(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder seen = RECORDER_INIT;
	autobuf expected = BUF_INIT(4096);
	struct archive_scan_result result;

	(void)state;
	put_file("b", 600);
	put_file("a", 3);
	compose_whole(&tar);
	assert_int_equal(record(&tar, &seen, &result, &here.err), 0);
	buf_add_text(&expected, "a 3\n");
	assert_int_equal(file_read(here.fd, "a", &expected, &here.err), 0);
	buf_add_text(&expected, "b 600\n");
	assert_int_equal(file_read(here.fd, "b", &expected, &here.err), 0);
	assert_string_equal(seen.lines.data, expected.data);
}

static void test_nothing_is_an_empty_tar(void **state)
{
	static const char zeros[1024];
	autotar tar = TAR_INIT;

	(void)state;
	compose_whole(&tar);
	assert_int_equal(tar.bytes.size, sizeof(zeros));
	assert_memory_equal(tar.bytes.data, zeros, sizeof(zeros));
}

static void test_each_directory_comes_once_before_its_files(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder seen = RECORDER_INIT;
	struct archive_scan_result result;

	(void)state;
	assert_int_equal(mkdirat(here.fd, "a", 0755), 0);
	assert_int_equal(mkdirat(here.fd, "a/b", 0755), 0);
	assert_int_equal(mkdirat(here.fd, "a/b/c", 0755), 0);
	put_file("a/z", 0);
	put_file("a/b/c/1", 0);
	put_file("a/b/2", 0);
	put_file("a-", 0);
	compose_whole(&tar);
	assert_int_equal(record(&tar, &seen, &result, &here.err), 0);
	assert_string_equal(seen.lines.data, "a- 0\na/\na/b/\na/b/2 0\na/b/c/\na/b/c/1 0\na/z 0\n");
}

/* The output of `tar tv` on a file. */
static void list_by_tar(int tar_fd, struct buf *out)
{
	static const char *const arguments[] = {"tar", "--list", "--verbose", NULL};
	static const char *const environment[] = {"TZ=UTC", "LC_ALL=C", NULL};
	int pipe_fds[2];
	struct process_fd fds[] = {{tar_fd, 0}, {-1, 1}};
	const struct process_spec spec = {.arguments = arguments,
		.environment = environment,
		.fds = fds,
		.fd_count = array_size(fds),
		.search_path = true};
	struct process process;
	int status;

	assert_int_equal(lseek(tar_fd, 0, SEEK_SET), 0);
	assert_int_equal(pipe2(pipe_fds, O_CLOEXEC), 0);
	fds[1].from = pipe_fds[1];
	assert_int_equal(process_start(&spec, &process, &here.err), 0);
	fd_close(&pipe_fds[1]);
	assert_int_equal(fd_read_all(pipe_fds[0], out, "tar's list", &here.err), 0);
	fd_close(&pipe_fds[0]);
	assert_int_equal(process_wait(&process, &status, &here.err), 0);
	assert_int_equal(status, 0);
}

static void test_tar_lists_what_was_composed(void **state)
{
	autotar tar = TAR_INIT;
	autobuf list = BUF_INIT(64 * 1024);
	autoclose int fd = -1;

	(void)state;
	assert_int_equal(mkdirat(here.fd, "checkpoint", 0755), 0);
	put_file("checkpoint/core-1.img", 511);
	put_file("spec.dump", 1000);
	compose_whole(&tar);
	fd = tar_open(&tar, tar.bytes.size);
	list_by_tar(fd, &list);
	assert_string_equal(list.data,
		"drwx------ 0/0               0 1970-01-01 00:00 checkpoint/\n"
		"-rw------- 0/0             511 1970-01-01 00:00 checkpoint/core-1.img\n"
		"-rw------- 0/0            1000 1970-01-01 00:00 spec.dump\n");
}

/* Of a file beyond 8 GiB the tar is written as a sparse file, so that tar(1) can look at it. */
static void test_a_file_beyond_8_gib_is_read_by_tar(void **state)
{
	autoclose int fd = memfd_create("tar", MFD_CLOEXEC);
	autobuf list = BUF_INIT(64 * 1024);
	autoreader *reader = NULL;
	autofree char *block = alloc_zeroed(1, 4096);
	int64_t size;

	(void)state;
	put_file("large", 0);
	put_file("last", 7);
	{
		autoclose int large = openat(here.fd, "large", O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(large, NINE_GIB), 0);
		assert_int_equal(pwrite(large, "END", 3, NINE_GIB - 3), 3);
	}
	here.files[0].bytes = NINE_GIB;
	reader = compose();
	size = reader->size_bytes;
	read_range(reader, 0, block, 3 * 512);
	assert_int_equal(pwrite(fd, block, 3 * 512, 0), 3 * 512);
	read_range(reader, 3 * 512 + NINE_GIB - 3, block, 3);
	assert_memory_equal(block, "END", 3);
	assert_int_equal(size - NINE_GIB - 3 * 512, 512 + 512 + 1024);
	read_range(reader, 3 * 512 + NINE_GIB, block, 2048);
	assert_int_equal(pwrite(fd, block, 2048, 3 * 512 + NINE_GIB), 2048);
	list_by_tar(fd, &list);
	assert_string_equal(list.data,
		"-rw------- 0/0      9663676416 1970-01-01 00:00 large\n"
		"-rw------- 0/0               7 1970-01-01 00:00 last\n");
}

/* ---- The same bytes each time ---- */

static void test_every_range_has_the_bytes_of_the_whole(void **state)
{
	autotar tar = TAR_INIT;
	autoreader *reader = NULL;
	char bytes[1200];

	(void)state;
	assert_int_equal(mkdirat(here.fd, "d", 0755), 0);
	put_file("d/f", 513);
	put_file("e", 0);
	put_file("g", 512);
	compose_whole(&tar);
	reader = compose();
	/* all lengths up to two blocks and more from every place: header, content, padding, end */
	for (size_t size = 1; size <= sizeof(bytes); size += size < 5 ? 1 : 149)
		for (size_t at = 0; at + size <= tar.bytes.size; at++) {
			read_range(reader, (int64_t)at, bytes, size);
			if (memcmp(bytes, tar.bytes.data + at, size) != 0)
				fail_msg("%zu bytes at %zu differ", size, at);
		}
}

static void test_order_times_and_owners_do_not_matter(void **state)
{
	const struct timespec times[2] = {{1700000000, 5}, {1800000000, 7}};
	autotar before = TAR_INIT;
	autotar after = TAR_INIT;

	(void)state;
	put_checkpoint();
	compose_whole(&before);
	for (size_t i = 0; i < here.count; i++) {
		assert_int_equal(utimensat(here.fd, here.files[i].path.data, times, 0), 0);
		assert_int_equal(fchmodat(here.fd, here.files[i].path.data, 0444, 0), 0);
	}
	for (size_t i = 0; i < here.count / 2; i++) {
		struct archive_compose_file file = here.files[i];
		here.files[i] = here.files[here.count - 1 - i];
		here.files[here.count - 1 - i] = file;
	}
	compose_whole(&after);
	assert_int_equal(after.bytes.size, before.bytes.size);
	assert_memory_equal(after.bytes.data, before.bytes.data, before.bytes.size);
}

/* ---- One pass ---- */

struct pass {
	struct buf lines; /* what the visitor saw: "content PATH\n" */
};

static int pass_content(void *context, struct str piece, struct error *err)
{
	struct pass *pass = context;

	(void)err;
	assert_true(piece.size > 0 && piece.size <= 128 * 1024);
	buf_add(&pass->lines, piece);
	return 0;
}

static int pass_end(void *context, const struct archive_compose_file *file, struct error *err)
{
	struct pass *pass = context;

	(void)err;
	buf_printf(&pass->lines, " %.*s %lld\n", STR_ARG(file->path), (long long)file->bytes);
	return 0;
}

static void test_one_pass_hashes_the_tar_and_shows_each_file(void **state)
{
	struct pass pass = {BUF_INIT(4 * 1024 * 1024)};
	const struct archive_compose_visitor visitor = {pass_content, pass_end, &pass};
	autobuf expected = BUF_INIT(4 * 1024 * 1024);
	autotar tar = TAR_INIT;
	struct archive_digest digest;
	struct archive_scan_result result;

	(void)state;
	put_file("large", 300000); /* three pieces */
	put_file("empty", 0);
	compose_whole(&tar);
	if (archive_compose_scan(here.fd, here.files, here.count, &visitor, &result, &here.err) < 0)
		fail_msg("%s", here.err.text);
	assert_int_equal(archive_digest_of(buf_str(&tar.bytes), &digest, &here.err), 0);
	assert_true(archive_digest_equal(&result.digest, &digest));
	assert_int_equal(result.size_bytes, tar.bytes.size);
	assert_int_equal(result.entry_count, 2);
	buf_add_text(&expected, " empty 0\n");
	assert_int_equal(file_read(here.fd, "large", &expected, &here.err), 0);
	buf_add_text(&expected, " large 300000\n");
	assert_string_equal(pass.lines.data, expected.data);
	buf_done(&pass.lines);
}

static int fail_content(void *context, struct str piece, struct error *err)
{
	(void)context;
	(void)piece;
	return error_set(err, ERROR_TOO_BIG, "enough");
}

static void test_the_visitor_ends_the_pass(void **state)
{
	const struct archive_compose_visitor visitor = {fail_content, ignore_end, NULL};
	struct archive_scan_result result;

	(void)state;
	put_file("f", 1);
	assert_int_equal(
		archive_compose_scan(here.fd, here.files, here.count, &visitor, &result, &here.err),
		-1);
	assert_string_equal(here.err.text, "enough");
}

/* ---- Files that are not what they were ---- */

static void assert_damage_is_told(const char *text)
{
	autoreader *reader = compose();
	autofree char *bytes = alloc_zeroed(1, (size_t)reader->size_bytes);
	struct archive_scan_result result;

	assert_int_equal(reader_read(reader, 0, bytes, (size_t)reader->size_bytes, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_CORRUPT);
	assert_non_null(strstr(here.err.text, text));
	assert_int_equal(scan(&result), -1);
	assert_int_equal(here.err.kind, ERROR_CORRUPT);
	assert_non_null(strstr(here.err.text, text));
}

static void test_a_file_of_another_size_is_corrupt(void **state)
{
	(void)state;
	put_file("f", 1000);
	here.files[0].bytes = 1001;
	assert_damage_is_told("'f' is not a file of 1001 bytes: it has 1000");
	here.files[0].bytes = 999;
	assert_damage_is_told("'f' is not a file of 999 bytes: it has 1000");
}

static void test_a_missing_file_is_corrupt(void **state)
{
	(void)state;
	put_file("f", 1000);
	assert_int_equal(unlinkat(here.fd, "f", 0), 0);
	assert_damage_is_told("'f'");
}

static void test_a_link_or_a_fifo_is_no_file(void **state)
{
	(void)state;
	put_file("f", 1000);
	put_file("g", 1000);
	assert_int_equal(unlinkat(here.fd, "f", 0), 0);
	assert_int_equal(symlinkat("g", here.fd, "f"), 0);
	assert_damage_is_told("'f'");
	assert_int_equal(unlinkat(here.fd, "f", 0), 0);
	assert_int_equal(mkfifoat(here.fd, "f", 0600), 0);
	assert_damage_is_told("'f'");
}

static void test_a_pass_misses_an_empty_file(void **state)
{
	struct archive_scan_result result;

	(void)state;
	put_file("f", 0);
	assert_int_equal(unlinkat(here.fd, "f", 0), 0);
	assert_int_equal(scan(&result), -1);
	assert_int_equal(here.err.kind, ERROR_CORRUPT);
}

static void test_a_file_that_shrinks_while_it_is_read_is_corrupt(void **state)
{
	autoreader *reader = NULL;
	char bytes[600];

	(void)state;
	put_file("f", 1000);
	reader = compose();
	read_range(reader, 512, bytes, 100); /* it is open from now on */
	{
		autoclose int fd = openat(here.fd, "f", O_WRONLY | O_CLOEXEC);

		assert_int_equal(ftruncate(fd, 300), 0);
	}
	assert_int_equal(reader_read(reader, 512, bytes, 600, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_CORRUPT);
	assert_string_equal(here.err.text, "'f' ends at byte 300 of 1000");
}

/* ---- What is refused ---- */

static void test_paths_that_leave_the_directory_are_refused(void **state)
{
	static const char *const paths[] = {
		"", ".", "..", "/a", "a/../b", "a//b", "a/", "./a", "a/.", "a\nb"};

	(void)state;
	here.count = 1;
	for (size_t i = 0; i < array_size(paths); i++) {
		here.files[0] = (struct archive_compose_file){str_of(paths[i]), 1};
		assert_refused(ERROR_INVALID, "");
	}
}

static void test_a_path_named_twice_is_refused(void **state)
{
	(void)state;
	put_file("b", 1);
	put_file("a", 1);
	put_file("b", 1);
	assert_refused(ERROR_INVALID, "'b' is named twice");
}

static void test_impossible_sizes_are_refused(void **state)
{
	static const int64_t sizes[] = {-1, INT64_MIN, INT64_MAX, INT64_MAX / 2 + 1};

	(void)state;
	put_file("a", 1);
	put_file("b", 1);
	for (size_t i = 0; i < array_size(sizes); i++) {
		here.files[1].bytes = sizes[i];
		assert_refused(ERROR_INVALID, "'b' has an impossible size");
	}
	here.files[0].bytes = INT64_MAX / 2;
	here.files[1].bytes = 0;
	assert_refused(ERROR_INVALID, "'b' has an impossible size");
}

#define place_test(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		place_test(test_libarchive_reads_what_was_composed),
		place_test(test_contents_are_those_of_the_files),
		place_test(test_nothing_is_an_empty_tar),
		place_test(test_each_directory_comes_once_before_its_files),
		place_test(test_tar_lists_what_was_composed),
		place_test(test_a_file_beyond_8_gib_is_read_by_tar),
		place_test(test_every_range_has_the_bytes_of_the_whole),
		place_test(test_order_times_and_owners_do_not_matter),
		place_test(test_one_pass_hashes_the_tar_and_shows_each_file),
		place_test(test_the_visitor_ends_the_pass),
		place_test(test_a_file_of_another_size_is_corrupt),
		place_test(test_a_missing_file_is_corrupt),
		place_test(test_a_link_or_a_fifo_is_no_file),
		place_test(test_a_pass_misses_an_empty_file),
		place_test(test_a_file_that_shrinks_while_it_is_read_is_corrupt),
		place_test(test_paths_that_leave_the_directory_are_refused),
		place_test(test_a_path_named_twice_is_refused),
		place_test(test_impossible_sizes_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
