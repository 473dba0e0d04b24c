/*
 * The Pod that starts from a checkpoint beside the one that it was taken of: the same spec, without
 * what was the other Pod's own. Which node it runs on, with whom, under which name it is found:
 * that says the checkpoint, or whoever makes the Pod. Pure.
 */
#ifndef CLI_POD_COPY_H
#define CLI_POD_COPY_H

#include <stdbool.h>

#include "api/kinds.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "restore/record.h"
#include "json/json.h"

/* All is borrowed. */
struct cli_pod_copy {
	struct str name;
	struct str namespace;
	const struct json_string_map *labels;
	const struct api_checkpoint *checkpoint;
	struct restore_records records; /* of the Pod that the spec is of */
	bool shares_volumes; /* claims that are written to may be mounted by both */
	struct str runtime_class; /* what has kcr-runtime run it; empty: the node's default does */
};

/*
 * Writes the Pod. `spec` is a PodSpec as the API server has it, of a Pod or of a template. By
 * strategy Runtime the Pod waits behind API_GATE_RESTORE; by Image its container's image is the
 * checkpoint. Fails with INVALID: the spec has no such container or another RuntimeClass, or a
 * claim would be shared.
 */
must_check int cli_pod_copy_write(struct json_writer *writer, const struct cli_pod_copy *copy,
	const struct json *spec, struct error *err);

#endif
