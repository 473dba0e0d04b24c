/*
 * Restore or cold start: decided from what is known when the engine calls `create`, with no effect,
 * clock or file. The agent made the plan by the restore rule (restore/rule.h); what may have
 * happened since is judged here, so that it holds while the agent is away.
 */
#ifndef RUNTIME_DECIDE_H
#define RUNTIME_DECIDE_H

#include <stdbool.h>

#include "base/time.h"
#include "handover/formats.h"
#include "runtime/container.h"

/* In this order: where several hold for the candidates of a plan, the last one is told. */
enum runtime_verdict {
	RUNTIME_RESTORE,
	RUNTIME_COLD_NO_CHECKPOINT, /* the plan names none */
	RUNTIME_COLD_POLICY, /* the plan says never */
	RUNTIME_COLD_AGENT, /* the agent says so, with its own reason */
	RUNTIME_COLD_PLAN_TOO_OLD, /* nobody answers, and nobody has for long */
	RUNTIME_COLD_IMAGE_CHANGED, /* all that are left were taken with another image */
	RUNTIME_COLD_TOO_OLD, /* all that are left are older than allowed */
	RUNTIME_COLD_SET_BACK, /* all that are left are of a past that was taken back */
	RUNTIME_COLD_EXHAUSTED, /* none is left that has not failed */
	RUNTIME_VERDICT_COUNT,
};

/* All is borrowed. */
struct runtime_view {
	const struct runtime_container *container;
	struct str layers; /* lower directories of its root; empty: not known */
	const struct handover_plan *plan;
	const struct handover_record *record; /* NULL: nothing was done yet */
	const struct handover_answer *answer; /* NULL: the agent was not asked or did not answer */
	bool is_plan_old; /* the agent has not held on to it for long; its answer renews it */
};

struct runtime_decision {
	enum runtime_verdict verdict;
	const struct handover_candidate *candidate; /* of the plan; NULL unless RESTORE */
	struct str reason; /* CamelCase; empty when RESTORE */
	struct str message; /* for people; empty when RESTORE */
};

/* What the plan requests, if that was not done yet and its time is not over; else NULL. */
const struct handover_requested *runtime_decide_requested(
	const struct runtime_view *view, struct wall_time now);

/*
 * Whether the container may start only from what the plan requests: that was never restored yet. Of
 * the attempt that was made in vain, if there was one, *ret_failed is told (borrowed; else NULL).
 */
bool runtime_decide_is_required(
	const struct runtime_view *view, const struct handover_attempt **ret_failed);

/*
 * The newest candidate of the same image and not too old from which no restore has failed in this
 * Pod: neither failed by itself, nor was damaged, nor ended within the retry window, nor met the
 * node's trouble twice in a row. A candidate that the agent names is taken if it is one of these.
 * Where the container was put back on request, what was taken between that checkpoint and the
 * request counts no more: it is what was not wanted (handover_record_takes_back).
 *
 * A request comes first, whatever the policy: its candidate, or a cold start.
 */
struct runtime_decision runtime_decide(const struct runtime_view *view, struct wall_time now);

#endif
