/*
 * Checkpoint: what was taken, where it lies, and whether it can be restored. What a field means
 * stands in the table of checkpoint.c and in docs/reference.md.
 */
#ifndef API_CHECKPOINT_H
#define API_CHECKPOINT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/meta.h"
#include "base/arena.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum api_checkpoint_phase {
	API_CHECKPOINT_CREATED,
	API_CHECKPOINT_PROCESSING,
	API_CHECKPOINT_IMAGE_BUILT,
	API_CHECKPOINT_FAILED
};

/* How it was taken and is to be restored. */
enum api_strategy {
	API_STRATEGY_IMAGE, /* an archive of the kubelet; the Pod's image is changed to it */
	API_STRATEGY_RUNTIME, /* by kcr-runtime, which restores it at create */
	API_STRATEGIES
};

#define API_CONDITION_IMAGE_BUILT "ImageBuilt" /* of a Checkpoint */
#define API_CONDITION_RESTORABLE                                                                   \
	"Restorable" /* of a Checkpoint; False: the reason says why not                            \
		      */

#define API_CONDITION_USABLE                                                                       \
	"Usable" /* of a Checkpoint; False: kcr-runtime has found out, the reason says what */

#define API_REASON_CHECKPOINT_DAMAGED "CheckpointDamaged" /* a file is not what it was */
#define API_REASON_RESTORE_FAILED     "RestoreFailed" /* a restore from it failed or did not hold */

struct api_checkpoint_pod {
	struct str name;
	struct str namespace;
	struct str uid;
};

struct api_workload_reference {
	struct str api_version;
	struct str kind;
	struct str name;
	struct str uid;
};

struct api_checkpoint_spec {
	struct str data; /* checkpointData */
	struct str id; /* checkpointID */
	struct api_reference *schedule_ref; /* NULL: requested by hand */
	struct wall_time timestamp;
	struct str container_name;
	struct str node_name;
	struct str schedule; /* the cron expression */
	struct api_selector *selector; /* NULL when absent */
	struct api_checkpoint_pod *pod; /* NULL: the seed's objects have none */
	struct api_workload_reference *workload; /* NULL: a Pod of its own */
	struct str container_id;
	struct str image;
	struct str image_id;
	struct str template_hash;
	bool was_ready;
	struct str strategy; /* see api_checkpoint_strategy() */
};

struct api_container_exit {
	struct str container_id;
	int64_t exit_code;
	int64_t signal;
	struct str reason; /* the runtime's: Error, OOMKilled, ... */
	struct wall_time finished;
};

struct api_checkpoint_status {
	struct str phase; /* see api_checkpoint_phase() */
	struct str checkpoint_image;
	struct str runtime_image;
	struct str failed_reason;
	struct str digest;
	int64_t size_bytes;
	struct str size; /* size_bytes for people; api_checkpoint_set_amounts() */
	int64_t memory_bytes;
	int64_t frozen_us;
	struct str frozen; /* frozen_us for people; api_checkpoint_set_amounts() */
	struct str engine;
	struct str criu_version;
	struct wall_time stable;
	int64_t restore_count;
	struct wall_time last_restore;
	struct api_container_exit *container_exit; /* NULL while the container runs */
	struct str restored_container; /* its ID, once the agent has seen it run restored */
	int64_t observed_generation;
	struct json_list conditions; /* of struct api_condition: ImageBuilt, Usable, Restorable */
};

struct api_checkpoint {
	struct api_metadata metadata;
	struct api_checkpoint_spec spec;
	struct api_checkpoint_status status;
};

/* An empty or unknown phase is API_CHECKPOINT_CREATED. */
enum api_checkpoint_phase api_checkpoint_phase(const struct api_checkpoint *checkpoint);
struct str api_checkpoint_phase_text(enum api_checkpoint_phase phase);

/* An empty or unknown strategy is API_STRATEGY_IMAGE. */
enum api_strategy api_checkpoint_strategy(const struct api_checkpoint *checkpoint);
struct str api_strategy_text(enum api_strategy strategy);

/* Fills `size` and `frozen` from the exact numbers; the texts are from `arena`. */
void api_checkpoint_set_amounts(struct api_checkpoint_status *status, struct arena *arena);

#endif
