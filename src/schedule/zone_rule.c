/*
 * TZ strings in, spans of one offset out. Summer time begins and ends on days that are described,
 * not listed, so the changes of the years around an instant are computed each time it is asked for.
 */
#include "schedule/zone_rule.h"

#include "base/number.h"
#include "base/time.h"

enum { DAY_SECONDS = 86400, HOUR_SECONDS = 3600 };

static bool rule_take_byte(struct str *text, char byte)
{
	if (text->size == 0 || text->data[0] != byte)
		return false;
	*text = str_from(*text, 1);
	return true;
}

/* Reads one to three digits with a value from `min` to `max`. */
static bool rule_take_number(struct str *text, int min, int max, int *ret_value)
{
	size_t digits = 0;
	uint64_t value;

	while (digits < text->size && digits < 3 && text->data[digits] >= '0' &&
		text->data[digits] <= '9')
		digits++;
	if (!number_parse_u64((struct str){text->data, digits}, &value) || value < (uint64_t)min ||
		value > (uint64_t)max)
		return false;
	*text = str_from(*text, digits);
	*ret_value = (int)value;
	return true;
}

static bool rule_is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool rule_is_quotable(char c)
{
	return rule_is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-';
}

/* Moves past the name of a time, "CET" or "<+0330>": at least three characters. */
static bool rule_skip_name(struct str *text)
{
	bool is_quoted = rule_take_byte(text, '<');
	size_t length = 0;

	while (length < text->size &&
		(is_quoted ? rule_is_quotable(text->data[length])
			   : rule_is_letter(text->data[length])))
		length++;
	*text = str_from(*text, length);
	return length >= 3 && (!is_quoted || rule_take_byte(text, '>'));
}

/* "[+-]h[h[h]][:mm[:ss]]" as seconds. */
static bool rule_take_time(struct str *text, int max_hours, int32_t *ret_seconds)
{
	bool is_negative = rule_take_byte(text, '-');
	int hours = 0;
	int minutes = 0;
	int seconds = 0;

	if (!is_negative)
		(void)rule_take_byte(text, '+'); /* may stand there */
	if (!rule_take_number(text, 0, max_hours, &hours))
		return false;
	if (rule_take_byte(text, ':')) {
		if (!rule_take_number(text, 0, 59, &minutes))
			return false;
		if (rule_take_byte(text, ':') && !rule_take_number(text, 0, 59, &seconds))
			return false;
	}
	*ret_seconds = (hours * HOUR_SECONDS + minutes * 60 + seconds) * (is_negative ? -1 : 1);
	return true;
}

/* An offset; TZ strings count it westwards, we count it eastwards. */
static bool rule_take_offset(struct str *text, int32_t *ret_offset)
{
	int32_t west;

	if (!rule_take_time(text, 24, &west))
		return false;
	*ret_offset = -west;
	return true;
}

static bool rule_take_day(struct str *text, struct schedule__turn *turn)
{
	if (rule_take_byte(text, 'M')) {
		turn->kind = TURN_ON_WEEKDAY;
		return rule_take_number(text, 1, 12, &turn->month) && rule_take_byte(text, '.') &&
			rule_take_number(text, 1, 5, &turn->week) && rule_take_byte(text, '.') &&
			rule_take_number(text, 0, 6, &turn->weekday);
	}
	if (rule_take_byte(text, 'J')) {
		turn->kind = TURN_ON_DAY_WITHOUT_LEAP;
		return rule_take_number(text, 1, 365, &turn->day);
	}
	turn->kind = TURN_ON_DAY;
	return rule_take_number(text, 0, 365, &turn->day);
}

/* ",day[/time]"; the time is 02:00:00 when it is not given. */
static bool rule_take_turn(struct str *text, struct schedule__turn *turn)
{
	turn->seconds = 2 * HOUR_SECONDS;
	if (!rule_take_byte(text, ',') || !rule_take_day(text, turn))
		return false;
	return !rule_take_byte(text, '/') || rule_take_time(text, 167, &turn->seconds);
}

bool schedule__rule_parse(struct str text, struct schedule__rule *ret_rule)
{
	struct schedule__rule rule = {0};

	if (!rule_skip_name(&text) || !rule_take_offset(&text, &rule.standard_offset))
		return false;
	rule.has_summer = text.size > 0;
	if (rule.has_summer) {
		if (!rule_skip_name(&text))
			return false;
		rule.summer_offset = rule.standard_offset + HOUR_SECONDS;
		if (text.size > 0 && text.data[0] != ',' &&
			!rule_take_offset(&text, &rule.summer_offset))
			return false;
		if (!rule_take_turn(&text, &rule.begin) || !rule_take_turn(&text, &rule.end))
			return false;
	}
	if (text.size > 0)
		return false;
	*ret_rule = rule;
	return true;
}

static int64_t rule_first_of_month(int year, int month)
{
	return time_seconds_of_civil(&(struct time_civil){.year = year, .month = month, .day = 1});
}

/* The local midnight that begins the day of a change. */
static int64_t rule_day_of_turn(const struct schedule__turn *turn, int year)
{
	int64_t new_year = rule_first_of_month(year, 1);
	int64_t march = rule_first_of_month(year, 3);
	int64_t first;
	int64_t day;

	if (turn->kind == TURN_ON_DAY)
		return new_year + (int64_t)turn->day * DAY_SECONDS;
	if (turn->kind == TURN_ON_DAY_WITHOUT_LEAP) {
		day = march + (int64_t)(turn->day - 60) * DAY_SECONDS;
		return turn->day >= 60 ? day : new_year + (int64_t)(turn->day - 1) * DAY_SECONDS;
	}
	first = rule_first_of_month(year, turn->month);
	day = (turn->weekday - time_weekday_of_seconds(first) + 7) % 7 + 7 * (turn->week - 1);
	day = first + day * DAY_SECONDS;
	if (time_civil_of_seconds(day).month != turn->month) /* there is no fifth one */
		day -= (int64_t)7 * DAY_SECONDS;
	return day;
}

/* Narrows the span around `instant` by a change to `offset` at `at`. */
static void rule_narrow(
	struct schedule_zone_span *span, int64_t instant, int64_t at, int32_t offset)
{
	if (at > instant && at < span->end)
		span->end = at;
	if (at <= instant && at >= span->start) {
		span->start = at;
		span->offset = offset;
	}
}

/*
 * A change may lie a week outside its year (167 hours and an offset), so two years on each side are
 * looked at. When summer time ends at the instant at which it begins, it goes on all year (RFC 9636
 * section 3.3.2): the beginning is therefore looked at last.
 */
struct schedule_zone_span schedule__rule_span_at(const struct schedule__rule *rule, int64_t instant)
{
	struct schedule_zone_span span = {INT64_MIN, INT64_MAX, rule->standard_offset};
	int this_year;

	if (!rule->has_summer)
		return span;
	this_year = time_civil_of_seconds(instant).year;
	for (int year = this_year - 2; year <= this_year + 2; year++)
		rule_narrow(&span, instant,
			rule_day_of_turn(&rule->end, year) + rule->end.seconds -
				rule->summer_offset,
			rule->standard_offset);
	for (int year = this_year - 2; year <= this_year + 2; year++)
		rule_narrow(&span, instant,
			rule_day_of_turn(&rule->begin, year) + rule->begin.seconds -
				rule->standard_offset,
			rule->summer_offset);
	return span;
}
