/* How far a transfer is, in words. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/meter.h"

#define MIB INT64_C(1048576)

static void a_line_says_what_is_known(void **state)
{
	static const struct {
		struct cli_meter meter;
		int64_t seconds;
		const char *line;
	} cases[] = {
		{{.size_bytes = 100 * MIB}, 0, "0B of 100Mi, 0%"},
		{{.size_bytes = 100 * MIB, .done_bytes = MIB}, 0, "1Mi of 100Mi, 1%"},
		{{.size_bytes = 100 * MIB}, 10, "0B of 100Mi, 0%"},
		{{.size_bytes = 100 * MIB, .done_bytes = 20 * MIB}, 10,
			"20Mi of 100Mi, 20%, 2Mi/s, 40s left"},
		/* What an earlier run has fetched says nothing of the speed. */
		{{.size_bytes = 100 * MIB, .done_bytes = 60 * MIB, .found_bytes = 40 * MIB}, 10,
			"60Mi of 100Mi, 60%, 2Mi/s, 20s left"},
		{{.size_bytes = 100 * MIB, .done_bytes = 100 * MIB}, 10,
			"100Mi of 100Mi, 100%, 10Mi/s, 0s left"},
		{{.size_bytes = 0}, 1, "0B of 0B, 100%"},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++) {
		struct mono_time now = {cases[i].seconds * TIME_SECOND_US};
		autobuf line = BUF_INIT(1000);
		cli_meter_write(&cases[i].meter, now, &line);
		assert_string_equal(line.data, cases[i].line);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_line_says_what_is_known),
	};

	return cmocka_run_group_tests_name("cli/meter", tests, NULL, NULL);
}
