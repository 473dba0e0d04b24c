/*
 * CheckpointImport: a ticket with which the archive of a checkpoint is brought to a node, where it
 * becomes a Checkpoint. What a field means stands in the table of import.c and in
 * docs/reference.md.
 */
#ifndef API_IMPORT_H
#define API_IMPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/export.h"
#include "api/meta.h"
#include "api/request.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum api_import_phase {
	API_IMPORT_PENDING,
	API_IMPORT_OPEN,
	API_IMPORT_COMPLETED,
	API_IMPORT_FAILED
};

struct api_import_spec {
	struct str node_name;
	struct api_request_pod *pod; /* NULL: the one that the archive names */
	struct str container_name; /* empty: likewise */
	int64_t size_bytes; /* of the archive as it is brought */
	struct str digest; /* likewise: "sha256:..." */
	struct str secret_sha256; /* 64 hex digits */
	int64_t lifetime_seconds; /* from status.opened on */
	int64_t ttl_seconds; /* after it has failed, or its Checkpoint is gone */
};

struct api_import_status {
	struct str phase; /* see api_import_phase() */
	struct str message;
	struct str reason;
	struct api_checkpoint_reference *checkpoint; /* NULL until it is completed */
	struct api_relay_reference *relay; /* NULL until it is open */
	int64_t port; /* of the relay Pod's loopback address */
	int64_t received_bytes;
	struct wall_time opened;
	struct wall_time closed; /* completed or failed */
	int64_t observed_generation;
};

struct api_import {
	struct api_metadata metadata;
	struct api_import_spec spec;
	struct api_import_status status;
};

/* An empty or unknown phase is API_IMPORT_PENDING. */
enum api_import_phase api_import_phase(const struct api_import *import);
struct str api_import_phase_text(enum api_import_phase phase);

/* Whether it was completed or has failed. */
bool api_import_is_finished(const struct api_import *import);

#endif
