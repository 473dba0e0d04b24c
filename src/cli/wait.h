/*
 * Waiting for one thing after another, until Ctrl-C: what a command with something to put in order
 * at its end waits by. Whoever is waited for calls cli_wait_end() from a callback of the loop.
 */
#ifndef CLI_WAIT_H
#define CLI_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "loop/loop.h"

struct cli_wait {
	struct loop *loop; /* borrowed */
	struct loop_source *signals[2];
	struct loop_source *timer;
	bool is_interrupted; /* by SIGINT or SIGTERM */
	bool puts_in_order; /* what is waited for now is the end: it is begun despite the signal */
	bool is_running;
	bool has_ended;
};

/* From now on the signals no longer end the program, but what waits. Fails with SYSTEM. */
must_check int cli_wait_init(struct cli_wait *wait, struct loop *loop, struct error *err);
void cli_wait_done(struct cli_wait *wait); /* also of a zeroed one */
#define autowait clean_up(cli_wait_done) struct cli_wait

/*
 * Runs the loop until cli_wait_end(). Fails with TIMEOUT ("`what` took longer than ..."), with
 * SYSTEM and EINTR when interrupted, be it at the very end: who waits next may not know of it.
 */
must_check int cli_wait_run(
	struct cli_wait *wait, int64_t timeout_ms, const char *what, struct error *err);
void cli_wait_end(struct cli_wait *wait);

/* Lets the time pass; fails when interrupted. */
must_check int cli_wait_pause(struct cli_wait *wait, int64_t pause_ms, struct error *err);

#endif
