/* A row's value: from text, to text, and in words. */
#include "options/row.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "base/number.h"
#include "base/time.h"

enum { OPTIONS_NAMES_MAX = 64 };

void option_mistakes_done(struct option_mistakes *mistakes)
{
	buf_done(&mistakes->lines);
	mistakes->count = 0;
}

void option_mistakes_add(struct option_mistakes *mistakes, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	buf_vprintf(&mistakes->lines, format, arguments);
	va_end(arguments);
	buf_add_byte(&mistakes->lines, '\n');
	mistakes->count++;
}

const struct option_row *options__find(const struct option_table *table, struct str name)
{
	for (size_t i = 0; i < table->count; i++)
		if (str_is(name, table->rows[i].name))
			return &table->rows[i];
	return NULL;
}

/* ---- From text ---- */

static bool row_is_within(const struct option_row *row, int64_t value)
{
	bool has_limits = row->type == OPTION_NUMBER || row->minimum < row->maximum;

	return !has_limits || (value >= row->minimum && value <= row->maximum);
}

static bool row_set_choice(const struct option_row *row, const char *text, const char **value)
{
	for (const char *const *choice = row->choices; *choice != NULL; choice++) {
		if (strcmp(text, *choice) == 0) {
			*value = *choice;
			return true;
		}
	}
	return false;
}

static bool row_set_number(const struct option_row *row, const char *text, int64_t *value)
{
	int64_t number;

	if (!number_parse_i64(str_of(text), &number) || !row_is_within(row, number))
		return false;
	*value = number;
	return true;
}

static bool row_set_duration(const struct option_row *row, const char *text, int64_t *ret_ms)
{
	int64_t us;

	if (!time_parse_duration(str_of(text), &us) || !row_is_within(row, us / 1000))
		return false;
	*ret_ms = us / 1000;
	return true;
}

/* False when `text` is no value for the row. */
static bool row_set(const struct option_row *row, const char *text, void *field)
{
	switch (row->type) {
	case OPTION_TEXT:
		*(const char **)field = text;
		return true;
	case OPTION_FLAG:
		*(bool *)field = strcmp(text, "true") == 0;
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	case OPTION_NUMBER:
		return row_set_number(row, text, field);
	case OPTION_DURATION:
		return row_set_duration(row, text, field);
	case OPTION_BYTES:
		return number_parse_quantity(str_of(text), field);
	case OPTION_CHOICE:
		return row_set_choice(row, text, field);
	}
	return false;
}

void options__set(const struct option_row *row, const char *place, const char *text, void *values,
	struct option_mistakes *mistakes)
{
	autobuf kind = BUF_INIT(LIMIT_OPTION_MISTAKES);
	const char *meant = NULL;

	if (row_set(row, text, options__field(row, values)))
		return;
	option_write_kind(row, &kind);
	if (row->type == OPTION_CHOICE)
		meant = option_nearest(str_of(text), row->choices);
	option_mistakes_add(mistakes, "%s: '%s' is not %s%s%s%s", place, text, kind.data,
		meant != NULL ? "; did you mean '" : "", meant != NULL ? meant : "",
		meant != NULL ? "'?" : "");
}

void options__add_unknown(const struct option_table *table, const char *place, struct str name,
	const char *dashes, struct option_mistakes *mistakes)
{
	const char *names[OPTIONS_NAMES_MAX + 1] = {NULL};
	const char *meant;

	for (size_t i = 0; i < table->count && i < OPTIONS_NAMES_MAX; i++)
		names[i] = table->rows[i].name;
	meant = option_nearest(name, names);
	if (meant == NULL)
		option_mistakes_add(mistakes, "%s: there is no such option", place);
	else
		option_mistakes_add(mistakes, "%s: there is no such option; did you mean %s%s?",
			place, dashes, meant);
}

/* ---- To text ---- */

static void row_write_duration(int64_t ms, struct buf *out)
{
	static const struct {
		int64_t ms;
		const char *unit;
	} units[] = {{3600000, "h"}, {60000, "m"}, {1000, "s"}, {1, "ms"}};

	if (ms == 0)
		buf_add_text(out, "0s");
	for (size_t i = 0; i < array_size(units) && ms > 0; i++) {
		if (ms >= units[i].ms)
			buf_printf(out, "%" PRIi64 "%s", ms / units[i].ms, units[i].unit);
		ms %= units[i].ms;
	}
}

static void row_write_bytes(uint64_t bytes, struct buf *out)
{
	static const char *const units[] = {"", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"};
	size_t unit = 0;

	while (bytes > 0 && bytes % 1024 == 0 && unit + 1 < array_size(units)) {
		bytes /= 1024;
		unit++;
	}
	buf_printf(out, "%" PRIu64 "%s", bytes, units[unit]);
}

void option_write_value(const struct option_row *row, const void *values, struct buf *out)
{
	const void *field = (const char *)values + row->offset;
	const char *text;

	switch (row->type) {
	case OPTION_TEXT:
	case OPTION_CHOICE:
		text = *(const char *const *)field;
		buf_add_text(out, text != NULL ? text : "");
		return;
	case OPTION_FLAG:
		buf_add_text(out, *(const bool *)field ? "true" : "false");
		return;
	case OPTION_NUMBER:
		buf_printf(out, "%" PRIi64, *(const int64_t *)field);
		return;
	case OPTION_DURATION:
		row_write_duration(*(const int64_t *)field, out);
		return;
	case OPTION_BYTES:
		row_write_bytes(*(const uint64_t *)field, out);
		return;
	}
}

/* ---- In words ---- */

static void row_write_choices(const struct option_row *row, struct buf *out)
{
	for (const char *const *choice = row->choices; *choice != NULL; choice++) {
		const char *before = choice == row->choices ? ""
			: choice[1] == NULL                 ? " or "
							    : ", ";
		buf_printf(out, "%s%s", before, *choice);
	}
}

void option_write_limits(const struct option_row *row, struct buf *out)
{
	if (row->type == OPTION_CHOICE) {
		row_write_choices(row, out);
	} else if (row->type == OPTION_NUMBER) {
		buf_printf(out, "from %" PRIi64 " to %" PRIi64, row->minimum, row->maximum);
	} else if (row->type == OPTION_DURATION && row->minimum < row->maximum) {
		buf_add_text(out, "from ");
		row_write_duration(row->minimum, out);
		buf_add_text(out, " to ");
		row_write_duration(row->maximum, out);
	}
}

void option_write_kind(const struct option_row *row, struct buf *out)
{
	static const char *const kinds[] = {
		[OPTION_TEXT] = "a text",
		[OPTION_FLAG] = "true or false",
		[OPTION_NUMBER] = "a number ",
		[OPTION_DURATION] = "a duration such as 90s or 1h30m",
		[OPTION_BYTES] = "a quantity of bytes such as 500Mi or 10Gi",
		[OPTION_CHOICE] = "",
	};
	bool has_limits = row->type == OPTION_DURATION && row->minimum < row->maximum;

	buf_printf(out, "%s%s", kinds[row->type], has_limits ? ", " : "");
	option_write_limits(row, out);
}
