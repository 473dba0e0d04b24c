/* Objects of ours that a command makes: all at once, and people are told which were made. */
#ifndef CLI_CREATE_H
#define CLI_CREATE_H

#include <stdbool.h>

#include "base/attributes.h"
#include "cli/session.h"

struct cli_creation {
	struct str name;
	struct str body; /* its JSON, by cli_encode() */
};

/* The time of now for the name of a request: ms since 1970, for one may ask twice in a second. */
int64_t cli_name_time(void);

/* An object of one of our kinds as JSON, from the arena. */
struct str cli_encode(struct arena *arena, const struct api_kind *kind, const void *object);

/*
 * Makes them in the session's namespace. Prints those that were made when `is_told`, and in any
 * case when another one failed: that failure is *err.
 */
must_check int cli_create_all(struct cli_session *session, const struct cli_kind *kind,
	const struct cli_creation *objects, size_t count, bool is_told, struct error *err);

#endif
