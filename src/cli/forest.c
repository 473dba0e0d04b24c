/* Each line has in front of it what its ancestors are followed by. */
#include "cli/forest.h"

struct cli_branch *cli_branch_add(struct arena *arena, struct cli_branch *parent, struct str name)
{
	struct cli_branch *branch = arena_zeroed(arena, 1, sizeof(*branch));

	branch->name = name;
	if (parent->last != NULL)
		parent->last->next = branch;
	else
		parent->first = branch;
	parent->last = branch;
	return branch;
}

static void forest_write_line(struct buf *out, const struct cli_branch *branch, bool has_colours)
{
	cli_write_styled(out, branch->name, CLI_STRONG, has_colours);
	if (branch->rest.size > 0) {
		buf_add_text(out, "  ");
		cli_write_styled(out, branch->rest, branch->style, has_colours);
	}
	buf_add_byte(out, '\n');
}

/* The depth is that of what we built: some five levels. */
static void forest_write_below(
	struct buf *out, const struct cli_branch *parent, struct buf *before, bool has_colours)
{
	for (const struct cli_branch *branch = parent->first; branch != NULL;
		branch = branch->next) {
		size_t size = before->size;
		buf_add(out, buf_str(before));
		buf_add_text(out, branch->next != NULL ? "├── " : "└── ");
		forest_write_line(out, branch, has_colours);
		buf_add_text(before, branch->next != NULL ? "│   " : "    ");
		forest_write_below(out, branch, before, has_colours);
		before->size = size;
		before->data[size] = '\0';
	}
}

void cli_branch_write(struct buf *out, const struct cli_branch *root, bool has_colours)
{
	autobuf before = BUF_INIT(1024);

	for (const struct cli_branch *branch = root->first; branch != NULL; branch = branch->next) {
		forest_write_line(out, branch, has_colours);
		forest_write_below(out, branch, &before, has_colours);
	}
}
