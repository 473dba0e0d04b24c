/* A tree of lines, drawn with box characters as `kubectl tree` and tree(1) do. Pure. */
#ifndef CLI_FOREST_H
#define CLI_FOREST_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "cli/table.h"

/* A line and those below it; all from an arena. */
struct cli_branch {
	struct str name;
	struct str rest; /* behind the name */
	enum cli_style style; /* of the rest */
	struct cli_branch *first;
	struct cli_branch *last;
	struct cli_branch *next; /* beside it */
};

/* Adds a branch below `parent`, after those that are there. */
struct cli_branch *cli_branch_add(struct arena *arena, struct cli_branch *parent, struct str name);

/* Appends the branches below `root`, which is no line itself. */
void cli_branch_write(struct buf *out, const struct cli_branch *root, bool has_colours);

#endif
