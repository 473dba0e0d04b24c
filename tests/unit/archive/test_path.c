/* Which names of archive entries are accepted. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/path.h"

static void plain_relative_paths_are_accepted(void **state)
{
	static const struct {
		const char *raw;
		const char *path;
	} cases[] = {
		{"config.dump", "config.dump"},
		{"./config.dump", "config.dump"},
		{"checkpoint/", "checkpoint"},
		{"./checkpoint/", "checkpoint"},
		{"checkpoint/pages-1.img", "checkpoint/pages-1.img"},
		{"io.kubernetes.cri-o.LogPath", "io.kubernetes.cri-o.LogPath"},
		{"a/.../b", "a/.../b"},
		{"..a", "..a"},
		{"a b", "a b"},
		{"\xc3\xa4", "\xc3\xa4"},
		{".", ""},
		{"./", ""},
	};
	struct error err;
	struct str path;

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		assert_int_equal(archive_path_check(str_of(cases[i].raw), &path, &err), 0);
		if (!str_is(path, cases[i].path))
			fail_msg("'%s' became '%.*s'", cases[i].raw, STR_ARG(path));
	}
}

static void ways_out_of_the_directory_are_refused(void **state)
{
	static const char *const paths[] = {"", "/", "//", "/etc/passwd", ".//", ".//etc", "..",
		"../x", "./../x", "a/..", "a/../b", "a//b", "a//", "a/./b", "a/.", "././a", "a\nb",
		"a\x7f", "\x1b[31m"};
	struct error err = {0};
	struct str path;

	(void)state;
	for (size_t i = 0; i < array_size(paths); i++) {
		if (archive_path_check(str_of(paths[i]), &path, &err) == 0)
			fail_msg("'%s' was accepted as '%.*s'", paths[i], STR_ARG(path));
		assert_int_equal(err.kind, ERROR_INVALID);
	}
}

static void the_refusal_names_the_path_and_the_fault(void **state)
{
	struct error err = {0};
	struct str path;

	(void)state;
	assert_int_equal(archive_path_check(STR("a/../b"), &path, &err), -1);
	assert_string_equal(err.text,
		"archive entry 'a/../b' is refused: its path has a component '.' or '..'");
}

static void a_path_has_a_maximum(void **state)
{
	char raw[LIMIT_ARCHIVE_PATH + 1];
	struct error err = {0};
	struct str path;

	(void)state;
	memset(raw, 'x', sizeof(raw));
	assert_int_equal(archive_path_check((struct str){raw, sizeof(raw) - 1}, &path, &err), 0);
	assert_int_equal(archive_path_check((struct str){raw, sizeof(raw)}, &path, &err), -1);
	assert_int_equal(err.kind, ERROR_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(plain_relative_paths_are_accepted),
		cmocka_unit_test(ways_out_of_the_directory_are_refused),
		cmocka_unit_test(the_refusal_names_the_path_and_the_fault),
		cmocka_unit_test(a_path_has_a_maximum),
	};

	return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
