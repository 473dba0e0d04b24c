/* Heads of answers, line by line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "http/head.h"

/* 2026-11-21T22:00:00Z */
static const struct wall_time now = {INT64_C(1795298400) * TIME_SECOND_US};

static struct http__head head;

static int begin(void **state)
{
	(void)state;
	head = HTTP__HEAD_INIT;
	return 0;
}

static int end(void **state)
{
	(void)state;
	http__head_done(&head);
	return 0;
}

static void add(const char *line)
{
	struct error err;

	assert_int_equal(http__head_add_line(&head, str_of(line), &err), 0);
}

static void assert_value(const char *name, const char *expected)
{
	struct str value = http__head_value(&head, name);

	if (!str_is(value, expected))
		fail_msg("%s is '%.*s', not '%s'", name, STR_ARG(value), expected);
}

static void a_head_is_complete_with_its_empty_line(void **state)
{
	(void)state;
	add("HTTP/1.1 200 OK\r\n");
	add("A: 1\r\n");
	assert_false(head.is_complete);
	add("\r\n");
	assert_true(head.is_complete);
	assert_int_equal(head.status, 200);
}

static void the_status_is_found_in_every_version(void **state)
{
	(void)state;
	add("HTTP/2 404 \r\n");
	assert_int_equal(head.status, 404);
	add("HTTP/1.0 500");
	assert_int_equal(head.status, 500);
	add("HTTP/1.1 20x OK");
	assert_int_equal(head.status, 0);
	add("HTTP/1.1");
	assert_int_equal(head.status, 0);
}

static void names_are_lower_case_and_values_are_trimmed(void **state)
{
	(void)state;
	add("HTTP/1.1 200 OK");
	add("X-Some-NAME:   a value: with colon \t\r\n");
	add("Empty:");
	add("");
	assert_int_equal(head.header_count, 2);
	assert_string_equal(head.headers[0].name, "x-some-name");
	assert_string_equal(head.headers[0].value, "a value: with colon");
	assert_string_equal(head.headers[1].value, "");
}

static void the_first_of_several_counts_and_all_are_kept(void **state)
{
	(void)state;
	add("HTTP/1.1 401 Unauthorized");
	add("WWW-Authenticate: Bearer a");
	add("WWW-Authenticate: Basic b");
	add("");
	assert_value("www-authenticate", "Bearer a");
	assert_int_equal(head.header_count, 2);
}

static void a_new_head_forgets_the_one_before(void **state)
{
	(void)state;
	add("HTTP/1.1 100 Continue");
	add("A: 1");
	add("");
	add("HTTP/1.1 200 OK");
	assert_false(head.is_complete);
	add("B: 2");
	add("");
	assert_value("a", "");
	assert_value("b", "2");
}

static void trailers_and_folded_lines_are_left_out(void **state)
{
	(void)state;
	add("HTTP/1.1 200 OK");
	add("A: 1");
	add(" folded: 2");
	add("no colon");
	add("");
	add("Trailer: 3");
	assert_int_equal(head.header_count, 1);
	assert_value("trailer", "");
}

static void lines_before_a_status_are_left_out(void **state)
{
	(void)state;
	add("A: 1");
	add("");
	assert_false(head.is_complete);
}

static void a_nul_byte_is_corrupt(void **state)
{
	struct error err;

	(void)state;
	add("HTTP/1.1 200 OK");
	assert_int_equal(http__head_add_line(&head, STR("A: a\0b"), &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
}

static void too_many_lines_are_too_big(void **state)
{
	struct error err = {0};
	int result = 0;

	(void)state;
	add("HTTP/1.1 200 OK");
	for (int i = 0; i < 100000 && result == 0; i++)
		result = http__head_add_line(&head, STR("Name: value"), &err);
	assert_int_equal(result, -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static struct http_answer answer_with(const char *line, bool is_decoded)
{
	add("HTTP/1.1 200 OK");
	add(line);
	add("");
	return http__head_answer(&head, now, is_decoded);
}

static void a_retry_after_is_seconds_or_a_date(void **state)
{
	static const struct {
		const char *line;
		int64_t expected_ms;
	} cases[] = {
		{"Retry-After: 7", 7000},
		{"Retry-After: 0", 0},
		{"Retry-After: 99999999999999999999999", -1},
		{"Retry-After: 99999999", 86400000},
		{"Retry-After: Sat, 21 Nov 2026 22:01:00 GMT", 60000},
		{"Retry-After: Sat, 21 Nov 2026 21:01:00 GMT", 0},
		{"Retry-After: Sat, 21 Nov 2037 22:01:00 GMT", 86400000},
		{"Retry-After: soon", -1},
		{"Retry-After: -7", -1},
		{"Retry-After:", -1},
		{"Other: 7", -1},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct http_answer answer = answer_with(cases[i].line, false);
		if (answer.retry_after_ms != cases[i].expected_ms)
			fail_msg("'%s' is %lld ms, not %lld", cases[i].line,
				(long long)answer.retry_after_ms, (long long)cases[i].expected_ms);
	}
}

static void a_length_is_known_when_it_is_told(void **state)
{
	(void)state;
	assert_int_equal(answer_with("Content-Length: 12", false).content_length, 12);
	assert_int_equal(answer_with("Content-Length: 12", true).content_length, 12);
	assert_int_equal(answer_with("Content-Length: -12", false).content_length, -1);
	assert_int_equal(
		answer_with("Content-Length: 9223372036854775808", false).content_length, -1);
	assert_int_equal(answer_with("Other: 12", false).content_length, -1);
}

static void the_length_of_a_body_that_is_undone_is_not_known(void **state)
{
	(void)state;
	add("HTTP/1.1 200 OK");
	add("Content-Encoding: gzip");
	add("Content-Length: 12");
	add("");
	assert_int_equal(http__head_answer(&head, now, true).content_length, -1);
	assert_int_equal(http__head_answer(&head, now, false).content_length, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(a_head_is_complete_with_its_empty_line, begin, end),
		cmocka_unit_test_setup_teardown(the_status_is_found_in_every_version, begin, end),
		cmocka_unit_test_setup_teardown(
			names_are_lower_case_and_values_are_trimmed, begin, end),
		cmocka_unit_test_setup_teardown(
			the_first_of_several_counts_and_all_are_kept, begin, end),
		cmocka_unit_test_setup_teardown(a_new_head_forgets_the_one_before, begin, end),
		cmocka_unit_test_setup_teardown(trailers_and_folded_lines_are_left_out, begin, end),
		cmocka_unit_test_setup_teardown(lines_before_a_status_are_left_out, begin, end),
		cmocka_unit_test_setup_teardown(a_nul_byte_is_corrupt, begin, end),
		cmocka_unit_test_setup_teardown(too_many_lines_are_too_big, begin, end),
		cmocka_unit_test_setup_teardown(a_retry_after_is_seconds_or_a_date, begin, end),
		cmocka_unit_test_setup_teardown(a_length_is_known_when_it_is_told, begin, end),
		cmocka_unit_test_setup_teardown(
			the_length_of_a_body_that_is_undone_is_not_known, begin, end),
	};

	return cmocka_run_group_tests_name("http head", tests, NULL, NULL);
}
