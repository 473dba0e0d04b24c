/* One line is written again and again. */
#include "cli/gauge.h"

#include <stdio.h>
#include <unistd.h>

#include "cli/output.h"
#include "sys/clock.h"

enum { GAUGE_SHOW_MS = 200 };

static void gauge_show(void *context)
{
	struct cli_gauge *gauge = context;
	autobuf line = BUF_INIT(LIMIT_CONFIG_BYTES);

	gauge->meter.done_bytes = *gauge->done_bytes;
	cli_meter_write(&gauge->meter, clock_mono(), &line);
	fprintf(stderr, "\r%s\033[K", line.data);
	loop_timer_set(gauge->timer, GAUGE_SHOW_MS);
}

void cli_gauge_start(struct cli_gauge *gauge, struct loop *loop, int64_t size_bytes,
	int64_t found_bytes, const int64_t *done_bytes)
{
	gauge->done_bytes = done_bytes;
	gauge->meter = (struct cli_meter){
		.size_bytes = size_bytes,
		.found_bytes = found_bytes,
		.begun = clock_mono(),
	};
	if (!cli_has_colours(STDERR_FILENO))
		return;
	gauge->timer = loop_timer_new(loop, gauge_show, gauge);
	gauge_show(gauge);
}

void cli_gauge_clear(const struct cli_gauge *gauge)
{
	if (gauge->timer != NULL)
		fputs("\r\033[K", stderr);
}

void cli_gauge_stop(struct cli_gauge *gauge)
{
	cli_gauge_clear(gauge);
	loop_source_free(gauge->timer);
	gauge->timer = NULL;
}

void cli_gauge_broke(void *context, const struct error *err)
{
	const struct cli_gauge *gauge = context;

	cli_gauge_clear(gauge);
	cli_tell("The way to the node broke and is tried again: %s", err->text);
}
