/*
 * The JSON files that containerd and CRI-O put beside CRIU's images. Internal to the room; the
 * functions fill in what the file tells and fail with CORRUPT when it is not JSON.
 */
#ifndef CHECKPOINT_METADATA_H
#define CHECKPOINT_METADATA_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "checkpoint/describe.h"

/* config.dump: the container's ID, image, runtime and times. */
must_check int checkpoint__read_config(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err);

/* spec.dump, the OCI spec: its annotations tell the engine, the Pod and the container. */
must_check int checkpoint__read_spec(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err);

/*
 * status.dump, containerd's status of the container: its name, which counts more than spec.dump's,
 * for in a container that was restored containerd 2.3.7 calls it "containerd" there. The files may
 * come in any order.
 */
must_check int checkpoint__read_status(struct str content, struct arena *arena,
	struct checkpoint_description *description, struct error *err);

#endif
