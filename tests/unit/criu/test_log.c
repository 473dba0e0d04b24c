/* What is kept of CRIU's logs. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "criu/log.h"

/* Reads `text` in pieces of `piece_size` bytes. */
static void read_log(struct criu_log *log, const char *text, size_t piece_size)
{
	struct str rest = str_of(text);

	*log = (struct criu_log){0};
	while (rest.size > 0) {
		size_t size = rest.size < piece_size ? rest.size : piece_size;
		criu_log_add(log, (struct str){rest.data, size});
		rest = str_from(rest, size);
	}
	criu_log_end(log);
}

static void assert_excerpt(const char *text, const char *expected)
{
	static const size_t piece_sizes[] = {1, 7, 1000000};
	struct criu_log log;

	for (size_t i = 0; i < array_size(piece_sizes); i++) {
		autobuf excerpt = BUF_INIT(LIMIT_ERROR_TEXT);
		read_log(&log, text, piece_sizes[i]);
		criu_log_excerpt(&log, &excerpt);
		assert_string_equal(excerpt.data, expected);
	}
}

static const char connected_socket[] =
	"(00.000064) Version: 4.2.1 (gitid 0)\n"
	"(00.000115) Running on node Linux 6.12.0 #1 SMP x86_64\n"
	"(00.013345) Warn  (criu/image.c:134): Failed to open parent directory\n"
	"(00.022917) Error (criu/sk-inet.c:191): inet: Connected TCP socket, consider using "
	"--tcp-established option.\n"
	"(00.022921) ----------------------------------------\n"
	"(00.022938) Error (criu/cr-dump.c:1674): Dump files (pid: 6475) failed with -1\n"
	"(00.023008) Waiting for 6475 to trap\n"
	"(00.033902) Error (criu/cr-dump.c:2098): Dumping FAILED.\n";

static void the_cause_comes_first_and_times_are_gone(void **state)
{
	(void)state;
	assert_excerpt(connected_socket,
		"inet: Connected TCP socket, consider using --tcp-established option. "
		"(criu/sk-inet.c:191); Dump files (pid: 6475) failed with -1 "
		"(criu/cr-dump.c:1674)");
}

static void the_version_and_the_failure_are_told(void **state)
{
	struct criu_log log;

	(void)state;
	read_log(&log, connected_socket, 10);
	assert_string_equal(log.version, "4.2.1");
	assert_true(log.has_failed);
	assert_int_equal(log.error_count, 2);
}

static void a_dump_that_worked_has_no_excerpt(void **state)
{
	const char *text = "(00.000064) Version: 3.17.1 (gitid v3.17.1)\n"
			   "(00.200000) Warn  (criu/kerndat.c:1): something minor\n"
			   "(00.200000) no Error (here): because it is in the middle\n"
			   "(00.210000) Dumping finished successfully\n";
	struct criu_log log;

	(void)state;
	read_log(&log, text, 100);
	assert_string_equal(log.version, "3.17.1");
	assert_false(log.has_failed);
	assert_excerpt(text, "");
}

static void errors_of_processes_and_of_the_code_inside_them_are_found(void **state)
{
	(void)state;
	assert_excerpt("pie: 9203: Error (criu/pie/parasite.c:429): can't dump unpriviliged task\n"
		       "(00.008) pie: 1: Error (criu/pie/restorer.c:1): b\n"
		       "(00.335243)      1: Error (cr-restore.c:1225): BUG at cr-restore.c:1225\n"
		       "Error (compel/src/lib/infect.c:363): Unable to detach from 75195\n",
		"can't dump unpriviliged task (criu/pie/parasite.c:429); "
		"b (criu/pie/restorer.c:1); BUG at cr-restore.c:1225 (cr-restore.c:1225); "
		"Unable to detach from 75195 (compel/src/lib/infect.c:363)");
}

/* From CRIU 4.2.1, a Redis with one client; 780 lines left out. */
static void an_error_that_criu_goes_on_after_is_not_the_cause(void **state)
{
	(void)state;
	assert_excerpt(
		"(00.001185) ========================================\n"
		"(00.001201) Error (criu/util.c:1534): rlimit: Can't setup RLIMIT_NOFILE for self: "
		"Operation not permitted\n"
		"(00.001254) Running pre-dump scripts\n"
		"(00.017902) sockets: Searching for socket 0x548b8 family 2\n"
		"(00.017903) Error (criu/sk-inet.c:200): inet: Connected TCP socket, consider "
		"using --tcp-established option.\n"
		"(00.017909) ----------------------------------------\n"
		"(00.017915) Error (criu/cr-dump.c:1545): Dump files (pid: 399) failed with -1\n"
		"(00.017926) Waiting for 399 to trap\n"
		"pie: 1: __fetched msg: 3 0 0\n"
		"(00.018262) net: Unlock network\n"
		"(00.082296) Error (criu/cr-dump.c:1975): Dumping FAILED.\n",
		"inet: Connected TCP socket, consider using --tcp-established option. "
		"(criu/sk-inet.c:200); Dump files (pid: 399) failed with -1 (criu/cr-dump.c:1545)");
}

static void a_restore_that_failed_is_read_too(void **state)
{
	(void)state;
	assert_excerpt(
		"(00.116595) Error (criu/cr-restore.c:1230): Can't fork for 15047: File exists\n"
		"(00.116612) Error (criu/cr-restore.c:2320): Restoring FAILED.\n",
		"Can't fork for 15047: File exists (criu/cr-restore.c:1230)");
}

static void repeated_errors_are_told_once(void **state)
{
	(void)state;
	assert_excerpt(
		"(00.1) Error (a.c:1): within the tree\n(00.2) Error (a.c:1): within the tree\n"
		"(00.3) Error (b.c:1): other\n(00.4) Error (a.c:1): within the tree\n",
		"within the tree (a.c:1); other (b.c:1)");
}

static void of_many_errors_the_first_and_the_last_are_kept(void **state)
{
	(void)state;
	assert_excerpt("Error (a.c:1): 1\nError (a.c:2): 2\nError (a.c:3): 3\nError (a.c:4): 4\n",
		"1 (a.c:1); 2 (a.c:2); 3 (a.c:3); 4 (a.c:4)");
	assert_excerpt("Error (a.c:1): 1\nError (a.c:2): 2\nError (a.c:3): 3\nError (a.c:4): 4\n"
		       "Error (a.c:5): 5\nError (a.c:6): 6\n",
		"1 (a.c:1); 2 (a.c:2); 3 (a.c:3); ...; 6 (a.c:6)");
}

static void a_failure_without_a_reason_says_so(void **state)
{
	(void)state;
	assert_excerpt("(00.033902) Error (criu/cr-dump.c:2098): Dumping FAILED.\n",
		"CRIU failed without saying why in its log");
}

static void a_last_line_without_an_end_counts(void **state)
{
	(void)state;
	assert_excerpt("Error (a.c:1): no new line", "no new line (a.c:1)");
}

static void odd_lines_do_no_harm(void **state)
{
	(void)state;
	assert_excerpt("", "");
	assert_excerpt(
		"\n\n(\n()\n(00.1\n:\n1\n1:\npie:\nError\nError (\nError (a\nError (a):\n", "");
	assert_excerpt("Error (a.c:1) without colon\n", "without colon (a.c:1)");
	assert_excerpt("Error (a.c:1): \x01\x1b[31mred\x7f\n", "  [31mred  (a.c:1)");
}

static void long_lines_and_many_errors_stay_within_bounds(void **state)
{
	autobuf text = BUF_INIT(1024 * 1024);
	autobuf excerpt = BUF_INIT(LIMIT_ERROR_TEXT);
	struct criu_log log;

	(void)state;
	for (int line = 0; line < 50; line++) {
		buf_printf(&text, "(00.1) Error (criu/a.c:1): %d ", line);
		for (int i = 0; i < 1000; i++)
			buf_add_text(&text, "long ");
		buf_add_byte(&text, '\n');
	}
	read_log(&log, text.data, 4096);
	criu_log_excerpt(&log, &excerpt);
	assert_false(excerpt.is_overflown);
	assert_in_range(excerpt.size, 700, 900);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_cause_comes_first_and_times_are_gone),
		cmocka_unit_test(the_version_and_the_failure_are_told),
		cmocka_unit_test(a_dump_that_worked_has_no_excerpt),
		cmocka_unit_test(errors_of_processes_and_of_the_code_inside_them_are_found),
		cmocka_unit_test(an_error_that_criu_goes_on_after_is_not_the_cause),
		cmocka_unit_test(a_restore_that_failed_is_read_too),
		cmocka_unit_test(repeated_errors_are_told_once),
		cmocka_unit_test(of_many_errors_the_first_and_the_last_are_kept),
		cmocka_unit_test(a_failure_without_a_reason_says_so),
		cmocka_unit_test(a_last_line_without_an_end_counts),
		cmocka_unit_test(odd_lines_do_no_harm),
		cmocka_unit_test(long_lines_and_many_errors_stay_within_bounds),
	};

	return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
