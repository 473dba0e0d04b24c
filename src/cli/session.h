/*
 * A command's connection to the cluster: the kubeconfig by its flags, a client, and requests that
 * are sent together and waited for.
 */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "base/attributes.h"
#include "base/buf.h"
#include "base/error.h"
#include "base/metrics.h"
#include "cli/command.h"
#include "cli/kinds.h"
#include "kube/client.h"
#include "loop/loop.h"
#include "json/json.h"

struct cli_session {
	struct cli_call *call;
	struct loop *loop;
	struct kube_config *config;
	struct metrics *metrics;
	struct kube_client *client;
	struct str namespace; /* in which objects are looked for; never empty */
	struct str scope; /* of lists: the same, or empty for --all-namespaces */
};

/*
 * Reads the kubeconfig and makes the client; nothing is sent yet. The caller owns *ret_session.
 * Fails as kube_config_load() does.
 */
must_check int cli_session_open(
	struct cli_call *call, struct cli_session **ret_session, struct error *err);
void cli_session_close(struct cli_session *session); /* may be NULL */

define_clean_up(struct cli_session, cli_session_close, cli_session_close)
#define autosession clean_up(cli_session_close_clean) struct cli_session

/* One request of several. A list is read to its end, page by page. */
struct cli_fetch {
	struct kube_request request; /* all it refers to is borrowed */
	bool is_optional; /* being denied or absent is no failure: `error` says so */
	/* the result */
	struct json_doc **docs; /* the pages of a list, or the one answer */
	size_t doc_count;
	size_t doc_capacity;
	struct error error; /* NONE: it succeeded */
};

/* A list of the kind in the session's scope, or one object. */
struct cli_fetch cli_fetch_list(const struct cli_session *session, const struct cli_kind *kind);
struct cli_fetch cli_fetch_get(
	const struct cli_session *session, const struct cli_kind *kind, struct str name);

/* How many requests are under way at a time; a thousand would spend their deadlines in queues. */
enum { CLI_OPEN_FETCHES = 32 };

/*
 * Sends them together, CLI_OPEN_FETCHES at a time, and waits until all have ended. When one has
 * found nobody who answers, those that were not begun fail with it. Fails with the first error of
 * one that is not optional. The fetches are released by cli_fetch_done(), also after a failure.
 */
must_check int cli_fetch_all(
	struct cli_session *session, struct cli_fetch *fetches, size_t count, struct error *err);
void cli_fetch_done(struct cli_fetch *fetch);
#define autofetch clean_up(cli_fetch_done) struct cli_fetch

/* Objects that were fetched, decoded as their kind's struct; what they hold is in the arena. */
struct cli_objects {
	void *items; /* of the kind's struct */
	const struct json **raw; /* the same, as they came; borrowed from the fetch */
	size_t count;
};

must_check int cli_fetch_decode(const struct cli_fetch *fetch, const struct cli_kind *kind,
	struct arena *arena, struct cli_objects *ret_objects, struct error *err);

/*
 * Appends what somebody can do about the failure, a sentence per line; nothing when nobody knows.
 * `config` may be NULL: there is none yet.
 */
void cli_advice_write(struct buf *out, const struct error *err, const struct kube_config *config,
	struct str namespace);

#endif
