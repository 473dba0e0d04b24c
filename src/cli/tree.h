/* The tree of what a namespace has about checkpoints. Pure. */
#ifndef CLI_TREE_H
#define CLI_TREE_H

#include "cli/forest.h"
#include "cli/gather.h"

/*
 * Workload, its schedules, their requests, the Checkpoints of these, the RestoreRequests from them
 * and how often they were restored; what no schedule asked for stands directly below the workload,
 * and so does a RestoreRequest whose Checkpoint is not drawn. Only the workloads and Pods in
 * `targets`; none: all. The branches are from the arena. Never NULL.
 */
must_check struct cli_branch *cli_tree_make(const struct cli_gathered *gathered,
	const struct cli_target *targets, size_t target_count, bool has_namespaces,
	struct wall_time now, struct arena *arena);

#endif
