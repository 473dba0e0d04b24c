/*
 * The images that say what processes there were: pstree.img has one entry for each, core-TID.img,
 * ids-PID.img and fs-PID.img one for each thread or process. What is not there is zero or empty,
 * fields that we do not know are skipped. Texts are copied into the arena and may hold any byte.
 * All fail with CORRUPT (no protobuf), TOO_BIG (CRIU_MESSAGE_BYTES of memory).
 */
#ifndef CRIU_PROCESS_H
#define CRIU_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

struct criu_process {
	uint32_t pid; /* in the innermost of its namespaces, as all here */
	uint32_t parent_pid; /* 0: of the root */
	uint32_t group;
	uint32_t session;
	uint32_t *threads; /* the first one is the process itself */
	size_t thread_count;
};

must_check int criu_process_read(struct str payload, struct arena *arena,
	struct criu_process *ret_process, struct error *err);

/* A namespace or shared object has the same number in all processes that have it; 0: not told. */
struct criu_ids {
	uint32_t memory;
	uint32_t descriptors; /* fdinfo-N.img has them */
	uint32_t pid_namespace;
	uint32_t net_namespace;
	uint32_t ipc_namespace;
	uint32_t uts_namespace;
	uint32_t mount_namespace;
	uint32_t user_namespace;
	uint32_t cgroup_namespace;
	uint32_t time_namespace;
};

must_check int criu_ids_read(struct str payload, struct criu_ids *ret_ids, struct error *err);

struct criu_credentials {
	uint32_t uid;
	uint32_t gid;
	uint32_t effective_uid;
	uint32_t effective_gid;
	uint64_t capabilities; /* the effective ones, bit by bit (capabilities(7)) */
	bool no_new_privileges;
	struct str lsm_profile;
};

/* A thread; of a process the first thread has what holds for all. */
struct criu_core {
	const char *machine; /* "x86_64"; static; NULL: one that we do not know */
	struct str name; /* as in /proc/PID/comm */
	const char *state; /* "running", "stopped", "zombie"; static; NULL: another, or a thread */
	uint32_t exit_code; /* of a zombie, as waitpid(2) gives it */
	uint32_t cgroup_set; /* in cgroup.img; 0: none */
	int32_t oom_score_adjustment;
	int32_t nice;
	const char *seccomp; /* "strict", "filter"; static; NULL: none, or another */
	bool has_credentials;
	struct criu_credentials credentials;
	bool has_ids; /* older images have no ids-PID.img */
	struct criu_ids ids;
};

must_check int criu_core_read(
	struct str payload, struct arena *arena, struct criu_core *ret_core, struct error *err);

/* The files of files.img that are a process's directories. */
struct criu_directories {
	uint32_t working_file;
	uint32_t root_file;
};

must_check int criu_directories_read(
	struct str payload, struct criu_directories *ret_directories, struct error *err);

#endif
