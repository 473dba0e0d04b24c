/*
 * What the controller's reconcilers share: the informers with their indexes, the way to emit
 * events, and the reconcilers themselves. Internal to the room.
 */
#ifndef CONTROL_STATE_H
#define CONTROL_STATE_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/metrics.h"
#include "control/begun.h"
#include "control/turns.h"
#include "control/zones.h"
#include "kube/client.h"
#include "kube/events.h"
#include "kube/index.h"
#include "kube/informer.h"
#include "kube/reconciler.h"
#include "loop/loop.h"
#include "restore/rule.h"

#define CONTROL_FIELD_MANAGER "kcr-controller"

enum { CONTROL_SCHEDULE_BYTES = 4096 }; /* most schedules fit, unpacked */

enum control_workload_kind {
	CONTROL_DEPLOYMENT,
	CONTROL_STATEFULSET,
	CONTROL_DAEMONSET,
	CONTROL_WORKLOAD_KINDS
};

enum control_reconciler {
	CONTROL_WORKLOADS, /* key "Kind/namespace/name" */
	CONTROL_SCHEDULES, /* key "namespace/name", as all others */
	CONTROL_REQUESTS,
	CONTROL_RESTORE_REQUESTS,
	CONTROL_EXPORTS,
	CONTROL_IMPORTS,
	CONTROL_CHECKPOINTS,
	CONTROL_PODS,
	CONTROL_RECONCILERS
};

struct control;

/* Whose change a handler is told of. */
struct control_workload_watch {
	struct control *control;
	enum control_workload_kind kind;
};

struct control {
	struct loop *loop;
	struct metrics *metrics;
	struct kube_client *client;
	struct kube_events *events;
	struct control_zones *zones;
	int64_t spread_seconds; /* schedules of one due time begin within this window */
	struct control_turns *turns; /* by the keys of schedules */
	struct control_begun *begun;

	struct texts *texts; /* what workloads, schedules and Pods share; these are packed,
				being many */
	struct kube_informer *workloads[CONTROL_WORKLOAD_KINDS];
	struct control_workload_watch workload_watches[CONTROL_WORKLOAD_KINDS];
	struct kube_informer *schedules;
	struct kube_informer *requests;
	struct kube_informer *checkpoints;
	struct kube_informer *pods;
	struct kube_informer *restore_requests;
	bool are_restore_requests_missing; /* as with nodes */
	struct kube_informer *exports;
	bool are_exports_missing; /* likewise */
	struct kube_informer *imports;
	bool are_imports_missing; /* likewise */
	struct kube_informer *nodes; /* CheckpointNodes */
	bool are_nodes_missing; /* the cluster does not have them, or not for us */
	kube_informer_synced_fn synced; /* nothing is missing any more; gets this struct */

	struct kube_index *pods_by_namespace;
	struct kube_index *requests_by_schedule; /* uid of the CheckpointSchedule */
	struct kube_index *requests_by_pod; /* "namespace/name" of the Pod */
	struct kube_index *restore_requests_by_pod; /* likewise */
	struct kube_index *restore_requests_by_checkpoint; /* "namespace/name" of the Checkpoint */
	struct kube_index *checkpoints_by_schedule; /* uid of the CheckpointSchedule */
	struct kube_index *checkpoints_by_pod; /* "namespace/name" of the Pod */

	struct kube_reconciler *reconcilers[CONTROL_RECONCILERS];
};

/* ---- control/informers.c ---- */

extern const struct kube_resource control_workload_resources[CONTROL_WORKLOAD_KINDS];
extern const struct kube_resource control_schedule_resource;
extern const struct kube_resource control_request_resource;
extern const struct kube_resource control_restore_request_resource;
extern const struct kube_resource control_export_resource;
extern const struct kube_resource control_import_resource;
extern const struct kube_resource control_checkpoint_resource;
extern const struct kube_resource control_pod_resource;
extern const struct kube_resource control_node_resource;

/* Makes the informers and their indexes and routes changes to the reconcilers. `synced` gets
 * control. */
void control_informers_new(struct control *control, kube_informer_synced_fn synced);
void control_informers_start(struct control *control);
void control_informers_free(struct control *control);
/* The first informer that is not synced: its plural; NULL when all are. */
const char *control_informers_missing(const struct control *control);

/* After the wall clock was set: timers do not follow it. */
void control_judge_times_anew(struct control *control);

/* The view of the object `namespace/name`; NULL when there is none. Borrowed. */
const struct api_request *control_request(
	const struct control *control, struct str namespace, struct str name);
const struct api_checkpoint *control_checkpoint(
	const struct control *control, struct str namespace, struct str name);

/* As above; they are from the arena and borrowed from the informer. */
const struct api_schedule *control_schedule(
	const struct control *control, struct str namespace, struct str name, struct arena *arena);
const struct api_pod *control_pod(
	const struct control *control, struct str namespace, struct str name, struct arena *arena);

/* The request that the Checkpoint was made for; NULL when there is none any more. Borrowed. */
const struct api_request *control_request_of(
	const struct control *control, const struct api_checkpoint *checkpoint);
/* Whether the Checkpoint may count for the Pod: see restore_is_believed(). */
bool control_believes(const struct control *control, const struct api_pod *pod,
	const struct api_checkpoint *checkpoint);

/* What the agent of the Pod's node says; NULL when it says nothing. `pod` may be NULL. Borrowed. */
const struct api_checkpoint_node *control_node_of(
	const struct control *control, const struct api_pod *pod);
const struct api_checkpoint_node *control_node(const struct control *control, struct str name);

/* Whether the node has a CheckpointNode, or it cannot be told whether any node has. */
bool control_knows_node(const struct control *control, struct str name);

/* ---- the decisions, one file each ---- */

void control_decide_workload(void *control, struct str key, struct kube_plan *plan);
void control_decide_schedule(void *control, struct str key, struct kube_plan *plan);
void control_decide_request(void *control, struct str key, struct kube_plan *plan);
void control_decide_restore_request(void *control, struct str key, struct kube_plan *plan);
void control_decide_export(void *control, struct str key, struct kube_plan *plan);
void control_decide_import(void *control, struct str key, struct kube_plan *plan);
void control_decide_checkpoint(void *control, struct str key, struct kube_plan *plan);
void control_decide_pod(void *control, struct str key, struct kube_plan *plan);

/* The name of the schedule of a workload. control/workload.c */
struct str control_schedule_name(
	struct arena *arena, enum control_workload_kind kind, struct str workload);

/* The workload whose schedule has the name `schedule`; false when this kind has none such.
 * Borrowed. control/workload.c */
bool control_workload_of_name(
	enum control_workload_kind kind, struct str schedule, struct str *ret_workload);

/* Adds the deletions that a schedule's retention asks for. control/retention.c */
void control_retain(
	struct control *control, const struct api_schedule *schedule, struct kube_plan *plan);

/* ---- control/metrics.c ---- */

/* Makes the series that count from 0; before anything is decided. */
void control_metrics_init(struct control *control);
/* Containers that were "restored", or started "cold" or, after a "clean" exit, as ever. */
void control_count_restore(struct control *control, const char *outcome, double count);
/* The requests of a run that was due then are made. */
void control_observe_lag(struct control *control, struct wall_time due);
/* To be called before metrics are written. */
void control_metrics_update(struct control *control);
/* Appends how old the newest good Checkpoint of each schedule is; for http_health. */
void control_metrics_write_ages(const struct control *control, struct buf *out);

/* ---- shared by the decisions. control/steps.c ---- */

/* The terms of restoring for a Checkpoint's container, from its schedule or the defaults. */
struct restore_terms control_restore_terms(
	const struct control *control, const struct api_checkpoint *checkpoint);

/* Adds a server-side apply of the status of one of our objects. `object` is of `kind`'s struct. */
void control_plan_status(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_kind *kind, const struct api_metadata *metadata, const void *object);

/* Adds spec.nodeName by a merge patch that applies to this version of the request only. */
void control_plan_node(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_metadata *metadata, struct str node);

/* Adds a strategic merge patch of a Pod; `body` is copied. */
void control_plan_pod_patch(
	struct kube_plan *plan, const struct api_metadata *metadata, struct str body);

/* Adds a deletion of exactly this incarnation of the object. */
void control_plan_delete(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_metadata *metadata);

/* Deletes what has finished, or comes back for that, so long after it did; with 0 it stays, as the
 * record of what was done. */
void control_plan_let_go(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_metadata *metadata, struct wall_time finished, int64_t ttl_seconds);

/* Adds an event about an object, emitted once the plan is carried out. `reason` is static. */
void control_plan_event(struct control *control, struct kube_plan *plan, const char *api_version,
	const char *kind, const struct api_metadata *metadata, bool is_warning, const char *reason,
	struct str note);

/* "namespace/name", from the arena. */
struct str control_key(struct arena *arena, struct str namespace, struct str name);

/* Milliseconds from now until `when`; at least 1. */
int64_t control_ms_until(struct wall_time when);

#endif
