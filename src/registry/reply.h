/* What a registry's answer means when it is not the one we hoped for. */
#ifndef REGISTRY_REPLY_H
#define REGISTRY_REPLY_H

#include <stdbool.h>

#include "base/error.h"
#include "base/str.h"

/* Whether the same request may succeed later: 408, 425, 429 and most of 5xx. */
bool registry__status_is_retriable(int status);

struct registry__question {
	const char *who; /* "registry" or "token service" */
	const char *method;
	const char *url; /* shown without its query */
	const char *repository;
};

/*
 * Fills *err for the answer `status` with the error body `body` (distribution spec 1.1, "Error
 * Codes"; anything else is ignored): who answered what to what, the registry's own words, and what
 * to do. The kind follows from the status. Returns -1.
 */
int registry__reply_error(
	const struct registry__question *question, int status, struct str body, struct error *err);

#endif
