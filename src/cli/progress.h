/* How far requests for checkpoints are, from what the cluster says of them. Pure. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "cli/kinds.h"
#include "cli/table.h"

enum cli_progress_state {
	CLI_PROGRESS_ASKED, /* the request is there */
	CLI_PROGRESS_TAKEN_UP, /* the agent has begun */
	CLI_PROGRESS_TAKEN, /* there is a Checkpoint, which is not complete yet */
	CLI_PROGRESS_DONE,
	CLI_PROGRESS_FAILED,
};

/* One container of one Pod. Texts are from the arena that the caller keeps. */
struct cli_progress {
	struct str pod;
	struct str container;
	struct str request;
	enum cli_progress_state state;
	struct str checkpoint; /* name; empty: there is none yet */
	int64_t size_bytes;
	int64_t frozen_us;
	int64_t took_us; /* of the agent, from its begin until the request was complete */
	struct str why; /* of a failure */
};

/*
 * Takes in what a request (NULL: it is gone), a Checkpoint says now. Returns whether the state has
 * changed; what is about another object changes nothing.
 */
bool cli_progress_see_request(struct cli_progress *progress, struct str name,
	const struct api_request *request, struct arena *arena);
bool cli_progress_see_checkpoint(struct cli_progress *progress,
	const struct api_checkpoint *checkpoint, struct arena *arena);

/* Appends the state as a line: "web-x/main: taken, its image is being built". */
void cli_progress_write(const struct cli_progress *progress, struct buf *out);

static inline bool cli_progress_is_over(const struct cli_progress *progress)
{
	return progress->state >= CLI_PROGRESS_DONE;
}

/*
 * The containers of a Pod that a checkpoint can be taken of now, added to `items` (room for all of
 * them): those in `wanted`, or all when that is empty. What does not run is told in `notes`, a line
 * each. Returns how many. Fails with ABSENT when a wanted one does not exist.
 */
must_check int cli_progress_add_pod(struct cli_progress *items, size_t *count,
	const struct api_pod *pod, const struct json_strings *wanted, struct buf *notes,
	struct error *err);

enum cli_progress_column {
	CLI_PROGRESS_CHECKPOINT,
	CLI_PROGRESS_POD,
	CLI_PROGRESS_CONTAINER,
	CLI_PROGRESS_SIZE,
	CLI_PROGRESS_FROZEN,
	CLI_PROGRESS_TOOK,
	CLI_PROGRESS_COLUMNS,
};

extern const struct cli_column cli_progress_columns[CLI_PROGRESS_COLUMNS];
void cli_progress_cells(const struct cli_progress *progress, struct arena *arena,
	struct cli_cell cells[static CLI_PROGRESS_COLUMNS]);

#endif
