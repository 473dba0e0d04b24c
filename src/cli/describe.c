/* `describe`: one object with what belongs to it, and its events. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/checkpoints.h"
#include "cli/gather.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/sheet.h"
#include "cli/words.h"
#include "sys/clock.h"

static struct str describe_seconds(struct cli_sheet *sheet, int64_t seconds)
{
	return arena_printf(sheet->arena, "%" PRIi64 "s", seconds);
}

static void describe_head(struct cli_sheet *sheet, const struct api_metadata *metadata)
{
	cli_sheet_add(sheet, "Name", metadata->name);
	cli_sheet_add(sheet, "Namespace", metadata->namespace);
	cli_sheet_add_time(sheet, "Created", metadata->created);
	cli_sheet_add_time(sheet, "Being deleted", metadata->deleted);
}

/* ---- Checkpoint ---- */

static void describe_exit(struct cli_sheet *sheet, const struct api_container_exit *exit)
{
	struct str when;

	if (exit == NULL)
		return;
	when = cli_when(exit->finished, sheet->now, sheet->arena);
	cli_sheet_add(sheet, "Container ended",
		arena_printf(sheet->arena, "%.*s, %.*s, exit code %" PRIi64 ", signal %" PRIi64,
			STR_ARG(when), STR_ARG(exit->reason), exit->exit_code, exit->signal));
}

static void describe_checkpoint_status(
	struct cli_sheet *sheet, const struct api_checkpoint *checkpoint)
{
	const struct api_checkpoint_status *status = &checkpoint->status;

	cli_sheet_add(sheet, "Phase", api_checkpoint_phase_text(api_checkpoint_phase(checkpoint)));
	cli_sheet_add_styled(sheet, "Failed", status->failed_reason, CLI_BAD);
	cli_sheet_add_bytes(sheet, "Size", status->size_bytes);
	cli_sheet_add_bytes(sheet, "Memory", status->memory_bytes);
	if (status->frozen_us > 0)
		cli_sheet_add(sheet, "Frozen", cli_duration_text(sheet->arena, status->frozen_us));
	cli_sheet_add(sheet, "Digest", status->digest);
	cli_sheet_add(sheet, "Served as", status->runtime_image);
	cli_sheet_add(sheet, "Engine", status->engine);
	cli_sheet_add(sheet, "CRIU", status->criu_version);
	cli_sheet_add_time(sheet, "Stable since", status->stable);
	if (status->restore_count > 0) {
		cli_sheet_add(sheet, "Restores",
			arena_printf(sheet->arena, "%" PRIi64, status->restore_count));
		cli_sheet_add_time(sheet, "Last restore", status->last_restore);
	}
	describe_exit(sheet, status->container_exit);
	cli_sheet_add_conditions(sheet, &status->conditions);
}

static void describe_checkpoint(struct cli_sheet *sheet, const void *object)
{
	const struct api_checkpoint *checkpoint = object;
	const struct api_checkpoint_spec *spec = &checkpoint->spec;
	struct str pod = spec->pod != NULL ? spec->pod->name : (struct str){0};

	describe_head(sheet, &checkpoint->metadata);
	cli_sheet_add(sheet, "Workload",
		cli_owner_text(sheet->arena, cli_checkpoint_owner(checkpoint), pod));
	cli_sheet_add(sheet, "Pod", pod);
	cli_sheet_add(sheet, "Container", spec->container_name);
	cli_sheet_add(sheet, "Image", spec->image);
	cli_sheet_add(sheet, "Node", spec->node_name);
	if (spec->schedule_ref != NULL)
		cli_sheet_add(sheet, "Schedule", spec->schedule_ref->name);
	cli_sheet_add(sheet, "Strategy", api_strategy_text(api_checkpoint_strategy(checkpoint)));
	cli_sheet_add(sheet, "Was Ready", spec->was_ready ? STR("yes") : STR("no"));
	cli_sheet_add_time(sheet, "Taken", spec->timestamp);
	describe_checkpoint_status(sheet, checkpoint);
}

/* ---- CheckpointRequest ---- */

static void describe_request(struct cli_sheet *sheet, const void *object)
{
	const struct api_request *request = object;

	describe_head(sheet, &request->metadata);
	cli_sheet_add(sheet, "Pod", request->spec.pod.name);
	cli_sheet_add(sheet, "Container", request->spec.container_name);
	if (request->spec.schedule != NULL)
		cli_sheet_add(sheet, "Schedule", request->spec.schedule->name);
	cli_sheet_add(sheet, "Node", request->spec.node_name);
	cli_sheet_add(sheet, "Timeout", describe_seconds(sheet, request->spec.timeout_seconds));
	cli_sheet_add_styled(sheet, "Phase", api_request_phase_text(api_request_phase(request)),
		api_request_phase(request) == API_REQUEST_FAILED ? CLI_BAD : CLI_PLAIN);
	cli_sheet_add(sheet, "Reason", request->status.reason);
	cli_sheet_add(sheet, "Message", request->status.message);
	cli_sheet_add_time(sheet, "Started", request->status.started);
	cli_sheet_add_time(sheet, "Ended", request->status.completed);
	if (request->status.checkpoint != NULL)
		cli_sheet_add(sheet, "Checkpoint", request->status.checkpoint->name);
	cli_sheet_add_conditions(sheet, &request->status.conditions);
}

/* ---- RestoreRequest ---- */

static void describe_restore(struct cli_sheet *sheet, const void *object)
{
	const struct api_restore_request *restore = object;
	enum api_restore_phase phase = api_restore_phase(restore);

	describe_head(sheet, &restore->metadata);
	cli_sheet_add(sheet, "Pod", restore->spec.pod.name);
	cli_sheet_add(sheet, "Container", restore->spec.container_name);
	cli_sheet_add(sheet, "Asked for", restore->spec.checkpoint_name);
	cli_sheet_add_time(sheet, "As it was at", restore->spec.at);
	cli_sheet_add(sheet, "Node", restore->spec.node_name);
	cli_sheet_add(sheet, "Timeout", describe_seconds(sheet, restore->spec.timeout_seconds));
	cli_sheet_add_styled(sheet, "Phase", api_restore_phase_text(phase),
		phase == API_RESTORE_FAILED ? CLI_BAD : CLI_PLAIN);
	cli_sheet_add(sheet, "Reason", restore->status.reason);
	cli_sheet_add(sheet, "Message", restore->status.message);
	if (restore->status.checkpoint != NULL)
		cli_sheet_add(sheet, "Checkpoint", restore->status.checkpoint->name);
	cli_sheet_add_time(sheet, "Taken", restore->status.checkpoint_time);
	cli_sheet_add_time(sheet, "Started", restore->status.started);
	cli_sheet_add_time(sheet, "Ended", restore->status.completed);
	cli_sheet_add_conditions(sheet, &restore->status.conditions);
}

/* ---- CheckpointSchedule ---- */

static void describe_schedule(struct cli_sheet *sheet, const void *object)
{
	const struct api_schedule *schedule = object;
	const struct api_schedule_spec *spec = &schedule->spec;
	const struct api_schedule_status *status = &schedule->status;
	const struct api_owner *owner = api_metadata_controller(&schedule->metadata);

	describe_head(sheet, &schedule->metadata);
	if (owner != NULL)
		cli_sheet_add(sheet, "Workload",
			cli_owner_text(sheet->arena, (struct cli_owner){owner->kind, owner->name},
				STR("")));
	cli_sheet_add(sheet, "Schedule", spec->schedule);
	cli_sheet_add(sheet, "Time zone", spec->time_zone.size > 0 ? spec->time_zone : STR("UTC"));
	cli_sheet_add_styled(sheet, "Suspended", spec->suspend ? STR("yes") : STR("no"),
		spec->suspend ? CLI_WARNING : CLI_PLAIN);
	cli_sheet_add(sheet, "Keeps",
		arena_printf(sheet->arena, "%" PRIi64 " of each container%s%.*s",
			spec->retention.max_count,
			spec->retention.max_age.size > 0 ? ", none older than " : "",
			STR_ARG(spec->retention.max_age)));
	cli_sheet_add(sheet, "Restores", spec->restore.policy);
	cli_sheet_add(sheet, "Stable after", describe_seconds(sheet, spec->restore.stable_seconds));
	cli_sheet_add(sheet, "Concurrency", spec->concurrency_policy);
	cli_sheet_add_time(sheet, "Last run", status->last_run);
	cli_sheet_add_time(sheet, "Last success", status->last_successful);
	cli_sheet_add_time(sheet, "Next run", status->next_run);
	cli_sheet_add(sheet, "Active", arena_printf(sheet->arena, "%" PRIi64, status->active));
	if (status->missed > 0)
		cli_sheet_add(
			sheet, "Missed", arena_printf(sheet->arena, "%" PRIi64, status->missed));
	cli_sheet_add_conditions(sheet, &status->conditions);
}

/* ---- Workloads and Pods ---- */

static void describe_schedules(struct cli_sheet *sheet, const struct cli_gathered *gathered,
	const struct cli_target *target)
{
	size_t count;
	const struct api_schedule *schedules = cli_schedules(gathered, &count);

	for (size_t i = 0; i < count; i++) {
		struct cli_owner owner = cli_schedule_owner(gathered, &schedules[i]);
		struct cli_phrase phrase =
			cli_schedule_phrase(&schedules[i], sheet->now, sheet->arena);
		if (str_is(owner.kind, target->kind->resource.kind) &&
			str_equal(owner.name, target->name))
			cli_sheet_add_styled(sheet, "Schedule",
				arena_printf(sheet->arena, "%.*s: %.*s",
					STR_ARG(schedules[i].metadata.name), STR_ARG(phrase.text)),
				phrase.style);
	}
}

static void describe_requests(struct cli_sheet *sheet, const struct cli_gathered *gathered,
	const struct cli_target *target)
{
	size_t count;
	const struct api_request *requests = cli_requests(gathered, &count);

	for (size_t i = 0; i < count; i++) {
		struct cli_owner owner = cli_request_owner(gathered, &requests[i]);
		struct cli_phrase phrase =
			cli_request_phrase(&requests[i], sheet->now, sheet->arena);
		bool is_its = target->kind == &cli_pod_kind
			? str_equal(requests[i].spec.pod.name, target->name)
			: str_is(owner.kind, target->kind->resource.kind) &&
				str_equal(owner.name, target->name);
		if (is_its && api_request_phase(&requests[i]) != API_REQUEST_COMPLETED)
			cli_sheet_add_styled(sheet, "Request",
				arena_printf(sheet->arena, "%.*s: %.*s",
					STR_ARG(requests[i].metadata.name), STR_ARG(phrase.text)),
				phrase.style);
	}
}

static int describe_compare(const void *left, const void *right)
{
	return cli_checkpoint_compare(*(const struct api_checkpoint *const *)left,
		*(const struct api_checkpoint *const *)right);
}

static void describe_checkpoints(struct cli_sheet *sheet, const struct cli_gathered *gathered,
	const struct cli_target *target)
{
	size_t count;
	const struct api_checkpoint *all = cli_checkpoints(gathered, &count);
	const struct api_checkpoint **own = arena_zeroed(sheet->arena, count + 1, sizeof(*own));
	size_t own_count = 0;
	struct cli_column columns[CLI_CKP_COLUMNS];
	struct cli_table table = {
		.arena = sheet->arena,
		.columns = columns + CLI_CKP_WORKLOAD,
		.column_count = CLI_CKP_REASON - CLI_CKP_WORKLOAD + 1,
		.has_colours = sheet->has_colours,
		.has_headers = true,
	};

	memcpy(columns, cli_checkpoint_columns, sizeof(columns));
	columns[CLI_CKP_WORKLOAD].name = "  NAME";
	for (size_t i = 0; i < count; i++)
		if (cli_checkpoint_is_of(&all[i], target))
			own[own_count++] = &all[i];
	if (own_count > 1)
		qsort(own, own_count, sizeof(*own), describe_compare);
	for (size_t i = 0; i < own_count; i++) {
		struct cli_cell cells[CLI_CKP_COLUMNS];
		cli_checkpoint_cells(own[i], sheet->now, sheet->arena, cells);
		cells[CLI_CKP_WORKLOAD] = cells[CLI_CKP_NAME]; /* it is the same for all */
		cells[CLI_CKP_WORKLOAD].text =
			arena_printf(sheet->arena, "  %.*s", STR_ARG(own[i]->metadata.name));
		cli_table_add(&table, cells + CLI_CKP_WORKLOAD, NULL);
	}
	cli_sheet_add_table(sheet, "Checkpoints", &table);
}

static bool describe_has_checkpoints(
	const struct cli_gathered *gathered, const struct cli_target *target)
{
	size_t count;
	const struct api_checkpoint *checkpoints = cli_checkpoints(gathered, &count);

	for (size_t i = 0; i < count; i++)
		if (cli_checkpoint_is_of(&checkpoints[i], target))
			return true;
	return false;
}

/* One that is gone is described as long as checkpoints of it are kept. */
static int describe_workload(struct cli_session *session, const struct cli_target *target,
	struct cli_sheet *sheet, struct error *err)
{
	autogathered gathered = {0};
	autofetch itself = cli_fetch_get(session, target->kind, target->name);

	itself.is_optional = true;
	if (cli_gather(session, CLI_GATHER_OURS | 1 << CLI_GATHER_PODS, &gathered, err) < 0 ||
		cli_fetch_all(session, &itself, 1, err) < 0)
		return -1;
	if (itself.error.kind == ERROR_ABSENT && !describe_has_checkpoints(&gathered, target)) {
		*err = itself.error;
		return -1;
	}
	cli_sheet_add(sheet, "Name", target->name);
	cli_sheet_add(sheet, "Namespace", session->namespace);
	cli_sheet_add(sheet, "Kind", str_of(target->kind->resource.kind));
	describe_schedules(sheet, &gathered, target);
	describe_requests(sheet, &gathered, target);
	describe_checkpoints(sheet, &gathered, target);
	return 0;
}

/* ---- Events ---- */

static int describe_events(struct cli_session *session, const struct cli_target *target,
	struct cli_sheet *sheet, struct error *err)
{
	autofetch fetch = cli_fetch_list(session, &cli_event_kind);
	struct cli_table table =
		cli_table_make(session->call, cli_event_columns, CLI_EVENT_COLUMNS);
	struct cli_objects objects;
	const struct cli_event *events;

	table.columns++; /* without the namespace and, below, the object */
	table.column_count--;
	fetch.is_optional = true;
	fetch.request.field_selector =
		arena_printf(sheet->arena, "regarding.kind=%s,regarding.name=%.*s",
			target->kind->resource.kind, STR_ARG(target->name));
	if (cli_fetch_all(session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_event_kind, sheet->arena, &objects, err) < 0)
		return -1;
	if (fetch.error.kind != ERROR_NONE) {
		cli_sheet_add_styled(sheet, "Events", str_of("you may not read them"), CLI_FAINT);
		return 0;
	}
	events = objects.items;
	for (size_t i = 0; i < objects.count; i++) {
		struct cli_cell cells[CLI_EVENT_COLUMNS];
		cli_event_cells(&events[i], sheet->now, sheet->arena, cells);
		cli_table_add(&table, cells + 1, objects.raw[i]);
	}
	if (cli_table_sort(&table, "-LAST SEEN", err) < 0)
		return -1;
	cli_sheet_add_table(sheet, "Events", &table);
	return 0;
}

/* ---- The command ---- */

static const struct {
	const struct cli_kind *kind;
	void (*write)(struct cli_sheet *sheet, const void *object);
} describe_kinds[] = {
	{&cli_checkpoint_kind, describe_checkpoint},
	{&cli_request_kind, describe_request},
	{&cli_restore_request_kind, describe_restore},
	{&cli_schedule_kind, describe_schedule},
};

static int describe_object(struct cli_session *session, const struct cli_target *target,
	struct cli_sheet *sheet, struct error *err)
{
	autofetch fetch = cli_fetch_get(session, target->kind, target->name);
	struct cli_objects objects;

	for (size_t i = 0; i < array_size(describe_kinds); i++) {
		if (describe_kinds[i].kind != target->kind)
			continue;
		if (cli_fetch_all(session, &fetch, 1, err) < 0 ||
			cli_fetch_decode(&fetch, target->kind, sheet->arena, &objects, err) < 0)
			return -1;
		describe_kinds[i].write(sheet, objects.items);
		return 0;
	}
	if (target->kind->is_workload || target->kind == &cli_pod_kind)
		return describe_workload(session, target, sheet, err);
	return error_set(err, ERROR_UNSUPPORTED, "a %s is not described here; use kubectl describe",
		target->kind->label);
}

static int describe_run(struct cli_call *call, struct error *err)
{
	autosession *session = NULL;
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct cli_sheet sheet = {
		.out = &out,
		.arena = call->arena,
		.now = clock_wall(),
		.has_colours = cli_has_colours(STDOUT_FILENO),
	};

	if (cli_session_open(call, &session, err) < 0)
		return -1;
	for (size_t i = 0; i < call->word_count; i++) {
		struct cli_target target;
		if (i > 0)
			buf_add_text(&out, "\n\n");
		if (cli_target_parse(call->words[i], &cli_checkpoint_kind, &target, err) < 0 ||
			describe_object(session, &target, &sheet, err) < 0 ||
			describe_events(session, &target, &sheet, err) < 0)
			return -1;
	}
	return cli_print(&out, err);
}

const struct cli_command cli_describe_command = {
	.name = "describe",
	.arguments = "CHECKPOINT|KIND/NAME ...",
	.summary = "Shows all about a checkpoint, schedule, request or workload",
	.description = "Shows what an object says, in words, with its conditions and events: a "
		       "checkpoint (a name alone is one), a schedule, a request for a checkpoint "
		       "or a restore, or what a workload or Pod has of them.",
	.examples = "# why is it not restorable?\n"
		    "kubectl kcr describe web-5d6f-x-default-1795315320\n"
		    "# what is known of a Deployment\n"
		    "kubectl kcr describe deploy/web",
	.words = CLI_WORDS_OBJECTS,
	.least_words = 1,
	.most_words = SIZE_MAX,
	.run = describe_run,
};
