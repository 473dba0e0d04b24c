/*
 * `create`: who is it, is there a plan, what does the agent say, what was done before; decide;
 * restore; put it on record, before and after. The record is what keeps a container that cannot be
 * restored from being restored for ever while the agent is away.
 */
#include "runtime/create.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/ask.h"
#include "runtime/bundle.h"
#include "runtime/decide.h"
#include "runtime/marks.h"
#include "runtime/overlay.h"
#include "runtime/restore.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"

/* Files of a container's state: who it is, until `delete`; that its `start` is still to come. */
#define CREATE_IDENTITY "restored"
#define CREATE_STARTS   "starts"

/* Whether the agent has not touched the plan for so long that it may be gone for good. */
static bool create_is_old(const struct runtime_host *host, const char *path)
{
	const int64_t most_seconds = host->config.plan_max_age_seconds;
	struct stat status;

	return most_seconds > 0 && stat(path, &status) == 0 &&
		wall_time_seconds(clock_wall()) - status.st_mtime > most_seconds;
}

/* Returns 1, or 0 when there is no plan; a plan that cannot be read fails. */
static int create_load_plan(const struct runtime_host *host,
	const struct runtime_container *container, struct handover_plan *ret_plan, bool *ret_is_old,
	struct error *err)
{
	autobuf text = BUF_INIT(HANDOVER_PLAN_BYTES);
	struct str path = arena_printf(host->arena, "%s/plans/%.*s/%.*s.json",
		host->config.store.data, STR_ARG(container->pod_uid), STR_ARG(container->name));

	if (file_read(AT_FDCWD, path.data, &text, err) < 0)
		return err->kind == ERROR_ABSENT ? 0 : -1;
	*ret_is_old = create_is_old(host, path.data);
	return handover_plan_read(buf_str(&text), host->arena, ret_plan, err) < 0 ? -1 : 1;
}

static struct handover_question create_identity(
	const struct runtime_host *host, const struct runtime_container *container)
{
	return (struct handover_question){
		.version = HANDOVER_FORMAT_VERSION,
		.pod_uid = container->pod_uid,
		.namespace = container->namespace,
		.pod = container->pod,
		.container = container->name,
		.container_id = str_of(host->call.id),
	};
}

/* Whether the agent has answered. */
static bool create_ask(const struct runtime_host *host, const struct runtime_container *container,
	struct handover_answer *ret_answer)
{
	struct handover_question question = create_identity(host, container);
	struct str socket = runtime__path(host, host->config.store, HANDOVER_SOCKET);
	struct error ignored; /* the plan speaks then */

	return runtime__ask(socket.data, &question, host->config.agent_deadline_ms, host->arena,
		       ret_answer, &ignored) == 0;
}

/*
 * Which containers an order has ended. It is on record before their end is, or with it. Whether
 * that was news.
 */
static bool create_note_replaced(const struct runtime_host *host, struct handover_record *record)
{
	struct handover_attempt *attempts = record->attempts.items;
	bool is_news = false;

	for (size_t i = 0; i < record->attempts.count; i++) {
		if (attempts[i].is_replaced ||
			!runtime__is_replaced(host, attempts[i].container_id))
			continue;
		attempts[i].is_replaced = true;
		is_news = true;
	}
	return is_news;
}

static void create_load(const struct runtime_host *host, const struct runtime_container *container,
	struct handover_record *ret_record)
{
	runtime__record_load(host, container->pod_uid, container->name, ret_record);
	(void)create_note_replaced(host, ret_record);
}

/* What was announced of this `create` is replaced. */
static int create_record(const struct runtime_host *host, const struct runtime_container *container,
	const struct handover_attempt *attempt, struct error *err)
{
	autoclose int lock = -1;
	struct handover_record record;
	struct handover_attempt *attempts;
	size_t count;

	if (runtime__record_make(host, container->pod_uid, err) < 0 ||
		runtime__record_lock(host, container->pod_uid, container->name, &lock, err) < 0)
		return -1;
	create_load(host, container, &record);
	record.namespace = container->namespace;
	record.pod = container->pod;
	attempts = record.attempts.items;
	count = record.attempts.count;
	if (count > 0 && str_is(attempts[count - 1].reason, HANDOVER_INTERRUPTED) &&
		str_equal(attempts[count - 1].container_id, attempt->container_id))
		attempts[count - 1] = *attempt;
	else
		handover_record_add(&record, attempt, host->arena);
	return runtime__record_store(host, container->pod_uid, container->name, &record, err);
}

/*
 * Remembers for `start` and `delete` that the container is a restored one. Before it is: a `start`
 * that did not know would fail.
 */
static int create_mark(const struct runtime_host *host, const struct runtime_container *container,
	struct error *err)
{
	struct handover_question identity = create_identity(host, container);
	autobuf text = BUF_INIT(HANDOVER_ANSWER_BYTES);

	handover_question_write(&identity, &text);
	if (runtime__state_write(host, CREATE_IDENTITY, buf_str(&text), err) < 0)
		return -1;
	return runtime__state_write(host, CREATE_STARTS, STR(""), err);
}

static void create_unmark(const struct runtime_host *host)
{
	(void)runtime__state_take(host, CREATE_IDENTITY);
	(void)runtime__state_take(host, CREATE_STARTS);
}

static struct handover_attempt create_attempt(
	const struct runtime_host *host, const char *outcome, struct str reason, struct str message)
{
	return (struct handover_attempt){
		.outcome = str_of(outcome),
		.container_id = str_of(host->call.id),
		.started = clock_wall(),
		.reason = reason,
		.message = message,
	};
}

/* On record before it begins: who dies on the way does not begin the same again. */
static int create_announce(const struct runtime_host *host,
	const struct runtime_container *container, const struct handover_candidate *candidate,
	const struct handover_attempt *planned, struct error *err)
{
	struct handover_attempt attempt = *planned;

	attempt.outcome = STR(HANDOVER_FAILED);
	attempt.reason = STR(HANDOVER_INTERRUPTED);
	attempt.message = STR("the restore was begun and never ended");
	attempt.checkpoint = candidate->uid;
	return create_record(host, container, &attempt, err);
}

/* The lower directories of the root; nothing when the root is no overlay. */
static struct str create_find_layers(
	const struct runtime_host *host, const struct runtime_bundle *bundle)
{
	struct runtime_overlay overlay;
	struct error ignored; /* then they are not compared, and a restore with changes fails */

	if (runtime_overlay_find(bundle->root, host->arena, &overlay, &ignored) != 1)
		return (struct str){NULL, 0};
	return overlay.lower;
}

/* Returns -1 when the container's root is spoilt. */
static int create_restore(const struct runtime_host *host, const struct runtime_bundle *bundle,
	const struct handover_candidate *candidate, struct handover_attempt *attempt)
{
	struct error err;
	int result = 0;

	if (create_mark(host, &bundle->container, &err) < 0 ||
		create_announce(host, &bundle->container, candidate, attempt, &err) < 0) {
		attempt->reason = STR("StateUnwritable");
		attempt->message = arena_str(host->arena, str_of(err.text));
	} else {
		result = runtime__restore(host, bundle, candidate, attempt);
	}
	if (!str_is(attempt->outcome, HANDOVER_RESTORED))
		create_unmark(host);
	return result;
}

/* That it was done, whatever came of it. */
static void create_note_request(const struct runtime_view *view,
	const struct runtime_decision *decision, struct handover_attempt *attempt)
{
	const struct handover_requested *requested =
		runtime_decide_requested(view, attempt->started);

	if (requested == NULL)
		return;
	attempt->request = requested->request;
	if (decision->candidate != NULL)
		attempt->taken = decision->candidate->taken;
}

/*
 * Fails the call, in the words of `message`: on our standard error and, where the engine looks for
 * a runtime's reasons, in its log (containerd: the last error of a JSON log).
 */
static bool create_refuse(const struct runtime_host *host, struct str message, int *ret_exit_status)
{
	autobuf line = BUF_INIT(HANDOVER_ANSWER_BYTES);
	struct json_writer writer = json_writer(&line);
	char now[TIME_TEXT_SIZE];
	autoclose int fd = -1;

	wall_time_format(clock_wall(), now);
	(void)fprintf(stderr, "kcr-runtime: %.*s\n", STR_ARG(message));
	if (host->call.log_path != NULL && str_is(str_of(host->call.log_format), "json"))
		fd = open(host->call.log_path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	json_begin_object(&writer);
	json_set_text(&writer, "level", "error");
	json_set_str(
		&writer, "msg", arena_printf(host->arena, "kcr-runtime: %.*s", STR_ARG(message)));
	json_set_text(&writer, "time", now);
	json_end_object(&writer);
	buf_add_byte(&line, '\n');
	if (fd >= 0) /* it has been said on standard error */
		(void)!write(fd, line.data, line.size);
	*ret_exit_status = 1;
	return true;
}

/* The container is wanted with its memory only. */
static bool create_refuse_cold(const struct runtime_host *host,
	const struct handover_attempt *attempt, int *ret_exit_status)
{
	return create_refuse(host,
		arena_printf(host->arena, "the container does not start without its memory: %.*s",
			STR_ARG(attempt->message.size > 0 ? attempt->message : attempt->reason)),
		ret_exit_status);
}

/* Decides, restores if that is decided, and puts it on record. Returns -1 for a spoilt root. */
static int create_attempt_by_plan(const struct runtime_host *host,
	const struct runtime_bundle *bundle, const struct runtime_view *known,
	struct handover_attempt *attempt)
{
	struct runtime_view view = *known;
	struct handover_answer answer;
	struct runtime_decision decision;
	struct error ignored; /* a full disk; the container counts more */
	int result = 0;

	if (view.plan->ask_agent && create_ask(host, view.container, &answer))
		view.answer = &answer;
	decision = runtime_decide(&view, attempt->started);
	attempt->reason = decision.reason;
	attempt->message = decision.message;
	create_note_request(&view, &decision, attempt);
	if (decision.verdict == RUNTIME_RESTORE)
		result = create_restore(host, bundle, decision.candidate, attempt);
	(void)!create_record(host, view.container, attempt, &ignored);
	return result;
}

static bool create_by_plan(const struct runtime_host *host, const struct runtime_bundle *bundle,
	const struct handover_plan *plan, bool is_plan_old, int *ret_exit_status)
{
	const struct runtime_container *container = &bundle->container;
	struct handover_record record;
	struct runtime_view view = {.container = container,
		.layers = create_find_layers(host, bundle),
		.plan = plan,
		.record = &record,
		.is_plan_old = is_plan_old};
	struct handover_attempt attempt = create_attempt(host, HANDOVER_COLD, STR(""), STR(""));
	const struct handover_attempt *failed;
	bool is_required;
	int result;

	create_load(host, container, &record);
	is_required = runtime_decide_is_required(&view, &failed);
	if (is_required && failed != NULL) /* the kubelet tries again and again */
		return create_refuse_cold(host, failed, ret_exit_status);
	result = create_attempt_by_plan(host, bundle, &view, &attempt);
	*ret_exit_status = 0;
	if (str_is(attempt.outcome, HANDOVER_RESTORED))
		return true;
	if (is_required)
		return create_refuse_cold(host, &attempt, ret_exit_status);
	return result < 0 ? create_refuse(host, attempt.message, ret_exit_status) : false;
}

/* A plan that cannot be read is no reason to fail, but one to be told. */
static void create_record_bad_plan(const struct runtime_host *host,
	const struct runtime_container *container, const struct error *err)
{
	struct handover_attempt attempt =
		create_attempt(host, HANDOVER_COLD, STR("PlanUnreadable"), str_of(err->text));
	struct error ignored; /* as above */

	(void)!create_record(host, container, &attempt, &ignored);
}

bool runtime__create(const struct runtime_host *host, int *ret_exit_status)
{
	autobundle bundle = RUNTIME_BUNDLE_INIT;
	struct handover_plan plan;
	struct error err;
	bool is_plan_old = false;
	int found;

	/* what is wrong with the bundle the runtime itself says best */
	if (runtime__bundle_read(host->call.bundle, host->arena, &bundle, &err) != 1)
		return false;
	runtime__mark_created(host);
	found = create_load_plan(host, &bundle.container, &plan, &is_plan_old, &err);
	if (found < 0)
		create_record_bad_plan(host, &bundle.container, &err);
	return found == 1 && create_by_plan(host, &bundle, &plan, is_plan_old, ret_exit_status);
}

bool runtime__start(const struct runtime_host *host)
{
	return runtime__state_take(host, CREATE_STARTS);
}

/* The value of "status" in what a runtime says of a container; empty if it is not as expected. */
static struct str create_find_status(struct str state)
{
	static const struct str key = STR_INIT("\"status\":");
	const char *found = memmem(state.data, state.size, key.data, key.size);
	struct str rest;
	struct str status;

	if (found == NULL)
		return (struct str){NULL, 0};
	rest = str_trim(str_from(state, (size_t)(found - state.data) + key.size));
	if (!str_starts_with(rest, STR("\"")) || !str_cut(str_from(rest, 1), '"', &status, &rest))
		return (struct str){NULL, 0};
	return status;
}

/* The attempt that made the container whose identity this is, if it has no end yet. */
static void create_note_end(
	const struct runtime_host *host, const struct handover_question *identity)
{
	autoclose int lock = -1;
	struct handover_record record;
	struct handover_attempt *attempts;
	struct error ignored; /* then its life is taken to have lasted until its next start */
	bool is_news;

	if (runtime__record_lock(host, identity->pod_uid, identity->container, &lock, &ignored) < 0)
		return;
	runtime__record_load(host, identity->pod_uid, identity->container, &record);
	is_news = create_note_replaced(host, &record);
	attempts = record.attempts.items;
	for (size_t i = 0; i < record.attempts.count; i++) {
		if (!str_equal(attempts[i].container_id, identity->container_id) ||
			wall_time_is_set(attempts[i].ended))
			continue;
		attempts[i].ended = clock_wall();
		is_news = true;
	}
	if (is_news)
		(void)!runtime__record_store(
			host, identity->pod_uid, identity->container, &record, &ignored);
}

/* Whether the container of this call was restored. */
static bool create_find_identity(
	const struct runtime_host *host, struct handover_question *ret_identity)
{
	autobuf text = BUF_INIT(HANDOVER_ANSWER_BYTES);
	struct error ignored;

	return runtime__state_read(host, CREATE_IDENTITY, &text, &ignored) == 0 &&
		handover_question_read(buf_str(&text), host->arena, ret_identity, &ignored) == 0 &&
		handover_is_file_name(ret_identity->pod_uid) &&
		handover_is_file_name(ret_identity->container);
}

static bool create_is_started(const struct runtime_host *host)
{
	autobuf starts = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct error ignored;

	return runtime__state_read(host, CREATE_STARTS, &starts, &ignored) < 0;
}

/*
 * CRI-O looks as soon as a container has ended, and lets the kubelet know by that; it deletes the
 * container minutes later. In between lies the kubelet's back-off, which is no life.
 */
bool runtime__tell_state(const struct runtime_host *host)
{
	autobuf state = BUF_INIT(LIMIT_CONFIG_BYTES);
	struct handover_question identity;
	struct error ignored; /* the runtime itself says best what is wrong */
	struct str status;
	struct str told;
	int before;

	if (!create_find_identity(host, &identity) || runtime__state(host, &state, &ignored) < 0)
		return false;
	status = create_find_status(buf_str(&state));
	if (status.size == 0)
		return false;
	if (str_is(status, "stopped"))
		create_note_end(host, &identity);
	told = str_is(status, "running") && !create_is_started(host) ? STR("created") : status;
	before = (int)(status.data - state.data);
	(void)printf("%.*s%.*s%s", before, state.data, STR_ARG(told), status.data + status.size);
	return true;
}

void runtime__delete(const struct runtime_host *host)
{
	struct handover_question identity;

	runtime__unmark(host);
	if (create_find_identity(host, &identity))
		create_note_end(host, &identity);
	create_unmark(host);
}
