/* Compressed archives: what is in them is read as if it lay there plainly, or nothing is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/compression.h"
#include "compressed.h"
#include "scan_recorder.h"

enum { ROOM = 1 << 20 };

static void build_sample(struct tar *tar)
{
	tar_add_directory(tar, "checkpoint/");
	tar_add_header(tar, &(struct tar_header){.name = "checkpoint/pages-1.img", .size = 300000});
	for (unsigned i = 0, word = 1; i < 300000; i++, word = word * 1664525 + 1013904223)
		buf_add_byte(&tar->bytes, (char)(word >> 24)); /* no run of zeros */
	tar_pad(tar);
	tar_add_text(tar, "spec.dump", "{}");
	tar_end(tar);
}

static int record_unpacked(const struct tar *file, int64_t room, struct recorder *recorder,
	struct archive_scan_result *ret_result, struct error *err)
{
	recorder->unpacked_max = room;
	return record(file, recorder, ret_result, err);
}

static void assert_refused(
	const struct tar *file, int64_t room, enum error_kind kind, const char *words)
{
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err = {0};

	if (record_unpacked(file, room, &recorder, &result, &err) == 0)
		fail_msg("accepted, but expected: %s", words);
	if (strstr(err.text, words) == NULL)
		fail_msg("'%s' does not say '%s'", err.text, words);
	assert_int_equal(err.kind, kind);
}

static void assert_digest_of(const struct archive_digest *digest, const struct tar *bytes)
{
	struct archive_digest expected;
	struct error err;

	assert_int_equal(archive_digest_of(buf_str(&bytes->bytes), &expected, &err), 0);
	assert_true(archive_digest_equal(digest, &expected));
}

static void what_is_compressed_is_read_as_if_it_were_plain(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder plain = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err;

	(void)state;
	build_sample(&tar);
	assert_int_equal(record_unpacked(&tar, ROOM, &plain, &result, &err), 0);
	assert_digest_of(&result.digest, &tar);
	assert_digest_of(&result.file_digest, &tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;
		autorecorder recorder = RECORDER_INIT;

		compressors[i].add(&file, buf_str(&tar.bytes));
		if (record_unpacked(&file, (int64_t)tar.bytes.size, &recorder, &result, &err) < 0)
			fail_msg("%s: %s", compressors[i].name, err.text);
		assert_int_equal(recorder.lines.size, plain.lines.size);
		assert_memory_equal(recorder.lines.data, plain.lines.data, plain.lines.size);
		assert_digest_of(&result.digest, &tar);
		assert_digest_of(&result.file_digest, &file);
		assert_int_equal(result.size_bytes, tar.bytes.size);
		assert_int_equal(result.entry_count, 3);
	}
}

static void members_one_behind_the_other_are_one_archive(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	build_sample(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		static const size_t cuts[] = {0, 1, 700, 262144};
		autotar file = TAR_INIT;
		autorecorder recorder = RECORDER_INIT;
		struct archive_scan_result result;
		struct error err;

		for (size_t cut = 0; cut < array_size(cuts); cut++) {
			size_t end = cut + 1 < array_size(cuts) ? cuts[cut + 1] : tar.bytes.size;
			compressors[i].add(
				&file, (struct str){tar.bytes.data + cuts[cut], end - cuts[cut]});
		}
		if (record_unpacked(&file, ROOM, &recorder, &result, &err) < 0)
			fail_msg("%s: %s", compressors[i].name, err.text);
		assert_digest_of(&result.digest, &tar);
	}
}

static void one_that_is_cut_anywhere_is_corrupt(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "spec.dump", "{}");
	tar_end(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;
		autorecorder recorder = RECORDER_INIT;
		struct archive_scan_result result;
		struct error err;

		compressors[i].add(&file, buf_str(&tar.bytes));
		recorder.unpacked_max = ROOM;
		for (size_t size = 0; size < file.bytes.size; size++) {
			err.kind = ERROR_NONE;
			if (record_prefix(&file, size, &recorder, &result, &err) == 0)
				fail_msg("%s: accepted when cut to %zu bytes", compressors[i].name,
					size);
			assert_int_equal(err.kind, ERROR_CORRUPT);
		}
		assert_int_equal(record(&file, &recorder, &result, &err), 0);
	}
}

static void one_that_is_cut_says_so(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	build_sample(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;

		compressors[i].add(&file, buf_str(&tar.bytes));
		file.bytes.size -= 2;
		assert_refused(&file, ROOM, ERROR_CORRUPT, "bytes, before its end");
	}
}

static void something_else_behind_the_end_is_corrupt(void **state)
{
	static const struct str tails[] = {STR_INIT("x"), STR_INIT("\0\0\0\0\0\0\0\0"),
		STR_INIT("\x1f\x8b and no more of it"), STR_INIT("\x28\xb5\x2f\xfd\x07\x07\x07")};
	autotar tar = TAR_INIT;

	(void)state;
	build_sample(&tar);
	for (size_t i = 0; i < array_size(compressors); i++)
		for (size_t tail = 0; tail < array_size(tails); tail++) {
			autotar file = TAR_INIT;

			compressors[i].add(&file, buf_str(&tar.bytes));
			buf_add(&file.bytes, tails[tail]);
			assert_refused(&file, ROOM, ERROR_CORRUPT, "the compressed archive ");
		}
}

static void a_flipped_bit_is_corrupt(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	build_sample(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;

		compressors[i].add(&file, buf_str(&tar.bytes));
		file.bytes.data[file.bytes.size / 2] ^= 1;
		assert_refused(&file, ROOM, ERROR_CORRUPT, "cannot be unpacked beyond byte");
	}
}

static void more_than_there_is_room_for_is_too_big(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	build_sample(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;

		compressors[i].add(&file, buf_str(&tar.bytes));
		assert_refused(
			&file, (int64_t)tar.bytes.size - 1, ERROR_TOO_BIG, "there is room for");
	}
}

/* 128 MiB in some KB: zeros in a file, and zeros behind the archive's end. */
static void a_bomb_ends_at_the_room_that_it_was_given(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(compressors); i++)
		for (int is_behind = 0; is_behind < 2; is_behind++) {
			const uint64_t bytes = 128 << 20;
			autotar tar = TAR_INIT;
			autotar file = TAR_INIT;

			if (is_behind == 0)
				tar_add_header(&tar,
					&(struct tar_header){
						.name = "checkpoint/pages-1.img", .size = bytes});
			tar_zeros(&tar, bytes + 1024);
			compressors[i].add(&file, buf_str(&tar.bytes));
			assert_in_range(file.bytes.size, 1, 200000);
			assert_refused(&file, ROOM, ERROR_TOO_BIG,
				"unpacks to more than the 1 MiB that there is room for");
		}
}

static void a_window_that_takes_too_much_memory_is_refused(void **state)
{
	autotar tar = TAR_INIT;
	autotar file = TAR_INIT;
	autotar larger = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err;

	(void)state;
	build_sample(&tar);
	compress_zstd_window(&file, buf_str(&tar.bytes), LIMIT_ARCHIVE_WINDOW_LOG);
	assert_int_equal(record_unpacked(&file, ROOM, &recorder, &result, &err), 0);
	compress_zstd_window(&larger, buf_str(&tar.bytes), LIMIT_ARCHIVE_WINDOW_LOG + 1);
	assert_refused(&larger, ROOM, ERROR_CORRUPT, "requires too much memory");
}

static void what_is_compressed_twice_or_no_tar_is_corrupt(void **state)
{
	(void)state;
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar tar = TAR_INIT;
		autotar once = TAR_INIT;
		autotar twice = TAR_INIT;
		autotar text = TAR_INIT;

		build_sample(&tar);
		compressors[i].add(&once, buf_str(&tar.bytes));
		compressors[i].add(&twice, buf_str(&once.bytes));
		assert_refused(&twice, ROOM, ERROR_CORRUPT, "archive");
		compressors[i].add(&text, STR("this is no archive"));
		assert_refused(&text, ROOM, ERROR_CORRUPT, "archive");
	}
}

static void without_room_nothing_is_unpacked(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	build_sample(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;

		compressors[i].add(&file, buf_str(&tar.bytes));
		assert_refused(&file, 0, ERROR_CORRUPT, "archive");
	}
}

static void a_file_says_by_its_first_bytes_what_it_is(void **state)
{
	static const enum archive_compression expected[] = {ARCHIVE_GZIP, ARCHIVE_ZSTD};
	autotar tar = TAR_INIT;
	int plain;

	(void)state;
	tar_end(&tar);
	for (size_t i = 0; i < array_size(compressors); i++) {
		autotar file = TAR_INIT;
		int fd;

		compressors[i].add(&file, buf_str(&tar.bytes));
		fd = tar_open(&file, file.bytes.size);
		assert_int_equal(archive_compression_of_file(fd), expected[i]);
		assert_int_equal(lseek(fd, 0, SEEK_CUR), 0);
		(void)close(fd);
	}
	plain = tar_open(&tar, tar.bytes.size);
	assert_int_equal(archive_compression_of_file(plain), ARCHIVE_PLAIN);
	(void)close(plain);
	assert_int_equal(archive_compression_of_file(-1), ARCHIVE_PLAIN);
	assert_int_equal(archive_compression_of_bytes(STR("\x28\xb5\x2f")), ARCHIVE_PLAIN);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_compressed_is_read_as_if_it_were_plain),
		cmocka_unit_test(members_one_behind_the_other_are_one_archive),
		cmocka_unit_test(one_that_is_cut_anywhere_is_corrupt),
		cmocka_unit_test(one_that_is_cut_says_so),
		cmocka_unit_test(something_else_behind_the_end_is_corrupt),
		cmocka_unit_test(a_flipped_bit_is_corrupt),
		cmocka_unit_test(more_than_there_is_room_for_is_too_big),
		cmocka_unit_test(a_bomb_ends_at_the_room_that_it_was_given),
		cmocka_unit_test(a_window_that_takes_too_much_memory_is_refused),
		cmocka_unit_test(what_is_compressed_twice_or_no_tar_is_corrupt),
		cmocka_unit_test(without_room_nothing_is_unpacked),
		cmocka_unit_test(a_file_says_by_its_first_bytes_what_it_is),
	};

	return cmocka_run_group_tests_name("scan unpacked", tests, NULL, NULL);
}
