/*
 * Flags: --name=value, --name value, and --name alone for what is true or false; on the command
 * lines of people also -n value, -nvalue, and words.
 */
#include <string.h>

#include "options/row.h"

static const struct option_row flags_config = {.name = "config", .type = OPTION_TEXT};

static const struct option_row *flags_find(const struct option_table *table, struct str name)
{
	if (table->kind != NULL && str_is(name, flags_config.name))
		return &flags_config;
	return options__find(table, name);
}

struct flags {
	const struct option_table *table;
	void *values;
	const char *path;
	struct option_words *words; /* of options_read_line() only */
	struct option_mistakes *mistakes;
};

/* One argument, and the next one when it is this one's value; returns how many were used. */
static int flags_take(struct flags *flags, int left, char *const *arguments)
{
	struct str name = str_of(arguments[0]);
	struct str text;
	bool has_text = str_cut(name, '=', &name, &text);
	autobuf place = BUF_INIT(LIMIT_OPTION_MISTAKES);
	const struct option_row *row = NULL;
	int used = 1;

	buf_add(&place, name);
	if (name.size > 2 && str_starts_with(name, STR("--")))
		row = flags_find(flags->table, str_from(name, 2));
	if (row == NULL) {
		options__add_unknown(flags->table, place.data, name, "--", flags->mistakes);
		return used;
	}
	if (!has_text && row->type != OPTION_FLAG) {
		if (left < 2) {
			option_mistakes_add(flags->mistakes, "%s: it needs a value", place.data);
			return used;
		}
		text = str_of(arguments[1]);
		used = 2;
	} else if (!has_text) {
		text = STR("true");
	}
	if (row == &flags_config)
		flags->path = text.data;
	else
		options__set(row, place.data, text.data, flags->values, flags->mistakes);
	return used;
}

static const struct option_row *flags_find_letter(const struct option_table *table, char letter)
{
	for (size_t i = 0; i < table->count; i++)
		if (letter != '\0' && table->rows[i].letter == letter)
			return &table->rows[i];
	return NULL;
}

/* One argument such as -A, -nNAME or -Aw, and the next one when it is a value; as flags_take(). */
static int flags_take_letters(struct flags *flags, int left, char *const *arguments)
{
	const char *text = arguments[0] + 1;

	while (*text != '\0') {
		char place[] = {'-', *text++, '\0'};
		const struct option_row *row = flags_find_letter(flags->table, place[1]);
		bool has_value = *text == '=';

		if (row == NULL) {
			option_mistakes_add(flags->mistakes, "%s: there is no such option", place);
			return 1;
		}
		if (row->type == OPTION_FLAG && !has_value) {
			options__set(row, place, "true", flags->values, flags->mistakes);
			continue;
		}
		if (*text == '\0' && left < 2) {
			option_mistakes_add(flags->mistakes, "%s: it needs a value", place);
			return 1;
		}
		options__set(row, place, *text == '\0' ? arguments[1] : text + has_value,
			flags->values, flags->mistakes);
		return *text == '\0' ? 2 : 1;
	}
	return 1;
}

static bool flags_ask_for_help(int count, char *const *arguments)
{
	for (int i = 0; i < count && strcmp(arguments[i], "--") != 0; i++)
		if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
			return true;
	return false;
}

int options_read_flags(const struct option_table *table, int count, char *const *arguments,
	void *values, const char **ret_path, struct option_mistakes *mistakes)
{
	struct flags flags = {.table = table, .values = values, .mistakes = mistakes};
	size_t before = mistakes->count;

	if (flags_ask_for_help(count, arguments))
		return 1;
	for (int i = 0; i < count;)
		i += flags_take(&flags, count - i, arguments + i);
	*ret_path = flags.path;
	return mistakes->count > before ? -1 : 0;
}

/* "-" alone is a word: programs call their standard input so. */
static int flags_take_any(struct flags *flags, int left, char *const *arguments)
{
	const char *text = arguments[0];

	if (text[0] == '-' && text[1] == '-')
		return flags_take(flags, left, arguments);
	if (text[0] == '-' && text[1] != '\0')
		return flags_take_letters(flags, left, arguments);
	flags->words->items[flags->words->count++] = text;
	return 1;
}

int options_read_line(const struct option_table *table, int count, char *const *arguments,
	void *values, struct option_words *words, struct option_mistakes *mistakes)
{
	struct flags flags = {
		.table = table, .values = values, .words = words, .mistakes = mistakes};
	size_t before = mistakes->count;
	int i = 0;

	if (flags_ask_for_help(count, arguments))
		return 1;
	while (i < count && strcmp(arguments[i], "--") != 0)
		i += flags_take_any(&flags, count - i, arguments + i);
	for (i++; i < count; i++)
		words->items[words->count++] = arguments[i];
	return mistakes->count > before ? -1 : 0;
}
