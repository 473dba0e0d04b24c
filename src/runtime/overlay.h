/*
 * The overlay that an engine has mounted as a container's root: where its writable directory is,
 * and how to have it as it was before a restore that failed. Facts: proc_pid_mountinfo(5); kernel,
 * Documentation/filesystems/overlayfs.rst.
 */
#ifndef RUNTIME_OVERLAY_H
#define RUNTIME_OVERLAY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* Texts are terminated. */
struct runtime_overlay {
	struct str target; /* where it is mounted */
	struct str upper; /* the writable directory; absolute */
	struct str work; /* overlayfs' own directory; absolute */
	struct str lower; /* the directories of the image, as mounted: "a:b:c"; a text to compare */
	struct str options; /* as mount(2) takes them: lowerdir=...,upperdir=...,workdir=... */
	struct str directory; /* where relative paths in `options` begin; "/" when there are none */
	unsigned long flags; /* MS_NODEV and such, for mount(2) */
};

/*
 * Finds the mount on `target` (an absolute path without links) in `mountinfo`, the text of
 * /proc/self/mountinfo. The last one counts: it hides those before. Returns 1, or 0 when the mount
 * is no overlay with a writable directory that could be mounted again, or there is none.
 */
must_check int runtime_overlay_read(struct str mountinfo, struct str target, struct arena *arena,
	struct runtime_overlay *ret_overlay);

/*
 * As above, from the kernel's own table. `lower` is empty where it is not there any more:
 * containerd mounts the layers of a Pod with a user namespace at places made for the moment. Fails
 * with SYSTEM, TOO_BIG.
 */
must_check int runtime_overlay_find(struct str target, struct arena *arena,
	struct runtime_overlay *ret_overlay, struct error *err);

/*
 * Empties the writable directory. Nothing may use the root. overlayfs must not see changes beneath
 * it, so it is unmounted before and mounted again afterwards. Fails with SYSTEM; then the root may
 * be unmounted.
 */
must_check int runtime_overlay_empty(const struct runtime_overlay *overlay, struct error *err);

#endif
