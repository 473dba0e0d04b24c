/* The question to the agent and its answer. Internal to the room. */
#ifndef RUNTIME_ASK_H
#define RUNTIME_ASK_H

#include "base/arena.h"
#include "base/attributes.h"
#include "base/error.h"
#include "handover/formats.h"

/*
 * Asks over the Unix socket at `path` and waits until `deadline_ms` at most. The answer lies in
 * `arena`. Fails with ABSENT (nobody listens), TIMEOUT, CORRUPT, SYSTEM.
 */
must_check int runtime__ask(const char *path, const struct handover_question *question,
	int64_t deadline_ms, struct arena *arena, struct handover_answer *ret_answer,
	struct error *err);

#endif
