/* Options from a table: one row each for parsing, checking and helping. */
#include "sys/options.h"

#include <stdio.h>
#include <string.h>

#include "base/buf.h"
#include "base/number.h"
#include "base/str.h"
#include "base/time.h"

static const struct option_row *options_find(const struct option_table *table, struct str name)
{
	for (size_t i = 0; i < table->count; i++)
		if (str_is(name, table->rows[i].name))
			return &table->rows[i];
	return NULL;
}

static bool options_set_choice(const struct option_row *row, const char *text, const char **value)
{
	for (const char *const *choice = row->choices; *choice != NULL; choice++) {
		if (strcmp(text, *choice) == 0) {
			*value = *choice;
			return true;
		}
	}
	return false;
}

static bool options_set_number(const struct option_row *row, const char *text, int64_t *value)
{
	int64_t number;

	if (!number_parse_i64(str_of(text), &number) || number < row->minimum ||
		number > row->maximum)
		return false;
	*value = number;
	return true;
}

static bool options_set_duration(const char *text, int64_t *ret_ms)
{
	int64_t us;

	if (!time_parse_duration(str_of(text), &us))
		return false;
	*ret_ms = us / 1000;
	return true;
}

/* False when `text` is no value for the row. */
static bool options_set(const struct option_row *row, const char *text, void *options)
{
	void *field = (char *)options + row->offset;

	switch (row->type) {
	case OPTION_TEXT:
		*(const char **)field = text;
		return true;
	case OPTION_FLAG:
		*(bool *)field = strcmp(text, "true") == 0;
		return strcmp(text, "true") == 0 || strcmp(text, "false") == 0;
	case OPTION_NUMBER:
		return options_set_number(row, text, field);
	case OPTION_DURATION:
		return options_set_duration(text, field);
	case OPTION_BYTES:
		return number_parse_quantity(str_of(text), field);
	case OPTION_CHOICE:
		return options_set_choice(row, text, field);
	}
	return false;
}

static void options_complain(struct buf *mistakes, const struct option_row *row, const char *text)
{
	buf_printf(
		mistakes, "%s--%s='%s' is not ", mistakes->size > 0 ? "; " : "", row->name, text);
	switch (row->type) {
	case OPTION_NUMBER:
		buf_printf(mistakes, "a number from %lld to %lld", (long long)row->minimum,
			(long long)row->maximum);
		return;
	case OPTION_DURATION:
		buf_add_text(mistakes, "a duration such as 10s or 2m");
		return;
	case OPTION_BYTES:
		buf_add_text(mistakes, "a quantity of bytes such as 500Mi or 10Gi");
		return;
	case OPTION_FLAG:
		buf_add_text(mistakes, "true or false");
		return;
	case OPTION_TEXT:
	case OPTION_CHOICE:
		buf_add_text(mistakes, "one of");
		for (const char *const *choice = row->choices; choice != NULL && *choice != NULL;
			choice++)
			buf_printf(mistakes, " %s", *choice);
		return;
	}
}

/* One argument, and the next one when it is this one's value; returns how many were used. */
static int options_take(const struct option_table *table, int left, char *const *arguments,
	void *options, struct buf *mistakes)
{
	const char *argument = arguments[0];
	const char *equals = strchr(argument, '=');
	const char *text = equals != NULL ? equals + 1 : "true";
	const struct option_row *row = NULL;
	size_t name_size = equals != NULL ? (size_t)(equals - argument) : strlen(argument);
	int used = 1;

	if (name_size > 2 && strncmp(argument, "--", 2) == 0)
		row = options_find(table, (struct str){argument + 2, name_size - 2});
	if (row == NULL) {
		buf_printf(mistakes, "%sthere is no option '%.*s'", mistakes->size > 0 ? "; " : "",
			(int)name_size, argument);
		return 1;
	}
	if (equals == NULL && row->type != OPTION_FLAG) {
		if (left < 2) {
			buf_printf(mistakes, "%s--%s needs a value", mistakes->size > 0 ? "; " : "",
				row->name);
			return 1;
		}
		text = arguments[1];
		used = 2;
	}
	if (!options_set(row, text, options))
		options_complain(mistakes, row, text);
	return used;
}

int options_parse(const struct option_table *table, int count, char *const *arguments,
	void *options, struct error *err)
{
	autobuf mistakes =
		BUF_INIT(LIMIT_CONFIG_BYTES); /* the error's text shows their beginning */

	for (int i = 0; i < count; i++)
		if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
			return 1;
	for (int i = 0; i < count;)
		i += options_take(table, count - i, arguments + i, options, &mistakes);
	if (mistakes.size > 0 || mistakes.is_overflown)
		return error_set(err, ERROR_INVALID, "%s", mistakes.data);
	return 0;
}

static void options_print_default(const struct option_row *row, const void *options)
{
	const void *field = (const char *)options + row->offset;
	const char *text;

	switch (row->type) {
	case OPTION_TEXT:
	case OPTION_CHOICE:
		text = *(const char *const *)field;
		if (text != NULL && text[0] != '\0')
			printf(" (default %s)", text);
		return;
	case OPTION_FLAG:
		printf(" (default %s)", *(const bool *)field ? "true" : "false");
		return;
	case OPTION_NUMBER:
		printf(" (default %lld)", (long long)*(const int64_t *)field);
		return;
	case OPTION_DURATION:
		printf(" (default %gs)", (double)*(const int64_t *)field / 1000);
		return;
	case OPTION_BYTES:
		printf(" (default %lluMi)", (unsigned long long)(*(const uint64_t *)field >> 20));
		return;
	}
}

void options_print_help(const struct option_table *table, const void *options)
{
	printf("Usage: %s\n\n%s\n\nOptions:\n", table->usage, table->purpose);
	for (size_t i = 0; i < table->count; i++) {
		const struct option_row *row = &table->rows[i];
		printf("  --%s%s%s\n        %s", row->name, row->argument != NULL ? " " : "",
			row->argument != NULL ? row->argument : "", row->help);
		options_print_default(row, options);
		printf("\n");
	}
	printf("  --help\n        Shows this text.\n");
}
