/* What a failed restore leaves behind in the cgroup file systems. Internal to the room. */
#ifndef RUNTIME_CGROUP_H
#define RUNTIME_CGROUP_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/*
 * The directory that config.json's linux.cgroupsPath means, beneath the mount of a hierarchy: a
 * path as it is, or systemd's "SLICE:PREFIX:NAME" as its scope (runc(8); systemd.slice(5): a dash
 * in the name of a slice is a level). Empty when it is neither, or leaves the hierarchy.
 */
struct str runtime__cgroup_directory(struct str cgroups_path, struct arena *arena);

/*
 * Ends what runs in the container's cgroup and removes it with those below it, in all hierarchies
 * of cgroup v1 and in v2. Absent is fine. Fails with SYSTEM, BUSY (still in use after a second).
 */
must_check int runtime__cgroup_remove(
	struct str cgroups_path, struct arena *arena, struct error *err);

#endif
