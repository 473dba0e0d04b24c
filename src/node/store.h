/*
 * This node's checkpoints: one directory for each, complete or not there at all.
 *
 *     STORE/<uid of the Checkpoint>/entry.json      what is known of it (struct node_entry)
 *                                   config.json     the OCI image config
 *                                   manifest.json   the OCI image manifest
 *
 * and either
 *
 *                                   layer.tar       the kubelet's archive, moved here as it is
 *
 * or, when kcr-runtime took it, or it was brought and is for kcr-runtime or was compressed,
 *
 *                                   checkpoint/     CRIU's images
 *                                   rootfs-diff.tar the file system's changes
 *                                   deleted.files   and deletions, where that one lacks them
 *                                   spec.dump, ...  what the engine adds
 *                                   files.json      sizes and sums of all of these
 *
 * An entry is built elsewhere, flushed to the disk and renamed: an archive's under a name that
 * begins with '.', which the next start removes when a crash leaves it half built, a directory's
 * where kcr-runtime made it, so that a new agent can take it in again. Nothing is copied when the
 * store lies on the same mount as the kubelet's checkpoints. The index in memory is rebuilt by
 * reading the entries; there is no other database. What else lies in the store is handover's.
 */
#ifndef NODE_STORE_H
#define NODE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "handover/formats.h"
#include "image/manifest.h"

struct node_store;

/* One stored checkpoint. The texts live as long as the entry is in the store. */
struct node_entry {
	struct str uid; /* of the Checkpoint object; names the directory */
	struct str namespace; /* of the Checkpoint object */
	struct str name;
	struct str repository; /* under which the registry serves it */
	struct str manifest_digest;
	struct str config_digest;
	struct str layer_digest;
	int64_t manifest_bytes;
	int64_t config_bytes;
	int64_t layer_bytes;
	int64_t memory_bytes; /* of the processes, within the layer */
	int64_t frozen_us; /* how long they stood still */
	struct str engine;
	struct str criu_version;
	bool is_directory; /* else the layer is one file */
	struct str image_name; /* of the container, as the engine says it; only when a directory */
	struct str image_layers; /* the root's lower layers, as kcr-runtime says them; likewise */
	struct str left_out; /* what of the container's no restore puts back; empty: nothing */
};

struct node_store_limits {
	uint64_t max_bytes; /* all entries together; 0: no limit of our own */
	uint64_t min_free_bytes; /* of the file system, to be left to others */
};

/*
 * Opens the store, which is made when missing, and removes what a crash left half built. Entries
 * that cannot be read are logged and left out. The caller owns *ret_store. Fails with SYSTEM.
 */
must_check int node_store_open(const char *path, const struct node_store_limits *limits,
	struct node_store **ret_store, struct error *err);
void node_store_free(struct node_store *store); /* may be NULL; the disk stays as it is */

/* For what is taken in from now on; what is there stays. */
void node_store_set_limits(struct node_store *store, struct node_store_limits limits);

/* How much more may be taken in. 1 when that is nothing or cannot be told: elsewhere 0 is no limit,
 * or none of it. */
int64_t node_store_room(const struct node_store *store);

/* Whether `bytes` more may be taken in, besides `lying_bytes` that are on the disk already and not
 * in the store: TOO_BIG names the limit that would be passed. */
must_check int node_store_check_room(
	const struct node_store *store, uint64_t bytes, uint64_t lying_bytes, struct error *err);

/* What is taken in: an archive, or a directory (beneath the store itself, flushed already). */
struct node_store_content {
	int parent_fd; /* borrowed; ignored for a directory */
	const char *name; /* within it, or within the store */
	const struct handover_files *files; /* of the directory; NULL: it is an archive */
};

/*
 * Takes the content in, together with its documents. It is gone from where it was afterwards. An
 * entry of the same uid is replaced. On failure, and after a crash on the way, a directory is where
 * it was, to be taken in again or removed by the caller; an archive is where it was, or gone with
 * its failed entry. *ret_entry is borrowed from the store. Fails with SYSTEM, TOO_BIG.
 */
must_check int node_store_add(struct node_store *store, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents,
	const struct node_entry **ret_entry, struct error *err);

/* Removes the entry of `uid`, if there is one. Fails with SYSTEM. */
must_check int node_store_remove(struct node_store *store, struct str uid, struct error *err);

/* By the Checkpoint's uid, or by the registry's repository; NULL when there is none. */
const struct node_entry *node_store_find(const struct node_store *store, struct str uid);
const struct node_entry *node_store_find_repository(
	const struct node_store *store, struct str repository);

/* The entries in no particular order: start with *position 0, ends with NULL. */
const struct node_entry *node_store_next(const struct node_store *store, size_t *position);

/* Since when the entry has had no object, in microseconds before `now_us`; begins to count at the
 * first call. node_store_adopt() stops the count. */
int64_t node_store_orphaned_us(struct node_store *store, struct str uid, int64_t now_us);
void node_store_adopt(struct node_store *store, struct str uid);

/* The files of an entry that is a directory; texts are from `arena`. Fails with ABSENT, CORRUPT,
 * SYSTEM. */
must_check int node_store_read_files(const struct node_store *store, const struct node_entry *entry,
	struct arena *arena, struct handover_files *ret_files, struct error *err);

/* The store's own directory, for what handover names in it. Borrowed. */
int node_store_fd(const struct node_store *store);

/* The entry's directory; the caller owns *ret_fd. Fails with ABSENT, SYSTEM. */
must_check int node_store_open_directory(const struct node_store *store,
	const struct node_entry *entry, int *ret_fd, struct error *err);

/* NODE_PART_LAYER is a file only where the entry is no directory. */
enum node_part { NODE_PART_LAYER, NODE_PART_CONFIG, NODE_PART_MANIFEST };

/* Opens a file of the entry for reading; the caller owns *ret_fd. Fails with ABSENT, SYSTEM. */
must_check int node_store_open_part(const struct node_store *store, const struct node_entry *entry,
	enum node_part part, int *ret_fd, struct error *err);

struct node_store_usage {
	uint64_t used_bytes;
	uint64_t count;
	uint64_t free_bytes; /* of the file system */
	uint64_t room_bytes; /* what may still be taken in by both limits */
};
struct node_store_usage node_store_usage(const struct node_store *store);

#endif
