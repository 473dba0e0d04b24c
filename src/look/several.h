/*
 * Several checkpoints that lie on this machine, each read by a process of its own: what is wrong
 * with one is told of that one, and it cannot change what is told of others. For this room only.
 */
#ifndef LOOK_SEVERAL_H
#define LOOK_SEVERAL_H

#include <stdbool.h>

#include "command/command.h"
#include "inspect/report.h"

/*
 * The paths that the words mean, from the call's arena: a directory of archives means these. False
 * when it is one word that means itself.
 */
must_check bool look__several_find(const struct cli_call *call, struct json_strings *ret_paths);

/* Carries the call out for all of them. Fails with CORRUPT when one of them could not be read. */
must_check int look__several(
	const struct cli_call *call, const struct json_strings *paths, struct error *err);

#endif
