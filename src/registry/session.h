/*
 * A conversation with one repository of a registry, one request at a time: it authenticates when
 * asked to, repeats what may succeed later, and knows the registry's URLs. For this room only.
 */
#ifndef REGISTRY_SESSION_H
#define REGISTRY_SESSION_H

#include <stdbool.h>
#include <stdint.h>

#include "base/attributes.h"
#include "base/error.h"
#include "base/str.h"
#include "base/time.h"
#include "http/client.h"
#include "image/reference.h"
#include "loop/loop.h"
#include "registry/credentials.h"

struct registry__session;

struct registry__session_options {
	struct loop *loop;
	struct http_client *http;
	struct http_tls *tls; /* referenced; NULL: the system's trust */
	const struct image_reference *target; /* copied */
	const struct registry_credentials *credentials; /* looked up now; may be NULL */
	const char *actions; /* on the repository that a token is asked for; NULL: "pull,push" */
	bool plain_http;
	unsigned retries; /* for the whole session */
	int64_t retry_delay_ms; /* before the first retry; doubled for each further one */
	struct mono_time deadline;
};

/* Never NULL. Released with registry__session_free(), which cancels what runs. */
must_check struct registry__session *registry__session_new(
	const struct registry__session_options *options);
void registry__session_free(struct registry__session *session); /* may be NULL */

/* "https://host:port": what URLs of the registry begin with. */
const char *registry__session_base(const struct registry__session *session);

struct registry__ask {
	const char *method;
	const char *url; /* absolute; copied */
	const char *content_type; /* of the body; NULL: none; static */
	const char *content_range; /* NULL: none; copied */
	const char *accept; /* NULL: anything; static */
	const char *range; /* NULL: all of it; copied */
	bool is_followed; /* of a GET: redirects are, to where blobs are kept */
	struct http_body body; /* bytes are borrowed until the answer */
	bool is_single; /* failures come back at once: the caller knows better how to go on */
};

/*
 * The answer with any status but a 401 that could be answered and those that were worth a retry, or
 * an error that names the request. Borrowed until the callback asks again, pauses or returns. The
 * callback may release the session.
 */
typedef void (*registry__answer_fn)(
	void *context, const struct http_answer *answer, struct str body, const struct error *err);

/* Asks. Nothing else may be under way. Nothing is called back before this returns. */
void registry__session_ask(struct registry__session *session, const struct registry__ask *ask,
	registry__answer_fn answer, void *context);

/*
 * Spends one retry: calls back after a growing pause of at least `least_ms`. False when all are
 * spent or the deadline would pass meanwhile.
 */
must_check bool registry__session_pause(
	struct registry__session *session, int64_t least_ms, loop_fn resume, void *context);

#endif
