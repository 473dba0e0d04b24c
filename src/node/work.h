/* The agent's side of the worker (node/worker.h). */
#ifndef NODE_WORK_H
#define NODE_WORK_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "checkpoint/describe.h"
#include "loop/loop.h"

struct node_work;

/* The end of the work: a description (its texts borrowed), or `err`. Called once, from the loop. */
typedef void (*node_work_fn)(
	void *context, const struct checkpoint_description *description, const struct error *err);

/* What a worker gets; the descriptors are borrowed until it is started. */
struct node_work_input {
	int archive;
	int directory; /* of a checkpoint as kcr-runtime takes it; -1: the archive is all */
	bool is_unpacked; /* all of the archive goes into the directory; else its metadata does */
	int64_t unpacked_max; /* as archive_scan() takes it */
};

/*
 * Starts a worker. The caller owns *ret_work and may release it at any time, which ends the worker.
 * Fails with SYSTEM.
 */
must_check int node_work_start(struct loop *loop, const struct node_work_input *input,
	node_work_fn done, void *context, struct node_work **ret_work, struct error *err);
void node_work_free(struct node_work *work); /* may be NULL */

#endif
