/*
 * What stands in the Authorization header of requests to one repository, and how it is obtained:
 * nothing, Basic, or a Bearer token of a token service (distribution's token authentication, with
 * GET, or OAuth2's POST for an identity token). Pure: the session does the asking. Texts that hold
 * secrets are wiped. For this room only.
 */
#ifndef REGISTRY_AUTHORIZATION_H
#define REGISTRY_AUTHORIZATION_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "image/reference.h"
#include "registry/challenge.h"
#include "registry/credentials.h"

enum {
	/* A header or form with a secret; tokens have some KiB. */
	REGISTRY_HEADER_MAX = 256 * 1024,
	REGISTRY_TOKEN_MAX = 64 * 1024,
};

struct registry__authorization;

/*
 * Never NULL. `credentials` (may be NULL) is looked up now and copied from. `actions`, static, are
 * what a token has to allow; NULL: "pull,push".
 */
must_check struct registry__authorization *registry__authorization_new(
	const struct image_reference *target, const struct registry_credentials *credentials,
	bool plain_http, const char *actions);
void registry__authorization_free(struct registry__authorization *authorization); /* may be NULL */

enum registry__next { REGISTRY_SEND_AGAIN, REGISTRY_FETCH_TOKEN };

/*
 * Takes a challenge up. A token that was used before is dropped. Fails with DENIED (no credentials
 * for Basic, or the token service is not reached by https though the registry is), INVALID (the
 * realm is no URL).
 */
must_check int registry__authorization_answer(struct registry__authorization *authorization,
	const struct registry__challenge *challenge, enum registry__next *ret_next,
	struct error *err);

/* After REGISTRY_FETCH_TOKEN: whom to ask. Borrowed until the next challenge. */
const char *registry__authorization_token_url(const struct registry__authorization *authorization);

/* The token request's Authorization header (may stay empty) and, for a POST, its form. */
void registry__authorization_describe_token_request(
	const struct registry__authorization *authorization, struct buf *header, struct buf *form);

/* Reads the token service's answer. Fails with CORRUPT. */
must_check int registry__authorization_take_token(
	struct registry__authorization *authorization, struct str body, struct error *err);

/* Appends the header's value for requests to the registry; nothing when there is none yet. */
void registry__authorization_write(
	const struct registry__authorization *authorization, struct buf *header);

/* For clean_up(): wipes a buffer and releases it. */
void registry__secret_done(struct buf *buf);

#endif
