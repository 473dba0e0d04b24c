/* stats-dump and stats-restore, byte by byte as CRIU writes them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "criu/stats.h"

/* The service magic and the magic of statistics. */
#define MAGICS "\x40\x59\x10\x55\x06\x33\x09\x57"

/* A dump with every field of CRIU 2.0, frozen for 74,565 us. */
#define DUMP                                                                                       \
	"\x20\0\0\0"                                                                               \
	"\x0a\x1e"                                                                                 \
	"\x08\xe8\x07" /* freezing_time 1000 */                                                    \
	"\x10\xc5\xc6\x04" /* frozen_time 74565 */                                                 \
	"\x18\xd0\x0f" /* memdump_time 2000 */                                                     \
	"\x20\xb8\x17" /* memwrite_time 3000 */                                                    \
	"\x28\x80\x80\x01" /* pages_scanned 16384 */                                               \
	"\x30\x05" /* pages_skipped_parent 5 */                                                    \
	"\x38\x80\x40" /* pages_written 8192 */                                                    \
	"\x48\x00" /* pages_lazy 0 */                                                              \
	"\x60\x07\x68\x08\x70\x09"

static void a_dump_is_read(void **state)
{
	struct criu_dump_stats stats;
	struct error err;

	(void)state;
	assert_int_equal(criu_dump_stats_read(STR(MAGICS DUMP), &stats, &err), 0);
	assert_int_equal(stats.freezing_us, 1000);
	assert_int_equal(stats.frozen_us, 74565);
	assert_int_equal(stats.memdump_us, 2000);
	assert_int_equal(stats.memwrite_us, 3000);
	assert_int_equal(stats.pages_scanned, 16384);
	assert_int_equal(stats.pages_skipped_parent, 5);
	assert_int_equal(stats.pages_written, 8192);
	assert_int_equal(stats.pages_lazy, 0);
	assert_int_equal(stats.shared_pages_scanned, 7);
	assert_int_equal(stats.shared_pages_skipped_parent, 8);
	assert_int_equal(stats.shared_pages_written, 9);
}

static void a_dump_of_criu_4_2_1_is_read(void **state)
{
	const struct str file =
		STR(MAGICS "\x25\x00\x00\x00\x0a\x23\x08\x86\x06\x10\xe5\xb8\x08"
			   "\x18\xac\x19\x20\xf1\x0c\x28\xdf\x06\x30\x00\x38\xde"
			   "\x05\x40\x00\x48\x00\x50\x08\x58\x08\x60\x00\x68\x00\x70"
			   "\x00");
	struct criu_dump_stats stats;
	struct error err;

	(void)state;
	assert_int_equal(criu_dump_stats_read(file, &stats, &err), 0);
	assert_int_equal(stats.freezing_us, 774);
	assert_int_equal(stats.frozen_us, 138341);
	assert_int_equal(stats.memdump_us, 3244);
	assert_int_equal(stats.memwrite_us, 1649);
	assert_int_equal(stats.pages_scanned, 863);
	assert_int_equal(stats.pages_written, 734); /* its pages-1.img had 3,006,464 bytes */
}

static void a_restore_is_read(void **state)
{
	struct criu_restore_stats stats;
	struct error err;

	(void)state;
	assert_int_equal(criu_restore_stats_read(
				 STR(MAGICS "\x0e\0\0\0\x12\x0c\x08\x01\x10\x02\x18\xe8\x07\x20"
					    "\xd0\x0f\x28\x03"),
				 &stats, &err),
		0);
	assert_int_equal(stats.pages_compared, 1);
	assert_int_equal(stats.pages_skipped_cow, 2);
	assert_int_equal(stats.forking_us, 1000);
	assert_int_equal(stats.restore_us, 2000);
	assert_int_equal(stats.pages_restored, 3);
}

static void the_layout_of_old_versions_is_read(void **state)
{
	struct criu_dump_stats stats;
	struct error err;

	(void)state;
	assert_int_equal(criu_dump_stats_read(STR("\x06\x33\x09\x57" DUMP), &stats, &err), 0);
	assert_int_equal(stats.frozen_us, 74565);
}

static void unknown_fields_are_skipped_and_absent_ones_are_zero(void **state)
{
	struct criu_dump_stats stats;
	struct error err;

	(void)state;
	assert_int_equal(criu_dump_stats_read(STR(MAGICS "\x13\0\0\0"
							 "\x0a\x0d\x10\x2a" /* frozen_time 42 */
							 "\xf8\x07\x01" /* field 127, a number */
							 "\x82\x08\x03" /* field 128, bytes */
							 "abc\x58\x01" /* page_pipe_bufs */
							 "\x9a\x06\x01x" /* beside the dump */),
				 &stats, &err),
		0);
	assert_int_equal(stats.frozen_us, 42);
	assert_int_equal(stats.pages_written, 0);
}

static void a_file_cut_anywhere_is_corrupt(void **state)
{
	const struct str whole = STR(MAGICS DUMP);
	struct criu_dump_stats stats;
	struct error err = {0};

	(void)state;
	for (size_t size = 0; size < whole.size; size++) {
		if (criu_dump_stats_read((struct str){whole.data, size}, &stats, &err) == 0)
			fail_msg("accepted when cut to %zu bytes", size);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_string_equal(err.text, "stats-dump is cut short");
	}
}

static void other_files_are_told_apart(void **state)
{
	struct criu_dump_stats dump;
	struct criu_restore_stats restore;
	struct error err = {0};

	(void)state;
	assert_int_equal(
		criu_dump_stats_read(STR("\x16\x31\x31\x58\x02\0\0\0\x08\x02"), &dump, &err), -1);
	assert_string_equal(err.text, "stats-dump begins with an unknown magic 0x58313116");
	assert_int_equal(
		criu_dump_stats_read(STR(MAGICS "\x04\0\0\0\xff\xff\xff\xff"), &dump, &err), -1);
	assert_string_equal(err.text, "stats-dump holds no valid protobuf");
	assert_int_equal(criu_dump_stats_read(STR(MAGICS "\0\0\0\0"), &dump, &err), -1);
	assert_string_equal(err.text, "stats-dump is not of a dump");
	assert_int_equal(criu_restore_stats_read(STR(MAGICS DUMP), &restore, &err), -1);
	assert_string_equal(err.text, "stats-restore is not of a restore");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dump_is_read),
		cmocka_unit_test(a_dump_of_criu_4_2_1_is_read),
		cmocka_unit_test(a_restore_is_read),
		cmocka_unit_test(the_layout_of_old_versions_is_read),
		cmocka_unit_test(unknown_fields_are_skipped_and_absent_ones_are_zero),
		cmocka_unit_test(a_file_cut_anywhere_is_corrupt),
		cmocka_unit_test(other_files_are_told_apart),
	};

	return cmocka_run_group_tests_name("stats", tests, NULL, NULL);
}
