/*
 * What the agent's parts share: the node's objects, the store, and the work that is under way.
 * Internal to the room.
 */
#ifndef NODE_STATE_H
#define NODE_STATE_H

#include "api/kinds.h"
#include "api/views.h"
#include "base/map.h"
#include "base/metrics.h"
#include "base/texts.h"
#include "http/client.h"
#include "image/reference.h"
#include "kube/client.h"
#include "kube/events.h"
#include "kube/index.h"
#include "kube/informer.h"
#include "kube/reconciler.h"
#include "loop/loop.h"
#include "node/exits.h"
#include "node/kubelet.h"
#include "node/probe.h"
#include "node/push.h"
#include "node/questions.h"
#include "node/store.h"
#include "restore/request.h"
#include "restore/rule.h"

#define NODE_FIELD_MANAGER "kcr-agent"
#define NODE_CALLS         "calls" /* the store's file of claims */

struct node {
	struct loop *loop;
	struct metrics *metrics;
	struct kube_client *client;
	struct kube_events *events;
	struct http_client *http;
	const char *name; /* of the Node */
	uint16_t registry_port;

	struct kube_informer *pods;
	struct kube_informer *requests;
	struct kube_informer *checkpoints;
	struct kube_informer *schedules; /* of the whole cluster, packed: the terms of restoring */
	struct texts *texts; /* what schedules share */
	struct kube_informer *restore_requests;
	bool are_restore_requests_missing; /* the cluster does not have them, or not for us */
	struct kube_informer *exports;
	bool are_exports_missing; /* likewise */
	struct kube_informer *imports;
	bool are_imports_missing; /* likewise */
	kube_informer_synced_fn synced; /* nothing is missing any more; gets this struct */
	struct kube_informer *own_nodes; /* the Node of our name; missing, all else goes on */
	struct kube_informer *own_descriptions; /* the CheckpointNode of our name; likewise */
	struct kube_index *checkpoints_by_pod; /* "namespace/name" of the Pod */
	struct kube_reconciler *request_reconciler;
	struct kube_reconciler *checkpoint_reconciler;
	struct kube_reconciler *restore_reconciler; /* by the Pod's key */
	struct kube_reconciler *requested_reconciler;
	struct kube_reconciler *export_reconciler;
	struct kube_reconciler *import_reconciler;
	struct kube_reconciler *self_reconciler; /* one key: our name */
	bool is_self_told; /* our CheckpointNode says what this agent has found */

	struct node_kubelet kubelet;
	struct node_probe *probe; /* NULL until all is synced */
	int archives_fd; /* the kubelet's checkpoint directory */
	struct node_store *store;
	const char *store_path;
	uint64_t store_max_bytes; /* 0: no limit */
	size_t max_takes; /* checkpoints that are taken at the same time */
	struct node_push_target *push; /* NULL: no external registry */
	struct node_questions *questions; /* of kcr-runtime; NULL until all is synced */
	const char *relay_namespace; /* of the Pods of kcr-relay */
	bool is_door_open; /* exports are served */
	struct map import_uses; /* by the CheckpointImport's uid; struct node_import_use, owned */
	struct map export_uses; /* by the CheckpointExport's uid; struct node_export_use, owned */
	struct node_exits *exits; /* NULL: ends cannot be seen here */

	struct map looks; /* keys of Pods to look at when the timer ends; the node itself */
	struct loop_source *look; /* NULL until there was one */
	struct map takes; /* by the request's key; struct node_take, owned */
	struct map endings; /* by the container's ID; struct node_ending, owned */
	const char *hold_socket; /* of kcr-hold; empty: there is none */
	bool is_hold_away; /* so it was the last time */
	struct map ingests; /* by the Checkpoint's uid; struct node_ingest, owned */
	bool is_synced; /* once all was seen, work has begun */
	bool is_stopping; /* no checkpoint is begun any more */
	struct map ended; /* by container id; struct api_container_exit, owned */
};

/* ---- objects.c ---- */

extern const struct kube_resource node_request_resource;
extern const struct kube_resource node_checkpoint_resource;
extern const struct kube_resource node_restore_request_resource;
extern const struct kube_resource node_export_resource;
extern const struct kube_resource node_import_resource;

/* Makes the informers of this node's objects. `synced` gets the node. */
void node_objects_new(struct node *node, kube_informer_synced_fn synced);
void node_objects_start(struct node *node);
void node_objects_free(struct node *node);
/* The plural of the first informer that is not synced; NULL when all are. */
const char *node_objects_missing(const struct node *node);

/* This node's Pod of that name; NULL when there is none. Borrowed. */
const struct api_pod *node_pod(const struct node *node, struct str namespace, struct str name);
/* The same, to be kept as it is now. */
const struct kube_object *node_pod_object(
	const struct node *node, struct str namespace, struct str name);

/* Adds a server-side apply of the status of one of our objects. */
void node_plan_status(struct kube_plan *plan, const struct kube_resource *resource,
	const struct api_kind *kind, const struct api_metadata *metadata, const void *object);

/* Adds an event about one of our objects, or about a Pod, emitted once the plan is carried out. */
void node_plan_event(struct node *node, struct kube_plan *plan, const char *kind,
	const struct api_metadata *metadata, bool is_warning, const char *reason, struct str note);
void node_plan_pod_event(struct node *node, struct kube_plan *plan,
	const struct api_metadata *metadata, bool is_warning, const char *reason, struct str note);

/* ---- follow.c ---- */

/* Routes changes of the node's objects to those parts of the agent that care; before the start. */
void node_follow(struct node *node);

/* ---- request.c: requests ---- */

void node_decide_request(void *node, struct str key, struct kube_plan *plan);

/* ---- leftovers.c: archives that nobody names ---- */

/* Whether a Checkpoint names the archive. */
bool node_is_known_archive(const struct node *node, const char *name);
/* Removes what an interrupted agent's call for this request has left, before it is made again. */
void node_remove_leftovers(struct node *node, const struct api_request *request);
/* Whether the kubelet would write over an archive of the request's container: they are named after
 * the second. */
bool node_has_archive_of_now(struct node *node, const struct api_request *request);
/* Removes what the kubelet finished after the request had failed; called now and then. */
void node_collect_late_archives(struct node *node);

/* ---- checkpoint.c: checkpoints ---- */

void node_decide_checkpoint(void *node, struct str key, struct kube_plan *plan);
/* The Checkpoint is gone: so is everything of it on this node. */
void node_drop_checkpoint(struct node *node, const struct api_checkpoint *checkpoint);
/* Removes entries whose Checkpoint has been missing for NODE_ORPHAN_MS; called now and then. */
void node_collect_orphans(struct node *node);

/* ---- plans.c: from what kcr-runtime restores ---- */

/* The terms of restoring for a Checkpoint's container, from its schedule or the defaults. */
struct restore_terms node_restore_terms(
	const struct node *node, const struct api_checkpoint *checkpoint);
/* What the restore rule looks at: the Checkpoints of the container that kcr-runtime took and that
 * are here. Borrowed from the informers; the list is from `arena`. */
struct restore_view node_restore_view(const struct node *node, const struct api_pod *pod,
	const struct api_container *container, struct arena *arena);
/* Brings the plans of the Pod's containers to what they should be. Returns after how many
 * milliseconds to do it again: soon after a failure, else before they are too old; 0: no need. */
int64_t node_bring_plans(const struct node *node, const struct api_pod *pod);
/* The same for one container. Returns 1 when there is one afterwards, 0 when there is none, -1 with
 * SYSTEM, TOO_BIG. */
must_check int node_bring_plan(const struct node *node, const struct api_pod *pod,
	const struct api_container *container, struct error *err);
/* Of struct handover_file, those that a restore reads; the list is from `arena`. */
struct json_list node_files_of_restore(const struct json_list *all, struct arena *arena);

/* ---- requested.c: restores that are asked for ---- */

void node_decide_requested(void *node, struct str key, struct kube_plan *plan);
/* The request is finished or gone: what it has ordered is taken back. */
void node_requested_is_over(struct node *node, const struct api_restore_request *request);
/* The request that the Pod's container is being restored for; NULL: none. Borrowed. */
const struct api_restore_request *node_requested(
	const struct node *node, const struct api_pod *pod, struct str container);
/* The name of the Checkpoint that the Pod was made for; empty: none. Borrowed. */
struct str node_made_for(const struct node *node, const struct api_pod *pod, struct str container);
/* Whether a Pod of this uid is to start here from a Checkpoint, or was. */
bool node_awaits_pod(const struct node *node, struct str uid);

/* ---- exports.c: tickets for the bytes of checkpoints ---- */

void node_decide_export(void *node, struct str key, struct kube_plan *plan);
/* By its key; NULL when this node has none such. Borrowed. */
const struct api_export *node_export(const struct node *node, struct str key);
/* What it is a ticket for; NULL when that is not in the store. */
const struct node_entry *node_export_entry(
	const struct node *node, const struct api_export *export);
/* Whether bytes may be sent now; whether none will be any more. */
bool node_export_is_good(const struct node *node, const struct api_export *export);
bool node_export_is_spent(const struct node *node, const struct api_export *export);
/* Who has the secret wants no more. */
void node_export_finish(struct node *node, const struct api_export *export);
/* A transfer has ended; the ticket may be gone. */
void node_export_sent(struct node *node, struct str key, struct str uid, int64_t bytes);
/* Those whose status does not tell yet how much was sent. */
size_t node_exports_unwritten(const struct node *node);
/* Something that they may depend on has changed. */
void node_exports_follow_checkpoint(struct node *node, const struct kube_object *checkpoint);
void node_exports_follow_pod(struct node *node, const struct kube_object *pod);
/* It is gone. */
void node_export_forget(struct node *node, const struct api_export *export);
void node_exports_free(struct node *node);
/* The Pod of kcr-relay on this node; NULL when none is ready. Borrowed. */
const struct api_pod *node_relay(const struct node *node);
bool node_is_relay(const struct node *node, const struct kube_object *pod);

/* ---- imports.c: tickets for bytes that are brought ---- */

void node_decide_import(void *node, struct str key, struct kube_plan *plan);
/* By its key; NULL when this node has none such. Borrowed. */
const struct api_import *node_import(const struct node *node, struct str key);
/* How many of its bytes are there. */
int64_t node_import_received(const struct node *node, const struct api_import *import);
/* Whether bytes may be brought now; whether none may any more. */
bool node_import_is_good(const struct node *node, const struct api_import *import);
bool node_import_is_spent(const struct node *node, const struct api_import *import);
/* Who has the secret brings no more. */
void node_import_give_up(struct node *node, const struct api_import *import);
/* Ends it as Failed: the agent cannot go on with it. */
void node_import_stop(struct node *node, const struct api_import *import, const struct error *err);
/* A connection brings bytes, to be written behind those that are there: the newest one may, for
 * that the one before is dead may not be seen for long. The caller owns *ret_fd, asks before each
 * write, and says when it has ended, by the ticket's uid. Fails with SYSTEM. */
must_check int node_import_begin(struct node *node, const struct api_import *import, int *ret_fd,
	unsigned *ret_connection, struct error *err);
bool node_import_may_write(
	const struct node *node, const struct api_import *import, unsigned connection);
void node_import_end(struct node *node, struct str uid, unsigned connection);
/* A plan of the import has failed. True when that was to make its Checkpoint and the API server
 * will not have it: the import is ended as Failed. */
bool node_import_refused(struct node *node, struct str key, const struct error *err);
/* Something that they may depend on has changed. */
void node_imports_follow_checkpoint(struct node *node, const struct api_checkpoint *checkpoint);
void node_imports_follow_pod(struct node *node, const struct kube_object *pod);
/* It is gone, or has failed: so is what has come. */
void node_import_forget(struct node *node, const struct api_import *import);
/* Removes what is left of tickets that are gone; called now and then. */
void node_collect_imports(struct node *node);
void node_imports_free(struct node *node);

/* ---- records.c: what kcr-runtime has done ---- */

/* Adds the events and counts of what is on record about the Pod's containers and not told yet. */
void node_tell_records(struct node *node, const struct api_pod *pod, struct kube_plan *plan);
/* Brings the agent's part of a Checkpoint's status to what is on record about restores from it.
 * Returns whether that changed anything; texts are from `arena`. */
bool node_record_to_report(const struct node *node, const struct api_checkpoint *checkpoint,
	struct api_checkpoint_status *own, struct arena *arena);

/* Whether kcr-runtime has made another one of the Pod's container since this one
 * ("containerd://<id>") ended. */
bool node_was_made_since(const struct node *node, const struct api_pod *pod, struct str container,
	struct str container_id, struct wall_time ended, struct arena *arena);

/* What kcr-runtime has on record of a container, but for what is under way; from `arena`. Returns
 * 1, or 0 when there is none that can be read. */
int node_record_read(const struct node *node, struct str pod_uid, struct str container,
	struct arena *arena, struct handover_record *ret_record);

/* What was done when the container behind the one that the request ended was created; from `arena`.
 * False: nothing is known. */
bool node_record_outcome(const struct node *node, const struct api_pod *pod,
	const struct api_restore_request *request, struct restore_request_outcome *ret_outcome,
	struct arena *arena);
/* Whether kcr-runtime has restored the container in this Pod, be it of any checkpoint. */
bool node_record_has_restored(const struct node *node, struct str pod_uid, struct str container);

/* ---- restores.c: Pods whose containers kcr-runtime restores ---- */

void node_decide_restores(void *node, struct str key, struct kube_plan *plan);
/* The plans of the Pod of this name may have to change. */
void node_want_plans(struct node *node, struct str namespace, struct str pod);
/* Something has happened to the Pod of this name: kcr-runtime may have recorded it. */
void node_want_records(struct node *node, struct str namespace, struct str pod);
/* The same in a moment, when kcr-runtime has done what it was just told. */
void node_want_records_soon(struct node *node, struct str namespace, struct str pod);
void node_restores_free(struct node *node);

/* ---- departed.c: Pods and containers that are gone ---- */

/* Removes the plans and records of the Pod's containers. */
void node_drop_pod(const struct node *node, const struct api_pod *pod);
/* Removes what is left of Pods and containers that are gone; called at the start and now and then.
 */
void node_collect_departed(const struct node *node);

/* Whether a mark in "containers", of which no Pod speaks, is nobody's any more. That kcr-runtime
 * runs a container it takes back itself, unless the node was stopped under it. */
bool node_mark_is_left(
	struct str name, struct wall_time made, struct wall_time booted, struct wall_time now);

/* ---- metrics.c ---- */

/* Makes the series that count from 0. */
void node_metrics_init(struct node *node);
/* Brings the gauges up to date; before metrics are written. */
void node_metrics_update(struct node *node);
/* The kubelet was asked for a checkpoint, and this came of it. */
void node_count_take(struct node *node, bool is_taken);
/* kcr-runtime has started a container anew; `labels` are node_attempt_labels(). */
void node_count_restore(struct node *node, const char *labels);
/* Bytes of checkpoints were sent through the door. */
void node_count_exported(struct node *node, int64_t bytes);
/* A checkpoint was taken into the store. */
void node_observe_entry(struct node *node, const struct node_entry *entry);

/* ---- self.c: what this node has, as its CheckpointNode ---- */

void node_self_new(struct node *node); /* the informers; they start with the others */
void node_self_start(struct node *node); /* what is described is looked at from now on */
void node_decide_self(void *node, struct str key, struct kube_plan *plan);

/* ---- watch.c: how containers came and how they end ---- */

void node_container_ended(void *node, struct str container_id, int status);
/* Follows the Pod's containers: those with a checkpoint are watched. NULL: there is no such. */
void node_watch_pod(struct node *node, const struct api_pod *old, const struct api_pod *now);
/* What is to be reported on this Checkpoint about its container; NULL: nothing. Borrowed. */
const struct api_container_exit *node_exit_to_report(
	const struct node *node, const struct api_checkpoint *checkpoint);
/* The ID of the container to be reported on this Checkpoint as restored; empty: nothing. */
struct str node_restored_to_report(
	const struct node *node, const struct api_checkpoint *checkpoint);
void node_ended_free(struct node *node);

#endif
