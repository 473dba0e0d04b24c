/* An arena for each test, and texts that are compared whole. */
#ifndef TESTS_UNIT_INSTALL_SAMPLE_H
#define TESTS_UNIT_INSTALL_SAMPLE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "install/handler.h"

static struct arena *arena;

static inline int make_arena(void **state)
{
	(void)state;
	arena = arena_new(4096);
	return 0;
}

static inline int free_arena(void **state)
{
	(void)state;
	arena_free(arena);
	return 0;
}

#define arena_test(name) cmocka_unit_test_setup_teardown(name, make_arena, free_arena)

static inline void assert_str(struct str found, const char *expected)
{
	assert_string_equal(arena_str(arena, found).data, expected);
}

static inline struct install_toml read_toml(const char *text)
{
	struct install_toml toml = INSTALL_TOML_INIT;
	struct error err;

	if (install_toml_read(str_of(text), arena, &toml, &err) < 0)
		fail_msg("%s", err.text);
	return toml;
}

#endif
