/* Widths are counted in characters, and colours are put around what has been padded. */
#include "cli/table.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "command/command.h"

enum { TABLE_GAP = 3 };

static const char *const table_styles[CLI_STYLES] = {
	[CLI_PLAIN] = "",
	[CLI_GOOD] = "\033[32m",
	[CLI_WARNING] = "\033[33m",
	[CLI_BAD] = "\033[31m",
	[CLI_FAINT] = "\033[2m",
	[CLI_STRONG] = "\033[1m",
};

void cli_table_add(struct cli_table *table, const struct cli_cell *cells, const struct json *raw)
{
	size_t size = table->column_count * sizeof(*cells);
	struct cli_row row = {
		.cells = arena_zeroed(table->arena, table->column_count, sizeof(*cells)),
		.raw = raw,
	};

	memcpy(row.cells, cells, size);
	if (table->count == table->capacity) {
		size_t capacity = table->capacity * 2 + 16;
		struct cli_row *rows = arena_zeroed(table->arena, capacity, sizeof(*rows));
		if (table->count > 0)
			memcpy(rows, table->rows, table->count * sizeof(*rows));
		table->rows = rows;
		table->capacity = capacity;
	}
	table->rows[table->count++] = row;
}

/* ---- Sorting ---- */

/* What the row is sorted by; a field that is absent is an empty text. */
struct table_key {
	const struct cli_row *row;
	struct cli_cell cell;
	size_t place; /* before */
};

static int table_compare_cells(const struct cli_cell *a, const struct cli_cell *b)
{
	if (a->has_number && b->has_number)
		return (a->number > b->number) - (a->number < b->number);
	if (a->has_number != b->has_number)
		return a->has_number ? 1 : -1;
	return str_compare(a->text, b->text);
}

static int table_compare_places(const struct table_key *a, const struct table_key *b)
{
	return a->place < b->place ? -1 : 1;
}

static int table_compare(const void *left, const void *right)
{
	const struct table_key *a = left;
	const struct table_key *b = right;
	int order = table_compare_cells(&a->cell, &b->cell);

	return order != 0 ? order : table_compare_places(a, b);
}

static int table_compare_backwards(const void *left, const void *right)
{
	const struct table_key *a = left;
	const struct table_key *b = right;
	int order = table_compare_cells(&b->cell, &a->cell);

	return order != 0 ? order : table_compare_places(a, b);
}

/* The value at ".a.b" of an object. */
static struct cli_cell table_field(struct arena *arena, const struct json *raw, struct str path)
{
	const struct json *value = raw;
	struct str member;

	while (path.size > 0 && value != NULL) {
		(void)str_cut(path, '.', &member, &path);
		if (member.size > 0)
			value = json_get(value, arena_str(arena, member).data);
	}
	if (json_type(value) == JSON_NUMBER)
		return (struct cli_cell){.number = json_i64(value, 0), .has_number = true};
	return (struct cli_cell){.text = json_str(value)};
}

static bool table_same_name(struct str wanted, const char *name)
{
	size_t size = strlen(name);

	return wanted.size == size && strncasecmp(wanted.data, name, size) == 0;
}

static int table_find_column(
	const struct cli_table *table, struct str name, size_t *ret_index, struct error *err)
{
	autobuf names = BUF_INIT(LIMIT_ERROR_TEXT);

	for (size_t i = 0; i < table->column_count; i++) {
		if (table_same_name(name, table->columns[i].name)) {
			*ret_index = i;
			return 0;
		}
		buf_printf(&names, "%s%s", i > 0 ? ", " : "", table->columns[i].name);
	}
	return error_set(err, ERROR_INVALID,
		"--sort-by: there is no column '%.*s'; there are: %s, and fields such as "
		".metadata.name",
		STR_ARG(name), names.data);
}

int cli_table_sort(struct cli_table *table, const char *by, struct error *err)
{
	struct str name = str_of(by);
	bool is_backwards = str_starts_with(name, STR("-"));
	struct table_key *keys = arena_zeroed(table->arena, table->count + 1, sizeof(*keys));
	struct cli_row *rows = arena_zeroed(table->arena, table->count + 1, sizeof(*rows));
	size_t column = 0;
	bool is_field;

	if (is_backwards)
		name = str_from(name, 1);
	if (str_starts_with(name, STR("{")) && str_ends_with(name, STR("}")))
		name = (struct str){name.data + 1, name.size - 2};
	is_field = str_starts_with(name, STR("."));
	if (!is_field && table_find_column(table, name, &column, err) < 0)
		return -1;
	for (size_t i = 0; i < table->count; i++)
		keys[i] = (struct table_key){
			.row = &table->rows[i],
			.cell = is_field ? table_field(table->arena, table->rows[i].raw, name)
					 : table->rows[i].cells[column],
			.place = i,
		};
	if (table->count > 1)
		qsort(keys, table->count, sizeof(*keys),
			is_backwards ? table_compare_backwards : table_compare);
	for (size_t i = 0; i < table->count; i++)
		rows[i] = *keys[i].row;
	table->rows = rows;
	table->capacity = table->count;
	return 0;
}

/* ---- Writing ---- */

size_t cli_text_width(struct str text)
{
	size_t width = 0;

	for (size_t i = 0; i < text.size; i++)
		width += ((unsigned char)text.data[i] & 0xc0) != 0x80 ? 1 : 0;
	return width;
}

void cli_write_styled(struct buf *out, struct str text, enum cli_style style, bool has_colours)
{
	bool is_styled = has_colours && style != CLI_PLAIN;

	if (is_styled)
		buf_add_text(out, table_styles[style]);
	cli_add_shown(out, text);
	if (is_styled)
		buf_add_text(out, "\033[0m");
}

static struct str table_shown(const struct cli_cell *cell)
{
	return cell->text.size > 0 ? cell->text : STR("<none>");
}

static size_t table_width(const struct cli_table *table, size_t column)
{
	size_t width = table->has_headers ? cli_text_width(str_of(table->columns[column].name)) : 0;

	for (size_t i = 0; i < table->count; i++) {
		size_t own = cli_text_width(table_shown(&table->rows[i].cells[column]));
		width = own > width ? own : width;
	}
	return width;
}

static bool table_shows(const struct cli_table *table, size_t column)
{
	return table->is_wide || !table->columns[column].is_wide;
}

static size_t table_last(const struct cli_table *table)
{
	size_t last = 0;

	for (size_t i = 0; i < table->column_count; i++)
		last = table_shows(table, i) ? i : last;
	return last;
}

static void table_write_line(
	const struct cli_table *table, const struct cli_cell *cells, struct buf *out)
{
	size_t last = table_last(table);

	for (size_t i = 0; i <= last; i++) {
		struct str text =
			cells != NULL ? table_shown(&cells[i]) : str_of(table->columns[i].name);
		if (!table_shows(table, i))
			continue;
		cli_write_styled(
			out, text, cells != NULL ? cells[i].style : CLI_PLAIN, table->has_colours);
		if (i < last)
			buf_printf(out, "%*s",
				(int)(table->widths[i] - cli_text_width(text) + TABLE_GAP), "");
	}
	buf_add_byte(out, '\n');
}

void cli_table_write(struct cli_table *table, struct buf *out)
{
	if (table->widths == NULL)
		table->widths =
			arena_zeroed(table->arena, table->column_count, sizeof(*table->widths));
	for (size_t i = 0; i < table->column_count; i++) {
		size_t width = table_width(table, i);
		if (width > table->widths[i])
			table->widths[i] = width;
	}
	if (table->has_headers)
		table_write_line(table, NULL, out);
	for (size_t i = 0; i < table->count; i++)
		table_write_line(table, table->rows[i].cells, out);
}

/* ---- Cells ---- */

struct cli_cell cli_cell_text(struct str text)
{
	return (struct cli_cell){.text = text};
}

struct cli_cell cli_cell_age(struct arena *arena, struct wall_time time, struct wall_time now)
{
	int64_t seconds = (now.us - time.us) / TIME_SECOND_US;
	char text[TIME_TEXT_SIZE];

	if (!wall_time_is_set(time))
		return (struct cli_cell){0};
	time_format_age(seconds, text);
	return (struct cli_cell){
		.text = arena_str(arena, str_of(text)), .number = seconds, .has_number = true};
}

/* In the largest unit that fits into the value, with one decimal when it tells anything. */
static struct str table_amount(struct arena *arena, int64_t value, const char *const *units,
	const int64_t *sizes, size_t count)
{
	size_t unit = 0;
	int64_t tenths;

	while (unit + 1 < count && value >= sizes[unit + 1])
		unit++;
	tenths = value / sizes[unit] * 10 +
		(value % sizes[unit] * 10 + sizes[unit] / 2) / sizes[unit];
	if (tenths % 10 == 0 || tenths >= 1000)
		return arena_printf(arena, "%" PRIi64 "%s", (tenths + 5) / 10, units[unit]);
	return arena_printf(
		arena, "%" PRIi64 ".%" PRIi64 "%s", tenths / 10, tenths % 10, units[unit]);
}

struct str cli_bytes_text(struct arena *arena, int64_t bytes)
{
	static const char *const units[] = {"B", "Ki", "Mi", "Gi", "Ti"};
	static const int64_t sizes[] = {
		1, INT64_C(1) << 10, INT64_C(1) << 20, INT64_C(1) << 30, INT64_C(1) << 40};

	return table_amount(arena, bytes, units, sizes, array_size(sizes));
}

struct str cli_duration_text(struct arena *arena, int64_t us)
{
	static const char *const units[] = {"us", "ms", "s"};
	static const int64_t sizes[] = {1, 1000, 1000000};

	return table_amount(arena, us, units, sizes, array_size(sizes));
}

struct cli_cell cli_cell_bytes(struct arena *arena, int64_t bytes)
{
	struct str text = bytes > 0 ? cli_bytes_text(arena, bytes) : (struct str){0};

	return (struct cli_cell){.text = text, .number = bytes, .has_number = true};
}

struct cli_cell cli_cell_duration(struct arena *arena, int64_t us)
{
	struct str text = us > 0 ? cli_duration_text(arena, us) : (struct str){0};

	return (struct cli_cell){.text = text, .number = us, .has_number = true};
}

struct cli_cell cli_cell_count(struct arena *arena, int64_t count)
{
	return (struct cli_cell){.text = arena_printf(arena, "%" PRIi64, count),
		.number = count,
		.has_number = true};
}
