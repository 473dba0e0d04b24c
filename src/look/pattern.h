/* What is searched for in memory: bytes, or a regular expression over bytes (PCRE2). */
#ifndef LOOK_PATTERN_H
#define LOOK_PATTERN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

enum {
	/* Of what is searched for. */
	LOOK_PATTERN_BYTES = 4096,
	/* A match that is longer may be told as if it ended earlier. */
	LOOK_MATCH_BYTES = 4096,
};

struct look_pattern;

/*
 * `text` as it stands; "0x" and pairs of hexadecimal digits: those bytes; or a regular expression
 * in Perl's syntax, in which bytes beyond ASCII are no characters. The caller owns *ret_pattern.
 * Fails with INVALID, TOO_BIG (LOOK_PATTERN_BYTES).
 */
must_check int look_pattern_new(
	const char *text, bool is_regex, struct look_pattern **ret_pattern, struct error *err);
void look_pattern_free(struct look_pattern *pattern); /* may be NULL */

define_clean_up(struct look_pattern, look_pattern_free, look_pattern_free)
#define autopattern clean_up(look_pattern_free_clean) struct look_pattern

/*
 * The first match in `bytes` that begins at `from` or later: 1, with where it begins and what is
 * behind it (the same place only where \K says so), or 0. What stands before `from` is looked back
 * at; `is_last`: nothing follows the bytes. Fails with TOO_BIG: the expression takes too many steps
 * here.
 */
must_check int look_pattern_find(struct look_pattern *pattern, struct str bytes, size_t from,
	bool is_last, size_t *ret_start, size_t *ret_end, struct error *err);

#endif
