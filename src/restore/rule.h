/*
 * The restore rule: what to do about one container of one Pod, decided from what is known and the
 * time, without any effect. Doing it twice changes nothing: the decision's record remembers what
 * was dealt with.
 */
#ifndef RESTORE_RULE_H
#define RESTORE_RULE_H

#include <stdbool.h>

#include "api/kinds.h"
#include "api/views.h"
#include "base/arena.h"
#include "base/time.h"
#include "restore/record.h"

/* Why a Checkpoint is not restored from; also the reasons of its condition Restorable. */
enum restore_verdict {
	RESTORE_OK,
	RESTORE_NOT_BUILT, /* still being processed */
	RESTORE_BUILD_FAILED, /* it will never have an image */
	RESTORE_OTHER_POD, /* of another Pod, or of one that is gone */
	RESTORE_OTHER_NODE, /* not believed: see restore_is_believed() */
	RESTORE_OTHER_CONTAINER, /* of another container */
	RESTORE_IMAGE_CHANGED, /* the container's image is another one now */
	RESTORE_TEMPLATE_CHANGED, /* the Pod was made from another template */
	RESTORE_WAS_NOT_READY, /* the container was not Ready when it was taken */
	RESTORE_NOT_STABLE, /* it did not stay Ready long enough afterwards (yet) */
	RESTORE_TOO_OLD, /* older than the schedule allows */
	RESTORE_FAILED_BEFORE, /* a restore from it did not hold */
	RESTORE_DAMAGED, /* its files are not what they were */
	RESTORE_NOT_OFFERED, /* the node does not restore so */
	RESTORE_VERDICT_COUNT,
};

const char *restore_verdict_reason(enum restore_verdict verdict); /* CamelCase, static */
const char *restore_verdict_message(enum restore_verdict verdict); /* for people, static */

struct restore_terms {
	enum api_restore_policy policy;
	int64_t stable_seconds; /* a container stays Ready for so long after a good checkpoint */
	int64_t retry_window_seconds; /* a restored container that ends sooner has failed */
	int64_t max_age_seconds; /* 0: no limit */
};

/* The terms of the schedule that a Checkpoint was taken for; NULL (by hand, or gone): defaults. */
struct restore_terms restore_terms_of(const struct api_schedule *schedule);

/* All slices and pointers are borrowed for the call. */
struct restore_view {
	const struct api_pod *pod;
	const struct api_container *container;
	const struct restore_record *record; /* NULL: never dealt with */
	const struct api_container_exit *exit; /* reported by the agent; NULL: none */
	const struct api_checkpoint *const *checkpoints; /* of this Pod and container; any order */
	size_t checkpoint_count;
	struct restore_terms terms;
	const struct api_checkpoint_node *node; /* the Pod's; NULL: it is not known, offers all */
	struct str made_for; /* uid of the Checkpoint that the Pod was made for; empty: none */
};

/*
 * Whether the Checkpoint may count for the Pod at all. Its agent may say what it wants about
 * Checkpoints of its own node, so that has to be the Pod's node, or the one that the Checkpoint's
 * `request` (NULL: it has none) was for: one that a Pod of this name was on. What names no node was
 * written by no agent.
 */
bool restore_is_believed(const struct api_pod *pod, const struct api_checkpoint *checkpoint,
	const struct api_request *request);

/*
 * Judges one Checkpoint for the view's container. Of the one that the Pod was made for it is not
 * asked whose it is, nor how its container was then: somebody has chosen it, and nothing is ended
 * for it.
 */
enum restore_verdict restore_judge(const struct restore_view *view,
	const struct api_checkpoint *checkpoint, struct wall_time now);

/*
 * How the container comes back when it ends: as the newest of those Checkpoints comes back that are
 * good now; where none is, the newest of those whose strategy the node offers, then the newest of
 * all. So a first one by kcr-runtime that is still young does not hide the older ones. There is
 * one.
 */
enum api_strategy restore_strategy(const struct restore_view *view, struct wall_time now);

/*
 * The verdict for people: where it is that the node does not offer the strategy, the node's own
 * words. Borrowed from the view, or static.
 */
struct str restore_explain(
	const struct restore_view *view, enum api_strategy strategy, enum restore_verdict verdict);

enum restore_event { RESTORE_EVENT_NONE, RESTORE_EVENT_NORMAL, RESTORE_EVENT_WARNING };

struct restore_decision {
	bool is_change; /* the record or the image is to be written */
	bool forget; /* drop the record: somebody else changed the image */
	struct str image; /* what the container's image has to be */
	struct restore_record record; /* the new record; strings from the view or the arena */
	enum restore_event event;
	const char *event_reason; /* static */
	struct str event_message; /* from the arena */
	bool is_restored; /* the container has just been found serving from record.checkpoint */
	int64_t wake_ms; /* decide again after so long even if nothing changes; 0: no need */
};

/* `arena` holds what the decision refers to. Never fails. */
struct restore_decision restore_decide(
	const struct restore_view *view, struct wall_time now, struct arena *arena);

#endif
