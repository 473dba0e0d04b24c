/* TOML as containerd, CRI-O and people write it. Paths are shown with '/' between their keys. */
#include "sample.h"

/* All values as "path=text" lines; strings in quotes. */
static const char *shown(const char *text)
{
	autobuf out = BUF_INIT(65536);
	autotoml toml = read_toml(text);

	for (size_t i = 0; i < toml.count; i++) {
		const struct install_toml_value *value = &toml.values[i];
		for (size_t j = 0; j < value->path.size; j++)
			buf_add_byte(&out,
				value->path.data[j] == INSTALL_TOML_SEPARATOR
					? '/'
					: value->path.data[j]);
		if (value->type == INSTALL_TOML_STRING)
			buf_printf(&out, "=\"%.*s\"\n", STR_ARG(value->text));
		else
			buf_printf(&out, "=%.*s\n", STR_ARG(value->text));
	}
	return arena_str(arena, buf_str(&out)).data;
}

static void test_values_have_the_path_of_their_tables(void **state)
{
	static const struct {
		const char *text;
		const char *values;
	} cases[] = {
		{"", ""},
		{"# only a comment", ""},
		{"version = 3\nroot='/x' # why\r\n", "version=3\nroot=\"/x\"\n"},
		{"[a.'b.c'.\"d\"]\nx = true\n", "a/b.c/d/x=true\n"},
		{"[ a . b ]\nc.d = 1\n[e]\nf=-2.5e3", "a/b/c/d=1\ne/f=-2.5e3\n"},
		{"[[a]]\nx=1\n[[a]]\nx=2\n", "a/0/x=1\na/1/x=2\n"},
		{"t = 2026-11-22 01:02:03Z\n", "t=2026-11-22 01:02:03Z\n"},
		{"a = [ 1, # one\n 'b',\n]\n", "a=[ 1, # one\n 'b',\n]\na/0=1\na/1=\"b\"\n"},
		{"a = []\nb = [[1],[2]]",
			"a=[]\nb=[[1],[2]]\nb/0=[1]\nb/0/0=1\nb/1=[2]\nb/1/0=2\n"},
		{"o = { Systemd = true, x.y = 'z' }\n", "o/Systemd=true\no/x/y=\"z\"\n"},
		{"\xef\xbb\xbfx = 1", "x=1\n"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_string_equal(shown(cases[i].text), cases[i].values);
}

static void test_strings_mean_what_they_are_written_for(void **state)
{
	static const struct {
		const char *written;
		const char *meant;
	} cases[] = {
		{"\"a\\tb\\\"\\\\\\u00e9\\U0001F600\"", "a\tb\"\\\xc3\xa9\xf0\x9f\x98\x80"},
		{"'C:\\x'", "C:\\x"},
		{"\"\"", ""},
		{"\"\"\"\na\\\n   b\n\"quoted\"\"\"\"", "ab\n\"quoted\""},
		{"'''\nx\\n'''", "x\\n"},
		{"\"# no comment\"", "# no comment"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct str text = arena_printf(arena, "k = %s\n", cases[i].written);
		autotoml toml = read_toml(text.data);
		assert_str(install_toml_text(&toml, STR("k")), cases[i].meant);
		assert_str(toml.values[0].raw, cases[i].written);
	}
}

static void test_what_is_no_toml_is_refused_with_its_line(void **state)
{
	static const struct {
		const char *text;
		const char *error;
	} cases[] = {
		{"\nversion\n", "line 2: a key has no value"},
		{"x = \n", "line 1: a value is missing"},
		{"x = 'a\n'", "line 1: a string has no end"},
		{"x = \"\"\"a", "line 1: a string has no end"},
		{"x = \"\\q\"", "line 1: no such escape in a string"},
		{"x = \"\\u12\"", "line 1: a character's number is cut off"},
		{"x = \"\\u12xy\"", "line 1: not a character's number"},
		{"x = 'a' 'b'", "line 1: something stands behind a value"},
		{"[a\nb = 1", "line 1: a table's name has no end"},
		{"x = [1 2", "line 1: an array has no end"},
		{"x = {a=1", "line 1: an inline table has no end"},
		{"= 1", "line 1: a key is missing"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct install_toml toml = INSTALL_TOML_INIT;
		struct error err = {0};
		assert_int_equal(install_toml_read(str_of(cases[i].text), arena, &toml, &err), -1);
		assert_int_equal(err.kind, ERROR_CORRUPT);
		assert_string_equal(err.text, cases[i].error);
	}
}

static void test_nesting_has_a_limit(void **state)
{
	autobuf deep = BUF_INIT(65536);
	struct install_toml toml = INSTALL_TOML_INIT;
	struct error err = {0};

	(void)state;
	buf_add_text(&deep, "x = ");
	for (int i = 0; i < 10000; i++)
		buf_add_byte(&deep, '[');
	assert_int_equal(install_toml_read(buf_str(&deep), arena, &toml, &err), -1);
	assert_string_equal(err.text, "line 1: arrays and tables are nested too deep");
}

static void test_paths_and_strings_are_written_so_that_they_are_read_again(void **state)
{
	autobuf out = BUF_INIT(4096);
	struct str path = install_toml_path(
		arena, STR("plugins"), "io.containerd.cri.v1.runtime", "a-b", "", NULL);

	(void)state;
	buf_add_byte(&out, '[');
	install_toml_add_path(&out, path);
	buf_add_text(&out, "]\nk = ");
	install_toml_add_string(&out, STR("\"\\\x01\n\xc3\xa9"));
	assert_string_equal(out.data,
		"[plugins.\"io.containerd.cri.v1.runtime\".a-b.\"\"]\nk = "
		"\"\\\"\\\\\\u0001\\u000a\xc3\xa9\"");
	autotoml toml = read_toml(out.data);
	assert_str(install_toml_text(&toml, install_toml_path(arena, path, "k", NULL)),
		"\"\\\x01\n\xc3\xa9");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		arena_test(test_values_have_the_path_of_their_tables),
		arena_test(test_strings_mean_what_they_are_written_for),
		arena_test(test_what_is_no_toml_is_refused_with_its_line),
		arena_test(test_nesting_has_a_limit),
		arena_test(test_paths_and_strings_are_written_so_that_they_are_read_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
