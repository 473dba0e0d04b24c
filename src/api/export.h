/*
 * CheckpointExport: a ticket for the bytes of one Checkpoint. What a field means stands in the
 * table of export.c and in docs/reference.md.
 */
#ifndef API_EXPORT_H
#define API_EXPORT_H

#include <stdbool.h>
#include <stdint.h>

#include "api/meta.h"
#include "api/request.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum api_export_phase { API_EXPORT_PENDING, API_EXPORT_OPEN, API_EXPORT_CLOSED, API_EXPORT_FAILED };

struct api_export_spec {
	struct str checkpoint_name;
	struct str secret_sha256; /* 64 hex digits */
	int64_t lifetime_seconds; /* from status.opened on */
	int64_t ttl_seconds; /* after it was closed or failed */
	struct str node_name; /* empty: not assigned yet */
};

/* The Pod of kcr-relay on the node. */
struct api_relay_reference {
	struct str namespace;
	struct str name;
};

struct api_export_status {
	struct str phase; /* see api_export_phase() */
	struct str message;
	struct str reason;
	struct api_checkpoint_reference *checkpoint; /* NULL until it is open */
	struct api_relay_reference *relay; /* likewise */
	int64_t port; /* of the relay Pod's loopback address */
	int64_t size_bytes; /* of the tar */
	struct str digest; /* of the tar: "sha256:..." */
	int64_t sent_bytes;
	struct wall_time opened;
	struct wall_time closed; /* or failed */
	int64_t observed_generation;
};

struct api_export {
	struct api_metadata metadata;
	struct api_export_spec spec;
	struct api_export_status status;
};

/* An empty or unknown phase is API_EXPORT_PENDING. */
enum api_export_phase api_export_phase(const struct api_export *export);
struct str api_export_phase_text(enum api_export_phase phase);

/* Whether it was closed or has failed. */
bool api_export_is_finished(const struct api_export *export);

#endif
