/* What people read: harmless, aligned, in units that they know. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "inspect/text.h"

static void what_a_terminal_would_obey_is_shown(void **state)
{
	static const struct {
		struct str text;
		const char *shown;
	} cases[] = {
		{STR_INIT("plain"), "plain"},
		{STR_INIT("\x1b[2J"), "\\x1b[2J"},
		{STR_INIT("a\nb\tc"), "a\\nb\\tc"},
		{STR_INIT("a\0b"), "a\\x00b"},
		{STR_INIT("back\\slash"), "back\\\\slash"},
		{STR_INIT("\xc2\x9b"
			  "31m"),
			"\\xc2\\x9b31m"},
		{STR_INIT("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f"},
		{STR_INIT("\x7f\xc2"), "\\x7f\xc2"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf out = BUF_INIT(100);
		inspect_add_escaped(&out, cases[i].text);
		assert_string_equal(out.data, cases[i].shown);
	}
}

static void words_with_spaces_are_quoted(void **state)
{
	struct str items[] = {STR("sh"), STR("-c"), STR("a b"), STR("")};
	const struct json_strings words = {items, array_size(items)};
	autobuf out = BUF_INIT(100);

	(void)state;
	inspect__add_words(&out, &words);
	assert_string_equal(out.data, "sh -c 'a b' ''");
}

static void sizes_and_durations_have_units(void **state)
{
	char text[INSPECT_SIZE_TEXT];

	(void)state;
	inspect__format_size(1023, text);
	assert_string_equal(text, "1023 B");
	inspect__format_size(1536, text);
	assert_string_equal(text, "1.5 KiB");
	inspect__format_size(1024 * 1024 - 1, text);
	assert_string_equal(text, "1.0 MiB");
	inspect__format_size(INT64_MAX, text);
	assert_string_equal(text, "8.0 EiB");
	inspect__format_duration(999, text);
	assert_string_equal(text, "999 us");
	inspect__format_duration(74565, text);
	assert_string_equal(text, "74.6 ms");
	inspect__format_duration(1500000, text);
	assert_string_equal(text, "1.50 s");
}

static void columns_are_as_wide_as_their_widest_cell(void **state)
{
	autocolumns columns = INSPECT_COLUMNS_INIT;
	autobuf out = BUF_INIT(1000);

	(void)state;
	inspect__cell_text(&columns, "PID");
	inspect__cell_text(&columns, "NAME");
	inspect__cell_text(&columns, "SIZE");
	inspect__row(&columns);
	inspect__cell_number(&columns, 12345);
	inspect__cell(&columns, STR("gr\xc3\xbcn"));
	inspect__cell_size(&columns, 2048);
	inspect__row(&columns);
	inspect__cell_number(&columns, 1);
	inspect__cell(&columns, (struct str){0});
	inspect__cell_size(&columns, 0);
	inspect__row(&columns);
	inspect__columns_write(&columns, "  ", &out);
	assert_string_equal(out.data,
		"  PID    NAME  SIZE\n"
		"  12345  gr\xc3\xbcn  2.0 KiB\n"
		"  1      -     0 B\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_a_terminal_would_obey_is_shown),
		cmocka_unit_test(words_with_spaces_are_quoted),
		cmocka_unit_test(sizes_and_durations_have_units),
		cmocka_unit_test(columns_are_as_wide_as_their_widest_cell),
	};

	return cmocka_run_group_tests_name("text", tests, NULL, NULL);
}
