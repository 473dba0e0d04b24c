/* A line on the terminal that shows how far a transfer is, renewed while the loop runs. */
#ifndef CLI_GAUGE_H
#define CLI_GAUGE_H

#include <stdint.h>

#include "base/error.h"
#include "cli/meter.h"
#include "loop/loop.h"

struct cli_gauge {
	struct cli_meter meter;
	const int64_t *done_bytes; /* borrowed */
	struct loop_source *timer; /* NULL: it is not shown */
};

/* Begins to show it, where standard error is a terminal. */
void cli_gauge_start(struct cli_gauge *gauge, struct loop *loop, int64_t size_bytes,
	int64_t found_bytes, const int64_t *done_bytes);

/* Makes room for another line; it comes again below. */
void cli_gauge_clear(const struct cli_gauge *gauge);

void cli_gauge_stop(struct cli_gauge *gauge);

/* As struct cli_door_options has it, with the gauge for its context: one line, and goes on. */
void cli_gauge_broke(void *gauge, const struct error *err);

#endif
