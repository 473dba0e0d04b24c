/* The speed is that of the whole run: steady, and right in the end. */
#include "cli/meter.h"

#include <inttypes.h>

#include "base/arena.h"
#include "cli/table.h"

enum { METER_LEAST_US = 500 * 1000 }; /* before, a speed means nothing */

static int64_t meter_bytes_per_second(const struct cli_meter *meter, struct mono_time now)
{
	int64_t took_us = now.us - meter->begun.us;
	double bytes = (double)(meter->done_bytes - meter->found_bytes);

	if (took_us < METER_LEAST_US)
		return 0;
	return (int64_t)(bytes * (double)TIME_SECOND_US / (double)took_us);
}

void cli_meter_write(const struct cli_meter *meter, struct mono_time now, struct buf *out)
{
	autoarena *arena = arena_new(256);
	int64_t speed = meter_bytes_per_second(meter, now);
	double share = meter->size_bytes > 0
		? (double)meter->done_bytes * 100.0 / (double)meter->size_bytes
		: 100.0;
	char left[TIME_TEXT_SIZE];

	buf_printf(out, "%.*s of %.*s, %d%%", STR_ARG(cli_bytes_text(arena, meter->done_bytes)),
		STR_ARG(cli_bytes_text(arena, meter->size_bytes)), (int)share);
	if (speed <= 0)
		return;
	time_format_age((meter->size_bytes - meter->done_bytes) / speed, left);
	buf_printf(out, ", %.*s/s, %s left", STR_ARG(cli_bytes_text(arena, speed)), left);
}
