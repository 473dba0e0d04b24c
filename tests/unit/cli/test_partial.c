/* A file that comes in pieces and runs, and has its name when it is whole and right. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <fcntl.h>
#include <sys/stat.h>

#include "cli/partial.h"
#include "sys/fd.h"
#include "sys/file.h"

#define CONTENT "one two three"

struct scratch {
	char directory[32];
	char path[64]; /* of the file */
	char partial[96];
	struct archive_digest digest; /* of CONTENT */
};

static int scratch_begin(void **state)
{
	static struct scratch scratch;
	char digest[ARCHIVE_DIGEST_TEXT_SIZE];
	struct error err;

	(void)snprintf(scratch.directory, sizeof(scratch.directory), "/tmp/kcr-partial-XXXXXX");
	assert_non_null(mkdtemp(scratch.directory));
	assert_int_equal(archive_digest_of(STR(CONTENT), &scratch.digest, &err), 0);
	archive_digest_format(&scratch.digest, digest);
	(void)snprintf(scratch.path, sizeof(scratch.path), "%s/file", scratch.directory);
	(void)snprintf(scratch.partial, sizeof(scratch.partial), "%s.%.12s.partial", scratch.path,
		digest + sizeof("sha256:") - 1);
	*state = &scratch;
	return 0;
}

static int scratch_end(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	return file_remove_tree(AT_FDCWD, scratch->directory, &err);
}

static int open_partial(const struct scratch *scratch, struct cli_partial *partial, bool overwrites,
	struct error *err)
{
	return cli_partial_open(
		partial, scratch->path, overwrites, sizeof(CONTENT) - 1, &scratch->digest, err);
}

static void write_file(const char *path, const char *text)
{
	autoclose int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	struct error err;

	assert_int_equal(fd_write_all(fd, str_of(text), path, &err), 0);
}

static void expect_file(const char *path, const char *text)
{
	autobuf content = BUF_INIT(1000);
	struct stat status;
	struct error err;

	assert_int_equal(file_read(AT_FDCWD, path, &content, &err), 0);
	assert_string_equal(content.data, text);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

/* Fetches from where it stands up to `end` of CONTENT. */
static void add_until(struct cli_partial *partial, size_t end)
{
	size_t begin = (size_t)partial->written_bytes;
	struct error err;

	assert_int_equal(
		cli_partial_add(partial, (struct str){CONTENT + begin, end - begin}, &err), 0);
}

static void what_is_whole_gets_its_name_for_its_user_only(void **state)
{
	const struct scratch *scratch = *state;
	autopartial partial = CLI_PARTIAL_INIT;
	struct error err;

	assert_int_equal(open_partial(scratch, &partial, false, &err), 0);
	assert_int_equal(cli_partial_take_up(&partial, &err), 0);
	add_until(&partial, 4);
	expect_file(scratch->partial, "one ");
	assert_int_equal(access(scratch->path, F_OK), -1);
	add_until(&partial, sizeof(CONTENT) - 1);
	assert_int_equal(cli_partial_finish(&partial, &err), 0);
	expect_file(scratch->path, CONTENT);
	assert_int_equal(access(scratch->partial, F_OK), -1);
}

static void a_later_run_goes_on_where_one_ended(void **state)
{
	const struct scratch *scratch = *state;
	struct error err;

	for (size_t end = 4; end < sizeof(CONTENT) - 1; end += 4) {
		autopartial partial = CLI_PARTIAL_INIT;
		assert_int_equal(open_partial(scratch, &partial, false, &err), 0);
		assert_int_equal(partial.found_bytes, end - 4);
		assert_int_equal(cli_partial_take_up(&partial, &err), 0);
		add_until(&partial, end);
	}
	autopartial last = CLI_PARTIAL_INIT;
	assert_int_equal(open_partial(scratch, &last, false, &err), 0);
	assert_int_equal(cli_partial_take_up(&last, &err), 0);
	assert_int_equal(last.written_bytes, 12);
	add_until(&last, sizeof(CONTENT) - 1);
	assert_int_equal(cli_partial_finish(&last, &err), 0);
	expect_file(scratch->path, CONTENT);
}

static void wrong_bytes_get_no_name_and_are_thrown_away(void **state)
{
	const struct scratch *scratch = *state;
	autopartial partial = CLI_PARTIAL_INIT;
	struct error err;

	write_file(scratch->partial, "none");
	assert_int_equal(open_partial(scratch, &partial, false, &err), 0);
	assert_int_equal(cli_partial_take_up(&partial, &err), 0);
	add_until(&partial, sizeof(CONTENT) - 1);
	assert_int_equal(cli_partial_finish(&partial, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_int_equal(access(scratch->path, F_OK), -1);
	assert_int_equal(access(scratch->partial, F_OK), -1);
}

static void neither_too_few_nor_too_many_bytes_are_taken(void **state)
{
	const struct scratch *scratch = *state;
	autopartial partial = CLI_PARTIAL_INIT;
	struct error err;

	write_file(scratch->partial, CONTENT " and more than that");
	assert_int_equal(open_partial(scratch, &partial, false, &err), 0);
	assert_int_equal(partial.found_bytes, 0);
	add_until(&partial, 7);
	assert_int_equal(cli_partial_add(&partial, STR("  three"), &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_int_equal(cli_partial_finish(&partial, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	expect_file(scratch->partial, "one two");
}

static void a_file_that_is_there_stays_unless_asked_for(void **state)
{
	const struct scratch *scratch = *state;
	autopartial partial = CLI_PARTIAL_INIT;
	struct error err;

	write_file(scratch->path, "precious");
	assert_int_equal(open_partial(scratch, &partial, false, &err), -1);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	cli_partial_done(&partial);
	assert_int_equal(open_partial(scratch, &partial, true, &err), 0);
	add_until(&partial, sizeof(CONTENT) - 1);
	assert_int_equal(cli_partial_finish(&partial, &err), 0);
	expect_file(scratch->path, CONTENT);
}

static void a_file_that_has_come_up_meanwhile_stays(void **state)
{
	const struct scratch *scratch = *state;
	autopartial partial = CLI_PARTIAL_INIT;
	struct error err;

	assert_int_equal(open_partial(scratch, &partial, false, &err), 0);
	add_until(&partial, sizeof(CONTENT) - 1);
	write_file(scratch->path, "precious");
	assert_int_equal(cli_partial_finish(&partial, &err), -1);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	expect_file(scratch->partial, CONTENT);
}

static void two_runs_do_not_write_the_same_file(void **state)
{
	const struct scratch *scratch = *state;
	autopartial first = CLI_PARTIAL_INIT;
	autopartial second = CLI_PARTIAL_INIT;
	struct error err;

	assert_int_equal(open_partial(scratch, &first, false, &err), 0);
	assert_int_equal(open_partial(scratch, &second, false, &err), -1);
	assert_int_equal(err.kind, ERROR_CONFLICT);
	cli_partial_done(&second);
	assert_int_equal(access(scratch->partial, F_OK), 0);
}

static void links_and_what_is_no_file_are_refused(void **state)
{
	const struct scratch *scratch = *state;
	autopartial partial = CLI_PARTIAL_INIT;
	char other[96];
	struct error err;

	(void)snprintf(other, sizeof(other), "%s/other", scratch->directory);
	write_file(other, "");
	assert_int_equal(link(other, scratch->partial), 0);
	assert_int_equal(open_partial(scratch, &partial, false, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
	cli_partial_done(&partial);
	assert_int_equal(unlink(scratch->partial), 0);
	assert_int_equal(symlink(other, scratch->partial), 0);
	assert_int_equal(open_partial(scratch, &partial, false, &err), -1);
	cli_partial_done(&partial);
	assert_int_equal(cli_partial_check("/dev/null", true, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
}

static void what_has_brought_nothing_leaves_nothing(void **state)
{
	const struct scratch *scratch = *state;
	struct cli_partial partial = CLI_PARTIAL_INIT;
	struct error err;

	assert_int_equal(open_partial(scratch, &partial, false, &err), 0);
	cli_partial_done(&partial);
	assert_int_equal(access(scratch->partial, F_OK), -1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, scratch_begin, scratch_end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_whole_gets_its_name_for_its_user_only),
		TEST(a_later_run_goes_on_where_one_ended),
		TEST(wrong_bytes_get_no_name_and_are_thrown_away),
		TEST(neither_too_few_nor_too_many_bytes_are_taken),
		TEST(a_file_that_is_there_stays_unless_asked_for),
		TEST(a_file_that_has_come_up_meanwhile_stays),
		TEST(two_runs_do_not_write_the_same_file),
		TEST(links_and_what_is_no_file_are_refused),
		TEST(what_has_brought_nothing_leaves_nothing),
	};

	return cmocka_run_group_tests_name("cli/partial", tests, NULL, NULL);
}
