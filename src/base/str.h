/*
 * A borrowed run of bytes, not terminated. Nothing here allocates or outlives the bytes it was made
 * from. The empty slice has size 0; its data may be NULL.
 */
#ifndef BASE_STR_H
#define BASE_STR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/attributes.h"

struct str {
	const char *data;
	size_t size;
};

/* A slice of a string literal: as an expression, and as an initialiser of static data. */
#define STR(literal) ((struct str)STR_INIT(literal))
#define STR_INIT(literal)                                                                          \
	{                                                                                          \
		"" literal, sizeof(literal) - 1                                                    \
	}

/* For printf: "%.*s" with STR_ARG(slice). */
#define STR_ARG(slice) (int)(slice).size, (slice).data != NULL ? (slice).data : ""

/* The bytes of a terminated string; NULL gives the empty slice. */
struct str str_of(const char *text);

bool str_equal(struct str a, struct str b);
bool str_is(struct str a, const char *text);
int str_compare(struct str a, struct str b); /* bytewise, as memcmp, shorter first */
bool str_starts_with(struct str text, struct str prefix);
bool str_ends_with(struct str text, struct str suffix);
bool str_contains(struct str text, struct str part);

/* Without white space (space, tab, CR, LF) at both ends. */
struct str str_trim(struct str text);

/*
 * The bytes of the control character that `text` begins with, 0 when it begins with another one:
 * C0, delete, and C1 in UTF-8 (U+0080 to U+009F), which terminals obey as well.
 */
size_t str_control(struct str text);

/* From byte `from` (at most text.size) to the end. */
struct str str_from(struct str text, size_t from);

/*
 * Cuts at the first `separator`: *ret_head is what stands before it, *rest what stands after.
 * Without a separator the head is everything and the rest empty. Returns whether one was found.
 * `rest` may point to the slice that is cut.
 */
bool str_cut(struct str text, char separator, struct str *ret_head, struct str *rest);

/* As str_cut at the last `separator`; without one the head is empty and the rest everything. */
bool str_cut_last(struct str text, char separator, struct str *ret_head, struct str *rest);

/* A terminated copy, owned by the caller. Aborts when memory is gone: cap sizes from outside. */
must_check char *str_dup(struct str text);

/* FNV-1a over the bytes: for hash tables and stable names, not for security. */
uint64_t str_hash(struct str text);

#endif
