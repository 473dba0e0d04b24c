/*
 * What kcr-runtime has recorded about the containers of a Pod is told to others: as events of the
 * Pod and a count, once each, and on the Checkpoints. Beside each record lies the ID of the newest
 * attempt's container that was told, so that the next agent does not tell it again.
 */
#include "node/state.h"

#include <fcntl.h>

#include "node/attempts.h"
#include "node/direct.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/log.h"

static void node_record_path(
	struct buf *path, struct str pod_uid, struct str container, const char *suffix)
{
	buf_printf(path, HANDOVER_RECORDS "/%.*s/%.*s%s", STR_ARG(pod_uid), STR_ARG(container),
		suffix);
}

int node_record_read(const struct node *node, struct str pod_uid, struct str container,
	struct arena *arena, struct handover_record *ret_record)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf text = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error err;

	if (!handover_is_file_name(pod_uid) || !handover_is_file_name(container))
		return 0;
	node_record_path(&path, pod_uid, container, ".json");
	if (file_read(node_store_fd(node->store), path.data, &text, &err) == 0 &&
		handover_record_read(buf_str(&text), arena, ret_record, &err) == 0) {
		node_attempts_settle(ret_record);
		return 1;
	}
	if (err.kind != ERROR_ABSENT)
		log_warning(&err, "Ignored a record of kcr-runtime", "record", path.data);
	return 0;
}

/* ---- Events and counts ---- */

/* What is done once the news are out; from the plan's arena. */
struct node_told {
	struct str pod_uid;
	struct str container;
	struct str container_id;
};

static void node_tell_is_done(void *context, const void *data)
{
	const struct node *node = context;
	const struct node_told *told = data;
	autobuf directory = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf name = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autoclose int fd = -1;
	struct error err;

	buf_printf(&directory, HANDOVER_RECORDS "/%.*s", STR_ARG(told->pod_uid));
	buf_printf(&name, "%.*s" HANDOVER_TOLD, STR_ARG(told->container));
	if (file_open_beneath(node_store_fd(node->store), directory.data, O_RDONLY | O_DIRECTORY, 0,
		    &fd, &err) == 0 &&
		/* one that a crash loses repeats a message */
		file_write_by_rename(fd, name.data, told->container_id, 0600, &err) == 0)
		return;
	if (err.kind != ERROR_ABSENT) /* the Pod has gone meanwhile */
		log_warning(&err, "Failed to note what was told of a container");
}

static void node_attempt_is_told(void *node, const void *labels)
{
	node_count_restore(node, labels);
}

static struct str node_checkpoint_name(
	const struct node *node, const struct handover_attempt *attempt)
{
	const struct node_entry *entry = node_store_find(node->store, attempt->checkpoint);

	return entry != NULL ? entry->name : attempt->checkpoint;
}

static void node_tell_attempt(struct node *node, const struct api_pod *pod, struct str container,
	const struct handover_attempt *attempt, struct kube_plan *plan)
{
	struct node_attempt_news news = node_attempt_news(
		attempt, container, node_checkpoint_name(node, attempt), plan->arena);

	node_plan_pod_event(node, plan, &pod->metadata, news.is_warning, news.reason, news.note);
	kube_plan_then(plan, node_attempt_is_told, node, news.labels);
	log_info("kcr-runtime has started a container anew", "namespace",
		pod->metadata.namespace.data, "pod", pod->metadata.name.data, "reason", news.reason,
		"message", news.note.data);
}

static void node_tell_container(
	struct node *node, const struct api_pod *pod, struct str container, struct kube_plan *plan)
{
	autobuf path = BUF_INIT(LIMIT_ARCHIVE_PATH);
	autobuf told = BUF_INIT(LIMIT_ARCHIVE_PATH);
	struct handover_record record;
	const struct handover_attempt *attempts;
	struct node_told *note;
	struct error none;
	size_t first;

	if (node_record_read(node, pod->metadata.uid, container, plan->arena, &record) == 0)
		return;
	node_record_path(&path, pod->metadata.uid, container, HANDOVER_TOLD);
	if (file_read(node_store_fd(node->store), path.data, &told, &none) < 0)
		buf_clear(&told); /* nothing was told yet */
	attempts = record.attempts.items;
	first = node_attempts_untold(&record, buf_str(&told));
	if (first == record.attempts.count)
		return;
	for (size_t i = first; i < record.attempts.count; i++)
		node_tell_attempt(node, pod, container, &attempts[i], plan);
	note = arena_zeroed(plan->arena, 1, sizeof(*note));
	note->pod_uid = arena_str(plan->arena, pod->metadata.uid);
	note->container = arena_str(plan->arena, container);
	note->container_id = attempts[record.attempts.count - 1].container_id;
	kube_plan_then(plan, node_tell_is_done, node, note);
}

void node_tell_records(struct node *node, const struct api_pod *pod, struct kube_plan *plan)
{
	const struct api_container *containers = pod->spec.containers.items;

	for (size_t i = 0; i < pod->spec.containers.count; i++)
		node_tell_container(node, pod, containers[i].name, plan);
}

/* ---- Which end was the last one ---- */

bool node_was_made_since(const struct node *node, const struct api_pod *pod, struct str container,
	struct str container_id, struct wall_time ended, struct arena *arena)
{
	struct handover_record record;

	return node_record_read(node, pod->metadata.uid, container, arena, &record) == 1 &&
		node_attempts_made_since(&record, container_id, ended);
}

/* ---- What came of a request ---- */

/* The attempt that was made for the request; or, by a kcr-runtime that does not know of requests,
 * the one that made the container which the Pod has now. */
static const struct handover_attempt *node_attempt_of_request(const struct handover_record *record,
	const struct api_restore_request *request, struct str container_id)
{
	const struct handover_attempt *attempts = record->attempts.items;
	bool is_next = !str_equal(container_id, request->status.ended_container);

	for (size_t i = record->attempts.count; i > 0; i--)
		if (str_equal(attempts[i - 1].request, request->metadata.uid) ||
			(is_next &&
				str_equal(
					attempts[i - 1].container_id, node_plain_id(container_id))))
			return &attempts[i - 1];
	return NULL;
}

bool node_record_outcome(const struct node *node, const struct api_pod *pod,
	const struct api_restore_request *request, struct restore_request_outcome *ret_outcome,
	struct arena *arena)
{
	const struct api_container_status *status =
		api_pod_container_status(pod, request->spec.container_name);
	const struct handover_attempt *attempt;
	struct handover_record record;

	if (api_restore_phase(request) != API_RESTORE_RESTORING || status == NULL ||
		node_record_read(
			node, pod->metadata.uid, request->spec.container_name, arena, &record) == 0)
		return false;
	attempt = node_attempt_of_request(&record, request, status->container_id);
	if (attempt == NULL)
		return false;
	*ret_outcome = (struct restore_request_outcome){
		.container_id = attempt->container_id,
		.checkpoint_uid = attempt->checkpoint,
		.is_restored = str_is(attempt->outcome, HANDOVER_RESTORED),
		.has_ended = wall_time_is_set(attempt->ended),
		.reason = attempt->reason,
		.message = attempt->message,
	};
	return true;
}

bool node_record_has_restored(const struct node *node, struct str pod_uid, struct str container)
{
	autoarena *arena = arena_new(16 * 1024);
	struct handover_record record;
	const struct handover_attempt *attempts;

	if (node_record_read(node, pod_uid, container, arena, &record) == 0)
		return false;
	attempts = record.attempts.items;
	for (size_t i = 0; i < record.attempts.count; i++)
		if (str_is(attempts[i].outcome, HANDOVER_RESTORED))
			return true;
	return false;
}

/* ---- The Checkpoint's status ---- */

bool node_record_to_report(const struct node *node, const struct api_checkpoint *checkpoint,
	struct api_checkpoint_status *own, struct arena *arena)
{
	struct node_attempts_view view = {.checkpoint = checkpoint};
	const struct api_container_status *status;
	const struct api_pod *pod = NULL;
	struct handover_record record;

	if (checkpoint->spec.pod != NULL &&
		api_checkpoint_strategy(checkpoint) == API_STRATEGY_RUNTIME)
		pod = node_pod(node, checkpoint->metadata.namespace, checkpoint->spec.pod->name);
	if (pod == NULL ||
		node_record_read(node, pod->metadata.uid, checkpoint->spec.container_name, arena,
			&record) == 0)
		return false;
	status = api_pod_container_status(pod, checkpoint->spec.container_name);
	view.record = &record;
	view.container_id = status != NULL ? status->container_id : (struct str){0};
	view.is_ending = wall_time_is_set(pod->metadata.deleted) ||
		str_is(pod->status.phase, "Failed"); /* as by the kubelet's shutdown */
	view.retry_window_seconds = node_restore_terms(node, checkpoint).retry_window_seconds;
	return node_attempts_apply(&view, clock_wall(), own, arena);
}
