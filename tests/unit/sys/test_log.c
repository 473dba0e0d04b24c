/* The log: one event is one line, whatever it holds. */
#include "scratch.h"

#include "base/time.h"
#include "sys/log.h"

static struct buf captured;
static int error_copy = -1;

/* Standard error goes to a file of the scratch directory until log_text(). */
static void log_capture(const struct scratch *scratch)
{
	int fd = openat(scratch->fd, "log", O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

	assert_true(fd >= 0);
	(void)fflush(stderr);
	error_copy = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 10);
	assert_true(dup2(fd, STDERR_FILENO) >= 0);
	fd_close(&fd);
}

/* What was logged, without the times in front. */
static const char *log_text(const struct scratch *scratch)
{
	struct error err;

	assert_true(dup2(error_copy, STDERR_FILENO) >= 0);
	fd_close(&error_copy);
	buf_clear(&captured);
	assert_int_equal(file_read(scratch->fd, "log", &captured, &err), 0);
	return captured.data;
}

static int log_begin(void **state)
{
	captured = BUF_INIT(64 * 1024);
	log_configure(LOG_TEXT, LOG_INFO);
	return scratch_make(state);
}

static int log_finish(void **state)
{
	buf_done(&captured);
	return scratch_drop(state);
}

static void a_line_has_time_level_message_and_pairs(void **state)
{
	struct error err;
	struct wall_time time;
	struct str text;
	struct str when;

	(void)error_set(&err, ERROR_BUSY, "come back later");
	log_capture(*state);
	log_warning(&err, "Cannot push", "image", "a/b", "empty", NULL);
	text = str_of(log_text(*state));
	assert_true(str_cut(text, ' ', &when, &text));
	assert_true(wall_time_parse(when, &time));
	assert_string_equal(text.data,
		"warning Cannot push image=\"a/b\" empty=\"\" error=\"come back later\"\n");
}

static void levels_below_the_lowest_are_silent(void **state)
{
	log_configure_by_names("text", "warning");
	log_capture(*state);
	log_debug("Debug");
	log_info("Info");
	assert_string_equal(log_text(*state), "");
}

static void no_value_can_begin_a_line_of_its_own(void **state)
{
	log_capture(*state);
	log_info("Event", "key", "a\nb\"c\\d\x01\x1b[31m\t");
	assert_non_null(
		strstr(log_text(*state), "key=\"a\\nb\\\"c\\\\d\\u0001\\u001b[31m\\u0009\"\n"));
	assert_ptr_equal(strchr(captured.data, '\n'), captured.data + captured.size - 1);
}

static void json_lines_hold_the_same(void **state)
{
	log_configure_by_names("json", "info");
	log_capture(*state);
	log_info("Say \"hi\"", "key", "a\nb");
	assert_true(str_starts_with(str_of(log_text(*state)), STR("{\"ts\":\"")));
	assert_non_null(strstr(captured.data,
		"\"level\":\"info\",\"msg\":\"Say \\\"hi\\\"\",\"key\":\"a\\nb\"}\n"));
}

/* 17 KiB do not fit a line; what is left must be one line, and in JSON one object. */
static void a_line_that_is_too_long_is_cut_and_still_ends(void **state)
{
	autobuf value = BUF_INIT(20000);

	buf_printf(&value, "%017000d", 1);
	log_configure_by_names("json", "info");
	log_capture(*state);
	log_info("First", "short", "x", "long", value.data, "after", "y");
	log_info("Second");
	assert_true(str_ends_with(str_of(log_text(*state)), STR("\"msg\":\"Second\"}\n")));
	assert_non_null(strstr(captured.data, "\"short\":\"x\""));
	assert_non_null(strstr(captured.data, "\"leftOut\":\"long\",\"after\":\"y\"}\n{"));
}

static void a_line_of_many_pairs_is_cut_and_still_ends(void **state)
{
	autobuf value = BUF_INIT(20000);

	buf_printf(&value, "%04000d", 1);
	log_configure_by_names("json", "info");
	log_capture(*state);
	log_info("Event", "a", value.data, "b", value.data, "c", value.data, "d", value.data, "e",
		value.data, "f", "y");
	assert_true(
		str_ends_with(str_of(log_text(*state)), STR(",\"leftOut\":\"e\",\"f\":\"y\"}\n")));
}

#define log_test(name) cmocka_unit_test_setup_teardown(name, log_begin, log_finish)

int main(void)
{
	const struct CMUnitTest tests[] = {
		log_test(a_line_has_time_level_message_and_pairs),
		log_test(levels_below_the_lowest_are_silent),
		log_test(no_value_can_begin_a_line_of_its_own),
		log_test(json_lines_hold_the_same),
		log_test(a_line_that_is_too_long_is_cut_and_still_ends),
		log_test(a_line_of_many_pairs_is_cut_and_still_ends),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
