/* --help: the rows by their groups, each with its value, its meaning, its limits and its default.
 */
#include "options/options.h"

enum { HELP_WIDTH = 80, HELP_INDENT = 8 };

void options_write_wrapped(struct buf *out, struct str text, size_t indent)
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

/* What stands behind its name; only what is true by default, or by a file, has to be taken back. */
static const char *help_value(const struct option_table *table, const struct option_row *row)
{
	bool is_true = row->type == OPTION_FLAG &&
		*(const bool *)((const char *)table->defaults + row->offset);

	if (row->type != OPTION_FLAG)
		return "=";
	return is_true || table->kind != NULL ? "[=false]" : "";
}

/* "(from 1s to 24h, default 15s)", with what there is of it. */
static void help_add_values(
	struct buf *out, const struct option_table *table, const struct option_row *row)
{
	autobuf limits = BUF_INIT(LIMIT_OPTION_MISTAKES);
	autobuf value = BUF_INIT(LIMIT_OPTION_MISTAKES);

	option_write_limits(row, &limits);
	if (*help_value(table, row) != '\0')
		option_write_value(row, table->defaults, &value);
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
	buf_add_text(out, "  ");
	if (row->letter != 0)
		buf_printf(out, "-%c, ", row->letter);
	buf_printf(out, "--%s%s%s%s\n", row->name, help_value(table, row),
		row->argument != NULL ? row->argument : "", is_live ? " *" : "");
	buf_add_text(&text, row->help);
	help_add_values(&text, table, row);
	options_write_wrapped(out, buf_str(&text), HELP_INDENT);
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
	options_write_wrapped(out, buf_str(&text), HELP_INDENT);
}

void options_write_rows(struct buf *out, const struct option_table *table)
{
	for (size_t i = 0; i < table->count; i++)
		help_add_row(out, table, &table->rows[i]);
}

void options_write_help(const struct option_table *table, struct buf *out)
{
	buf_printf(out, "Usage: %s %s\n\n", table->program, table->usage);
	options_write_wrapped(out, str_of(table->purpose), 0);
	if (table->kind != NULL)
		help_add_file(out, table);
	if (table->rows[0].group == NULL)
		buf_add_text(out, "\nOptions:\n");
	options_write_rows(out, table);
	buf_add_text(out, "\n  --help\n        Shows this text.\n\n");
	options_write_wrapped(
		out, STR("A DURATION is written like 90s or 1h30m, BYTES like 500Mi or 10Gi."), 0);
}
