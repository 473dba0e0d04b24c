/* Slices: compared, cut and trimmed, with empty and absent data everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/str.h"

static const struct str absent;
static const struct str first = STR_INIT("static data"); /* compiles: that is the test */

static void literals_are_slices_without_their_terminator(void **state)
{
	(void)state;
	assert_int_equal(STR("").size, 0);
	assert_int_equal(STR("a\0b").size, 3);
	assert_int_equal(first.size, 11);
}

static void an_absent_text_is_the_empty_slice(void **state)
{
	(void)state;
	assert_int_equal(str_of(NULL).size, 0);
	assert_true(str_equal(str_of(NULL), STR("")));
	assert_true(str_is(absent, ""));
	assert_true(str_is(absent, NULL));
}

static void slices_are_ordered_by_bytes_and_then_by_length(void **state)
{
	static const struct {
		struct str a, b;
		int order;
	} cases[] = {
		{STR_INIT(""), STR_INIT(""), 0}, {STR_INIT(""), STR_INIT("a"), -1},
		{STR_INIT("a"), STR_INIT("a"), 0}, {STR_INIT("a"), STR_INIT("ab"), -1},
		{STR_INIT("b"), STR_INIT("ab"), 1}, {STR_INIT("a\0a"), STR_INIT("a\0b"), -1},
		{STR_INIT("\x7f"), STR_INIT("\x80"), -1}, /* bytes are unsigned */
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		int there = str_compare(cases[i].a, cases[i].b);
		int back = str_compare(cases[i].b, cases[i].a);
		assert_int_equal((there > 0) - (there < 0), cases[i].order);
		assert_int_equal((back > 0) - (back < 0), -cases[i].order);
		assert_int_equal(str_equal(cases[i].a, cases[i].b), cases[i].order == 0);
	}
	assert_int_equal(str_compare(absent, STR("")), 0);
}

static void parts_are_found_where_they_are(void **state)
{
	static const struct {
		const char *text, *part;
		bool starts, ends, contains;
	} cases[] = {
		{"", "", true, true, true},
		{"", "a", false, false, false},
		{"abc", "", true, true, true},
		{"abc", "abc", true, true, true},
		{"abc", "abcd", false, false, false},
		{"abc", "a", true, false, true},
		{"abc", "b", false, false, true},
		{"abc", "c", false, true, true},
		{"abab", "ab", true, true, true},
		{NULL, "a", false, false, false},
		{NULL, NULL, true, true, true},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str text = str_of(cases[i].text);
		struct str part = str_of(cases[i].part);
		if (str_starts_with(text, part) != cases[i].starts ||
			str_ends_with(text, part) != cases[i].ends ||
			str_contains(text, part) != cases[i].contains)
			fail_msg("'%.*s' in '%.*s'", STR_ARG(part), STR_ARG(text));
	}
}

static void white_space_is_trimmed_at_both_ends_only(void **state)
{
	static const struct {
		const char *text, *trimmed;
	} cases[] = {
		{"", ""},
		{" \t\r\n", ""},
		{"a", "a"},
		{"\n a b\t", "a b"},
		{"\va\v", "\va\v"},
		{NULL, ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_true(str_is(str_trim(str_of(cases[i].text)), cases[i].trimmed));
}

static void a_cut_gives_what_stands_before_and_after(void **state)
{
	static const struct {
		const char *text;
		bool is_found;
		const char *head, *rest; /* at the first separator */
		const char *last_head, *last_rest;
	} cases[] = {
		{"a/b/c", true, "a", "b/c", "a/b", "c"},
		{"a", false, "a", "", "", "a"},
		{"/", true, "", "", "", ""},
		{"a/", true, "a", "", "a", ""},
		{"/a", true, "", "a", "", "a"},
		{"", false, "", "", "", ""},
		{NULL, false, "", "", "", ""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str head;
		struct str rest = str_of(cases[i].text);
		assert_int_equal(str_cut(rest, '/', &head, &rest), cases[i].is_found);
		assert_true(str_is(head, cases[i].head) && str_is(rest, cases[i].rest));
		rest = str_of(cases[i].text);
		assert_int_equal(str_cut_last(rest, '/', &head, &rest), cases[i].is_found);
		assert_true(str_is(head, cases[i].last_head) && str_is(rest, cases[i].last_rest));
	}
}

static void a_nul_is_a_separator_like_any_other(void **state)
{
	struct str head;
	struct str rest;

	(void)state;
	assert_true(str_cut(STR("a\0b"), '\0', &head, &rest));
	assert_true(str_is(head, "a") && str_is(rest, "b"));
}

static void control_characters_are_known_in_all_their_forms(void **state)
{
	static const struct {
		struct str text;
		size_t size;
	} cases[] = {
		{STR_INIT(""), 0},
		{STR_INIT("\0a"), 1},
		{STR_INIT("\n"), 1},
		{STR_INIT("\033[31m"), 1},
		{STR_INIT("\x1f"), 1},
		{STR_INIT(" "), 0},
		{STR_INIT("a\033"), 0},
		{STR_INIT("~"), 0},
		{STR_INIT("\x7f"), 1},
		{STR_INIT("\xc2\x80"), 2},
		{STR_INIT("\xc2\x9b"
			  "31m"),
			2},
		{STR_INIT("\xc2\xa0"), 0}, /* a space that does not break */
		{STR_INIT("\xc2"), 0},
		{STR_INIT("\xc2\x1b"), 0}, /* no character; what follows is one */
		{STR_INIT("\xc3\x9b"), 0},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(str_control(cases[i].text), cases[i].size);
}

static void a_copy_is_terminated(void **state)
{
	autofree char *copy = str_dup((struct str){"abcdef", 3});
	autofree char *empty = str_dup(absent);

	(void)state;
	assert_string_equal(copy, "abc");
	assert_string_equal(empty, "");
}

/* The vectors of the FNV reference (draft-eastlake-fnv, appendix C). */
static void the_hash_is_fnv_1a(void **state)
{
	(void)state;
	assert_true(str_hash(STR("")) == UINT64_C(0xcbf29ce484222325));
	assert_true(str_hash(STR("a")) == UINT64_C(0xaf63dc4c8601ec8c));
	assert_true(str_hash(STR("foobar")) == UINT64_C(0x85944171f73967e8));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(literals_are_slices_without_their_terminator),
		cmocka_unit_test(an_absent_text_is_the_empty_slice),
		cmocka_unit_test(slices_are_ordered_by_bytes_and_then_by_length),
		cmocka_unit_test(parts_are_found_where_they_are),
		cmocka_unit_test(white_space_is_trimmed_at_both_ends_only),
		cmocka_unit_test(a_cut_gives_what_stands_before_and_after),
		cmocka_unit_test(a_nul_is_a_separator_like_any_other),
		cmocka_unit_test(control_characters_are_known_in_all_their_forms),
		cmocka_unit_test(a_copy_is_terminated),
		cmocka_unit_test(the_hash_is_fnv_1a),
	};

	return cmocka_run_group_tests_name("str", tests, NULL, NULL);
}
