/* The files of a checkpoint that lies as a directory. Internal to the room. */
#ifndef CHECKPOINT_DIRECTORY_H
#define CHECKPOINT_DIRECTORY_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "json/json.h"

/* Whether it is a file that an engine puts beside CRIU's images, and that we keep. */
bool checkpoint__is_metadata(struct str path);

/* Whether it is one of the two files that say what is to change in the image's file system. */
bool checkpoint__is_change(struct str path);

/*
 * Adds the file's path to `names` when it is the container's and no restore puts it back: what was
 * in podman's volumes and in its /dev/shm.
 */
void checkpoint__note_left_out(struct str path, int64_t bytes, struct buf *names);

/*
 * The regular files that belong to the checkpoint, sorted by path: struct handover_file without
 * sums. Fails with TOO_BIG (HANDOVER_FILES_MAX), SYSTEM.
 */
must_check int checkpoint__list_files(
	int directory_fd, struct arena *arena, struct json_list *ret_files, struct error *err);

#endif
