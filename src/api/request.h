/*
 * CheckpointRequest: one checkpoint of one container, now. What a field means stands in the table
 * of request.c and in docs/reference.md.
 */
#ifndef API_REQUEST_H
#define API_REQUEST_H

#include <stdbool.h>
#include <stdint.h>

#include "api/meta.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum api_request_phase {
	API_REQUEST_PENDING,
	API_REQUEST_IN_PROGRESS,
	API_REQUEST_COMPLETED,
	API_REQUEST_FAILED
};

#define API_CONDITION_COMPLETE                                                                     \
	"Complete" /* of a CheckpointRequest; False with a reason: failed                          \
		    */

struct api_request_pod {
	struct str name;
	struct str namespace; /* empty: the request's own */
};

struct api_request_spec {
	struct api_request_pod pod;
	struct str container_name;
	struct api_reference *schedule; /* NULL: written by hand */
	int64_t timeout_seconds;
	struct str node_name; /* empty: not assigned yet */
};

struct api_checkpoint_reference {
	struct str name;
	struct str uid;
};

struct api_request_status {
	struct str phase; /* see api_request_phase() */
	struct wall_time started;
	struct wall_time completed;
	struct str message;
	struct str reason;
	struct api_checkpoint_reference *checkpoint; /* NULL until there is one */
	struct str pod_uid;
	int64_t observed_generation;
	struct json_list conditions; /* of struct api_condition: Complete */
};

struct api_request {
	struct api_metadata metadata;
	struct api_request_spec spec;
	struct api_request_status status;
};

/* An empty or unknown phase is API_REQUEST_PENDING. */
enum api_request_phase api_request_phase(const struct api_request *request);
struct str api_request_phase_text(enum api_request_phase phase);
bool api_request_is_finished(const struct api_request *request);

/*
 * What no schema can check: the Pod must be in the request's own namespace, or whoever may write
 * requests in one namespace could read the memory of another's Pods. Fails with INVALID.
 */
must_check int api_request_check(const struct api_request *request, struct error *err);

#endif
