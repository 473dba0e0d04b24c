/* Every way in which a file can be another one than the plan says. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "handover/sum.h"
#include "runtime/verify.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

/* xxhsum -H2 of "hello" */
#define HELLO "b5e9c1ad071b3e7fc779cfaa5e523818"

static struct {
	char base[64];
	int fd;
	struct handover_file files[1];
	struct handover_candidate candidate;
	struct mono_time deadline;
	struct error err;
} here;

static void put(const char *content)
{
	autoclose int fd = openat(here.fd, "images/one", O_WRONLY | O_CREAT | O_TRUNC, 0600);

	assert_true(fd >= 0);
	assert_int_equal(fd_write_all(fd, str_of(content), "one", &here.err), 0);
}

static int make_place(void **state)
{
	(void)state;
	(void)snprintf(here.base, sizeof(here.base), "/tmp/test-verify-XXXXXX");
	here.files[0] = (struct handover_file){STR("images/one"), 5, STR(HELLO)};
	here.deadline.us = clock_mono().us + 60 * TIME_SECOND_US;
	here.candidate = (struct handover_candidate){.uid = STR("c"), .files = {here.files, 1}};
	if (mkdtemp(here.base) == NULL || file_open_directory(here.base, &here.fd, &here.err) < 0 ||
		mkdirat(here.fd, "images", 0700) < 0)
		return -1;
	put("hello");
	return 0;
}

static int remove_place(void **state)
{
	(void)state;
	fd_close(&here.fd);
	return file_remove_tree(AT_FDCWD, here.base, &here.err);
}

static void assert_corrupt(void)
{
	assert_int_equal(runtime_verify(&here.candidate, here.fd, here.deadline, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_CORRUPT);
}

static void test_unchanged_files_pass(void **state)
{
	(void)state;
	put("hello");
	if (runtime_verify(&here.candidate, here.fd, here.deadline, &here.err) < 0)
		fail_msg("%s", here.err.text);
}

static void test_a_flipped_bit_is_found(void **state)
{
	(void)state;
	put("helln");
	assert_corrupt();
}

static void test_a_truncated_or_longer_file_is_found(void **state)
{
	(void)state;
	put("hell");
	assert_corrupt();
	put("hello!");
	assert_corrupt();
	put("");
	assert_corrupt();
}

static void test_a_removed_file_is_found(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(here.fd, "images/one", 0), 0);
	assert_corrupt();
}

static void test_what_is_no_file_is_found(void **state)
{
	(void)state;
	assert_int_equal(unlinkat(here.fd, "images/one", 0), 0);
	assert_int_equal(mkfifoat(here.fd, "images/one", 0600), 0);
	assert_corrupt();
}

static void test_a_link_is_not_followed(void **state)
{
	(void)state;
	assert_int_equal(renameat(here.fd, "images", here.fd, "elsewhere"), 0);
	assert_int_equal(symlinkat("elsewhere", here.fd, "images"), 0);
	assert_int_equal(runtime_verify(&here.candidate, here.fd, here.deadline, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_INVALID);
}

enum { LONG_BYTES = 2 * HANDOVER_CHUNK_BYTES + 5 };

/* A file of three chunks, of which the last one is short; `text` is its sum. */
static void put_long(char text[static HANDOVER_SUM_TEXT])
{
	autofree char *bytes = alloc_zeroed(1, LONG_BYTES);
	autoclose int fd = openat(here.fd, "images/one", O_WRONLY, 0600);
	struct handover_sum *sum = handover_sum_new();

	for (size_t i = 0; i < LONG_BYTES; i += 4099)
		bytes[i] = (char)(i / 4099);
	handover_sum_add(sum, (struct str){bytes, LONG_BYTES});
	handover_sum_finish(sum, text);
	handover_sum_free(sum);
	assert_int_equal(fd_write_all(fd, (struct str){bytes, LONG_BYTES}, "one", &here.err), 0);
	here.files[0].bytes = LONG_BYTES;
	here.files[0].xxh3 = str_of(text);
}

static void test_a_flipped_bit_is_found_in_each_chunk_of_a_long_file(void **state)
{
	static const off_t places[] = {0, HANDOVER_CHUNK_BYTES - 1, HANDOVER_CHUNK_BYTES,
		2 * HANDOVER_CHUNK_BYTES, LONG_BYTES - 1};
	char text[HANDOVER_SUM_TEXT];
	autoclose int fd = openat(here.fd, "images/one", O_RDWR);

	(void)state;
	put_long(text);
	for (size_t i = 0; i < array_size(places); i++) {
		char was;
		char flipped;

		if (runtime_verify(&here.candidate, here.fd, here.deadline, &here.err) < 0)
			fail_msg("%s", here.err.text);
		assert_int_equal(pread(fd, &was, 1, places[i]), 1);
		flipped = (char)(was ^ 1);
		assert_int_equal(pwrite(fd, &flipped, 1, places[i]), 1);
		assert_corrupt();
		assert_int_equal(pwrite(fd, &was, 1, places[i]), 1);
	}
}

static void test_a_plan_without_files_is_no_plan(void **state)
{
	(void)state;
	here.candidate.files.count = 0;
	assert_corrupt();
}

static void test_past_the_deadline_nothing_is_read(void **state)
{
	(void)state;
	put("helln");
	here.deadline = clock_mono();
	assert_int_equal(runtime_verify(&here.candidate, here.fd, here.deadline, &here.err), -1);
	assert_int_equal(here.err.kind, ERROR_TIMEOUT);
}

#define IN_PLACE(test) cmocka_unit_test_setup_teardown(test, make_place, remove_place)

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_PLACE(test_unchanged_files_pass),
		IN_PLACE(test_a_flipped_bit_is_found),
		IN_PLACE(test_a_truncated_or_longer_file_is_found),
		IN_PLACE(test_a_removed_file_is_found),
		IN_PLACE(test_what_is_no_file_is_found),
		IN_PLACE(test_a_link_is_not_followed),
		IN_PLACE(test_a_flipped_bit_is_found_in_each_chunk_of_a_long_file),
		IN_PLACE(test_past_the_deadline_nothing_is_read),
		IN_PLACE(test_a_plan_without_files_is_no_plan),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
