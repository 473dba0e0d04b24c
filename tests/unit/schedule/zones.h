/* The time zones that the tests of this room use, read from bytes in zones.inc. */
#ifndef TEST_SCHEDULE_ZONES_H
#define TEST_SCHEDULE_ZONES_H

#include "schedule/zone.h"
#include "zones.inc"

enum test_zone {
	CASABLANCA, /* summer time all year but in Ramadan */
	NEW_YORK,
	SANTIAGO, /* changes at midnight */
	KATHMANDU, /* never changes; 5:45 ahead */
	LORD_HOWE, /* changes by 30 minutes */
	UTC,
	BERLIN,
	FAT_BERLIN, /* the same with all changes listed until 2037 */
	ZONE_COUNT,
};

static inline struct str test_zone_bytes(enum test_zone zone)
{
#define BYTES(name) [name] = {(const char *)zone_bytes_of_##name, sizeof(zone_bytes_of_##name) }
	static const struct str bytes[ZONE_COUNT] = {BYTES(CASABLANCA), BYTES(NEW_YORK),
		BYTES(SANTIAGO), BYTES(KATHMANDU), BYTES(LORD_HOWE), BYTES(UTC), BYTES(BERLIN),
		BYTES(FAT_BERLIN)};
#undef BYTES

	return bytes[zone];
}

static struct schedule_zone *test_zones[ZONE_COUNT];

static inline int32_t zone_offset_at(const struct schedule_zone *zone, int64_t instant)
{
	return schedule_zone_span_at(zone, instant).offset;
}

/* For cmocka's group set-up. */
static inline int test_read_zones(void **state)
{
	struct error err;

	(void)state;
	for (int i = 0; i < ZONE_COUNT; i++) {
		if (schedule_zone_parse(test_zone_bytes((enum test_zone)i), &test_zones[i], &err) <
			0)
			return -1;
	}
	return 0;
}

static inline int test_free_zones(void **state)
{
	(void)state;
	for (int i = 0; i < ZONE_COUNT; i++)
		schedule_zone_free(test_zones[i]);
	return 0;
}

#endif
