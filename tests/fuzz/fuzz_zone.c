/* Time zone files: what is accepted cuts time into spans in order, with offsets that are sane. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "schedule/zone.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	autozone *zone = NULL;
	struct error err;
	int64_t at = 0;

	if (schedule_zone_parse((struct str){(const char *)data, size}, &zone, &err) < 0)
		return 0;
	while (at < INT64_C(5000000000)) {
		struct schedule_zone_span span = schedule_zone_span_at(zone, at);

		assert(span.start <= at && at < span.end);
		assert(span.offset > -26 * 3600 && span.offset < 26 * 3600);
		at = span.end;
	}
	return 0;
}
