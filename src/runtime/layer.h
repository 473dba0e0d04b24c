/*
 * The changes that a container made to its root file system, as a tar with whiteouts (OCI image
 * layer specification, "Representing Changes"), as containerd and CRI-O put it into checkpoints,
 * uncompressed or gzip. Saved from the writable directory of an overlay, applied to a mounted root.
 *
 * Owners, modes, times to the nanosecond, extended attributes, hard links, devices and FIFOs are
 * kept. Not kept: sockets (their owners make them again), attributes of overlayfs itself, SELinux
 * labels (they come with the mount).
 */
#ifndef RUNTIME_LAYER_H
#define RUNTIME_LAYER_H

#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"

/*
 * Applies the layer in `tar_fd` (borrowed; a file, read from its beginning) to the directory
 * `root_fd`. Nothing outside is touched, whatever the layer says: each path is walked beneath
 * `root_fd` without following links. On failure the root is half changed. Fails with CORRUPT (no
 * tar, damaged), INVALID (a path that leaves the root or passes a link), SYSTEM.
 */
must_check int runtime_layer_apply(int tar_fd, int root_fd, struct error *err);

/*
 * Removes the files that CRI-O's deleted.files names: a JSON array of paths. As above. A path that
 * is not there is fine.
 */
must_check int runtime_layer_delete(struct str deleted_files, int root_fd, struct error *err);

struct runtime_layer_size {
	size_t entries;
	int64_t bytes; /* of the files' contents */
};

/* A container decides what is in its layer, not how much of it is saved. */
struct runtime_layer_limits {
	int64_t bytes; /* of the files' contents, holes included */
	struct mono_time deadline;
};

/*
 * Writes the contents of `upper_fd`, the writable directory of an overlay, to `tar_fd`
 * (borrowed). Fails with UNSUPPORTED (the overlay refers to lower layers by attributes: renamed
 * directories, metadata only), TOO_BIG, TIMEOUT (the limits), SYSTEM.
 */
must_check int runtime_layer_save(int upper_fd, int tar_fd,
	const struct runtime_layer_limits *limits, struct runtime_layer_size *ret_size,
	struct error *err);

#endif
