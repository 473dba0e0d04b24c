/*
 * Whether the files of a checkpoint are what they were when the plan was made: size and XXH3-128.
 * This is against flipped bits and lost blocks, not against people: who can write the store can
 * write the plan. XXH3 runs at the speed of memory, a gigabyte in a tenth of a second.
 */
#ifndef RUNTIME_VERIFY_H
#define RUNTIME_VERIFY_H

#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "runtime/plan.h"

enum { RUNTIME_XXH3_TEXT = 33 }; /* hexadecimal digits of 128 bits, terminator included */

/*
 * Reads `fd` (borrowed) from its beginning to its end: the sum as text (canonical, as xxhsum -H2
 * prints it) and the size. Fails with SYSTEM.
 */
must_check int runtime_sum(
	int fd, char ret_text[static RUNTIME_XXH3_TEXT], int64_t *ret_bytes, struct error *err);

/*
 * Reads each file of the candidate beneath `directory_fd`. Fails with CORRUPT (other bytes, or
 * missing: names the file), INVALID (a path that leaves the directory), SYSTEM.
 */
must_check int runtime_verify(
	const struct runtime_candidate *candidate, int directory_fd, struct error *err);

#endif
