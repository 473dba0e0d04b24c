/*
 * "pause MICROSECONDS PID" or "checkpoint MICROSECONDS PID", of the monotonic clock: a state
 * directory does not outlive the boot. Where it cannot be written nobody is taken for an engine.
 */
#include "runtime/pause.h"

#include <unistd.h>

#include "base/number.h"
#include "sys/clock.h"

#define PAUSE_MARK       "paused"
#define PAUSE_BY_ANYBODY "pause"
#define PAUSE_BY_ENGINE  "checkpoint"

enum {
	PAUSE_MARK_BYTES = 128,
	/* From the engine's `pause` to its `checkpoint`: milliseconds, but for a node in trouble.
	 */
	PAUSE_RECENT_MS = 10000,
};

static struct str pause_write(const struct runtime_host *host, const char *whose)
{
	struct str text = arena_printf(
		host->arena, "%s %lld %d", whose, (long long)clock_mono().us, (int)getpid());
	struct error ignored; /* told above */

	if (runtime__state_write(host, PAUSE_MARK, text, &ignored) < 0)
		return (struct str){NULL, 0};
	return text;
}

void runtime__pause_note(const struct runtime_host *host)
{
	(void)pause_write(host, PAUSE_BY_ANYBODY);
}

void runtime__pause_forget(const struct runtime_host *host)
{
	(void)runtime__state_take(host, PAUSE_MARK);
}

struct str runtime__pause_claim(const struct runtime_host *host)
{
	return pause_write(host, PAUSE_BY_ENGINE);
}

bool runtime__pause_is_engines(const struct runtime_host *host)
{
	autobuf mark = BUF_INIT(PAUSE_MARK_BYTES);
	struct str rest;
	struct str whose;
	struct str when;
	struct error ignored;
	int64_t paused_us;
	int64_t age_us;

	if (runtime__state_read(host, PAUSE_MARK, &mark, &ignored) < 0)
		return false;
	rest = buf_str(&mark);
	if (!str_cut(rest, ' ', &whose, &rest) || !str_cut(rest, ' ', &when, &rest))
		return false;
	if (str_is(whose, PAUSE_BY_ENGINE))
		return true;
	if (!str_is(whose, PAUSE_BY_ANYBODY) || !number_parse_i64(when, &paused_us))
		return false;
	age_us = clock_mono().us - paused_us;
	return age_us >= 0 && age_us < PAUSE_RECENT_MS * INT64_C(1000);
}

bool runtime__pause_holds(const struct runtime_host *host, struct str claim)
{
	autobuf mark = BUF_INIT(PAUSE_MARK_BYTES);
	struct error ignored;

	return runtime__state_read(host, PAUSE_MARK, &mark, &ignored) == 0 &&
		str_equal(buf_str(&mark), claim);
}
