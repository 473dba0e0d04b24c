/*
 * The images that say what was around the processes: mounts, the host name, terminals, cgroups,
 * clocks, filters of system calls. Texts are copied into the arena and may hold any byte. All fail
 * with CORRUPT (no protobuf), TOO_BIG (CRIU_MESSAGE_BYTES of memory).
 */
#ifndef CRIU_SYSTEM_H
#define CRIU_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

/* An entry of mountpoints-N.img. */
struct criu_mount {
	uint32_t id;
	uint32_t parent_id;
	uint32_t flags; /* MS_*: mount(2) */
	struct str type; /* "overlay"; empty: one that CRIU has no name for */
	struct str target; /* "/etc/hosts" */
	struct str source;
	struct str root; /* what of the file system is mounted */
	struct str options;
	bool is_external; /* the engine made it and makes it again at a restore */
	struct str external_name; /* by which the engine knows it */
};

must_check int criu_mount_read(
	struct str payload, struct arena *arena, struct criu_mount *ret_mount, struct error *err);

/* The entry of utsns-N.img: the host's name, from the arena. */
must_check int criu_host_name_read(
	struct str payload, struct arena *arena, struct str *ret_name, struct error *err);

/* An entry of tty-info.img. */
struct criu_tty {
	uint32_t id; /* by which files.img names it */
	const char *type; /* "pty", "console", "vt", "ctty", "external", "serial"; static; NULL */
	uint32_t session;
	uint32_t index; /* of a pty: /dev/pts/INDEX */
};

must_check int criu_tty_read(struct str payload, struct criu_tty *ret_tty, struct error *err);

/* The entry of timens-N.img: clocks as they stood within the namespace, in nanoseconds. */
struct criu_time {
	int64_t monotonic_ns;
	int64_t boot_ns;
};

must_check int criu_time_read(struct str payload, struct criu_time *ret_time, struct error *err);

/* A path in a set of cgroups, of cgroup.img. */
struct criu_cgroup {
	uint32_t set;
	struct str controller;
	struct str path;
};

must_check int criu_cgroups_read(struct str payload, struct arena *arena,
	struct criu_cgroup **ret_cgroups, size_t *ret_count, struct error *err);

/* How many filters of system calls seccomp.img has. */
must_check int criu_seccomp_read(struct str payload, size_t *ret_filters, struct error *err);

#endif
