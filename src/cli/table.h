/*
 * Tables as kubectl prints them: columns that are as wide as their longest cell, three blanks
 * apart. A table is made of rows and written at the end, sorted by a column or by a field of the
 * objects behind the rows. Pure.
 */
#ifndef CLI_TABLE_H
#define CLI_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum cli_style { CLI_PLAIN, CLI_GOOD, CLI_WARNING, CLI_BAD, CLI_FAINT, CLI_STRONG, CLI_STYLES };

/* One cell. With a number it is sorted by that; an empty text is shown as "<none>". */
struct cli_cell {
	struct str text;
	int64_t number;
	bool has_number;
	enum cli_style style;
};

struct cli_column {
	const char *name; /* "RESTORABLE" */
	bool is_wide; /* only with -o wide */
	const char *meaning; /* for the reference */
};

struct cli_table {
	struct arena *arena; /* of the rows; borrowed, as are the cells' texts */
	const struct cli_column *columns;
	size_t column_count;
	bool is_wide;
	bool has_colours;
	bool has_headers;
	size_t *widths; /* of the columns when it was last written, so that later lines fit; NULL:
			   it was not. From the arena, or the caller's */
	struct cli_row *rows;
	size_t count;
	size_t capacity;
};

struct cli_row {
	struct cli_cell *cells; /* one for each column */
	const struct json *raw; /* the object that it shows; NULL: none */
};

/* Adds a row; its cells are copied. */
void cli_table_add(struct cli_table *table, const struct cli_cell *cells, const struct json *raw);

/*
 * Sorts by a column ("age"), or by a field of the objects (".status.sizeBytes",
 * "{.metadata.name}"); with '-' in front the other way round. Rows that are equal stay in their
 * order. Fails with INVALID when there is no such column, naming those there are.
 */
must_check int cli_table_sort(struct cli_table *table, const char *by, struct error *err);

/* Appends the lines: the headers, and one for each row. */
void cli_table_write(struct cli_table *table, struct buf *out);

/* Columns of a terminal that the text takes: its characters. */
size_t cli_text_width(struct str text);

/* Appends the text in a style, where there are colours. */
void cli_write_styled(struct buf *out, struct str text, enum cli_style style, bool has_colours);

/* ---- Cells ---- */

struct cli_cell cli_cell_text(struct str text);
/* The time since, "3m"; empty when it is not set. Newer is less, so that ages sort upwards. */
struct cli_cell cli_cell_age(struct arena *arena, struct wall_time time, struct wall_time now);
/* "4.2Mi"; empty for 0. */
struct cli_cell cli_cell_bytes(struct arena *arena, int64_t bytes);
/* "131ms"; empty for 0. */
struct cli_cell cli_cell_duration(struct arena *arena, int64_t us);
struct cli_cell cli_cell_count(struct arena *arena, int64_t count);

/* Numbers as people read them, for cells and prose. */
struct str cli_bytes_text(struct arena *arena, int64_t bytes);
struct str cli_duration_text(struct arena *arena, int64_t us);

#endif
