/* Errors: what they say, what is retried, and that nothing is too long for them. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/error.h"
#include "base/str.h"

static void a_failure_is_one_statement(void **state)
{
	struct error err = {.system_errno = 5, .status = 404};

	(void)state;
	assert_int_equal(error_set(&err, ERROR_GONE, "cannot find '%s'", "x"), -1);
	assert_int_equal(err.kind, ERROR_GONE);
	assert_int_equal(err.system_errno, 0);
	assert_int_equal(err.status, 0);
	assert_string_equal(err.text, "cannot find 'x'");
}

static void a_system_call_tells_its_number(void **state)
{
	struct error err;

	(void)state;
	errno = EACCES;
	assert_int_equal(error_set_errno(&err, "cannot open '%s'", "x"), -1);
	assert_int_equal(err.kind, ERROR_SYSTEM);
	assert_int_equal(err.system_errno, EACCES);
	assert_string_equal(err.text, "cannot open 'x': Permission denied");
	errno = ENOENT;
	assert_int_equal(error_set_errno(&err, "cannot open '%s'", "x"), -1);
	assert_int_equal(err.kind, ERROR_ABSENT);
}

static void context_stands_in_front(void **state)
{
	struct error err;

	(void)state;
	(void)error_set(&err, ERROR_DENIED, "registry answered 403");
	assert_int_equal(error_wrap(&err, "cannot push '%s'", "a/b"), -1);
	assert_int_equal(err.kind, ERROR_DENIED);
	assert_string_equal(err.text, "cannot push 'a/b': registry answered 403");
}

static void what_is_too_long_is_cut(void **state)
{
	struct error err;

	(void)state;
	errno = ENOENT;
	(void)error_set_errno(&err, "%0*d", LIMIT_ERROR_TEXT + 10, 1);
	assert_int_equal(strlen(err.text), LIMIT_ERROR_TEXT - 1);
	for (int i = 0; i < 3; i++)
		(void)error_wrap(&err, "context %d", i);
	assert_int_equal(strlen(err.text), LIMIT_ERROR_TEXT - 1);
	assert_true(str_starts_with(str_of(err.text), STR("context 2: context 1: context 0: 0")));
	(void)error_wrap(&err, "%0*d", 2 * LIMIT_ERROR_TEXT, 1);
	assert_int_equal(strlen(err.text), LIMIT_ERROR_TEXT - 1);
}

static void every_kind_has_a_reason_and_an_opinion_on_trying_again(void **state)
{
	static const bool is_retriable[ERROR_KIND_COUNT] = {[ERROR_CONFLICT] = true,
		[ERROR_GONE] = true,
		[ERROR_BUSY] = true,
		[ERROR_TIMEOUT] = true,
		[ERROR_SYSTEM] = true};

	(void)state;
	for (enum error_kind kind = ERROR_NONE; kind < ERROR_KIND_COUNT; kind++) {
		struct error err = {.kind = kind};
		const char *reason = error_reason(kind);
		assert_true(reason[0] >= 'A' && reason[0] <= 'Z');
		for (const char *c = reason; *c != '\0'; c++) /* as conditions want it */
			assert_true((*c >= 'a' && *c <= 'z') || (*c >= 'A' && *c <= 'Z'));
		assert_int_equal(error_is_retriable(&err), is_retriable[kind]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_failure_is_one_statement),
		cmocka_unit_test(a_system_call_tells_its_number),
		cmocka_unit_test(context_stands_in_front),
		cmocka_unit_test(what_is_too_long_is_cut),
		cmocka_unit_test(every_kind_has_a_reason_and_an_opinion_on_trying_again),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
