/* The file system's changes, out of the tar that the engine made of them. Internal to the room. */
#ifndef INSPECT_CHANGES_H
#define INSPECT_CHANGES_H

#include "archive/list.h"
#include "base/arena.h"
#include "inspect/report.h"

/*
 * All entries of the list, from the arena; what is deleted says a whiteout, by its name (".wh.") or
 * as a device. Fails as archive_list_next(), TOO_BIG (INSPECT_REPORT_BYTES).
 */
must_check int inspect__changes_read(struct archive_list *list, struct arena *arena,
	struct json_list *ret_changes, struct error *err);

/* The paths of deleted.files, a list in JSON (podman, CRI-O), added to *changes. CORRUPT. */
must_check int inspect__changes_add_deleted(
	struct str text, struct arena *arena, struct json_list *changes, struct error *err);

#endif
