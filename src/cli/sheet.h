/* What one object says, as kubectl describe prints it: a name, a colon, a value. Pure. */
#ifndef CLI_SHEET_H
#define CLI_SHEET_H

#include "api/meta.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/table.h"

struct cli_sheet {
	struct buf *out;
	struct arena *arena; /* for what is made on the way */
	struct wall_time now;
	bool has_colours;
};

/* A line; nothing for an empty value. */
void cli_sheet_add(struct cli_sheet *sheet, const char *name, struct str value);
void cli_sheet_add_styled(
	struct cli_sheet *sheet, const char *name, struct str value, enum cli_style style);
void cli_sheet_add_bytes(struct cli_sheet *sheet, const char *name, int64_t bytes);
/* "2026-11-22T08:00:00Z (3m ago)"; nothing when it is not set. */
void cli_sheet_add_time(struct cli_sheet *sheet, const char *name, struct wall_time time);

/* "Conditions:" and a line for each; nothing when there are none. */
void cli_sheet_add_conditions(struct cli_sheet *sheet, const struct json_list *conditions);

/* A title and the table below it, or "<none>". */
void cli_sheet_add_table(struct cli_sheet *sheet, const char *title, struct cli_table *table);

#endif
