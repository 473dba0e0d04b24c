/* What people read: sizes, columns, and texts of a checkpoint made harmless. Internal. */
#ifndef INSPECT_TEXT_H
#define INSPECT_TEXT_H

#include <stdint.h>

#include "base/buf.h"
#include "inspect/report.h"
#include "json/json.h"

/* Appends the texts with a space between, those with spaces in quotes. */
void inspect__add_words(struct buf *out, const struct json_strings *words);

/* "1.5 MiB". */
enum { INSPECT_SIZE_TEXT = 32 };
void inspect__format_size(int64_t bytes, char text[static INSPECT_SIZE_TEXT]);

/* "74.6 ms" of microseconds. */
void inspect__format_duration(int64_t us, char text[static INSPECT_SIZE_TEXT]);

/*
 * Rows of a table whose columns are as wide as their widest cell; cells are ended by
 * inspect__cell(), rows by inspect__row(). The last column is not padded.
 */
enum { INSPECT_COLUMNS = 12 };
struct inspect_columns {
	struct buf cells; /* one behind the other, ended by NUL; a row by another NUL */
	size_t widths[INSPECT_COLUMNS];
	size_t column;
	size_t begun; /* where the cell at hand begins */
};
#define INSPECT_COLUMNS_INIT ((struct inspect_columns){.cells = BUF_INIT(INSPECT_OUTPUT_BYTES)})

void inspect__columns_done(struct inspect_columns *columns);
#define autocolumns clean_up(inspect__columns_done) struct inspect_columns

void inspect__cell_text(struct inspect_columns *columns, const char *text); /* ours */
void inspect__cell(struct inspect_columns *columns, struct str text); /* escaped */
void inspect__cell_number(struct inspect_columns *columns, int64_t number);
void inspect__cell_size(struct inspect_columns *columns, int64_t bytes);
void inspect__row(struct inspect_columns *columns);

/* Appends the table, each line behind `indent`, and empties it. */
void inspect__columns_write(struct inspect_columns *columns, const char *indent, struct buf *out);

#endif
