/*
 * Versions of container engines, and which releases of containerd restore images: what the
 * installation finds in its configuration and what the agent says of the node rest on one table.
 *
 * Facts: containerd 2.0.7 to 2.4.2, as install/handler.h has them.
 */
#ifndef HANDOVER_ENGINE_H
#define HANDOVER_ENGINE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/str.h"

struct handover_version {
	uint64_t numbers[3];
};

/* "2.3.4-rc.1", "v2.4.2", "1.30.0+dev". False when it does not begin with two numbers. */
bool handover_version_read(struct str text, struct handover_version *ret_version);

/* Whether the version is that one or a later one. */
bool handover_version_is_at_least(
	const struct handover_version *version, uint64_t major, uint64_t minor, uint64_t patch);

enum handover_image_restore {
	HANDOVER_IMAGE_NOT_YET, /* before 2.1 */
	HANDOVER_IMAGE_ALWAYS,
	HANDOVER_IMAGE_OPTIONAL, /* with enable_experimental_restore_via_create */
	HANDOVER_IMAGE_REMOVED, /* since 2.4 */
};

/* How this version of containerd restores images of checkpoints. */
enum handover_image_restore handover_containerd_images(const struct handover_version *version);

#endif
