/*
 * What was done about the containers of one Pod, kept in the Pod's annotation kcr.io/restores: it
 * is written in the same patch that changes the image, so that state and deed cannot part. The text
 * is JSON: {"containers":[{...}]}.
 */
#ifndef RESTORE_RECORD_H
#define RESTORE_RECORD_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "json/json.h"

enum restore_phase {
	RESTORE_PHASE_NONE, /* nothing was done yet */
	RESTORE_PHASE_RESTORING, /* the image is the checkpoint's; the container is not back yet */
	RESTORE_PHASE_SERVING, /* the restored container runs */
	RESTORE_PHASE_COLD, /* the original image is in place; `reason` says why */
};

struct restore_record {
	struct str container;
	struct str phase; /* see restore_record_phase() */
	struct str original_image; /* what the Pod's author wrote */
	struct str image; /* what we put in its place; empty when cold */
	struct str checkpoint; /* name of the Checkpoint it is restored from */
	struct str checkpoint_uid;
	struct wall_time since; /* when the phase began */
	struct str reason; /* of a cold start, CamelCase */
	struct str message; /* the same for people */
	struct json_strings handled; /* container IDs whose end was dealt with */
	struct json_strings failed; /* uids of Checkpoints that did not hold in this Pod */
	int64_t attempts; /* restores since the last one that held */
};

enum restore_phase restore_record_phase(const struct restore_record *record);
struct str restore_phase_text(enum restore_phase phase);

struct restore_records {
	struct json_list containers; /* of struct restore_record */
};

/*
 * Reads the annotation; an empty text gives no records. What does not parse fails with CORRUPT: the
 * caller then goes on with no records and says so.
 */
must_check int restore_records_parse(struct str text, struct arena *arena,
	struct restore_records *ret_records, struct error *err);

/* The record of a container; NULL when there is none. */
const struct restore_record *restore_records_find(
	const struct restore_records *records, struct str container);

/*
 * The image that the Pod's author wrote for a container whose spec says `image` now: another one
 * while the container runs from a checkpoint. `record` is the container's; NULL: there is none.
 */
struct str restore_original_image(const struct restore_record *record, struct str image);

/* Puts `record` in place of the container's, in a list of its own from `arena`. */
void restore_records_set(
	struct restore_records *records, const struct restore_record *record, struct arena *arena);

/* Takes the container's record out, in a list of its own from `arena`. */
void restore_records_drop(
	struct restore_records *records, struct str container, struct arena *arena);

/* Appends the annotation's text. */
void restore_records_write(const struct restore_records *records, struct buf *out);

/* Whether `item` is in the list. */
bool restore_list_has(const struct json_strings *list, struct str item);

/* `item` added to the list, which keeps its newest RESTORE_LIST_MAX items; from `arena`. */
void restore_list_add(struct json_strings *list, struct str item, struct arena *arena);
enum { RESTORE_LIST_MAX = 8 };

#endif
