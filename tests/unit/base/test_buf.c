/* Buffers: always terminated, never beyond their maximum. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/buf.h"

static void an_empty_buffer_is_a_terminated_text(void **state)
{
	autobuf buf = BUF_INIT(8);

	(void)state;
	assert_string_equal(buf.data, "");
	assert_int_equal(buf.size, 0);
}

static void appending_beyond_the_maximum_is_told_at_the_end(void **state)
{
	autobuf buf = BUF_INIT(4);
	struct error err;

	(void)state;
	buf_add_text(&buf, "1234");
	assert_int_equal(buf_check(&buf, "text", &err), 0);
	buf_add_text(&buf, "5");
	buf_add_text(&buf, "");
	assert_int_equal(buf_check(&buf, "text", &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
	assert_string_equal(err.text, "text is larger than 4 bytes");
	assert_string_equal(buf.data, "1234");
}

static void taking_leaves_an_empty_buffer(void **state)
{
	autobuf buf = BUF_INIT(100);
	char *text;

	(void)state;
	buf_printf(&buf, "%d-%s", 7, "x");
	text = buf_take(&buf);
	assert_string_equal(text, "7-x");
	assert_string_equal(buf.data, "");
	free(text);
}

static void dropping_the_front_keeps_the_rest(void **state)
{
	autobuf buf = BUF_INIT(100);

	(void)state;
	buf_add_text(&buf, "abcdef");
	buf_drop_front(&buf, 2);
	assert_string_equal(buf.data, "cdef");
	buf_drop_front(&buf, 9);
	assert_string_equal(buf.data, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_empty_buffer_is_a_terminated_text),
		cmocka_unit_test(appending_beyond_the_maximum_is_told_at_the_end),
		cmocka_unit_test(taking_leaves_an_empty_buffer),
		cmocka_unit_test(dropping_the_front_keeps_the_rest),
	};

	return cmocka_run_group_tests_name("buf", tests, NULL, NULL);
}
