/*
 * A CheckpointSchedule that is due becomes CheckpointRequests. They are named after the due time
 * and made before the run is recorded in the status: after a crash in between the names tell that
 * it was begun, and the same ones are made again, so that no due time is lost or doubled.
 */
#include "control/state.h"

#include "api/names.h"
#include "checkpoint/plan.h"
#include "control/coverage.h"
#include "schedule/cron.h"
#include "schedule/due.h"
#include "sys/clock.h"

enum {
	CONTROL_LABELS_BYTES = 2048, /* those of most Pods fit */
	CONTROL_BLIND_MS = 1000, /* until we look whether we see again */
	CONTROL_FIRST_RUN_MS = 2000, /* between two looks for a Pod that a first run begins with */
	CONTROL_TURN_MS = 5000, /* who waits for a turn is woken, and looks so often all the same */
};

/* What the requests of a schedule say about it. */
struct control_tally {
	size_t active;
	struct wall_time last_successful;
	struct wall_time *begun; /* due times after the last run */
	size_t begun_count;
};

static void control_tally_begun(struct control_tally *tally, const struct api_schedule *schedule,
	const struct api_request *request)
{
	struct wall_time due;
	int64_t seconds;

	if (!api_request_name_time(request->metadata.name, &seconds))
		return;
	due = wall_time_of_seconds(seconds);
	for (size_t i = 0; i < tally->begun_count; i++)
		if (tally->begun[i].us == due.us)
			return;
	if (due.us > schedule->status.last_run.us)
		tally->begun[tally->begun_count++] = due;
}

static struct control_tally control_tally(
	const struct control *control, const struct api_schedule *schedule, struct arena *arena)
{
	struct control_tally tally = {.last_successful = schedule->status.last_successful};
	size_t count;
	size_t told;
	const struct kube_object *const *objects =
		kube_index_get(control->requests_by_schedule, schedule->metadata.uid, &count);
	const struct api_request *const *requests =
		control_begun_get(control->begun, schedule, &told);

	tally.begun = arena_zeroed(arena, count + told + 1, sizeof(*tally.begun));
	for (size_t i = 0; i < told; i++)
		control_tally_begun(&tally, schedule, requests[i]);
	for (size_t i = 0; i < count; i++) {
		const struct api_request *request = objects[i]->view;
		control_tally_begun(&tally, schedule, request);
		if (!api_request_is_finished(request))
			tally.active++;
		else if (api_request_phase(request) == API_REQUEST_COMPLETED &&
			request->status.completed.us > tally.last_successful.us)
			tally.last_successful = request->status.completed;
	}
	return tally;
}

/* ---- Making requests ---- */

static struct api_owner control_owner_of(const struct api_schedule *schedule)
{
	return (struct api_owner){
		.api_version = STR(API_GROUP_VERSION),
		.kind = STR("CheckpointSchedule"),
		.name = schedule->metadata.name,
		.uid = schedule->metadata.uid,
		.controller = true,
		.block_owner_deletion = true,
	};
}

static struct str control_request_body(struct arena *arena, const struct api_schedule *schedule,
	const struct checkpoint_plan_request *planned, struct str name)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);
	const struct api_metadata *pod = &planned->pod->metadata;
	struct api_owner owner = control_owner_of(schedule);
	struct api_reference reference = {
		.api_version = STR(API_GROUP_VERSION),
		.kind = STR("CheckpointSchedule"),
		.namespace = schedule->metadata.namespace,
		.name = schedule->metadata.name,
		.uid = schedule->metadata.uid,
	};
	struct json_pair labels[] = {
		{STR(API_LABEL_APP), STR(API_LABEL_APP_VALUE)},
		{STR(API_LABEL_POD), api_label_value(arena, pod->name)},
		{STR(API_LABEL_POD_NS), api_label_value(arena, pod->namespace)},
		{STR(API_LABEL_SCHEDULE), api_label_value(arena, schedule->metadata.name)},
	};
	struct api_request request;

	api_init(&api_request_kind, &request);
	request.metadata.name = name;
	request.metadata.namespace = schedule->metadata.namespace;
	request.metadata.labels = (struct json_string_map){labels, array_size(labels)};
	request.metadata.owners = (struct json_list){&owner, 1};
	request.spec.pod = (struct api_request_pod){pod->name, pod->namespace};
	request.spec.container_name = planned->container;
	request.spec.schedule = &reference;
	request.spec.timeout_seconds = schedule->spec.timeout_seconds;
	request.spec.node_name = planned->pod->spec.node_name;
	api_encode(&writer, &api_request_kind, &request);
	return arena_str(arena, buf_str(&body));
}

static bool control_is_request_of(const struct api_request *request,
	const struct api_schedule *schedule, const struct checkpoint_plan_request *planned)
{
	return request->spec.schedule != NULL &&
		str_equal(request->spec.schedule->uid, schedule->metadata.uid) &&
		str_equal(request->spec.pod.name, planned->pod->metadata.name) &&
		str_equal(request->spec.container_name, planned->container);
}

/* The request of this name that we see, or that the server has told of; NULL: none. */
static const struct api_request *control_known_request(
	const struct control *control, const struct api_schedule *schedule, struct str name)
{
	const struct api_request *seen =
		control_request(control, schedule->metadata.namespace, name);
	size_t count;
	const struct api_request *const *told = control_begun_get(control->begun, schedule, &count);

	for (size_t i = 0; seen == NULL && i < count; i++)
		if (str_equal(told[i]->metadata.name, name))
			seen = told[i];
	return seen;
}

/*
 * The name under which the planned request is to be made; empty when it is there already. Names of
 * schedules, Pods and containers that differ may join to the same name: who comes second takes
 * another one.
 */
static struct str control_free_name(struct control *control, const struct api_schedule *schedule,
	const struct checkpoint_plan_request *planned, struct arena *arena)
{
	struct str whose = arena_printf(arena, "%.*s/%.*s/%.*s", STR_ARG(schedule->metadata.uid),
		STR_ARG(planned->pod->metadata.name), STR_ARG(planned->container));
	const struct str names[] = {planned->name, api_name_apart(arena, planned->name, whose)};

	for (size_t i = 0; i < array_size(names); i++) {
		const struct api_request *there =
			control_known_request(control, schedule, names[i]);
		if (there == NULL)
			return names[i];
		if (control_is_request_of(there, schedule, planned))
			break;
	}
	return (struct str){0};
}

/*
 * A name that is taken by an object which we do not see yet makes the plan fail; by the time of the
 * next one we see whose it is.
 */
static void control_plan_request(struct control *control, const struct api_schedule *schedule,
	const struct checkpoint_plan_request *planned, struct kube_plan *plan)
{
	struct str name = control_free_name(control, schedule, planned, plan->arena);

	if (name.size == 0)
		return;
	control_turns_give(control->turns,
		control_key(plan->arena, schedule->metadata.namespace, name),
		loop_now(control->loop));
	kube_plan_add(plan,
		&(struct kube_request){
			.verb = KUBE_CREATE,
			.resource = &control_request_resource,
			.namespace = arena_str(plan->arena, schedule->metadata.namespace),
			.body = control_request_body(plan->arena, schedule, planned, name),
		});
}

static void control_replace_active(
	struct control *control, const struct api_schedule *schedule, struct kube_plan *plan)
{
	size_t count;
	const struct kube_object *const *objects =
		kube_index_get(control->requests_by_schedule, schedule->metadata.uid, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_request *request = objects[i]->view;
		if (!api_request_is_finished(request))
			control_plan_delete(plan, &control_request_resource, &request->metadata);
	}
}

static void control_tell_skips(struct control *control, const struct api_schedule *schedule,
	const struct checkpoint_plan *planned, struct kube_plan *plan)
{
	if (planned->request_count == 0 && planned->skip_count == 0)
		control_plan_event(control, plan, API_GROUP_VERSION, "CheckpointSchedule",
			&schedule->metadata, true, "NoPods",
			STR("a run was due and spec.selector matches no Pod"));
	for (size_t i = 0; i < planned->skip_count; i++)
		control_plan_event(control, plan, API_GROUP_VERSION, "CheckpointSchedule",
			&schedule->metadata, true, "CheckpointSkipped",
			arena_printf(plan->arena, "not checkpointed: %.*s",
				STR_ARG(control_skip_text(plan->arena, &planned->skips[i]))));
}

static void control_run_is_made(void *control, const void *due)
{
	control_observe_lag(control, *(const struct wall_time *)due);
}

/* Has the run counted once its requests are there. */
static void control_count_run(struct control *control, struct wall_time due, struct kube_plan *plan)
{
	struct wall_time *copy = arena_zeroed(plan->arena, 1, sizeof(*copy));

	*copy = due;
	kube_plan_then(plan, control_run_is_made, control, copy);
}

static bool control_selects(const struct api_schedule *schedule, const struct kube_object *pod)
{
	autoarena *arena = arena_new(CONTROL_LABELS_BYTES);
	const struct api_head *head = kube_object_read(pod, &api_head_object, arena);

	return api_selector_matches(schedule->spec.selector, &head->metadata.labels);
}

/* The Pods that the schedule selects, few of many: only these are read in full. */
static const struct api_pod **control_selected(const struct control *control,
	const struct api_schedule *schedule, struct arena *arena, size_t *ret_count)
{
	size_t all;
	const struct kube_object *const *objects =
		kube_index_get(control->pods_by_namespace, schedule->metadata.namespace, &all);
	const struct api_pod **pods = arena_zeroed(arena, all + 1, sizeof(*pods));
	size_t count = 0;

	for (size_t i = 0; i < all; i++)
		if (control_selects(schedule, objects[i]))
			pods[count++] = kube_object_read(objects[i], &api_pod_object, arena);
	*ret_count = count;
	return pods;
}

static struct checkpoint_plan control_plan_run(struct control *control,
	const struct api_schedule *schedule, struct wall_time due, struct arena *arena)
{
	size_t count;
	const struct api_pod **pods = control_selected(control, schedule, arena, &count);

	return checkpoint_plan(schedule, pods, count, due, arena);
}

/* ---- The status ---- */

static bool control_same_status(
	const struct api_schedule_status *a, const struct api_schedule_status *b)
{
	return a->last_run.us == b->last_run.us && a->next_run.us == b->next_run.us &&
		a->last_missed.us == b->last_missed.us && a->missed == b->missed &&
		a->last_successful.us == b->last_successful.us && a->active == b->active &&
		a->observed_generation == b->observed_generation;
}

/* Sets a condition whose status, reason and message are there; returns whether it has changed. */
static bool control_set_condition(const struct api_schedule *schedule,
	struct api_schedule_status *status, const char *type, struct api_condition condition,
	struct arena *arena)
{
	condition.type = str_of(type);
	condition.observed_generation = schedule->metadata.generation;
	condition.last_transition = clock_wall();
	return api_condition_set(&status->conditions, &condition, arena);
}

/*
 * Writes the status if it is not what it was. Of the conditions the status, reason and message are
 * set; a `covered` without a status leaves that one as it is.
 */
static void control_write_schedule_status(const struct api_schedule *schedule,
	struct api_schedule_status status, struct api_condition ready, struct api_condition covered,
	struct kube_plan *plan)
{
	struct api_schedule written = {.metadata = schedule->metadata};
	bool is_changed;

	status.observed_generation = schedule->metadata.generation;
	status.conditions = schedule->status.conditions;
	is_changed =
		control_set_condition(schedule, &status, API_CONDITION_READY, ready, plan->arena);
	if (covered.status.size > 0 &&
		control_set_condition(
			schedule, &status, API_CONDITION_COVERED, covered, plan->arena))
		is_changed = true;
	if (!is_changed && control_same_status(&schedule->status, &status))
		return;
	written.status = status;
	control_plan_status(plan, &control_schedule_resource, &api_schedule_kind,
		&schedule->metadata, &written);
}

static struct str control_key_of(const struct api_schedule *schedule, struct arena *arena)
{
	return control_key(arena, schedule->metadata.namespace, schedule->metadata.name);
}

static void control_leave_line(
	struct control *control, const struct api_schedule *schedule, struct arena *arena)
{
	control_turns_leave(control->turns, control_key_of(schedule, arena));
}

static void control_decide_invalid(struct control *control, const struct api_schedule *schedule,
	const char *reason, const struct error *err, struct kube_plan *plan)
{
	struct api_schedule_status status = schedule->status;
	struct api_condition ready = {
		.status = STR("False"),
		.reason = str_of(reason),
		.message = arena_str(plan->arena, str_of(err->text)),
	};

	status.next_run = (struct wall_time){0};
	control_plan_event(control, plan, API_GROUP_VERSION, "CheckpointSchedule",
		&schedule->metadata, true, reason, ready.message);
	control_leave_line(control, schedule, plan->arena);
	control_write_schedule_status(schedule, status, ready, (struct api_condition){0}, plan);
}

/* ---- Deciding ---- */

static struct schedule_due_decision control_due(const struct control *control,
	const struct api_schedule *schedule, const struct schedule_cron *cron,
	const struct schedule_zone *zone, const struct control_tally *tally)
{
	static const enum schedule_due_concurrency concurrencies[] = {
		[API_CONCURRENCY_FORBID] = SCHEDULE_DUE_FORBID,
		[API_CONCURRENCY_ALLOW] = SCHEDULE_DUE_ALLOW,
		[API_CONCURRENCY_REPLACE] = SCHEDULE_DUE_REPLACE,
	};
	struct schedule_due_view view = {
		.cron = cron,
		.zone = zone,
		.now = clock_wall(),
		.created = schedule->metadata.created,
		.last_run = schedule->status.last_run,
		.last_missed = schedule->status.last_missed,
		.is_immediate = schedule->spec.immediate,
		.begun = tally->begun,
		.begun_count = tally->begun_count,
		.is_suspended = schedule->spec.suspend,
		.starting_deadline_seconds = schedule->spec.starting_deadline_seconds > 0
			? schedule->spec.starting_deadline_seconds
			: SCHEDULE_DUE_NO_DEADLINE,
		.concurrency = concurrencies[api_schedule_concurrency(schedule)],
		.active_count = tally->active,
		.uid = schedule->metadata.uid,
		.spread_seconds = control->spread_seconds,
	};

	return schedule_due_decide(&view);
}

static void control_tell_missed(struct control *control, const struct api_schedule *schedule,
	const struct schedule_due_decision *due, struct kube_plan *plan)
{
	if (due->missed_count > 0)
		control_plan_event(control, plan, API_GROUP_VERSION, "CheckpointSchedule",
			&schedule->metadata, true, "MissedRuns",
			control_missed_text(plan->arena, due));
}

static struct api_condition control_ready_condition(
	const struct api_schedule *schedule, const struct schedule_due_decision *due)
{
	if (schedule->spec.suspend)
		return (struct api_condition){.status = STR("False"),
			.reason = STR(API_REASON_SUSPENDED),
			.message = STR("spec.suspend is true")};
	if (!wall_time_is_set(due->next_due))
		return (struct api_condition){.status = STR("False"),
			.reason = STR(API_REASON_INVALID_SCHEDULE),
			.message = STR("spec.schedule names no time that will ever come")};
	return (struct api_condition){.status = STR("True"),
		.reason = STR(API_REASON_SCHEDULED),
		.message = STR("checkpoints are scheduled")};
}

/* Whether runs that we see nothing of are about to be told as missed. */
static bool control_tells_missed(const struct schedule_due_decision *due)
{
	return due->skip == SCHEDULE_DUE_SKIP_TOO_LATE || (due->is_to_run && due->missed_count > 0);
}

/* The first run of an immediate schedule, which waits until there is something to take. */
static bool control_is_first_run(
	const struct api_schedule *schedule, const struct schedule_due_decision *due)
{
	return schedule->spec.immediate && due->due.us == schedule->metadata.created.us;
}

/* Makes what an earlier run lacks, because its controller was stopped. */
static void control_finish_run(struct control *control, const struct api_schedule *schedule,
	struct wall_time due, struct kube_plan *plan)
{
	struct checkpoint_plan planned = control_plan_run(control, schedule, due, plan->arena);

	for (size_t i = 0; i < planned.request_count; i++)
		control_plan_request(control, schedule, &planned.requests[i], plan);
}

/* Waits in line. Who has only just come does not write that down. */
static struct api_condition control_wait_for_turn(
	const struct schedule_due_decision *due, struct kube_plan *plan)
{
	kube_plan_wake(plan, CONTROL_TURN_MS);
	if (clock_wall().us - due->due_since.us < CONTROL_TURN_MS * 1000)
		return (struct api_condition){0};
	return control_waits_for_turn(plan->arena, due->due_since);
}

/* Makes the requests of a run, if it is its turn. Returns the condition Covered. */
static struct api_condition control_run(struct control *control,
	const struct api_schedule *schedule, const struct schedule_due_decision *due,
	struct api_schedule_status *status, struct kube_plan *plan)
{
	struct str key = control_key_of(schedule, plan->arena);
	struct checkpoint_plan planned;

	/* Who replaces requests takes over their turns. */
	if (!due->is_to_replace && !control_turns_ask(control->turns, key, loop_now(control->loop)))
		return control_wait_for_turn(due, plan);
	planned = control_plan_run(control, schedule, due->due, plan->arena);
	if (control_is_first_run(schedule, due) && planned.request_count == 0) {
		kube_plan_wake(plan, CONTROL_FIRST_RUN_MS);
		return control_waits_for_pods();
	}
	control_tell_missed(control, schedule, due, plan);
	if (due->is_to_replace)
		control_replace_active(control, schedule, plan);
	if (wall_time_is_set(due->unfinished))
		control_finish_run(control, schedule, due->unfinished, plan);
	for (size_t i = 0; i < planned.request_count; i++)
		control_plan_request(control, schedule, &planned.requests[i], plan);
	control_tell_skips(control, schedule, &planned, plan);
	control_count_run(control, due->due, plan);
	control_begun_forget(control->begun, key);
	status->last_run = due->due;
	status->missed += due->missed_count;
	/* Said in the same write; what we see of them a moment later is nothing new then. */
	status->active = (int64_t)planned.request_count + (due->is_to_replace ? 0 : status->active);
	return control_covered(plan->arena, &planned, due->due);
}

/* No run is to be made now. Returns the condition Covered, without a status when nothing is new. */
static struct api_condition control_pass(struct control *control,
	const struct api_schedule *schedule, const struct schedule_due_decision *due,
	struct api_schedule_status *status, struct kube_plan *plan)
{
	const struct api_condition *before =
		api_condition_find(&schedule->status.conditions, API_CONDITION_COVERED);
	struct api_condition missed;

	control_leave_line(control, schedule, plan->arena);
	if (due->skip == SCHEDULE_DUE_SKIP_STILL_ACTIVE)
		return control_waits_for_requests(
			plan->arena, due->due_since, (size_t)status->active);
	if (due->skip == SCHEDULE_DUE_SKIP_TOO_LATE) {
		missed = control_missed_deadline(
			plan->arena, due->due, schedule->spec.starting_deadline_seconds);
		control_tell_missed(control, schedule, due, plan);
		control_plan_event(control, plan, API_GROUP_VERSION, "CheckpointSchedule",
			&schedule->metadata, true, API_REASON_MISSED_DEADLINE, missed.message);
		control_begun_forget(control->begun, control_key_of(schedule, plan->arena));
		status->last_missed = due->due;
		status->missed += due->missed_count + 1;
		return missed;
	}
	if (before != NULL && str_is(before->status, "Unknown"))
		return control_waits_for_nothing();
	return (struct api_condition){0};
}

/*
 * When requests will be made next. A run that waits, being neither made nor left out, has been due
 * since the first due time that it waits at: with each following one nothing becomes different.
 */
static struct wall_time control_next_run(const struct schedule_due_decision *due,
	const struct api_schedule_status *status, bool is_suspended)
{
	if (is_suspended)
		return (struct wall_time){0};
	if (wall_time_is_set(due->due) && due->due.us != status->last_run.us &&
		due->due.us != status->last_missed.us)
		return due->due_since;
	return due->next_due;
}

static void control_decide_valid(struct control *control, const struct api_schedule *schedule,
	const struct schedule_cron *cron, const struct schedule_zone *zone, struct kube_plan *plan)
{
	struct control_tally tally = control_tally(control, schedule, plan->arena);
	struct schedule_due_decision due = control_due(control, schedule, cron, zone, &tally);
	struct api_schedule_status status = schedule->status;
	struct api_condition covered;

	if (control_tells_missed(&due) && !control_begun_is_known(control->begun, schedule, plan))
		return;
	status.active = (int64_t)tally.active;
	status.last_successful = tally.last_successful;
	covered = due.is_to_run ? control_run(control, schedule, &due, &status, plan)
				: control_pass(control, schedule, &due, &status, plan);
	status.next_run = control_next_run(&due, &status, schedule->spec.suspend);
	control_write_schedule_status(
		schedule, status, control_ready_condition(schedule, &due), covered, plan);
	if (wall_time_is_set(due.wake))
		kube_plan_wake(plan, control_ms_until(due.wake));
}

/*
 * While we are behind, a run of ours looks as if it had not been, and would be made up for or told
 * as missed.
 */
static bool control_sees_runs(const struct control *control)
{
	return kube_informer_state(control->schedules) == KUBE_INFORMER_WATCHING &&
		kube_informer_state(control->requests) == KUBE_INFORMER_WATCHING;
}

void control_decide_schedule(void *context, struct str key, struct kube_plan *plan)
{
	struct control *control = context;
	const struct api_schedule *schedule;
	const struct schedule_zone *zone;
	struct schedule_cron cron;
	struct str namespace;
	struct str name;
	struct error err;

	kube_key_split(key, &namespace, &name);
	schedule = control_schedule(control, namespace, name, plan->arena);
	if (schedule == NULL || wall_time_is_set(schedule->metadata.deleted)) {
		control_turns_leave(control->turns, key);
		control_begun_forget(control->begun, key);
		return;
	}
	if (!control_sees_runs(control)) {
		kube_plan_wake(plan, CONTROL_BLIND_MS);
		return;
	}
	control_retain(control, schedule, plan);
	if (schedule_cron_parse(schedule->spec.schedule, &cron, &err) < 0)
		control_decide_invalid(control, schedule, API_REASON_INVALID_SCHEDULE, &err, plan);
	else if (control_zones_get(control->zones, schedule->spec.time_zone, &zone, &err) < 0)
		control_decide_invalid(control, schedule, API_REASON_INVALID_TIME_ZONE, &err, plan);
	else if (api_selector_is_empty(schedule->spec.selector))
		control_decide_invalid(control, schedule, API_REASON_EMPTY_SELECTOR,
			&(struct error){.text = "spec.selector is empty and matches no Pod"}, plan);
	else
		control_decide_valid(control, schedule, &cron, zone, plan);
}
