/*
 * RestoreRequest: one container back to one of its checkpoints, now. What a field means stands in
 * the table of restore_request.c and in docs/reference.md.
 */
#ifndef API_RESTORE_REQUEST_H
#define API_RESTORE_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "api/meta.h"
#include "api/request.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

/* Conditions of a RestoreRequest, beside API_CONDITION_COMPLETE. */
#define API_CONDITION_FIRST_START "FirstStart" /* True: of its Pod, by the controller */
#define API_CONDITION_PLANNED     "Planned" /* True: the node is prepared for that, by the agent */

enum api_restore_phase {
	API_RESTORE_PENDING,
	API_RESTORE_RESTORING,
	API_RESTORE_COMPLETED,
	API_RESTORE_FAILED
};

struct api_restore_spec {
	struct api_request_pod pod;
	struct str container_name;
	struct str checkpoint_name; /* empty: by `at` */
	struct wall_time at; /* not set: the newest good one */
	int64_t timeout_seconds;
	int64_t ttl_seconds; /* after it is finished; 0: it stays */
	struct str node_name; /* empty: not assigned yet */
};

struct api_restore_status {
	struct str phase; /* see api_restore_phase() */
	struct wall_time started;
	struct wall_time completed;
	struct str message;
	struct str reason;
	struct api_checkpoint_reference *checkpoint; /* NULL until it is chosen */
	struct wall_time checkpoint_time;
	struct str pod_uid;
	struct str ended_container; /* the ID of the one that was to make room */
	struct str restored_container; /* the ID of the one that runs from the Checkpoint */
	int64_t restarts_before;
	int64_t restarts_after;
	int64_t observed_generation;
	struct json_list conditions; /* of struct api_condition: Complete, FirstStart, Planned */
};

struct api_restore_request {
	struct api_metadata metadata;
	struct api_restore_spec spec;
	struct api_restore_status status;
};

/* An empty or unknown phase is API_RESTORE_PENDING. */
enum api_restore_phase api_restore_phase(const struct api_restore_request *restore);
struct str api_restore_phase_text(enum api_restore_phase phase);
bool api_restore_is_finished(const struct api_restore_request *restore);

/*
 * Whether it is for the first start of the Pod of status.podUID, which has waited for it behind
 * API_GATE_RESTORE; else for the next start of a container that has run.
 */
bool api_restore_is_for_start(const struct api_restore_request *restore);

/*
 * What it has in common with a CheckpointRequest: its Pod, its node, its deadline and how far it
 * is, as the CheckpointRequest that has the same. Borrowed.
 */
struct api_request api_restore_as_request(const struct api_restore_request *restore);

#endif
