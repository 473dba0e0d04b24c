/* What happened to a workload's containers and when: for drawing. Pure. */
#ifndef CLI_MOMENTS_H
#define CLI_MOMENTS_H

#include <stddef.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/str.h"
#include "base/time.h"
#include "cli/gather.h"

enum cli_moment_kind {
	CLI_MOMENT_CHECKPOINT,
	CLI_MOMENT_CRASH,
	CLI_MOMENT_RESTORE,
	CLI_MOMENT_COLD
};

struct cli_moment {
	struct str lane; /* "web-x/main" */
	struct wall_time time;
	enum cli_moment_kind kind;
	struct str text; /* what it was: a checkpoint's name, a signal, an event's note */
};

struct cli_moments {
	struct cli_moment *items; /* by lane, then by time */
	size_t count;
	struct wall_time first, last;
};

/*
 * Those of the workload or Pod since `since`, from its Checkpoints (with how their containers ended
 * and were restored), its Pods and their events. What two of them tell is there once. From `arena`.
 */
struct cli_moments cli_moments_collect(const struct cli_gathered *gathered,
	const struct cli_target *target, struct wall_time since, struct arena *arena);

/* Appends lanes with their moments, `width` columns wide, the meaning of the signs, and a list. */
void cli_moments_draw(const struct cli_moments *moments, size_t width, bool has_colours,
	struct arena *arena, struct buf *out);

/* Appends the same as an SVG document. */
void cli_moments_write_svg(const struct cli_moments *moments, const char *title, struct buf *out);

#endif
