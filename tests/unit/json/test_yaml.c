/* YAML documents to JSON: structure, aliases, merges, limits and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "json/yaml.h"

static void assert_means(struct str text, const char *expected)
{
	autobuf out = BUF_INIT(100000);
	struct json_writer writer = json_writer(&out);
	autojson *doc = NULL;
	struct error err;

	if (yaml_parse(text, &doc, &err) < 0)
		fail_msg("%.*s: %s", STR_ARG(text), err.text);
	json_add_value(&writer, json_doc_root(doc));
	assert_string_equal(out.data, expected);
}

static void assert_refused(struct str text, enum error_kind kind, const char *expected)
{
	autojson *doc = NULL;
	struct error err;

	assert_int_equal(yaml_parse(text, &doc, &err), -1);
	assert_string_equal(err.text, expected);
	assert_int_equal(err.kind, kind);
	assert_null(doc);
}

static void a_kubeconfig_becomes_a_tree(void **state)
{
	(void)state;
	assert_means(
		STR("# made by hand\n"
		    "apiVersion: v1\n"
		    "clusters:\n"
		    "- name: here\n"
		    "  cluster: {server: 'https://[::1]:6443', insecure-skip-tls-verify: yes}\n"
		    "users: []\n"
		    "current-context: \"5\"\n"
		    "script: |\n"
		    "  one\n"
		    "  two\n"),
		"{\"apiVersion\":\"v1\",\"clusters\":[{\"name\":\"here\",\"cluster\":"
		"{\"server\":\"https://[::1]:6443\",\"insecure-skip-tls-verify\":true}}],"
		"\"users\":[],\"current-context\":\"5\",\"script\":\"one\\ntwo\\n\"}");
}

static void json_is_yaml(void **state)
{
	const char *text = "{\"a\":[1,-2.5,null,true,\"x\\n\\u0001\"],\"b\":{}}";

	(void)state;
	assert_means(str_of(text), text);
}

static void nothing_is_null(void **state)
{
	(void)state;
	assert_means(STR(""), "null");
	assert_means((struct str){0}, "null");
	assert_means(STR("# a comment\n"), "null");
	assert_means(STR("---\n...\n"), "null");
}

static void quoted_scalars_are_strings(void **state)
{
	(void)state;
	assert_means(STR("['yes', \"5\", '', !!str 5, !foo 5, !!timestamp 2001-12-14, '~']"),
		"[\"yes\",\"5\",\"\",\"5\",\"5\",\"2001-12-14\",\"~\"]");
	assert_means(STR("- |-\n  5\n- >-\n  yes\n"), "[\"5\",\"yes\"]");
}

static void tags_are_obeyed(void **state)
{
	(void)state;
	assert_means(STR("[!!int \"5\", !!float 5, !!bool 'yes', !!null '', !!map {}, !!seq []]"),
		"[5,5,true,null,{},[]]");
	assert_refused(STR("a: !!int x"), ERROR_INVALID,
		"line 1: the value is no 'tag:yaml.org,2002:int'");
	assert_refused(STR("a: !!binary aGVsbG8="), ERROR_INVALID,
		"line 1: the value is no 'tag:yaml.org,2002:binary'");
}

static void keys_become_strings(void **state)
{
	(void)state;
	assert_means(STR("{yes: 1, 010: 2, 1.50: 3, '010': 4, 1e3: 5}"),
		"{\"true\":1,\"8\":2,\"1.5\":3,\"010\":4,\"1000\":5}");
	assert_means(STR("a: &x 5\n*x : 6"), "{\"a\":5,\"5\":6}");
	assert_refused(STR("~: 1"), ERROR_INVALID, "line 1: a key must not be null");
	assert_refused(STR("a: 1\n[b]: 1"), ERROR_INVALID,
		"line 2: a key must be a scalar, not a list or mapping");
}

static void a_key_that_stands_twice_is_refused(void **state)
{
	(void)state;
	assert_refused(STR("a: 1\nb: 2\na: 3"), ERROR_INVALID, "line 3: key 'a' stands twice");
	assert_refused(STR("1: 1\n'1': 2"), ERROR_INVALID, "line 2: key '1' stands twice");
	assert_means(STR("a: {b: 1}\nb: {b: 2}"), "{\"a\":{\"b\":1},\"b\":{\"b\":2}}");
}

static void aliases_are_followed(void **state)
{
	(void)state;
	assert_means(STR("a: &x [1, &y {b: 2}]\nc: *x\nd: *y"),
		"{\"a\":[1,{\"b\":2}],\"c\":[1,{\"b\":2}],\"d\":{\"b\":2}}");
	assert_means(STR("[&x 1, *x, &x 2, *x]"), "[1,1,2,2]");
	assert_refused(STR("a: 1\nb: *x"), ERROR_CORRUPT,
		"invalid YAML in line 2: no anchor 'x' before its alias");
	assert_refused(STR("&x [1, *x]"), ERROR_CORRUPT,
		"invalid YAML in line 1: anchor 'x' contains itself");
}

static void merge_keys_fill_in_what_is_missing(void **state)
{
	(void)state;
	assert_means(STR("a: &x {p: 1, q: 1}\nb: {<<: *x, q: 2}"),
		"{\"a\":{\"p\":1,\"q\":1},\"b\":{\"q\":2,\"p\":1}}");
	assert_means(STR("a: &x {p: 1}\nb: &y {p: 2, r: 2}\nc: {<<: [*x, *y]}"),
		"{\"a\":{\"p\":1},\"b\":{\"p\":2,\"r\":2},\"c\":{\"p\":1,\"r\":2}}");
	assert_means(STR("a: &x {p: 1}\nb: &y {<<: *x}\nc: {<<: *y}"),
		"{\"a\":{\"p\":1},\"b\":{\"p\":1},\"c\":{\"p\":1}}");
	assert_means(STR("{'<<': {a: 1}, b: <<}"), "{\"<<\":{\"a\":1},\"b\":\"<<\"}");
	assert_refused(STR("<<: 5"), ERROR_INVALID, "line 1: only mappings can be merged");
	assert_refused(STR("<<: [{}, 5]"), ERROR_INVALID, "line 1: only mappings can be merged");
}

static void what_json_lacks_is_refused(void **state)
{
	(void)state;
	assert_refused(STR("a: .inf"), ERROR_INVALID,
		"line 1: JSON has no number '.inf'; quote it if it is a text");
	assert_means(STR("a: '.inf'"), "{\"a\":\".inf\"}");
}

static void a_keys_line_is_found(void **state)
{
	static const struct {
		const char *text, *key;
		size_t line;
	} cases[] = {
		{"a: 1\n\n# b: 2\nb: {c: 3}\n", "b", 4},
		{"a: &x [1, 2]\nb: *x\nc: d\n", "c", 3},
		{"{\n\"a\": 1,\n\"b\": 2}", "b", 3},
		{"a: {b: 2}\n", "b", 0},
		{"a: b\n", "c", 0},
		{"a: [\n", "a", 0},
		{"- a\n", "a", 0},
		{"", "a", 0},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(
			yaml_find_line(str_of(cases[i].text), str_of(cases[i].key)), cases[i].line);
}

static void a_second_document_is_refused(void **state)
{
	(void)state;
	assert_means(STR("---\na: 1\n...\n"), "{\"a\":1}");
	assert_refused(STR("a: 1\n---\nb: 2\n"), ERROR_INVALID,
		"one YAML document is expected, a second one begins in line 2");
}

static void broken_yaml_is_named_with_its_place(void **state)
{
	(void)state;
	assert_refused(STR("a: 1\nb: c: d\n"), ERROR_CORRUPT,
		"invalid YAML in line 2, column 5: mapping values are not allowed in this context");
	assert_refused(STR("a: \"\xff\""), ERROR_CORRUPT,
		"invalid YAML at byte 4: invalid leading UTF-8 octet");
}

static void hostile_bytes_are_refused(void **state)
{
	const struct str cases[] = {STR("\ta: 1"), STR("{a: 1, b: [1, 2}"), STR("a: \"\\uD800\""),
		STR("a: \0"), STR("\xff\xfe"), STR("a: 'x"), STR("- a\nb"), STR("&a"), STR("*"),
		STR("%YAML 9.9\n--- a"), STR("\xc3"), STR("!<tag"), STR("? [")};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		autojson *doc = NULL;
		struct error err;
		if (yaml_parse(cases[i], &doc, &err) < 0)
			assert_int_equal(err.kind, ERROR_CORRUPT);
		else
			assert_string_equal(cases[i].data, "&a"); /* an anchor on null */
	}
}

/* Nine levels of nine aliases each: 200 bytes that mean half a billion nodes. */
static void a_billion_laughs_are_too_big(void **state)
{
	autobuf text = BUF_INIT(10000);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	buf_add_text(&text, "a0: &a0 lol\n");
	for (int level = 1; level <= 9; level++) {
		buf_printf(&text, "a%d: &a%d [", level, level);
		for (int i = 0; i < 9; i++)
			buf_printf(&text, "*a%d,", level - 1);
		buf_add_text(&text, "]\n");
	}
	assert_int_equal(yaml_parse(buf_str(&text), &doc, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

/* The same by merges, which add nothing to the result. */
static void a_billion_merges_are_too_big(void **state)
{
	autobuf text = BUF_INIT(10000);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	buf_add_text(&text, "a0: &a0 {x: 1}\n");
	for (int level = 1; level <= 40; level++)
		buf_printf(&text, "a%d: &a%d {<<: [*a%d, *a%d]}\n", level, level, level - 1,
			level - 1);
	assert_int_equal(yaml_parse(buf_str(&text), &doc, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

/* A large text that many aliases repeat: few nodes, many bytes. */
static void repeated_bytes_are_too_big(void **state)
{
	autobuf text = BUF_INIT(4 * 1024 * 1024);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	buf_add_text(&text, "- &a \"");
	for (int i = 0; i < 1000000; i++)
		buf_add_byte(&text, 'x');
	buf_add_text(&text, "\"\n");
	for (int i = 0; i < 50000; i++)
		buf_add_text(&text, "- *a\n");
	assert_int_equal(yaml_parse(buf_str(&text), &doc, &err), -1);
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void too_many_nodes_are_too_big(void **state)
{
	autobuf text = BUF_INIT(1024 * 1024);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	for (int i = 0; i <= LIMIT_YAML_NODES; i++)
		buf_add_text(&text, "- 1\n");
	assert_int_equal(yaml_parse(buf_str(&text), &doc, &err), -1);
	assert_string_equal(err.text, "the YAML text has more than 100000 nodes");
	assert_int_equal(err.kind, ERROR_TOO_BIG);
}

static void nesting_ends_at_the_limit(void **state)
{
	autobuf text = BUF_INIT(1000);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	for (int i = 0; i < LIMIT_JSON_DEPTH; i++)
		buf_add_text(&text, "- ");
	assert_int_equal(yaml_parse(buf_str(&text), &doc, &err), 0);
	buf_add_text(&text, "- ");
	assert_refused(buf_str(&text), ERROR_CORRUPT,
		"invalid YAML in line 1: nested more than 64 levels deep");
}

static void nesting_by_aliases_ends_at_the_limit(void **state)
{
	autobuf text = BUF_INIT(10000);

	(void)state;
	buf_add_text(&text, "- &a0 []\n");
	for (int i = 1; i < LIMIT_JSON_DEPTH; i++)
		buf_printf(&text, "- &a%d [*a%d]\n", i, i - 1);
	assert_refused(buf_str(&text), ERROR_CORRUPT,
		"invalid YAML in line 2: nested more than 64 levels deep");
}

static void nesting_by_merges_ends_at_the_limit(void **state)
{
	autobuf text = BUF_INIT(10000);
	autojson *doc = NULL;
	struct error err;

	(void)state;
	buf_add_text(&text, "a0: &a0 {}\n");
	for (int i = 1; i < 2 * LIMIT_JSON_DEPTH; i++)
		buf_printf(&text, "a%d: &a%d {<<: *a%d}\n", i, i, i - 1);
	assert_int_equal(yaml_parse(buf_str(&text), &doc, &err), -1);
	assert_int_equal(err.kind, ERROR_CORRUPT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_kubeconfig_becomes_a_tree),
		cmocka_unit_test(json_is_yaml),
		cmocka_unit_test(nothing_is_null),
		cmocka_unit_test(quoted_scalars_are_strings),
		cmocka_unit_test(tags_are_obeyed),
		cmocka_unit_test(keys_become_strings),
		cmocka_unit_test(a_key_that_stands_twice_is_refused),
		cmocka_unit_test(aliases_are_followed),
		cmocka_unit_test(merge_keys_fill_in_what_is_missing),
		cmocka_unit_test(what_json_lacks_is_refused),
		cmocka_unit_test(a_keys_line_is_found),
		cmocka_unit_test(a_second_document_is_refused),
		cmocka_unit_test(broken_yaml_is_named_with_its_place),
		cmocka_unit_test(hostile_bytes_are_refused),
		cmocka_unit_test(a_billion_laughs_are_too_big),
		cmocka_unit_test(a_billion_merges_are_too_big),
		cmocka_unit_test(repeated_bytes_are_too_big),
		cmocka_unit_test(too_many_nodes_are_too_big),
		cmocka_unit_test(nesting_ends_at_the_limit),
		cmocka_unit_test(nesting_by_aliases_ends_at_the_limit),
		cmocka_unit_test(nesting_by_merges_ends_at_the_limit),
	};

	return cmocka_run_group_tests_name("yaml", tests, NULL, NULL);
}
