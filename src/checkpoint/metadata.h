/*
 * The JSON files that containerd, CRI-O and podman put beside CRIU's images. Both functions fill in
 * what the file tells and fail with CORRUPT when it is not JSON.
 */
#ifndef CHECKPOINT_METADATA_H
#define CHECKPOINT_METADATA_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "checkpoint/describe.h"

/* config.dump: the container's ID, image, runtime and times. */
must_check int checkpoint_read_config(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err);

/* spec.dump, the OCI spec: its annotations tell the engine, the Pod and the container. */
must_check int checkpoint_read_spec(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err);

#endif
