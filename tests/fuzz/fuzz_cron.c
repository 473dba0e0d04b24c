/* Cron expressions: what is accepted has due times in order, or none. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule/cron.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct wall_time start = wall_time_of_seconds(1790000000);
	struct schedule_cron cron;
	struct wall_time next;
	struct wall_time back;
	struct error err;

	if (schedule_cron_parse((struct str){(const char *)data, size}, &cron, &err) < 0) {
		assert(err.kind == ERROR_INVALID || err.kind == ERROR_TOO_BIG);
		return 0;
	}
	if (schedule_cron_next(&cron, &schedule_zone_utc, start, &next)) {
		assert(next.us > start.us);
		if (schedule_cron_previous(&cron, &schedule_zone_utc, next, &back))
			assert(back.us <= start.us);
	}
	return 0;
}
