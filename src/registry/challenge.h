/*
 * The WWW-Authenticate header: how a registry wants to be asked (RFC 9110, 11.6.1; distribution's
 * token authentication: realm and service). The header comes from a peer and may be anything. The
 * scope it may name is not looked at: we ask for what we need, not for what a peer suggests.
 */
#ifndef REGISTRY_CHALLENGE_H
#define REGISTRY_CHALLENGE_H

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"

enum registry__scheme { REGISTRY_BASIC, REGISTRY_BEARER };

enum {
	/* One value, terminator included; a realm is a URL. */
	REGISTRY_CHALLENGE_VALUE_SIZE = 1024,
};

struct registry__challenge {
	enum registry__scheme scheme;
	char realm[REGISTRY_CHALLENGE_VALUE_SIZE];
	char service[REGISTRY_CHALLENGE_VALUE_SIZE]; /* empty when not told */
};

/*
 * Reads the challenges of one header and returns the one to answer: Bearer with a realm before
 * Basic. Other schemes are passed over. Fails with UNSUPPORTED (there is none of the two), INVALID
 * (it is no list of challenges, or a value is too long).
 */
must_check int registry__challenge_parse(
	struct str header, struct registry__challenge *ret_challenge, struct error *err);

#endif
