/* The loop runs only while something is waited for; a signal in between is seen by the next wait.
 */
#include "cli/wait.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>

static void wait_stop(struct cli_wait *wait)
{
	if (wait->is_running)
		loop_stop(wait->loop);
}

static void wait_interrupted(void *context, int number)
{
	struct cli_wait *wait = context;

	(void)number;
	wait->is_interrupted = true;
	wait_stop(wait);
}

static void wait_timed_out(void *context)
{
	wait_stop(context);
}

int cli_wait_init(struct cli_wait *wait, struct loop *loop, struct error *err)
{
	*wait = (struct cli_wait){.loop = loop};
	if (loop_watch_signal(loop, SIGINT, wait_interrupted, wait, &wait->signals[0], err) < 0 ||
		loop_watch_signal(loop, SIGTERM, wait_interrupted, wait, &wait->signals[1], err) <
			0)
		return -1;
	wait->timer = loop_timer_new(loop, wait_timed_out, wait);
	return 0;
}

void cli_wait_done(struct cli_wait *wait)
{
	loop_source_free(wait->timer);
	loop_source_free(wait->signals[1]);
	loop_source_free(wait->signals[0]);
	*wait = (struct cli_wait){.loop = NULL};
}

void cli_wait_end(struct cli_wait *wait)
{
	wait->has_ended = true;
	wait_stop(wait);
}

static int wait_fail_interrupted(struct error *err)
{
	(void)error_set(err, ERROR_SYSTEM, "interrupted");
	err->system_errno = EINTR;
	return -1;
}

/* 1: its end came; 0: the time is over. */
static int wait_loop(struct cli_wait *wait, int64_t timeout_ms, struct error *err)
{
	bool was_interrupted = wait->is_interrupted;
	int result;

	if (was_interrupted && !wait->puts_in_order)
		return wait_fail_interrupted(err);
	wait->has_ended = false;
	wait->is_running = true;
	loop_timer_set(wait->timer, timeout_ms);
	result = loop_run(wait->loop, err);
	loop_timer_stop(wait->timer);
	wait->is_running = false;
	if (result < 0)
		return -1;
	if (wait->is_interrupted && !was_interrupted)
		return wait_fail_interrupted(err);
	return wait->has_ended ? 1 : 0;
}

int cli_wait_run(struct cli_wait *wait, int64_t timeout_ms, const char *what, struct error *err)
{
	int result = wait_loop(wait, timeout_ms, err);

	if (result < 0)
		return -1;
	if (result == 0)
		return error_set(err, ERROR_TIMEOUT, "%s took longer than %" PRIi64 " s", what,
			timeout_ms / 1000);
	return 0;
}

int cli_wait_pause(struct cli_wait *wait, int64_t pause_ms, struct error *err)
{
	return wait_loop(wait, pause_ms, err) < 0 ? -1 : 0;
}
