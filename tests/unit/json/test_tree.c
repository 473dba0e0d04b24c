/* JSON text to a tree: what is accepted, what is refused, and how the tree is read. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "json/json.h"

static struct json_doc *parsed(const char *text)
{
	struct json_doc *doc = NULL;
	struct error err;

	if (json_parse(str_of(text), &doc, &err) < 0)
		fail_msg("%s: %s", text, err.text);
	return doc;
}

static void assert_refused(struct str text, const char *expected)
{
	autojson *doc = NULL;
	struct error err;

	assert_int_equal(json_parse(text, &doc, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_string_equal(err.text, expected);
	assert_null(doc);
}

static void assert_str(struct str actual, const char *expected)
{
	autofree char *text = str_dup(actual);

	assert_string_equal(text, expected);
}

/* `depth` arrays in one another. */
static void add_nested(struct buf *text, size_t depth)
{
	for (size_t i = 0; i < depth; i++)
		buf_add_byte(text, '[');
	for (size_t i = 0; i < depth; i++)
		buf_add_byte(text, ']');
}

static void each_type_is_told(void **state)
{
	static const struct {
		const char *text;
		enum json_type type;
	} cases[] = {
		{"null", JSON_NULL},
		{"true", JSON_BOOL},
		{"false", JSON_BOOL},
		{"-1.5e3", JSON_NUMBER},
		{"18446744073709551615", JSON_NUMBER},
		{" \"x\" ", JSON_STRING},
		{"[]", JSON_ARRAY},
		{"{}", JSON_OBJECT},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autojson *doc = parsed(cases[i].text);
		assert_int_equal(json_type(json_doc_root(doc)), cases[i].type);
	}
	assert_int_equal(json_type(NULL), JSON_ABSENT);
}

static void integers_of_64_bits_are_exact(void **state)
{
	autojson *doc = parsed("[9223372036854775807, -9223372036854775808, "
			       "9223372036854775808, 1.0, \"1\", 0]");
	const int64_t expected[] = {INT64_MAX, INT64_MIN, -7, -7, -7, 0};
	size_t count = 0;

	(void)state;
	for (struct json_iter it = json_iter(json_doc_root(doc)); json_next(&it); count++)
		assert_true(json_i64(it.value, -7) == expected[count]);
	assert_int_equal(count, array_size(expected));
}

static void a_path_leads_to_a_value_or_to_nothing(void **state)
{
	autojson *doc = parsed("{\"metadata\":{\"name\":\"a\",\"labels\":null}}");
	const struct json *root = json_doc_root(doc);

	(void)state;
	assert_str(json_str(json_at(root, "metadata", "name", NULL)), "a");
	assert_null(json_at(root, "metadata", "labels", "app", NULL));
	assert_null(json_at(root, "spec", "name", NULL));
	assert_null(json_get(json_get(root, "metadata"), "nam"));
	assert_ptr_equal(json_at(root, NULL), root);
}

static void absent_and_other_types_give_the_fallback(void **state)
{
	autojson *doc = parsed("[true, false, \"x\"]");
	struct json_iter it = json_iter(json_doc_root(doc));

	(void)state;
	assert_true(json_next(&it) && json_bool(it.value, false));
	assert_true(json_next(&it) && !json_bool(it.value, true));
	assert_true(json_next(&it) && json_bool(it.value, true));
	assert_true(json_bool(NULL, true));
	assert_int_equal(json_i64(NULL, 5), 5);
	assert_int_equal(json_str(NULL).size, 0);
	assert_int_equal(json_str(json_doc_root(doc)).size, 0);
	assert_int_equal(json_count(NULL), 0);
	assert_int_equal(json_count(it.value), 0);
}

static void members_come_in_the_order_of_the_text(void **state)
{
	autojson *doc = parsed("{\"b\":[1,[2,3]],\"a\":{},\"c\":\"x\"}");
	struct json_iter it = json_iter(json_doc_root(doc));

	(void)state;
	assert_int_equal(json_count(json_doc_root(doc)), 3);
	assert_true(json_next(&it));
	assert_str(it.key, "b");
	assert_int_equal(json_count(it.value), 2);
	assert_true(json_next(&it));
	assert_str(it.key, "a");
	assert_true(json_next(&it));
	assert_str(it.key, "c");
	assert_str(json_str(it.value), "x");
	assert_false(json_next(&it));
	assert_false(json_next(&it));
}

static void what_is_no_container_has_no_items(void **state)
{
	autojson *doc = parsed("\"text\"");
	struct json_iter of_string = json_iter(json_doc_root(doc));
	struct json_iter of_nothing = json_iter(NULL);

	(void)state;
	assert_false(json_next(&of_string));
	assert_false(json_next(&of_nothing));
}

static void strings_may_hold_nul_and_any_character(void **state)
{
	autojson *doc = parsed("\"a\\u0000b\\ud83d\\ude00\"");

	(void)state;
	assert_true(str_equal(json_str(json_doc_root(doc)), STR("a\0b\xf0\x9f\x98\x80")));
}

static void errors_name_line_and_column(void **state)
{
	(void)state;
	assert_refused(STR(""), "invalid JSON: the text is empty");
	assert_refused((struct str){0}, "invalid JSON: the text is empty");
	assert_refused(STR("{\"a\": 1,\n \"b\": x}"),
		"invalid JSON in line 2, column 7: unexpected character, expected a valid JSON "
		"value");
}

static void what_rfc_8259_does_not_know_is_refused(void **state)
{
	const struct str cases[] = {STR("{a:1}"), STR("[1,]"), STR("{\"a\":1,}"), STR("01"),
		STR("+1"), STR("1."), STR(".5"), STR("NaN"), STR("Infinity"), STR("1e999"),
		STR("'a'"), STR("\"a\nb\""), STR("\"\\x41\""), STR("\"\\ud800\""), STR("\"\xff\""),
		STR("\"\xc0\x80\""), STR("\"\xed\xa0\x80\""), STR("// x\n1"), STR("1 2"), STR("[1"),
		STR("\xef\xbb\xbf"
		    "1"),
		STR("true\0"), STR("\"a"), STR("tru"), STR(" ")};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autojson *doc = NULL;
		struct error err;
		if (json_parse(cases[i], &doc, &err) == 0)
			fail_msg("accepted: %.*s", STR_ARG(cases[i]));
		assert_int_equal(err.kind, ERROR_CORRUPT);
	}
}

static void nesting_ends_at_the_limit(void **state)
{
	autobuf fine = BUF_INIT(1000);
	autobuf deep = BUF_INIT(1000);
	autojson *doc = NULL;

	(void)state;
	add_nested(&fine, LIMIT_JSON_DEPTH);
	doc = parsed(fine.data);
	assert_int_equal(json_count(json_doc_root(doc)), 1);
	add_nested(&deep, LIMIT_JSON_DEPTH + 1);
	assert_refused(buf_str(&deep), "invalid JSON: nested more than 64 levels deep");
}

static void siblings_do_not_count_as_nesting(void **state)
{
	autobuf text = BUF_INIT(100000);
	autojson *doc = NULL;

	(void)state;
	buf_add_byte(&text, '[');
	for (int i = 0; i < 1000; i++)
		buf_add_text(&text, "{\"a\":[[]]},");
	buf_add_text(&text, "0]");
	doc = parsed(text.data);
	assert_int_equal(json_count(json_doc_root(doc)), 1001);
}

static void a_million_brackets_are_refused_without_recursion(void **state)
{
	autobuf text = BUF_INIT(4 * 1024 * 1024);

	(void)state;
	add_nested(&text, 1024 * 1024);
	assert_refused(buf_str(&text), "invalid JSON: nested more than 64 levels deep");
}

static void parsing_in_place_takes_the_buffer(void **state)
{
	autobuf text = BUF_INIT(100);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	buf_add_text(&text, "{\"a\":\"x\\ny\"}");
	assert_int_equal(json_parse_buf(&text, &doc, &err), 0);
	assert_int_equal(text.size, 0);
	assert_str(json_str(json_get(json_doc_root(doc), "a")), "x\ny");
}

static void parsing_in_place_takes_the_buffer_when_it_fails(void **state)
{
	autobuf text = BUF_INIT(100);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	buf_add_text(&text, "[\"\\n\",x]");
	assert_int_equal(json_parse_buf(&text, &doc, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
	assert_string_equal(err.text,
		"invalid JSON at byte 7: unexpected character, expected a valid JSON value");
	assert_int_equal(text.size, 0);
	assert_int_equal(json_parse_buf(&text, &doc, &err), -1);
	assert_string_equal(err.text, "invalid JSON: the text is empty");
}

static void a_document_lives_as_long_as_its_last_reference(void **state)
{
	struct json_doc *doc = parsed("[\"x\"]");
	struct json_doc *other = json_doc_ref(doc);

	(void)state;
	json_doc_unref(doc);
	assert_int_equal(json_count(json_doc_root(other)), 1);
	json_doc_unref(other);
	json_doc_unref(NULL);
}

static void equality_ignores_the_order_of_members(void **state)
{
	autojson *a = parsed("{\"x\":[1,{\"y\":null}],\"z\":\"s\"}");
	autojson *b = parsed("{\"z\":\"s\",\"x\":[1,{\"y\":null}]}");
	autojson *c = parsed("{\"z\":\"s\",\"x\":[{\"y\":null},1]}");

	(void)state;
	assert_true(json_equal(json_doc_root(a), json_doc_root(b)));
	assert_false(json_equal(json_doc_root(a), json_doc_root(c)));
	assert_false(json_equal(json_doc_root(a), NULL));
	assert_true(json_equal(NULL, NULL));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_type_is_told),
		cmocka_unit_test(integers_of_64_bits_are_exact),
		cmocka_unit_test(a_path_leads_to_a_value_or_to_nothing),
		cmocka_unit_test(absent_and_other_types_give_the_fallback),
		cmocka_unit_test(members_come_in_the_order_of_the_text),
		cmocka_unit_test(what_is_no_container_has_no_items),
		cmocka_unit_test(strings_may_hold_nul_and_any_character),
		cmocka_unit_test(errors_name_line_and_column),
		cmocka_unit_test(what_rfc_8259_does_not_know_is_refused),
		cmocka_unit_test(nesting_ends_at_the_limit),
		cmocka_unit_test(siblings_do_not_count_as_nesting),
		cmocka_unit_test(a_million_brackets_are_refused_without_recursion),
		cmocka_unit_test(parsing_in_place_takes_the_buffer),
		cmocka_unit_test(parsing_in_place_takes_the_buffer_when_it_fails),
		cmocka_unit_test(a_document_lives_as_long_as_its_last_reference),
		cmocka_unit_test(equality_ignores_the_order_of_members),
	};

	return cmocka_run_group_tests_name("tree", tests, NULL, NULL);
}
