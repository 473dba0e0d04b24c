/* --help: the rows by their groups, each with its value, its meaning, its limits and its default.
 */
#include "options/options.h"

enum { HELP_WIDTH = 80, HELP_INDENT = 8 };

/* Adds the words of `text` in lines of HELP_WIDTH, each after `indent` blanks. */
static void help_wrap(struct buf *out, struct str text, size_t indent)
{
	size_t column = 0;
	struct str word;

	while (text.size > 0) {
		(void)str_cut(text, ' ', &word, &text);
		if (column > 0 && column + 1 + word.size > HELP_WIDTH) {
			buf_add_byte(out, '\n');
			column = 0;
		}
		if (column == 0)
			buf_printf(out, "%*s", (int)indent, "");
		else
			buf_add_byte(out, ' ');
		column += (column == 0 ? indent : 1) + word.size;
		buf_add(out, word);
	}
	buf_add_byte(out, '\n');
}

/* "(from 1s to 24h, default 15s)", with what there is of it. */
static void help_add_values(struct buf *out, const struct option_row *row, const void *defaults)
{
	autobuf limits = BUF_INIT(LIMIT_OPTION_MISTAKES);
	autobuf value = BUF_INIT(LIMIT_OPTION_MISTAKES);

	option_write_limits(row, &limits);
	option_write_value(row, defaults, &value);
	if (limits.size + value.size == 0)
		return;
	buf_printf(out, " (%s%s%s%s)", limits.data, limits.size * value.size > 0 ? ", " : "",
		value.size > 0 ? "default " : "", value.data);
}

static void help_add_row(
	struct buf *out, const struct option_table *table, const struct option_row *row)
{
	bool is_live = table->kind != NULL && row->is_live;
	autobuf text = BUF_INIT(LIMIT_OPTION_MISTAKES);

	if (row->group != NULL)
		buf_printf(out, "\n%s:\n", row->group);
	buf_printf(out, "  --%s%s%s%s\n", row->name, row->type == OPTION_FLAG ? "[=false]" : "=",
		row->argument != NULL ? row->argument : "", is_live ? " *" : "");
	buf_add_text(&text, row->help);
	help_add_values(&text, row, table->defaults);
	help_wrap(out, buf_str(&text), HELP_INDENT);
}

static void help_add_file(struct buf *out, const struct option_table *table)
{
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);

	buf_printf(&text,
		"A file of these options, YAML or JSON, by the same names without the dashes: "
		"apiVersion: " OPTIONS_API_VERSION
		", kind: %s, log-level: debug, and so on. A flag wins over the file. Options "
		"marked * are taken up again when the file changes, and with SIGHUP.",
		table->kind);
	buf_add_text(out, "\n  --config=PATH\n");
	help_wrap(out, buf_str(&text), HELP_INDENT);
}

void options_write_help(const struct option_table *table, struct buf *out)
{
	buf_printf(out, "Usage: %s %s\n\n", table->program, table->usage);
	help_wrap(out, str_of(table->purpose), 0);
	if (table->kind != NULL)
		help_add_file(out, table);
	if (table->rows[0].group == NULL)
		buf_add_text(out, "\nOptions:\n");
	for (size_t i = 0; i < table->count; i++)
		help_add_row(out, table, &table->rows[i]);
	buf_add_text(out, "\n  --help\n        Shows this text.\n\n");
	help_wrap(
		out, STR("A DURATION is written like 90s or 1h30m, BYTES like 500Mi or 10Gi."), 0);
}
