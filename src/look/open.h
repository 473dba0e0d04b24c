/* What a call reads, open before a byte of it is read, and the end of all other openness. For this
 * room only. */
#ifndef LOOK_OPEN_H
#define LOOK_OPEN_H

#include "base/attributes.h"
#include "base/error.h"
#include "command/inspect.h"
#include "inspect/report.h"
#include "look/look.h"

struct look_loan {
	const char *word; /* of the command line */
	const char *name; /* to show */
	int64_t size_bytes;
	int fd; /* -1: somebody reads it already */
};

/* What this program was started with. */
struct look_loans {
	struct look_loan items[CLI_LENT_MAX];
	size_t count;
};

/* Takes what is lent from the front of the arguments; returns how many of them that were. */
int look__take_loans(int count, char *const *arguments, struct look_loans *loans);

/*
 * Opens what the word means: what is lent under it (struct look_loans is the program's context), or
 * what lies at this path. The place is freed with inspect_place_free(). Fails with ABSENT and as
 * inspect_place_open().
 */
must_check int look__open(const struct cli_call *call, const char *word,
	struct inspect_place **ret_place, struct error *err);

/*
 * From now on this process reads what the subject has open, and can neither open anything else, nor
 * start a program, nor reach a network. What the kernel does not have for that is told by -v: the
 * bytes are read nevertheless. Fails with SYSTEM.
 */
must_check int look__confine(
	const struct cli_call *call, const struct look_subject *subject, struct error *err);

#endif
