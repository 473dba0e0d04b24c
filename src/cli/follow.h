/*
 * Waiting for what the cluster does with what a command has asked for, until that is over, Ctrl-C
 * or
 * --timeout. From cli_follow_start() on Ctrl-C does not end the program: requests that are on their
 * way are carried to their end, so that it can be told what was made.
 */
#ifndef CLI_FOLLOW_H
#define CLI_FOLLOW_H

#include <stdbool.h>

#include "base/attributes.h"
#include "base/error.h"
#include "cli/session.h"
#include "kube/informer.h"

struct cli_follow {
	struct cli_session *session; /* borrowed */
	struct loop_source *interrupt;
	bool is_watching;
	bool is_over;
	bool is_interrupted;
	struct error error; /* of the watch */
};

/* The caller has the struct, which must not be moved. Fails with SYSTEM. */
must_check int cli_follow_start(
	struct cli_follow *follow, struct cli_session *session, struct error *err);
void cli_follow_done(struct cli_follow *follow); /* one that is all zero is fine */
#define autofollow clean_up(cli_follow_done) struct cli_follow

/* One kind that is watched. */
struct cli_followed {
	const struct cli_kind *kind;
	kube_informer_change_fn changed;
	struct kube_informer *informer; /* while it is watched, to be looked into; else NULL */
};

/*
 * Watches the kinds' objects in the session's namespace; the `changed` of its kind is called for
 * each, first for those that are there, with `context`. Returns CLI_DONE once cli_follow_end() was
 * called, CLI_INTERRUPTED, CLI_WAITED_IN_VAIN after --timeout, or -1 when they cannot be watched.
 */
must_check int cli_follow_watch(struct cli_follow *follow, struct cli_followed *followed,
	size_t count, void *context, struct error *err);

/* From `changed`: nothing more is waited for. */
void cli_follow_end(struct cli_follow *follow);

#endif
