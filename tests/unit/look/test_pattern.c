/* What is found where, and what is no pattern. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "look/pattern.h"

static const char memory[] = "key\0KEY=secret\n\xff\x00\xfe key=other";

static struct look_pattern *pattern_of(const char *text, bool is_regex)
{
	struct look_pattern *pattern;
	struct error err;

	if (look_pattern_new(text, is_regex, &pattern, &err) < 0)
		fail_msg("%s", err.text);
	return pattern;
}

/* Where the first match behind `from` begins and ends; -1: nowhere. */
static void assert_found(const char *text, bool is_regex, size_t from, long start, long end)
{
	autopattern *pattern = pattern_of(text, is_regex);
	struct error err;
	size_t found_start = 0;
	size_t found_end = 0;
	int found = look_pattern_find(pattern, (struct str){memory, sizeof(memory) - 1}, from, true,
		&found_start, &found_end, &err);

	assert_int_equal(found, start < 0 ? 0 : 1);
	if (found > 0) {
		assert_int_equal(found_start, start);
		assert_int_equal(found_end, end);
	}
}

static void texts_and_bytes_are_found_as_they_stand(void **state)
{
	(void)state;
	assert_found("key", false, 0, 0, 3);
	assert_found("key", false, 1, 19, 22);
	assert_found("key=secret", false, 0, -1, -1);
	assert_found("0xff00fe", false, 0, 15, 18);
	assert_found("0x4B4559", false, 0, 4, 7);
	assert_found("0x.*", true, 0, -1, -1);
}

static void expressions_are_over_bytes(void **state)
{
	(void)state;
	assert_found("(?i)key=", true, 0, 4, 8);
	assert_found("\\xff.\\xfe", true, 0, 15, 18);
	assert_found("(?<=KEY=)\\w+", true, 8, 8, 14); /* looks back */
	assert_found("x*", true, 0, -1, -1); /* nothing is no match */
}

static void assert_no_pattern(const char *text, bool is_regex, enum error_kind kind)
{
	struct look_pattern *pattern = NULL;
	struct error err;

	assert_int_equal(look_pattern_new(text, is_regex, &pattern, &err), -1);
	assert_int_equal(err.kind, kind);
	assert_null(pattern);
}

static void what_is_no_pattern_is_refused(void **state)
{
	char long_text[LOOK_PATTERN_BYTES + 2];

	(void)state;
	memset(long_text, 'a', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	assert_no_pattern("", false, ERROR_INVALID);
	assert_no_pattern("0x", false, ERROR_INVALID);
	assert_no_pattern("0x123", false, ERROR_INVALID);
	assert_no_pattern("0x1g", false, ERROR_INVALID);
	assert_no_pattern("(", true, ERROR_INVALID);
	assert_no_pattern("(*UTF)a", true, ERROR_INVALID);
	assert_no_pattern(long_text, false, ERROR_TOO_BIG);
}

static void an_expression_has_a_budget(void **state)
{
	autopattern *pattern = pattern_of("(?:a+)+[bc]", true);
	char bytes[64 * 1024];
	size_t start;
	size_t end;
	struct error err;

	(void)state;
	memset(bytes, 'a', sizeof(bytes));
	assert_int_equal(look_pattern_find(pattern, (struct str){bytes, sizeof(bytes)}, 0, true,
				 &start, &end, &err),
		-1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts_and_bytes_are_found_as_they_stand),
		cmocka_unit_test(expressions_are_over_bytes),
		cmocka_unit_test(what_is_no_pattern_is_refused),
		cmocka_unit_test(an_expression_has_a_budget),
	};

	return cmocka_run_group_tests_name("look/pattern", tests, NULL, NULL);
}
