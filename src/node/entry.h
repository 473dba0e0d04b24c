/*
 * An entry of the store on the disk (node/store.h draws it): how it comes to be there, whole or not
 * at all, and how it is read again. Internal to the room.
 */
#ifndef NODE_ENTRY_H
#define NODE_ENTRY_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "handover/formats.h"
#include "image/manifest.h"
#include "node/store.h"

/* Static text: "layer.tar". */
const char *node_part_name(enum node_part part);

/*
 * Writes an entry of this content under its uid, where there is none. Of an archive that fails
 * nothing stays in the store; a directory stays where it was. Fails as node_store_add.
 */
must_check int node_entry_build(int store_fd, const struct node_store_content *content,
	const struct node_entry *entry, const struct image_documents *documents, struct error *err);

/* Whether this is the name of an archive's entry that is being built, or of something removed. */
bool node_entry_is_unfinished(const char *name);

/*
 * An agent was stopped while it built an entry of an archive, after that had come in, as the last
 * of all: ends what it had begun. *ret_name is the entry's name, within `building`. Fails when it
 * is not all there: then nothing is lost with it.
 */
must_check int node_entry_finish(
	int store_fd, const char *building, const char **ret_name, struct error *err);

/*
 * Reads the entry in the store's directory `name`; its texts are from the arena. Fails with CORRUPT
 * when its content is not there in full length (the bytes are a restore's to check).
 */
must_check int node_entry_load(int store_fd, const char *name, struct arena *arena,
	struct node_entry *ret_entry, struct error *err);

/* A copy whose texts are from the arena. Fails with INVALID, CORRUPT: texts that are no UTF-8. */
must_check int node_entry_copy(const struct node_entry *entry, struct arena *arena,
	struct node_entry *ret_copy, struct error *err);

/* The list of files in an entry that is a directory; from the arena. */
must_check int node_entry_read_files(
	int directory, struct arena *arena, struct handover_files *ret_files, struct error *err);

#endif
