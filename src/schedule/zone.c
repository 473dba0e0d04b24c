/*
 * TZif bytes in, offsets out. Only what offsets need is kept: the instants at which they change, in
 * one block with the rule for the time after the last one. Names of times ("CEST"), leap seconds
 * and the 32-bit data of old readers are passed over.
 */
#include "schedule/zone.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/alloc.h"
#include "base/limits.h"
#include "schedule/zone_rule.h"

enum {
	ZONE_MAX_OFFSET = 26 * 3600, /* exclusive; RFC 9636 section 3.2, utoff */
	ZONE_NAME_PART_SIZE = 14,
	ZONE_HEADER_SIZE = 44,
	ZONE_TYPE_SIZE = 6,
};

struct zone_transition {
	int64_t at;
	int32_t offset; /* from then on */
};

struct schedule_zone {
	int32_t first_offset; /* before the first transition */
	bool has_rule; /* for the time from the last transition on */
	struct schedule__rule rule;
	size_t count;
	struct zone_transition transitions[];
};

const struct schedule_zone schedule_zone_utc = {0};

/* A data block of the file as its header describes it. */
struct zone_block {
	char version;
	uint64_t transition_count;
	uint64_t type_count;
	struct str times;
	struct str type_of_times;
	struct str types;
};

static bool zone_name_part_is_valid(struct str part)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-+";

	if (part.size == 0 || part.size > ZONE_NAME_PART_SIZE || part.data[0] == '-' ||
		str_is(part, ".") || str_is(part, ".."))
		return false;
	for (size_t i = 0; i < part.size; i++) {
		if (memchr(allowed, part.data[i], sizeof(allowed) - 1) == NULL)
			return false;
	}
	return true;
}

int schedule_zone_check_name(struct str name, struct error *err)
{
	bool is_more = true;
	struct str part;

	if (name.size == 0)
		return error_set(err, ERROR_INVALID,
			"the time zone is empty; write a name such as 'Europe/Berlin' or 'UTC'");
	if (name.size == 5 && strncasecmp(name.data, "Local", 5) == 0)
		return error_set(err, ERROR_INVALID,
			"the time zone 'Local' says nothing; write a name such as 'Europe/Berlin'");
	while (is_more) {
		is_more = str_cut(name, '/', &part, &name);
		if (!zone_name_part_is_valid(part))
			return error_set(err, ERROR_INVALID,
				"the time zone is not a name of the IANA time zone database such "
				"as 'Europe/Berlin' or 'UTC'");
	}
	return 0;
}

static struct str zone_take(struct str *rest, size_t size)
{
	struct str head = {rest->data, size};

	*rest = str_from(*rest, size);
	return head;
}

/* A big-endian number of two's complement, as all in the file are. */
static int64_t zone_number_at(struct str bytes, size_t at, size_t size)
{
	bool is_negative = ((unsigned char)bytes.data[at] & 0x80) != 0;
	uint64_t value = is_negative ? UINT64_MAX : 0;

	for (size_t i = at; i < at + size; i++)
		value = value << 8 | (unsigned char)bytes.data[i];
	return (int64_t)value;
}

static uint32_t zone_count_at(struct str header, size_t at)
{
	return (uint32_t)zone_number_at(header, at, 4);
}

/*
 * Reads a header and its data block (RFC 9636 sections 3.1 and 3.2) and moves past both. Times are
 * `time_size` bytes long. The block's slices are borrowed from *rest.
 */
static int zone_take_block(
	struct str *rest, size_t time_size, struct zone_block *ret_block, struct error *err)
{
	struct zone_block block;
	struct str header;
	uint64_t leap_count;
	uint64_t other_bytes;

	if (rest->size < ZONE_HEADER_SIZE || !str_starts_with(*rest, STR("TZif")))
		return error_set(err, ERROR_CORRUPT, "this is not a time zone file (TZif)");
	header = zone_take(rest, ZONE_HEADER_SIZE);
	block.version = header.data[4];
	leap_count = zone_count_at(header, 28);
	block.transition_count = zone_count_at(header, 32);
	block.type_count = zone_count_at(header, 36);
	/* abbreviations, leap seconds, standard/wall and UT/local indicators */
	other_bytes = zone_count_at(header, 40) + leap_count * (time_size + 4) +
		zone_count_at(header, 24) + (uint64_t)zone_count_at(header, 20);
	if (block.transition_count * (time_size + 1) + block.type_count * ZONE_TYPE_SIZE +
			other_bytes >
		rest->size)
		return error_set(err, ERROR_CORRUPT, "the time zone file is cut off");
	if (leap_count > 0)
		return error_set(err, ERROR_UNSUPPORTED,
			"the time zone counts leap seconds, clocks of computers do not");
	block.times = zone_take(rest, block.transition_count * time_size);
	block.type_of_times = zone_take(rest, block.transition_count);
	block.types = zone_take(rest, block.type_count * ZONE_TYPE_SIZE);
	(void)zone_take(rest, other_bytes); /* not needed for offsets */
	*ret_block = block;
	return 0;
}

/* The offset of local time type `type`. */
static int zone_offset_of_type(
	const struct zone_block *block, size_t type, int32_t *ret_offset, struct error *err)
{
	int64_t offset;

	if (type >= block->type_count)
		return error_set(err, ERROR_CORRUPT, "the time zone file names a type it lacks");
	offset = zone_number_at(block->types, type * ZONE_TYPE_SIZE, 4);
	if (offset <= -ZONE_MAX_OFFSET || offset >= ZONE_MAX_OFFSET)
		return error_set(err, ERROR_CORRUPT, "the time zone file has an absurd offset");
	*ret_offset = (int32_t)offset;
	return 0;
}

/* Fills the zone's transitions, for which it has room. */
static int zone_read_transitions(struct schedule_zone *zone, const struct zone_block *block,
	size_t time_size, struct error *err)
{
	if (zone_offset_of_type(block, 0, &zone->first_offset, err) < 0)
		return -1;
	for (size_t i = 0; i < block->transition_count; i++) {
		struct zone_transition *transition = &zone->transitions[i];
		size_t type = (unsigned char)block->type_of_times.data[i];

		transition->at = zone_number_at(block->times, i * time_size, time_size);
		if (zone_offset_of_type(block, type, &transition->offset, err) < 0)
			return -1;
		if (i > 0 && transition->at <= transition[-1].at)
			return error_set(err, ERROR_CORRUPT,
				"the time zone file's changes are not in order");
	}
	zone->count = block->transition_count;
	return 0;
}

/* The footer: a rule between two line ends, or nothing between them. */
static int zone_read_footer(struct schedule_zone *zone, struct str footer, struct error *err)
{
	struct str rule;

	if (!str_starts_with(footer, STR("\n")) ||
		!str_cut(str_from(footer, 1), '\n', &rule, &footer))
		return error_set(err, ERROR_CORRUPT, "the time zone file has no footer");
	zone->has_rule = rule.size > 0;
	if (zone->has_rule && !schedule__rule_parse(rule, &zone->rule))
		return error_set(err, ERROR_CORRUPT, "the time zone file's footer is not a rule");
	return 0;
}

int schedule_zone_parse(struct str bytes, struct schedule_zone **ret_zone, struct error *err)
{
	autozone *zone = NULL;
	struct zone_block block;
	size_t time_size = 4;

	if (bytes.size > LIMIT_ZONE_BYTES)
		return error_set(err, ERROR_TOO_BIG, "the time zone file is larger than %d bytes",
			LIMIT_ZONE_BYTES);
	if (zone_take_block(&bytes, time_size, &block, err) < 0)
		return -1;
	if (block.version != '\0') { /* the same once more, with 64-bit times */
		time_size = 8;
		if (zone_take_block(&bytes, time_size, &block, err) < 0)
			return -1;
	}
	zone = alloc_zeroed(
		1, sizeof(*zone) + block.transition_count * sizeof(struct zone_transition));
	if (zone_read_transitions(zone, &block, time_size, err) < 0)
		return -1;
	if (time_size == 8 && zone_read_footer(zone, bytes, err) < 0)
		return -1;
	*ret_zone = take_ptr(&zone);
	return 0;
}

void schedule_zone_free(struct schedule_zone *zone)
{
	free(zone);
}

/* The number of transitions at or before the instant. */
static size_t zone_transitions_until(const struct schedule_zone *zone, int64_t instant)
{
	size_t low = 0;
	size_t high = zone->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (zone->transitions[middle].at <= instant)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static int64_t zone_clamp(int64_t instant)
{
	if (instant < SCHEDULE_ZONE_FIRST)
		return SCHEDULE_ZONE_FIRST;
	return instant > SCHEDULE_ZONE_LAST ? SCHEDULE_ZONE_LAST : instant;
}

struct schedule_zone_span schedule_zone_span_at(const struct schedule_zone *zone, int64_t instant)
{
	int64_t at = zone_clamp(instant);
	size_t passed = zone_transitions_until(zone, at);
	struct schedule_zone_span span = {INT64_MIN, INT64_MAX, zone->first_offset};
	int64_t start = INT64_MIN;

	if (passed > 0) {
		start = zone->transitions[passed - 1].at;
		span.offset = zone->transitions[passed - 1].offset;
	}
	if (passed < zone->count)
		span.end = zone->transitions[passed].at;
	else if (zone->has_rule)
		span = schedule__rule_span_at(&zone->rule, at);
	if (span.start < start)
		span.start = start;
	return span;
}
