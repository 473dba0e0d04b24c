/* Calendar arithmetic and the text forms of time that Kubernetes uses. */
#include "base/time.h"

#include <stdio.h>

#include "base/number.h"

/* Days from civil by counting in eras of 400 years that begin on 1 March. */
static int64_t time_days_of_civil(int year, int month, int day)
{
	int64_t y = month <= 2 ? (int64_t)year - 1 : year;
	int64_t era = (y >= 0 ? y : y - 399) / 400;
	int64_t year_of_era = y - era * 400;
	int64_t day_of_year = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1;
	int64_t day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;

	return era * 146097 + day_of_era - 719468;
}

int64_t time_seconds_of_civil(const struct time_civil *civil)
{
	return time_days_of_civil(civil->year, civil->month, civil->day) * 86400 +
		civil->hour * 3600 + civil->minute * 60 + civil->second;
}

static int64_t time_floor_days(int64_t seconds)
{
	return (seconds >= 0 ? seconds : seconds - 86399) / 86400;
}

struct time_civil time_civil_of_seconds(int64_t seconds)
{
	int64_t day_number = time_floor_days(seconds);
	int64_t rest = seconds - day_number * 86400;
	int64_t shifted = day_number + 719468;
	int64_t era = (shifted >= 0 ? shifted : shifted - 146096) / 146097;
	int64_t day_of_era = shifted - era * 146097;
	int64_t year_of_era =
		(day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
	int64_t day_of_year =
		day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
	int64_t month_index = (5 * day_of_year + 2) / 153;
	int month = (int)(month_index < 10 ? month_index + 3 : month_index - 9);

	return (struct time_civil){
		.year = (int)(year_of_era + era * 400 + (month <= 2 ? 1 : 0)),
		.month = month,
		.day = (int)(day_of_year - (153 * month_index + 2) / 5 + 1),
		.hour = (int)(rest / 3600),
		.minute = (int)(rest / 60 % 60),
		.second = (int)(rest % 60),
	};
}

int time_weekday_of_seconds(int64_t seconds)
{
	int64_t weekday = (time_floor_days(seconds) + 4) % 7;

	return (int)(weekday >= 0 ? weekday : weekday + 7);
}

static int64_t time_floor_seconds(struct wall_time time)
{
	return time.us / TIME_SECOND_US - (time.us % TIME_SECOND_US < 0 ? 1 : 0);
}

void wall_time_format(struct wall_time time, char text[static TIME_TEXT_SIZE])
{
	struct time_civil civil = time_civil_of_seconds(time_floor_seconds(time));

	(void)snprintf(text, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", civil.year % 10000,
		civil.month, civil.day, civil.hour, civil.minute, civil.second);
}

/* The microseconds since the last full second. */
static int time_fraction(struct wall_time time)
{
	int us = (int)(time.us % TIME_SECOND_US);

	return us >= 0 ? us : us + (int)TIME_SECOND_US;
}

void wall_time_format_micro(struct wall_time time, char text[static TIME_TEXT_SIZE])
{
	struct time_civil civil = time_civil_of_seconds(time_floor_seconds(time));

	(void)snprintf(text, TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02d.%06dZ",
		civil.year % 10000, civil.month, civil.day, civil.hour, civil.minute, civil.second,
		time_fraction(time));
}

/* Reads exactly `digits` digits at the front of *text and moves past them. */
static bool time_take_number(struct str *text, size_t digits, int *ret_value)
{
	uint64_t value;

	if (text->size < digits || !number_parse_u64((struct str){text->data, digits}, &value))
		return false;
	*text = str_from(*text, digits);
	*ret_value = (int)value;
	return true;
}

static bool time_take_byte(struct str *text, char byte)
{
	if (text->size == 0 || text->data[0] != byte)
		return false;
	*text = str_from(*text, 1);
	return true;
}

/* ".123456789" cut to microseconds; nothing there is 0. */
static bool time_take_fraction(struct str *text, int64_t *ret_us)
{
	int64_t us = 0;
	int64_t weight = 100000;
	size_t digits = 0;

	*ret_us = 0;
	if (!time_take_byte(text, '.'))
		return true;
	while (text->size > 0 && text->data[0] >= '0' && text->data[0] <= '9') {
		us += (text->data[0] - '0') * weight;
		weight /= 10;
		digits++;
		*text = str_from(*text, 1);
	}
	*ret_us = us;
	return digits > 0;
}

/* "Z" or "+hh:mm" or "-hh:mm", as seconds east of UTC; nothing may follow. */
static bool time_take_offset(struct str text, int64_t *ret_seconds)
{
	int hours = 0;
	int minutes = 0;
	bool is_west = text.size > 0 && text.data[0] == '-';

	if (str_is(text, "Z") || str_is(text, "z")) {
		*ret_seconds = 0;
		return true;
	}
	if (!time_take_byte(&text, is_west ? '-' : '+') || !time_take_number(&text, 2, &hours) ||
		!time_take_byte(&text, ':') || !time_take_number(&text, 2, &minutes) ||
		text.size != 0 || hours > 23 || minutes > 59)
		return false;
	*ret_seconds = (hours * 3600 + minutes * 60) * (is_west ? -1 : 1);
	return true;
}

static int time_days_in_month(int year, int month)
{
	static const int days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
	bool is_leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;

	return month == 2 && is_leap ? 29 : days[month - 1];
}

/* "2026-11-21" */
static bool time_take_date(struct str *text, struct time_civil *civil)
{
	if (!time_take_number(text, 4, &civil->year) || !time_take_byte(text, '-') ||
		!time_take_number(text, 2, &civil->month) || !time_take_byte(text, '-') ||
		!time_take_number(text, 2, &civil->day))
		return false;
	return civil->month >= 1 && civil->month <= 12 && civil->day >= 1 &&
		civil->day <= time_days_in_month(civil->year, civil->month);
}

/* "22:00:00"; 60 is a leap second. */
static bool time_take_clock(struct str *text, struct time_civil *civil)
{
	if (!time_take_number(text, 2, &civil->hour) || !time_take_byte(text, ':') ||
		!time_take_number(text, 2, &civil->minute) || !time_take_byte(text, ':') ||
		!time_take_number(text, 2, &civil->second))
		return false;
	return civil->hour <= 23 && civil->minute <= 59 && civil->second <= 60;
}

bool wall_time_parse(struct str text, struct wall_time *ret_time)
{
	struct time_civil civil;
	int64_t fraction_us;
	int64_t offset;

	if (!time_take_date(&text, &civil))
		return false;
	if (!time_take_byte(&text, 'T') && !time_take_byte(&text, 't'))
		return false;
	if (!time_take_clock(&text, &civil) || !time_take_fraction(&text, &fraction_us) ||
		!time_take_offset(text, &offset))
		return false;
	ret_time->us = (time_seconds_of_civil(&civil) - offset) * TIME_SECOND_US + fraction_us;
	return true;
}

void time_format_age(int64_t seconds, char text[static TIME_TEXT_SIZE])
{
	long long s = seconds > 0 ? seconds : 0;

	if (s < 120)
		(void)snprintf(text, TIME_TEXT_SIZE, "%llds", s);
	else if (s < 3600)
		(void)snprintf(text, TIME_TEXT_SIZE, "%lldm", s / 60);
	else if (s < 86400)
		(void)snprintf(text, TIME_TEXT_SIZE, "%lldh%lldm", s / 3600, s / 60 % 60);
	else
		(void)snprintf(text, TIME_TEXT_SIZE, "%lldd", s / 86400);
}

bool time_parse_duration(struct str text, int64_t *ret_us)
{
	static const struct {
		const char *unit;
		int64_t us;
	} units[] = {{"ms", 1000}, {"h", 3600000000}, {"m", 60000000}, {"s", 1000000}};
	int64_t total = 0;

	if (text.size == 0)
		return false;
	while (text.size > 0) {
		size_t digits = 0;
		size_t unit = 0;
		int64_t value;

		while (digits < text.size && text.data[digits] >= '0' && text.data[digits] <= '9')
			digits++;
		if (!number_parse_i64((struct str){text.data, digits}, &value))
			return false;
		text = str_from(text, digits);
		while (unit < array_size(units) && !str_starts_with(text, str_of(units[unit].unit)))
			unit++;
		if (unit == array_size(units) ||
			__builtin_mul_overflow(value, units[unit].us, &value) ||
			__builtin_add_overflow(total, value, &total))
			return false;
		text = str_from(text, str_of(units[unit].unit).size);
	}
	*ret_us = total;
	return true;
}
