/* Time zone files: what is accepted cuts time into spans in order, with offsets that are sane. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct time_civil local = {2026, 11, 21, 12, 0, 0};
	int64_t instants[SCHEDULE_ZONE_INSTANTS];
	autozone *zone = NULL;
	struct error err;
	int64_t at = 0;

	if (schedule_zone_parse((struct str){(const char *)data, size}, &zone, &err) < 0)
		return 0;
	assert(schedule_zone_instants_of(zone, &local, instants) <= SCHEDULE_ZONE_INSTANTS);
	while (at < INT64_C(5000000000)) {
		struct schedule_zone_span span = schedule_zone_span_at(zone, at);

		assert(span.start <= at && at < span.end);
		assert(span.offset > -26 * 3600 && span.offset < 26 * 3600);
		at = span.end;
	}
	return 0;
}
