/* Finding bytes in memory. For this room only. */
#ifndef LOOK_SEARCH_H
#define LOOK_SEARCH_H

#include "command/command.h"
#include "inspect/contents.h"

/*
 * Prints where what --search says stands in the memory; what stands there only when asked to. Fails
 * as inspect_visit_memory(), INVALID (the pattern), TOO_BIG (an expression that takes too long).
 */
must_check int look__search(
	const struct cli_call *call, struct inspect *inspect, struct error *err);

#endif
