/* What ends a wait, and what is told of signals. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <unistd.h>

#include "cli/wait.h"

enum { LONG_MS = 60 * 1000 };

struct waiting {
	struct loop *loop;
	struct cli_wait wait;
};

static int set_up(void **state)
{
	static struct waiting waiting;
	struct error err;

	if (loop_new(&waiting.loop, &err) < 0 ||
		cli_wait_init(&waiting.wait, waiting.loop, &err) < 0)
		return -1;
	*state = &waiting;
	return 0;
}

static int tear_down(void **state)
{
	struct waiting *waiting = *state;

	cli_wait_done(&waiting->wait);
	loop_free(waiting->loop);
	return 0;
}

static void end_wait(void *context)
{
	cli_wait_end(context);
}

static int run_to_an_end(struct waiting *waiting, struct error *err)
{
	struct loop_source *end = loop_defer(waiting->loop, end_wait, &waiting->wait);
	int result = cli_wait_run(&waiting->wait, LONG_MS, "it", err);

	loop_source_free(end);
	return result;
}

static void an_end_and_a_time_end_it(void **state)
{
	struct waiting *waiting = *state;
	struct error err;

	assert_int_equal(run_to_an_end(waiting, &err), 0);
	assert_int_equal(cli_wait_run(&waiting->wait, 1, "it", &err), -1);
	assert_int_equal(err.kind, ERROR_TIMEOUT);
	assert_int_equal(cli_wait_pause(&waiting->wait, 1, &err), 0);
}

static void a_signal_is_told_once_it_is_seen(void **state)
{
	struct waiting *waiting = *state;
	struct error err;

	assert_int_equal(kill(getpid(), SIGTERM), 0);
	assert_int_equal(cli_wait_pause(&waiting->wait, LONG_MS, &err), -1);
	assert_int_equal(err.system_errno, EINTR);
	assert_int_equal(run_to_an_end(waiting, &err), -1);
	assert_int_equal(err.system_errno, EINTR);
	waiting->wait.puts_in_order = true;
	assert_int_equal(run_to_an_end(waiting, &err), 0);
}

static void a_signal_together_with_the_end_is_not_lost(void **state)
{
	struct waiting *waiting = *state;
	struct error err;

	assert_int_equal(kill(getpid(), SIGINT), 0);
	assert_int_equal(run_to_an_end(waiting, &err), -1);
	assert_int_equal(err.system_errno, EINTR);
	assert_true(waiting->wait.has_ended);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(an_end_and_a_time_end_it, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_signal_is_told_once_it_is_seen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(
			a_signal_together_with_the_end_is_not_lost, set_up, tear_down),
	};

	return cmocka_run_group_tests_name("cli/wait", tests, NULL, NULL);
}
