/* Which checkpoints go, by the flags of `prune`. Pure. */
#ifndef CLI_PRUNE_H
#define CLI_PRUNE_H

#include <stddef.h>
#include <stdint.h>

#include "api/checkpoint.h"
#include "base/time.h"

enum cli_prune_why {
	CLI_PRUNE_STAYS,
	CLI_PRUNE_SURPLUS, /* newer ones of the container are as many as are kept */
	CLI_PRUNE_OLD,
	CLI_PRUNE_FAILED,
};

struct cli_prune_rule {
	int64_t keep; /* of each container of each Pod; negative: all */
	int64_t older_than_ms; /* 0: age does not matter */
	bool takes_failed;
};

struct cli_prune_item {
	const struct api_checkpoint *checkpoint;
	enum cli_prune_why why;
};

/*
 * Sorts the items as lists show them and judges each. What is not complete yet and what is being
 * deleted stays; so does, of each container, the newest that is restorable.
 */
void cli_prune_mark(struct cli_prune_item *items, size_t count, const struct cli_prune_rule *rule,
	struct wall_time now);

#endif
