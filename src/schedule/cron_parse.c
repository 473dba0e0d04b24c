/*
 * The text of a schedule in, sets of values out. Who reads the messages wrote the schedule a moment
 * ago: each one quotes the item that is wrong and says what may stand there.
 */
#include <string.h>
#include <strings.h>

#include "base/limits.h"
#include "base/number.h"
#include "schedule/cron.h"

enum {
	CRON_NAME_SIZE = 3,
	CRON_QUOTE_SIZE = 40,
	CRON_STEP_MAX = 60,
	CRON_EVERY_MAX_SECONDS = 5 * 366 * 86400,
};

enum cron_field_index {
	CRON_MINUTE,
	CRON_HOUR,
	CRON_DAY_OF_MONTH,
	CRON_MONTH,
	CRON_DAY_OF_WEEK,
	CRON_FIELD_COUNT,
};

static const struct cron_field {
	const char *label;
	unsigned min;
	unsigned max; /* of '*' and of open steps */
	unsigned max_number; /* that may be written */
	const char *names; /* of CRON_NAME_SIZE letters each, the first one for `min` */
	const char *allowed;
} cron_fields[CRON_FIELD_COUNT] = {
	[CRON_MINUTE] = {"minute", 0, 59, 59, "", "0-59"},
	[CRON_HOUR] = {"hour", 0, 23, 23, "", "0-23"},
	[CRON_DAY_OF_MONTH] = {"day of month", 1, 31, 31, "", "1-31"},
	[CRON_MONTH] = {"month", 1, 12, 12, "janfebmaraprmayjunjulaugsepoctnovdec",
		"1-12 and jan-dec"},
	[CRON_DAY_OF_WEEK] = {"day of week", 0, 6, 7, "sunmontuewedthufrisat",
		"0-7 (0 and 7 are Sunday) and sun-sat"},
};

static const struct cron_macro {
	const char *name;
	const char *expression;
} cron_macros[] = {
	{"@hourly", "0 * * * *"},
	{"@daily", "0 0 * * *"},
	{"@midnight", "0 0 * * *"},
	{"@weekly", "0 0 * * 0"},
	{"@monthly", "0 0 1 * *"},
	{"@yearly", "0 0 1 1 *"},
	{"@annually", "0 0 1 1 *"},
};

/* One field while it is read. */
struct cron_set {
	uint64_t bits;
	bool is_open; /* an item was '*' or '?', so the field restricts nothing */
};

/* What the user wrote, made fit for a message: printable, and cut when it is long. */
struct cron_quote {
	char text[CRON_QUOTE_SIZE + sizeof("...")];
};

static struct cron_quote cron_quote(struct str part)
{
	struct cron_quote quote = {{0}};
	size_t size = part.size < CRON_QUOTE_SIZE ? part.size : CRON_QUOTE_SIZE;

	for (size_t i = 0; i < size; i++)
		quote.text[i] = part.data[i] >= ' ' && part.data[i] <= '~' ? part.data[i] : '?';
	if (part.size > CRON_QUOTE_SIZE)
		memcpy(quote.text + size, "...", sizeof("..."));
	return quote;
}

static int cron_refuse(
	const struct cron_field *field, struct str item, const char *problem, struct error *err)
{
	return error_set(err, ERROR_INVALID,
		"%s '%s': %s; allowed are %s, ranges, steps and lists of these, and '*'",
		field->label, cron_quote(item).text, problem, field->allowed);
}

static bool cron_is_all(struct str text)
{
	return str_is(text, "*") || str_is(text, "?");
}

static bool cron_parse_name(const struct cron_field *field, struct str text, unsigned *ret_value)
{
	if (text.size != CRON_NAME_SIZE)
		return false;
	for (unsigned i = 0; i < strlen(field->names) / CRON_NAME_SIZE; i++) {
		if (strncasecmp(text.data, field->names + i * CRON_NAME_SIZE, CRON_NAME_SIZE) ==
			0) {
			*ret_value = field->min + i;
			return true;
		}
	}
	return false;
}

static int cron_parse_value(const struct cron_field *field, struct str item, struct str text,
	unsigned *ret_value, struct error *err)
{
	uint64_t number;

	if (cron_parse_name(field, text, ret_value))
		return 0;
	if (text.size == 0)
		return cron_refuse(field, item, "a value is missing", err);
	if (!number_parse_u64(text, &number))
		return cron_refuse(field, item,
			field->names[0] != '\0' ? "neither a number nor a name" : "not a number",
			err);
	if (number < field->min || number > field->max_number)
		return cron_refuse(field, item, "out of range", err);
	*ret_value = (unsigned)number;
	return 0;
}

/* "*", "5" or "1-5". */
struct cron_range {
	unsigned first;
	unsigned last;
	bool is_all;
	bool is_single;
};

static int cron_parse_range(const struct cron_field *field, struct str item, struct str text,
	struct cron_range *ret_range, struct error *err)
{
	struct cron_range range = {field->min, field->max, cron_is_all(text), false};
	struct str first;
	struct str last;

	if (range.is_all) {
		*ret_range = range;
		return 0;
	}
	range.is_single = !str_cut(text, '-', &first, &last);
	if (!range.is_single && (cron_is_all(first) || cron_is_all(last)))
		return cron_refuse(field, item, "'*' cannot be the end of a range", err);
	if (cron_parse_value(field, item, first, &range.first, err) < 0)
		return -1;
	range.last = range.first;
	if (!range.is_single && cron_parse_value(field, item, last, &range.last, err) < 0)
		return -1;
	if (range.first > range.last)
		return cron_refuse(field, item, "the range runs backwards", err);
	*ret_range = range;
	return 0;
}

static int cron_parse_step(const struct cron_field *field, struct str item, struct str text,
	uint64_t *ret_step, struct error *err)
{
	uint64_t step;

	if (!number_parse_u64(text, &step) || step == 0)
		return cron_refuse(field, item, "the step after '/' must be a number above 0", err);
	*ret_step = step < CRON_STEP_MAX ? step : CRON_STEP_MAX; /* none reaches a second value */
	return 0;
}

/* One item of a field's list: a range with or without a step. */
static int cron_parse_item(
	const struct cron_field *field, struct str item, struct cron_set *set, struct error *err)
{
	uint64_t step = 1;
	struct cron_range range = {0};
	struct str values;
	struct str rest;
	bool has_step = str_cut(item, '/', &values, &rest);

	if (cron_parse_range(field, item, values, &range, err) < 0)
		return -1;
	if (has_step && cron_parse_step(field, item, rest, &step, err) < 0)
		return -1;
	if (range.is_single && range.first > field->max) /* a lone 7 is Sunday */
		range.first = range.last = field->min;
	if (range.is_single && has_step)
		range.last = field->max;
	for (uint64_t value = range.first; value <= range.last; value += step)
		set->bits |= UINT64_C(1) << (value > field->max ? field->min : value);
	set->is_open = set->is_open || (range.is_all && step == 1);
	return 0;
}

static int cron_parse_field(const struct cron_field *field, struct str text,
	struct cron_set *ret_set, struct error *err)
{
	struct cron_set set = {0};
	struct str rest = text;
	bool is_more = true;
	struct str item;

	while (is_more) {
		is_more = str_cut(rest, ',', &item, &rest);
		if (item.size == 0)
			return cron_refuse(field, text, "an item of the list is empty", err);
		if (cron_parse_item(field, item, &set, err) < 0)
			return -1;
	}
	*ret_set = set;
	return 0;
}

/* Takes the next word; empty when there is none. */
static struct str cron_take_word(struct str *text)
{
	struct str trimmed = str_trim(*text);
	size_t size = 0;

	while (size < trimmed.size && memchr(" \t\r\n", trimmed.data[size], 4) == NULL)
		size++;
	*text = str_from(trimmed, size);
	return (struct str){trimmed.data, size};
}

static int cron_refuse_zones(struct str text, struct error *err)
{
	while (true) {
		struct str word = cron_take_word(&text);

		if (word.size == 0)
			return 0;
		if (str_starts_with(word, STR("TZ=")) || str_starts_with(word, STR("CRON_TZ=")))
			return error_set(err, ERROR_INVALID,
				"a time zone does not belong into the schedule: remove '%s' and "
				"set timeZone instead",
				cron_quote(word).text);
	}
}

static int cron_parse_fields(struct str text, struct schedule_cron *ret_cron, struct error *err)
{
	struct cron_set sets[CRON_FIELD_COUNT];
	struct str words[CRON_FIELD_COUNT];
	size_t count = 0;
	struct str word;

	for (word = cron_take_word(&text); word.size > 0; word = cron_take_word(&text)) {
		if (count < CRON_FIELD_COUNT)
			words[count] = word;
		count++;
	}
	if (count != CRON_FIELD_COUNT)
		return error_set(err, ERROR_INVALID,
			"the schedule has %zu fields; allowed are five (minute, hour, day of "
			"month, month, day of week) or a macro such as '@hourly'",
			count);
	for (size_t i = 0; i < CRON_FIELD_COUNT; i++) {
		if (cron_parse_field(&cron_fields[i], words[i], &sets[i], err) < 0)
			return -1;
	}
	*ret_cron = (struct schedule_cron){
		.minutes = sets[CRON_MINUTE].bits,
		.hours = (uint32_t)sets[CRON_HOUR].bits,
		.days_of_month = (uint32_t)sets[CRON_DAY_OF_MONTH].bits,
		.months = (uint32_t)sets[CRON_MONTH].bits,
		.days_of_week = (uint32_t)sets[CRON_DAY_OF_WEEK].bits,
		.is_either_day =
			!sets[CRON_DAY_OF_MONTH].is_open && !sets[CRON_DAY_OF_WEEK].is_open,
	};
	return 0;
}

static int cron_parse_every(struct str text, struct schedule_cron *ret_cron, struct error *err)
{
	struct str duration = cron_take_word(&text);
	int64_t us = 0;

	if (str_trim(text).size > 0 || !time_parse_duration(duration, &us))
		return error_set(err, ERROR_INVALID,
			"@every '%s': not a duration; allowed are hours, minutes and seconds such "
			"as '1h30m' or '90s'",
			cron_quote(duration).text);
	if (us < TIME_SECOND_US || us % TIME_SECOND_US != 0 ||
		us / TIME_SECOND_US > CRON_EVERY_MAX_SECONDS)
		return error_set(err, ERROR_INVALID,
			"@every '%s': out of range; allowed are whole seconds from '1s' to five "
			"years",
			cron_quote(duration).text);
	*ret_cron = (struct schedule_cron){.every_seconds = us / TIME_SECOND_US};
	return 0;
}

static int cron_parse_macro(struct str text, struct schedule_cron *ret_cron, struct error *err)
{
	struct str rest = text;
	struct str name = cron_take_word(&rest);

	if (str_is(name, "@every"))
		return cron_parse_every(rest, ret_cron, err);
	for (size_t i = 0; i < array_size(cron_macros); i++) {
		if (str_is(text, cron_macros[i].name))
			return cron_parse_fields(str_of(cron_macros[i].expression), ret_cron, err);
	}
	return error_set(err, ERROR_INVALID,
		"macro '%s' is not known; allowed are @hourly, @daily, @midnight, @weekly, "
		"@monthly, @yearly, @annually and '@every 1h30m'",
		cron_quote(text).text);
}

int schedule_cron_parse(struct str text, struct schedule_cron *ret_cron, struct error *err)
{
	if (text.size > LIMIT_CRON_BYTES)
		return error_set(err, ERROR_TOO_BIG, "the schedule is larger than %d bytes",
			LIMIT_CRON_BYTES);
	if (cron_refuse_zones(text, err) < 0)
		return -1;
	text = str_trim(text);
	if (str_starts_with(text, STR("@")))
		return cron_parse_macro(text, ret_cron, err);
	return cron_parse_fields(text, ret_cron, err);
}
