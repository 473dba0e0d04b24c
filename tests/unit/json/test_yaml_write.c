/* YAML for people: the layout of kubectl, quotes where they are needed, the same value back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/yaml.h"

/* Writes `json` as YAML, compares, and reads the YAML again. */
static void assert_written(const char *json, const char *expected)
{
	autobuf out = BUF_INIT(100000);
	autojson *doc = NULL;
	autojson *again = NULL;
	struct error err;

	assert_int_equal(json_parse(str_of(json), &doc, &err), 0);
	yaml_write(&out, json_doc_root(doc));
	assert_string_equal(out.data, expected);
	if (yaml_parse(buf_str(&out), &again, &err) < 0)
		fail_msg("%s: %s", out.data, err.text);
	assert_true(json_equal(json_doc_root(doc), json_doc_root(again)));
}

static void objects_and_lists_are_laid_out_as_kubectl_does(void **state)
{
	(void)state;
	assert_written("{\"kind\":\"Pod\",\"spec\":{\"count\":1,\"l\":[{\"a\":1,\"b\":[true,null]},"
		       "\"-v\",[1,[2,{}],{\"c\":{\"d\":[]}}]],\"e\":{}}}",
		"kind: Pod\n"
		"spec:\n"
		"  count: 1\n"
		"  l:\n"
		"  - a: 1\n"
		"    b:\n"
		"    - true\n"
		"    - null\n"
		"  - -v\n"
		"  - - 1\n"
		"    - - 2\n"
		"      - {}\n"
		"    - c:\n"
		"        d: []\n"
		"  e: {}\n");
}

static void a_lone_value_is_a_document(void **state)
{
	(void)state;
	assert_written("5", "5\n");
	assert_written("null", "null\n");
	assert_written("\"x\"", "x\n");
	assert_written("[]", "[]\n");
	assert_written("[1]", "- 1\n");
	assert_written("\"a\\nb\"", "|-\n  a\n  b\n");
}

static void plain_text_needs_no_quotes(void **state)
{
	static const char *const cases[] = {"a", "a b", "docker.io/x:1@sha256:0", "10.0.0.1", "a#b",
		"a,b", "a[0]", "it's", "say \"x\"", "1.2.3-4x", "-v", "x-", "\xc3\xa4",
		"kcr.io/name", "$(X)", "/a", "(x)", "_", "http://[::1]:1/", "a\\\\b"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf json = BUF_INIT(100);
		autobuf expected = BUF_INIT(100);
		autojson *doc = NULL;
		struct error err;
		struct json_writer writer = json_writer(&json);
		json_add_str(&writer, str_of(cases[i]));
		assert_int_equal(json_parse(buf_str(&json), &doc, &err), 0);
		buf_printf(&expected, "%s\n", cases[i]);
		assert_written(json.data, expected.data);
	}
}

static void ambiguous_text_is_quoted(void **state)
{
	static const char *const cases[] = {"", " ", " a", "a ", "yes", "Off", "null", "~", "5",
		"-5", "0x1", "1e3", ".inf", ".5", "010", "1_0", "- a", "-", "--- a", "---", "...",
		"? a", "?a", "a: b", "a:", ":a", "a #b", "#a", "&a", "*a", "!a", "|", ">", "'a",
		"%a", "@a", "`a", "[a", "]a", "{a", "}a", ",a", "=", "<<", "2001-12-14",
		"2026-11-21T22:00:00Z", "12:30:45", "1-2"};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autobuf json = BUF_INIT(100);
		autobuf expected = BUF_INIT(100);
		buf_printf(&json, "[\"%s\"]", cases[i]);
		buf_printf(&expected, "- \"%s\"\n", cases[i]);
		assert_written(json.data, expected.data);
	}
}

static void special_characters_are_escaped(void **state)
{
	(void)state;
	assert_written("\"\\u0000\\t\\u007f\\u0085\\u2028\\ufeff\"",
		"\"\\u0000\\t\\u007f\\u0085\\u2028\\ufeff\"\n");
	assert_written("\"a\\r\\nb\"", "\"a\\r\\nb\"\n");
	assert_written("\"\\\"\"", "\"\\\"\"\n");
}

static void keys_are_quoted_like_values(void **state)
{
	(void)state;
	assert_written("{\"\":1,\"yes\":2,\"a: b\":3,\"a\\nb\":4,\"<<\":5,\"-x\":6,\"5\":7}",
		"\"\": 1\n\"yes\": 2\n\"a: b\": 3\n\"a\\nb\": 4\n\"<<\": 5\n-x: 6\n\"5\": 7\n");
}

static void lines_become_a_literal_block(void **state)
{
	(void)state;
	assert_written(
		"{\"a\":\"x\\n  y\\n\",\"b\":[\"x\\n\\ny\",\"x\\n\\n\"],\"c\":{\"d\":\"- x\\n"
		"\\t# y: \\n \\nz\"}}",
		"a: |\n"
		"  x\n"
		"    y\n"
		"b:\n"
		"- |-\n"
		"  x\n"
		"\n"
		"  y\n"
		"- |+\n"
		"  x\n"
		"\n"
		"c:\n"
		"  d: |-\n"
		"    - x\n"
		"    \t# y: \n"
		"     \n"
		"    z\n");
	assert_written("[\"\\nx\",\" x\\ny\",\"\\tx\\ny\",\"\\n\"]",
		"- \"\\nx\"\n- \" x\\ny\"\n- \"\\tx\\ny\"\n- \"\\n\"\n");
}

static void long_keys_are_marked(void **state)
{
	autobuf key = BUF_INIT(3000);
	autobuf json = BUF_INIT(10000);
	autobuf expected = BUF_INIT(10000);

	(void)state;
	for (int i = 0; i < 2000; i++)
		buf_add_byte(&key, 'k');
	buf_printf(&json, "{\"a\":{\"%s\":[1],\"%sx\":{\"b\":2},\"%sy\":3}}", key.data, key.data,
		key.data);
	buf_printf(&expected,
		"a:\n  ? \"%s\"\n  :\n  - 1\n  ? \"%sx\"\n  :\n    b: 2\n  ? \"%sy\"\n  : 3\n",
		key.data, key.data, key.data);
	assert_written(json.data, expected.data);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(objects_and_lists_are_laid_out_as_kubectl_does),
		cmocka_unit_test(a_lone_value_is_a_document),
		cmocka_unit_test(plain_text_needs_no_quotes),
		cmocka_unit_test(ambiguous_text_is_quoted),
		cmocka_unit_test(special_characters_are_escaped),
		cmocka_unit_test(keys_are_quoted_like_values),
		cmocka_unit_test(lines_become_a_literal_block),
		cmocka_unit_test(long_keys_are_marked),
	};

	return cmocka_run_group_tests_name("yaml_write", tests, NULL, NULL);
}
