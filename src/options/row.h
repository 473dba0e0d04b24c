/* One row and the text of its value, wherever the text comes from. Internal to the room. */
#ifndef OPTIONS_ROW_H
#define OPTIONS_ROW_H

#include "options/options.h"

/* The row of that name; NULL when there is none. */
const struct option_row *options__find(const struct option_table *table, struct str name);

/*
 * Sets the row's value in *values. A text that is none becomes a mistake at `place` ("--name", or a
 * line of the file). `text` is borrowed for as long as the values are.
 */
void options__set(const struct option_row *row, const char *place, const char *text, void *values,
	struct option_mistakes *mistakes);

/* Adds the mistake that there is no option of this name. `dashes` stands before a name here. */
void options__add_unknown(const struct option_table *table, const char *place, struct str name,
	const char *dashes, struct option_mistakes *mistakes);

/* Where the row's value lies in the program's struct. */
static inline void *options__field(const struct option_row *row, void *values)
{
	return (char *)values + row->offset;
}

#endif
