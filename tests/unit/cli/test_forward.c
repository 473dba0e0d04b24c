/* What kubectl says of the port that it has opened. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "cli/forward.h"

static void the_line_of_the_loopback_address_tells_the_port(void **state)
{
	static const struct {
		const char *line;
		uint16_t port;
	} cases[] = {
		{"Forwarding from 127.0.0.1:40123 -> 7471", 40123},
		{"Forwarding from 127.0.0.1:65535 -> 7471", 65535},
		{"Forwarding from [::1]:40123 -> 7471", 0},
		{"Forwarding from 127.0.0.1:65536 -> 7471", 0},
		{"Forwarding from 127.0.0.1:-1 -> 7471", 0},
		{"Forwarding from 127.0.0.1:40123", 0},
		{"Forwarding from 127.0.0.1:", 0},
		{"Handling connection for 40123", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < array_size(cases); i++)
		assert_int_equal(cli_forward_parse(str_of(cases[i].line)), cases[i].port);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_line_of_the_loopback_address_tells_the_port),
	};

	return cmocka_run_group_tests_name("cli/forward", tests, NULL, NULL);
}
