/* The programs' tables of options become the reference's last section. */
#include "control/control.h"
#include "generate.h"
#include "hold/program.h"
#include "install/install.h"
#include "node/node.h"
#include "relay/program.h"

static const struct option_table *const options_tables[] = {
	&control_option_table,
	&node_option_table,
	&hold_option_table,
	&relay_option_table,
	&install_option_table,
	&install_remove_option_table,
};

static void options_add_row(
	struct buf *out, const struct option_table *table, const struct option_row *row)
{
	autobuf value = BUF_INIT(1024);

	option_write_value(row, table->defaults, &value);
	buf_printf(
		out, "| `%s`%s | ", row->name, table->kind != NULL && row->is_live ? " \\*" : "");
	option_write_kind(row, out);
	if (value.size > 0)
		buf_printf(out, " | `%s` | ", value.data);
	else
		buf_add_text(out, " |  | ");
	buf_printf(out, "%s |\n", row->help);
}

static void options_add_table(struct buf *out, const struct option_table *table)
{
	buf_printf(out, "### %s\n\n%s\n\n", table->program, table->purpose);
	if (table->kind != NULL)
		buf_printf(out, "The file's kind is `%s`.\n\n", table->kind);
	buf_add_text(out, "| Option | Value | Default | Meaning |\n|---|---|---|---|\n");
	for (size_t i = 0; i < table->count; i++)
		options_add_row(out, table, &table->rows[i]);
	buf_add_byte(out, '\n');
}

void generate_options(struct buf *out)
{
	buf_add_text(out,
		"\n## Options of the programs\n\n"
		"Each is a flag (`--log-level=debug`) and, for programs whose file has a kind, a "
		"member of the file that `--config` names, by the same name:\n\n"
		"```yaml\napiVersion: " OPTIONS_API_VERSION
		"\nkind: AgentConfiguration\nlog-level: debug\nstore-max-size: 50Gi\n```\n\n"
		"A flag wins over the file. Every mistake of both is told at the start. Options "
		"marked \\* are taken up again when the file changes, and with SIGHUP; a file with "
		"a mistake then changes nothing, and the log says what is wrong.\n\n");
	for (size_t i = 0; i < array_size(options_tables); i++)
		options_add_table(out, options_tables[i]);
}
