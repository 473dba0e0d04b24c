/*
 * A struct described by a table as a run of bytes, for keeping many of them: what is empty takes a
 * bit, a number as many bytes as it needs, and a text one or two: those that others have, too, are
 * kept once for all (base/texts.h), and only those of fields with JSON_DISTINCT stand in the bytes.
 * They are for this process only.
 */
#ifndef JSON_PACK_H
#define JSON_PACK_H

#include "base/texts.h"
#include "json/json.h"

/*
 * Appends `source`, a struct of `object`; texts that are shared get a reference. The `own_count`
 * texts `own` are part of it and found again by json_packed_own(), whether a field has them or not.
 */
void json_pack(const struct json_object *object, const void *source, const struct str *own,
	size_t own_count, struct texts *texts, struct buf *out);

/* Gives back the references that the packed bytes hold. */
void json_packed_release(struct str packed, struct texts *texts);

/* Terminated; borrowed from the packed bytes. */
must_check struct str json_packed_own(struct str packed, size_t index);

/*
 * Fills *ret_struct as it was packed; what it holds is from the arena, its texts are terminated and
 * borrowed from the packed bytes and `texts`. An `object` that has only the first fields of the one
 * that was packed, and of the last of these only the first again, reads so far and no further.
 */
void json_unpack(struct str packed, const struct json_object *object, const struct texts *texts,
	struct arena *arena, void *ret_struct);

#endif
