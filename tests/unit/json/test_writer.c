/* The writer: well-formed text whatever the values are. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/json.h"

static void assert_string_written(struct str value, const char *expected)
{
	autobuf out = BUF_INIT(1000);
	struct json_writer writer = json_writer(&out);

	json_add_str(&writer, value);
	assert_string_equal(out.data, expected);
}

/* Parses `text` and writes it again. */
static void assert_rewritten(const char *text, const char *expected, bool is_pretty)
{
	autobuf out = BUF_INIT(1000);
	struct json_writer writer = is_pretty ? json_writer_pretty(&out) : json_writer(&out);
	autojson *doc = NULL;
	struct error err;

	assert_int_equal(json_parse(str_of(text), &doc, &err), 0);
	json_add_value(&writer, json_doc_root(doc));
	assert_string_equal(out.data, expected);
}

static void an_object_is_written_member_by_member(void **state)
{
	autobuf out = BUF_INIT(1000);
	struct json_writer writer = json_writer(&out);

	(void)state;
	json_begin_object(&writer);
	json_set_str(&writer, "a", STR("x"));
	json_set_text(&writer, "b", "y");
	json_set_i64(&writer, "c", INT64_MIN);
	json_set_bool(&writer, "d", true);
	json_set_value(&writer, "e", NULL);
	json_set_object(&writer, "f");
	json_end_object(&writer);
	json_set_array(&writer, "g");
	json_add_bool(&writer, false);
	json_add_null(&writer);
	json_begin_array(&writer);
	json_end_array(&writer);
	json_end_array(&writer);
	json_end_object(&writer);
	assert_string_equal(out.data,
		"{\"a\":\"x\",\"b\":\"y\",\"c\":-9223372036854775808,\"d\":true,\"e\":null,"
		"\"f\":{},\"g\":[false,null,[]]}");
}

static void special_characters_are_escaped(void **state)
{
	(void)state;
	assert_string_written(STR(""), "\"\"");
	assert_string_written((struct str){0}, "\"\"");
	assert_string_written(STR("a\"b\\c/d"), "\"a\\\"b\\\\c/d\"");
	assert_string_written(STR("\b\f\n\r\t"), "\"\\b\\f\\n\\r\\t\"");
	assert_string_written(STR("\0\x01\x1f\x7f"), "\"\\u0000\\u0001\\u001f\\u007f\"");
}

static void what_yaml_would_not_take_is_escaped(void **state)
{
	(void)state;
	assert_string_written(
		STR("\xc2\x80\xc2\x85\xc2\x9f\xc2\xa0"), "\"\\u0080\\u0085\\u009f\xc2\xa0\"");
	assert_string_written(
		STR("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa"), "\"\\u2028\\u2029\xe2\x80\xaa\"");
	assert_string_written(STR("\xef\xbb\xbf\xef\xbf\xbd\xef\xbf\xbe\xef\xbf\xbf"),
		"\"\\ufeff\xef\xbf\xbd\\ufffe\\uffff\"");
}

static void utf8_stays_and_broken_bytes_are_replaced(void **state)
{
	const struct {
		struct str text;
		const char *expected;
	} cases[] = {
		{STR("\xc3\xa4"), "\"\xc3\xa4\""},
		{STR("\xe2\x82\xac"), "\"\xe2\x82\xac\""},
		{STR("\xf0\x9f\x98\x80"), "\"\xf0\x9f\x98\x80\""},
		{STR("\xf4\x8f\xbf\xbf"), "\"\xf4\x8f\xbf\xbf\""},
		{STR("a\xff"), "\"a\xef\xbf\xbd\""},
		{STR("\xc3"), "\"\xef\xbf\xbd\""},
		{STR("\xc3"
		     "b"),
			"\"\xef\xbf\xbd"
			"b\""},
		{STR("\xc0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\""},
		{STR("\xe0\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{STR("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{STR("\xf0\x80\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{STR("\xf4\x90\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
		{STR("\xf0\x9f\x98"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_string_written(cases[i].text, cases[i].expected);
}

static void a_parsed_value_is_written_as_it_was(void **state)
{
	static const char *const cases[] = {"null", "[true,false]", "18446744073709551615",
		"-9223372036854775808", "0.1", "-1.5e300", "5e-324",
		"{\"a\":{\"b\":[1,{\"c\":\"\\n\"}]},\"a\":2}"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_rewritten(cases[i], cases[i], false);
}

static void pretty_text_has_two_spaces_per_level(void **state)
{
	(void)state;
	assert_rewritten("{\"a\":[1,2],\"b\":{},\"c\":[],\"d\":{\"e\":null}}",
		"{\n"
		"  \"a\": [\n"
		"    1,\n"
		"    2\n"
		"  ],\n"
		"  \"b\": {},\n"
		"  \"c\": [],\n"
		"  \"d\": {\n"
		"    \"e\": null\n"
		"  }\n"
		"}",
		true);
}

static void a_value_of_full_depth_fits_into_our_own_nesting(void **state)
{
	autobuf text = BUF_INIT(1000);
	autobuf out = BUF_INIT(1000);
	struct json_writer writer = json_writer(&out);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
		buf_add_byte(&text, '[');
	for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
		buf_add_byte(&text, ']');
	assert_int_equal(json_parse(buf_str(&text), &doc, &err), 0);
	for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
		json_begin_array(&writer);
	json_add_value(&writer, json_doc_root(doc));
	for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
		json_end_array(&writer);
	assert_int_equal(out.size, 4 * LIMIT_JSON_DEPTH);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_object_is_written_member_by_member),
		cmocka_unit_test(special_characters_are_escaped),
		cmocka_unit_test(what_yaml_would_not_take_is_escaped),
		cmocka_unit_test(utf8_stays_and_broken_bytes_are_replaced),
		cmocka_unit_test(a_parsed_value_is_written_as_it_was),
		cmocka_unit_test(pretty_text_has_two_spaces_per_level),
		cmocka_unit_test(a_value_of_full_depth_fits_into_our_own_nesting),
	};

	return cmocka_run_group_tests_name("writer", tests, NULL, NULL);
}
