/* Flags: --name=value, --name value, and --name alone for what is true or false. */
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

int options_read_flags(const struct option_table *table, int count, char *const *arguments,
	void *values, const char **ret_path, struct option_mistakes *mistakes)
{
	struct flags flags = {.table = table, .values = values, .mistakes = mistakes};
	size_t before = mistakes->count;

	for (int i = 0; i < count; i++)
		if (strcmp(arguments[i], "--help") == 0 || strcmp(arguments[i], "-h") == 0)
			return 1;
	for (int i = 0; i < count;)
		i += flags_take(&flags, count - i, arguments + i);
	*ret_path = flags.path;
	return mistakes->count > before ? -1 : 0;
}
