/*
 * What a checkpoint archive holds, found out in one scan of it: whose container it was, how long it
 * stood still, how much memory was saved, and whether a restore has what it needs. The archive is
 * the kubelet's, from containerd or CRI-O, or podman's; how they differ ends here. A description
 * goes from the worker process, which reads untrusted bytes, to the agent as JSON.
 */
#ifndef CHECKPOINT_DESCRIBE_H
#define CHECKPOINT_DESCRIBE_H

#include <stdint.h>

#include "archive/compose.h"
#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "handover/formats.h"
#include "json/json.h"

#define CHECKPOINT_IMAGES    "checkpoint" /* the directory of CRIU's images */
#define CHECKPOINT_CHANGES   "rootfs-diff.tar" /* those of the file system */
#define CHECKPOINT_DELETIONS "deleted.files" /* what the changes lack, by CRI-O and podman */

/* What the archive does not tell is empty or zero. */
struct checkpoint_description {
	struct str engine; /* "containerd", "cri-o" or "podman"; empty: another, or no spec.dump */
	struct str pod_namespace;
	struct str pod_name;
	struct str pod_uid;
	struct str container_name;
	struct str container_id;
	struct str image_name; /* as people know it: "docker.io/library/redis:8" */
	struct str image_ref; /* what a restore looks up: NAME@sha256:... or CRI-O's image ID */
	struct str runtime; /* containerd's runtime name or CRI-O's handler */
	struct wall_time created; /* the container */
	struct wall_time checkpointed;
	struct json_string_map annotations; /* of the container's spec; not in the JSON */
	struct str digest; /* of the whole tar, which is the image's layer: "sha256:..." */
	struct str file_digest; /* of the file, which may be compressed; empty: of a directory */
	int64_t size_bytes; /* of the whole tar */
	int64_t entry_count;
	int64_t memory_bytes; /* checkpoint/pages-*.img together */
	int64_t frozen_us; /* how long the container's processes stood still */
	int64_t criu_image_version;
	struct str criu_version; /* "4.2.1" */
	struct str dump_error; /* when CRIU's log says that it failed: its errors, cause first */
	struct json_strings missing; /* entries that a restore needs and that are not there */
	struct str left_out; /* entries of the container's that no restore puts back, "a, b" */
	struct json_list files; /* of struct handover_file; only of a directory */
};

/*
 * Reads the archive `fd` (borrowed, at its beginning) to its end, `unpacked_max` as archive_scan()
 * takes it. Texts are from `arena`. Fails as archive_scan(), and with CORRUPT when a file in it is
 * not what its name says, TOO_BIG (LIMIT_ARCHIVE_METADATA). An archive that is whole but of no use
 * for a restore is no failure: see `missing` and `dump_error`.
 */
must_check int checkpoint_describe(int fd, int64_t unpacked_max, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err);

/*
 * Describes a checkpoint that lies as files beneath `directory_fd` (borrowed), as kcr-runtime takes
 * it: `digest` and `size_bytes` are of the tar that archive_compose() makes of them, `files` has
 * their sums. Fails as checkpoint_describe().
 */
must_check int checkpoint_describe_directory(int directory_fd, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err);

/* The files of a checkpoint as those of a tar; from `arena`. */
struct archive_compose_file *checkpoint_tar_files(
	const struct json_list *files, struct arena *arena);

/*
 * Copies the engine's metadata out of the archive `fd` (borrowed, at its beginning) into files of
 * the directory: what kcr-runtime's checkpoint lacks. Fails as archive_scan().
 */
must_check int checkpoint_absorb(int fd, int directory_fd, struct error *err);

/*
 * Copies all of a checkpoint out of the archive `fd` into files of the directory, where nothing
 * lies but an empty directory CHECKPOINT_IMAGES; then it is one as kcr-runtime takes it, and is
 * described. Fails as both describing functions do, TOO_BIG (HANDOVER_FILES_MAX).
 */
must_check int checkpoint_unpack(int fd, int64_t unpacked_max, int directory_fd,
	struct arena *arena, struct checkpoint_description *ret_description, struct error *err);

/* Appends the description as one line of JSON, without a line end. */
void checkpoint_description_encode(
	const struct checkpoint_description *description, struct buf *out);

/* Reads that JSON; texts are copied into `arena`. Fails with CORRUPT, INVALID. */
must_check int checkpoint_description_decode(struct str json, struct arena *arena,
	struct checkpoint_description *ret_description, struct error *err);

#endif
