/* Archives that are cut short, damaged or made to harm: refused, each with its reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "scan_recorder.h"

static void assert_refused(const struct tar *tar, enum error_kind kind, const char *text)
{
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err = {0};

	if (record(tar, &recorder, &result, &err) == 0)
		fail_msg("accepted, but expected: %s", text);
	assert_string_equal(err.text, text);
	assert_int_equal(err.kind, kind);
}

/* An archive with everything that headers can be made of. */
static void build_mixed(struct tar *tar)
{
	tar_add_directory(tar, "checkpoint/");
	tar_add_pax(tar, 'x', "path", STR("checkpoint/pages-1.img"));
	tar_add_header(tar, &(struct tar_header){.name = "short", .size = 1500});
	for (int i = 0; i < 150; i++)
		buf_add_text(&tar->bytes, "0123456789");
	tar_pad(tar);
	tar_add_gnu_name(tar, STR("checkpoint/core-1.img"));
	tar_add_header(
		tar, &(struct tar_header){.name = "checkpoint/co", .size = 3, .is_gnu = true});
	tar_add_content(tar, STR("abc"));
	tar_add_text(tar, "spec.dump", "{}");
	tar_end(tar);
}

static void an_archive_cut_anywhere_is_corrupt(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err;

	(void)state;
	build_mixed(&tar);
	assert_int_equal(record(&tar, &recorder, &result, &err), 0);
	for (int wants = 0; wants < 2; wants++)
		for (size_t size = 0; size < tar.bytes.size; size += size % 512 == 1 ? 510 : 1) {
			err.kind = ERROR_NONE;
			recorder.wants_content = wants != 0;
			if (record_prefix(&tar, size, &recorder, &result, &err) == 0)
				fail_msg("accepted when cut to %zu bytes", size);
			if (err.kind != ERROR_CORRUPT)
				fail_msg("cut to %zu bytes: %s", size, err.text);
		}
}

static void a_cut_archive_says_what_is_missing(void **state)
{
	static const struct {
		size_t size;
		const char *text;
	} cases[] = {
		{512, "archive ends after 'checkpoint' without an end-of-archive marker"},
		{4 * 512 + 100,
			"archive ends 100 bytes into 'checkpoint/pages-1.img': "
			"1436 bytes of it are missing"},
		{7 * 512,
			"archive ends after 'checkpoint/pages-1.img' without an end-of-archive "
			"marker"},
		{13 * 512, "archive ends after 'spec.dump' without an end-of-archive marker"},
		{14 * 512, "archive ends after 'spec.dump' without an end-of-archive marker"},
	};
	autotar tar = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err = {0};

	(void)state;
	build_mixed(&tar);
	assert_int_equal(tar.bytes.size, 15 * 512);
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(record_prefix(&tar, cases[i].size, &recorder, &result, &err), -1);
		assert_string_equal(err.text, cases[i].text);
	}
}

static void what_is_no_tar_is_corrupt(void **state)
{
	static const char *const contents[] = {"", "x", "not a tar at all"};
	autotar noise = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < array_size(contents); i++) {
		autotar tar = TAR_INIT;
		buf_add_text(&tar.bytes, contents[i]);
		assert_int_equal(record(&tar, &recorder, &result, &err), -1);
		assert_int_equal(err.kind, ERROR_CORRUPT);
	}
	for (int i = 0; i < 4096; i++)
		buf_add_byte(&noise.bytes, (char)(i * 7919 >> 3));
	assert_refused(
		&noise, ERROR_CORRUPT, "archive is damaged at byte 0: Unrecognized archive format");
}

static void a_compressed_tar_is_not_unpacked(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	buf_add(&tar.bytes, STR("\x1f\x8b\x08\0\0\0\0\0\0\x03\x63\x60\x18\x05\xa3\x60\x38\x03\0"));
	tar_pad(&tar);
	assert_refused(
		&tar, ERROR_CORRUPT, "archive is damaged at byte 0: Unrecognized archive format");
}

static void data_behind_the_end_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "a", "1");
	tar_end(&tar);
	tar_zeros(&tar, 512 * 1024);
	tar_add_text(&tar, "hidden", "2");
	assert_refused(&tar, ERROR_CORRUPT,
		"archive has data behind its end, the last of it at byte 526848");
}

static void an_entry_behind_a_single_zero_record_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "a", "1");
	tar_zeros(&tar, 512);
	tar_add_text(&tar, "hidden", "2");
	tar_end(&tar);
	assert_refused(&tar, ERROR_CORRUPT,
		"archive has data behind its end, the last of it at byte 2048");
}

static void links_and_devices_are_refused(void **state)
{
	static const struct {
		char type;
		const char *text;
	} cases[] = {
		{'1', "archive entry 'container.log' is refused: it is a hard link"},
		{'2', "archive entry 'container.log' is refused: it is a symbolic link"},
		{'3', "archive entry 'container.log' is refused: it is a device"},
		{'4', "archive entry 'container.log' is refused: it is a device"},
		{'6', "archive entry 'container.log' is refused: it is a FIFO"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autotar tar = TAR_INIT;
		tar_add_header(&tar,
			&(struct tar_header){.name = "container.log",
				.link = "/etc/shadow",
				.type = cases[i].type});
		tar_end(&tar);
		assert_refused(&tar, ERROR_INVALID, cases[i].text);
	}
}

static void a_link_hidden_in_a_pax_header_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_pax(&tar, 'x', "linkpath", STR("/etc/shadow"));
	tar_add_header(&tar, &(struct tar_header){.name = "a", .type = '2'});
	tar_end(&tar);
	assert_refused(&tar, ERROR_INVALID, "archive entry 'a' is refused: it is a symbolic link");
}

static void a_directory_with_content_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "a/", "content of a file whose name says directory");
	tar_end(&tar);
	assert_refused(&tar, ERROR_INVALID,
		"archive entry 'a/' is refused: it is a directory with content");
}

static void a_file_named_as_the_root_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, ".", "x");
	tar_end(&tar);
	assert_refused(&tar, ERROR_INVALID,
		"archive entry '.' is refused: it is a file in place of the root directory");
}

static void a_sparse_file_is_refused(void **state)
{
	autotar old = TAR_INIT;
	autotar pax = TAR_INIT;

	(void)state;
	tar_add_header(
		&old, &(struct tar_header){.name = "a", .type = 'S', .size = 512, .is_gnu = true});
	memcpy(old.bytes.data + 386, "00000001000", 11); /* one piece: offset 512, 512 bytes */
	memcpy(old.bytes.data + 398, "00000001000", 11);
	memcpy(old.bytes.data + 483, "00000002000", 11); /* of 1024 */
	tar_seal(old.bytes.data);
	tar_add_content(&old, STR("x"));
	tar_zeros(&old, 511);
	tar_pad(&old);
	tar_end(&old);
	assert_refused(&old, ERROR_INVALID, "archive entry 'a' is refused: it is a sparse file");
	tar_add_pax(&pax, 'x', "GNU.sparse.map", STR("512,512"));
	tar_add_text(&pax, "a", "x");
	tar_end(&pax);
	assert_refused(&pax, ERROR_CORRUPT, "archive entry 'a' has holes");
}

static void ways_out_of_the_directory_are_refused_in_every_dialect(void **state)
{
	autotar plain = TAR_INIT;
	autotar pax = TAR_INIT;
	autotar gnu = TAR_INIT;
	const char *text = "archive entry '../x' is refused: its path has a component '.' or '..'";

	(void)state;
	tar_add_text(&plain, "../x", "1");
	tar_end(&plain);
	assert_refused(&plain, ERROR_INVALID, text);
	tar_add_pax(&pax, 'x', "path", STR("../x"));
	tar_add_text(&pax, "x", "1");
	tar_end(&pax);
	assert_refused(&pax, ERROR_INVALID, text);
	tar_add_gnu_name(&gnu, STR("../x"));
	tar_add_text(&gnu, "x", "1");
	tar_end(&gnu);
	assert_refused(&gnu, ERROR_INVALID, text);
}

static void two_files_of_one_name_are_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "config.dump", "{\"id\":\"good\"}");
	tar_add_text(&tar, "./config.dump", "{\"id\":\"bad\"}");
	tar_end(&tar);
	assert_refused(&tar, ERROR_INVALID, "archive has more than one entry 'config.dump'");
}

static void a_file_in_place_of_a_directory_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_directory(&tar, "checkpoint/");
	tar_add_text(&tar, "checkpoint", "x");
	tar_end(&tar);
	assert_refused(&tar, ERROR_INVALID, "archive has more than one entry 'checkpoint'");
}

static void a_wrong_checksum_is_refused(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	tar_add_text(&tar, "a", "1");
	tar_add_text(&tar, "b", "2");
	tar_end(&tar);
	tar.bytes.data[1024] = 'c';
	assert_refused(&tar, ERROR_CORRUPT, "archive is damaged at byte 1536: Damaged tar archive");
}

static void impossible_sizes_are_refused(void **state)
{
	static const uint64_t sizes[] = {INT64_MAX, INT64_MAX - 511, INT64_MAX - 1024,
		INT64_MAX - 1500, UINT64_MAX, (uint64_t)INT64_MAX + 1, UINT64_MAX - 511};
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result result;
	struct error err = {0};

	(void)state;
	for (size_t i = 0; i < array_size(sizes); i++)
		for (int wants = 0; wants < 2; wants++) {
			autotar tar = TAR_INIT;
			tar_add_header(&tar,
				&(struct tar_header){.name = "a",
					.size = sizes[i],
					.is_base256 = true,
					.is_gnu = true});
			tar_add_content(&tar, STR("x"));
			tar_end(&tar);
			recorder.wants_content = wants != 0;
			assert_int_equal(record(&tar, &recorder, &result, &err), -1);
			assert_int_equal(err.kind, ERROR_CORRUPT);
		}
}

static void the_bytes_of_all_paths_have_a_limit(void **state)
{
	autotar tar = TAR_INIT;
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);

	(void)state;
	while (path.size < LIMIT_ARCHIVE_PATH)
		buf_add_byte(&path, 'x');
	for (int i = 0; i <= ARCHIVE_SCAN_PATH_BYTES / LIMIT_ARCHIVE_PATH; i++) {
		(void)snprintf(path.data, 10, "%09d", i);
		path.data[9] = '-';
		tar_add_gnu_name(&tar, buf_str(&path));
		tar_add_text(&tar, "short", "");
	}
	tar_end(&tar);
	assert_refused(&tar, ERROR_TOO_BIG, "archive has more than 16777216 bytes of paths");
}

static void the_entries_have_a_limit(void **state)
{
	autotar tar = TAR_INIT;

	(void)state;
	for (int i = 0; i <= LIMIT_ARCHIVE_ENTRIES; i++)
		tar_add_directory(&tar, "d");
	tar_end(&tar);
	assert_refused(&tar, ERROR_TOO_BIG, "archive has more than 200000 entries");
}

/* Whatever a single changed byte does, it does not pass for the same archive or crash. */
static void any_changed_byte_changes_the_digest_or_is_refused(void **state)
{
	autotar tar = TAR_INIT;
	autorecorder recorder = RECORDER_INIT;
	struct archive_scan_result original;
	struct archive_scan_result changed;
	struct error err;

	(void)state;
	build_mixed(&tar);
	assert_int_equal(record(&tar, &recorder, &original, &err), 0);
	for (size_t i = 0; i < tar.bytes.size; i += 7) {
		tar.bytes.data[i] ^= 0x55;
		if (record(&tar, &recorder, &changed, &err) == 0)
			assert_false(archive_digest_equal(&original.digest, &changed.digest));
		tar.bytes.data[i] ^= 0x55;
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_archive_cut_anywhere_is_corrupt),
		cmocka_unit_test(a_cut_archive_says_what_is_missing),
		cmocka_unit_test(what_is_no_tar_is_corrupt),
		cmocka_unit_test(a_compressed_tar_is_not_unpacked),
		cmocka_unit_test(data_behind_the_end_is_refused),
		cmocka_unit_test(an_entry_behind_a_single_zero_record_is_refused),
		cmocka_unit_test(links_and_devices_are_refused),
		cmocka_unit_test(a_link_hidden_in_a_pax_header_is_refused),
		cmocka_unit_test(a_directory_with_content_is_refused),
		cmocka_unit_test(a_file_named_as_the_root_is_refused),
		cmocka_unit_test(a_sparse_file_is_refused),
		cmocka_unit_test(ways_out_of_the_directory_are_refused_in_every_dialect),
		cmocka_unit_test(two_files_of_one_name_are_refused),
		cmocka_unit_test(a_file_in_place_of_a_directory_is_refused),
		cmocka_unit_test(a_wrong_checksum_is_refused),
		cmocka_unit_test(impossible_sizes_are_refused),
		cmocka_unit_test(the_bytes_of_all_paths_have_a_limit),
		cmocka_unit_test(the_entries_have_a_limit),
		cmocka_unit_test(any_changed_byte_changes_the_digest_or_is_refused),
	};

	return cmocka_run_group_tests_name("scan_hostile", tests, NULL, NULL);
}
