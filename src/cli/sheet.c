/* Values begin in one column; what belongs together is indented by two. */
#include "cli/sheet.h"

#include <string.h>

#include "cli/words.h"

enum { SHEET_COLUMN = 18 };

void cli_sheet_add_styled(
	struct cli_sheet *sheet, const char *name, struct str value, enum cli_style style)
{
	size_t size = strlen(name) + 1;

	if (value.size == 0)
		return;
	buf_printf(sheet->out, "%s:%*s", name, size < SHEET_COLUMN ? (int)(SHEET_COLUMN - size) : 1,
		"");
	cli_write_styled(sheet->out, value, style, sheet->has_colours);
	buf_add_byte(sheet->out, '\n');
}

void cli_sheet_add(struct cli_sheet *sheet, const char *name, struct str value)
{
	cli_sheet_add_styled(sheet, name, value, CLI_PLAIN);
}

void cli_sheet_add_bytes(struct cli_sheet *sheet, const char *name, int64_t bytes)
{
	if (bytes > 0)
		cli_sheet_add(sheet, name, cli_bytes_text(sheet->arena, bytes));
}

void cli_sheet_add_time(struct cli_sheet *sheet, const char *name, struct wall_time time)
{
	char text[TIME_TEXT_SIZE];
	struct str when = cli_when(time, sheet->now, sheet->arena);

	if (!wall_time_is_set(time))
		return;
	wall_time_format(time, text);
	cli_sheet_add(sheet, name, arena_printf(sheet->arena, "%s (%.*s)", text, STR_ARG(when)));
}

void cli_sheet_add_conditions(struct cli_sheet *sheet, const struct json_list *conditions)
{
	static const struct cli_column columns[] = {{"  TYPE", false, ""}, {"STATUS", false, ""},
		{"REASON", false, ""}, {"MESSAGE", false, ""}};
	const struct api_condition *items = conditions->items;
	struct cli_table table = {
		.arena = sheet->arena,
		.columns = columns,
		.column_count = array_size(columns),
		.has_colours = sheet->has_colours,
		.has_headers = true,
	};

	for (size_t i = 0; i < conditions->count; i++) {
		enum cli_style style = str_is(items[i].status, "True") ? CLI_GOOD : CLI_WARNING;
		const struct cli_cell cells[] = {
			{.text = arena_printf(sheet->arena, "  %.*s", STR_ARG(items[i].type))},
			{.text = items[i].status, .style = style},
			{.text = items[i].reason},
			{.text = items[i].message},
		};
		cli_table_add(&table, cells, NULL);
	}
	if (conditions->count > 0)
		cli_sheet_add_table(sheet, "Conditions", &table);
}

void cli_sheet_add_table(struct cli_sheet *sheet, const char *title, struct cli_table *table)
{
	if (table->count == 0) {
		cli_sheet_add(sheet, title, STR("<none>"));
		return;
	}
	buf_printf(sheet->out, "%s:\n", title);
	cli_table_write(table, sheet->out);
}
