/* Writing a process's memory. For this room only. */
#ifndef LOOK_DUMP_H
#define LOOK_DUMP_H

#include "command/command.h"
#include "inspect/contents.h"

/*
 * Prints the memory of the process that --dump-memory names as hexadecimal text, like hexdump -C;
 * or writes its bytes to `file_fd` (-1: none) and prints which addresses are where in it. Fails as
 * inspect_visit_memory().
 */
must_check int look__dump(
	const struct cli_call *call, struct inspect *inspect, int file_fd, struct error *err);

#endif
