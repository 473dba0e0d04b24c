/* Widths count characters of UTF-8, not bytes. */
#include "inspect/text.h"

#include <stdio.h>
#include <string.h>

#include "inspect/report.h"

void inspect_add_escaped(struct buf *out, struct str text)
{
	while (text.size > 0) {
		size_t control = str_control(text);
		if (*text.data == '\n')
			buf_add_text(out, "\\n");
		else if (*text.data == '\t')
			buf_add_text(out, "\\t");
		else if (*text.data == '\\')
			buf_add_text(out, "\\\\");
		else if (control == 0)
			buf_add_byte(out, *text.data);
		else
			for (size_t i = 0; i < control; i++)
				buf_printf(out, "\\x%02x", (unsigned char)text.data[i]);
		text = str_from(text, control > 0 ? control : 1);
	}
}

void inspect__add_words(struct buf *out, const struct json_strings *words)
{
	for (size_t i = 0; i < words->count; i++) {
		struct str word = words->items[i];
		bool is_quoted = word.size == 0 || str_contains(word, STR(" ")) ||
			str_contains(word, STR("\n"));
		buf_add_text(out, i > 0 ? " " : "");
		buf_add_text(out, is_quoted ? "'" : "");
		inspect_add_escaped(out, word);
		buf_add_text(out, is_quoted ? "'" : "");
	}
}

void inspect__format_size(int64_t bytes, char text[static INSPECT_SIZE_TEXT])
{
	static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
	double value = (double)bytes / 1024;
	size_t unit = 0;

	if (bytes < 1024) {
		(void)snprintf(text, INSPECT_SIZE_TEXT, "%lld B", (long long)bytes);
		return;
	}
	for (; value >= 1023.95 && unit + 1 < array_size(units); unit++)
		value /= 1024;
	(void)snprintf(text, INSPECT_SIZE_TEXT, "%.1f %s", value, units[unit]);
}

void inspect__format_duration(int64_t us, char text[static INSPECT_SIZE_TEXT])
{
	if (us < 1000)
		(void)snprintf(text, INSPECT_SIZE_TEXT, "%lld us", (long long)us);
	else if (us < TIME_SECOND_US)
		(void)snprintf(text, INSPECT_SIZE_TEXT, "%.1f ms", (double)us / 1e3);
	else
		(void)snprintf(text, INSPECT_SIZE_TEXT, "%.2f s", (double)us / 1e6);
}

void inspect__columns_done(struct inspect_columns *columns)
{
	buf_done(&columns->cells);
}

static size_t text_width(struct str text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.size; i++)
		width += ((unsigned char)text.data[i] & 0xc0) != 0x80;
	return width;
}

static void text_end_cell(struct inspect_columns *columns)
{
	struct str cell = str_from(buf_str(&columns->cells), columns->begun);
	size_t width = text_width(cell);

	if (columns->column < INSPECT_COLUMNS && width > columns->widths[columns->column])
		columns->widths[columns->column] = width;
	columns->column++;
	buf_add_byte(&columns->cells, '\0');
	columns->begun = columns->cells.size;
}

void inspect__cell_text(struct inspect_columns *columns, const char *text)
{
	buf_add_text(&columns->cells, text);
	text_end_cell(columns);
}

void inspect__cell(struct inspect_columns *columns, struct str text)
{
	if (text.size == 0)
		buf_add_byte(&columns->cells, '-');
	inspect_add_escaped(&columns->cells, text);
	text_end_cell(columns);
}

void inspect__cell_number(struct inspect_columns *columns, int64_t number)
{
	buf_printf(&columns->cells, "%lld", (long long)number);
	text_end_cell(columns);
}

void inspect__cell_size(struct inspect_columns *columns, int64_t bytes)
{
	char text[INSPECT_SIZE_TEXT];

	inspect__format_size(bytes, text);
	inspect__cell_text(columns, text);
}

void inspect__row(struct inspect_columns *columns)
{
	buf_add_byte(&columns->cells, '\0');
	columns->begun = columns->cells.size;
	columns->column = 0;
}

/* A row's cells; the last one is not padded. */
static struct str text_write_row(
	const struct inspect_columns *columns, struct str rest, struct buf *out)
{
	size_t padding = 0;
	struct str cell;

	for (size_t i = 0; str_cut(rest, '\0', &cell, &rest) && cell.size > 0; i++) {
		buf_printf(out, "%*s", (int)padding, "");
		buf_add(out, cell);
		padding = 2;
		if (i < INSPECT_COLUMNS)
			padding += columns->widths[i] - text_width(cell);
	}
	buf_add_byte(out, '\n');
	return rest;
}

void inspect__columns_write(struct inspect_columns *columns, const char *indent, struct buf *out)
{
	struct str rest = buf_str(&columns->cells);

	while (rest.size > 0) {
		buf_add_text(out, indent);
		rest = text_write_row(columns, rest, out);
	}
	buf_clear(&columns->cells);
	memset(columns->widths, 0, sizeof(columns->widths));
	columns->begun = 0;
}
