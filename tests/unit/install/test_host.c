/* Programs of the host, which is here the machine itself. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "install/host.h"
#include "sys/fd.h"
#include "sys/file.h"

static void check_timeout(const char *script)
{
	const char *const arguments[] = {"/bin/sh", "-c", script, NULL};
	autoarena *arena = arena_new(4096);
	struct install_host host = {.root = "/", .root_fd = -1, .arena = arena};
	autobuf said = BUF_INIT(4096);
	struct error err;
	int status;

	assert_int_equal(file_open_directory("/", &host.root_fd, &err), 0);
	autoclose int root_fd = host.root_fd;
	assert_true(root_fd >= 0);
	assert_int_equal(install__host_run(&host, arguments, 1, 100, &said, &status, &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
}

static void test_a_program_that_says_nothing_is_ended(void **unused)
{
	(void)unused;
	check_timeout("exec sleep 1000");
}

static void test_a_program_that_closes_its_output_is_ended(void **unused)
{
	(void)unused;
	check_timeout("exec sleep 1000 >&-");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_program_that_says_nothing_is_ended),
		cmocka_unit_test(test_a_program_that_closes_its_output_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
