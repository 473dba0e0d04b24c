/* Whether the files of a checkpoint are what they were when the plan was made: size and sum. */
#ifndef RUNTIME_VERIFY_H
#define RUNTIME_VERIFY_H

#include "base/attributes.h"
#include "base/error.h"
#include "handover/formats.h"

/*
 * Reads each file of the candidate beneath `directory_fd`. Fails with CORRUPT (other bytes, or
 * missing: names the file), INVALID (a path that leaves the directory), TIMEOUT (it is past
 * `deadline`), SYSTEM.
 */
must_check int runtime_verify(const struct handover_candidate *candidate, int directory_fd,
	struct mono_time deadline, struct error *err);

#endif
