/* Checkpoints as rows: what people want to see of them at a glance. Pure. */
#ifndef CLI_CHECKPOINTS_H
#define CLI_CHECKPOINTS_H

#include "api/checkpoint.h"
#include "base/time.h"
#include "cli/table.h"

enum cli_checkpoint_column {
	CLI_CKP_NAMESPACE,
	CLI_CKP_NAME,
	CLI_CKP_WORKLOAD,
	CLI_CKP_POD,
	CLI_CKP_CONTAINER,
	CLI_CKP_AGE,
	CLI_CKP_SIZE,
	CLI_CKP_FROZEN,
	CLI_CKP_PHASE,
	CLI_CKP_RESTORABLE,
	CLI_CKP_REASON,
	CLI_CKP_RESTORES,
	CLI_CKP_NODE,
	CLI_CKP_STRATEGY,
	CLI_CKP_MEMORY,
	CLI_CKP_CRIU,
	CLI_CKP_SCHEDULE,
	CLI_CKP_COLUMNS,
};

extern const struct cli_column cli_checkpoint_columns[CLI_CKP_COLUMNS];

/* When it was taken; the seed's objects do not say it, and count from when they were made. */
struct wall_time cli_checkpoint_time(const struct api_checkpoint *checkpoint);

/* Fills the cells; texts are borrowed from the checkpoint or from `arena`. */
void cli_checkpoint_cells(const struct api_checkpoint *checkpoint, struct wall_time now,
	struct arena *arena, struct cli_cell cells[static CLI_CKP_COLUMNS]);

/* Whether it would be restored, in a word and a colour: the condition's status. */
struct cli_cell cli_checkpoint_restorable(const struct api_checkpoint *checkpoint);

/* For qsort(): by namespace, workload, Pod and container, the newest first. */
int cli_checkpoint_compare(const struct api_checkpoint *a, const struct api_checkpoint *b);

#endif
