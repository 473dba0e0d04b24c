/* What paths name at the door: a ticket, its tar, or nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "node/door.h"

static void paths_name_a_ticket_or_its_tar(void **state)
{
	static const struct {
		const char *path;
		const char *namespace; /* NULL: nothing is named */
		const char *name;
		bool is_archive;
		bool is_import;
	} cases[] = {
		{"/v1/exports/a/one", "a", "one", false},
		{"/v1/exports/a/one/archive.tar", "a", "one", true},
		{"/v1/exports/a/one.two/archive.tar", "a", "one.two", true},
		{"/v1/exports/a/one/", NULL},
		{"/v1/exports/a/one/other.tar", NULL},
		{"/v1/exports/a/one/archive.tar/", NULL},
		{"/v1/exports/a/", NULL},
		{"/v1/exports/a", NULL},
		{"/v1/exports//one/archive.tar", NULL},
		{"/v1/exports/../one/archive.tar", NULL},
		{"/v1/exports/a/b%/archive.tar", NULL},
		{"/v1/imports/a/one/archive.tar", "a", "one", true, true},
		{"/v1/imports/a/one", "a", "one", false, true},
		{"/v1/implants/a/one", NULL},
		{"/v1/exports", NULL},
		{"/", NULL},
		{"", NULL},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct node_door_target target;
		bool is_named = node_door_parse(str_of(cases[i].path), &target);

		if (is_named != (cases[i].namespace != NULL))
			fail_msg("'%s' is %s", cases[i].path, is_named ? "named" : "not named");
		if (!is_named)
			continue;
		if (!str_is(target.namespace, cases[i].namespace) ||
			!str_is(target.name, cases[i].name) ||
			target.is_archive != cases[i].is_archive ||
			target.is_import != cases[i].is_import)
			fail_msg("'%s' is '%.*s' of '%.*s'", cases[i].path, STR_ARG(target.name),
				STR_ARG(target.namespace));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(paths_name_a_ticket_or_its_tar),
	};

	return cmocka_run_group_tests_name("node/door", tests, NULL, NULL);
}
