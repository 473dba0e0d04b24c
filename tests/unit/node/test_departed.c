/* Marks of containers: which of them nobody takes back any more. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "node/state.h"

#define NOW_S INT64_C(1000000)

static void marks_go_when_nobody_else_takes_them_back(void **state)
{
	static const struct {
		const char *name;
		int64_t age_s;
		int64_t up_s;
		bool is_left;
	} rows[] = {
		{"c1", 700, 3600, false}, /* kcr-runtime's, at `delete` */
		{"c1", 700, 650, true}, /* its `delete` never came: the power did not last */
		{"c1", 500, 60, false}, /* the Pod's status may come to name it */
		{"c1.killed", 700, 3600, true}, {"c1.killed", 500, 3600, false},
		{"c1.replaced", 700, 3600, true}, {"c1.replaced", 500, 3600, false},
		{"c1", -30, 60, false}, /* a clock that was put back */
	};

	(void)state;
	for (size_t i = 0; i < array_size(rows); i++) {
		bool is_left = node_mark_is_left(str_of(rows[i].name),
			wall_time_of_seconds(NOW_S - rows[i].age_s),
			wall_time_of_seconds(NOW_S - rows[i].up_s), wall_time_of_seconds(NOW_S));

		if (is_left != rows[i].is_left)
			fail_msg("row %zu: %d", i, is_left);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(marks_go_when_nobody_else_takes_them_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
