/*
 * `schedule`: when a workload is checkpointed. The annotation on the workload is the users' own way
 * (the controller makes the CheckpointSchedule of it); Pods that no workload made get a
 * CheckpointSchedule by a selector.
 */
#include "schedule/cron.h"

#include <stdio.h>

#include "api/names.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/session.h"
#include "sys/clock.h"

enum { SCHEDULE_RUNS_SHOWN = 3 };

static bool schedule_is_dry(const struct cli_call *call, const char *how)
{
	return str_is(str_of(call->flags.dry_run), how);
}

/* ---- Bodies ---- */

static void schedule_set_annotation(struct json_writer *writer, const char *name, const char *value)
{
	json_key(writer, str_of(name));
	if (value != NULL)
		json_add_str(writer, str_of(value));
	else
		json_add_null(writer); /* a merge patch takes it away */
}

/* What is not given stays as it is; taking the schedule away takes what belongs to it. */
static void schedule_write_annotations(struct json_writer *writer, const struct cli_call *call)
{
	const struct cli_flags *flags = &call->flags;
	const char *cron = flags->remove ? NULL : call->words[1];

	json_begin_object(writer);
	json_set_object(writer, "metadata");
	json_set_object(writer, "annotations");
	schedule_set_annotation(writer, API_ANNOTATION_SCHEDULE, cron);
	if (flags->container != NULL || flags->remove)
		schedule_set_annotation(writer, API_ANNOTATION_CONTAINERS, flags->container);
	if (flags->time_zone != NULL || flags->remove)
		schedule_set_annotation(writer, API_ANNOTATION_TIME_ZONE, flags->time_zone);
	json_end_object(writer);
	json_end_object(writer);
	json_end_object(writer);
}

/* "app=web,tier=front" as matchLabels: what a CheckpointSchedule's selector needs. */
static int schedule_read_selector(
	const struct cli_call *call, struct api_selector *selector, struct error *err)
{
	struct json_strings terms = api_split_names(call->arena, str_of(call->flags.selector));

	selector->match_labels.items =
		arena_zeroed(call->arena, terms.count + 1, sizeof(*selector->match_labels.items));
	for (size_t i = 0; i < terms.count; i++) {
		struct json_pair *pair = &selector->match_labels.items[i];
		if (!str_cut(terms.items[i], '=', &pair->key, &pair->value) ||
			str_ends_with(pair->key, STR("!")) || pair->key.size == 0)
			return error_set(err, ERROR_INVALID,
				"--selector: '%.*s' is not label=value, as schedules need it",
				STR_ARG(terms.items[i]));
		if (str_starts_with(pair->value, STR("=")))
			pair->value = str_from(pair->value, 1);
	}
	selector->match_labels.count = terms.count;
	return 0;
}

static int schedule_write_object(struct json_writer *writer, const struct cli_call *call,
	struct str namespace, struct error *err)
{
	struct api_selector selector = {0};
	struct api_schedule schedule;

	if (schedule_read_selector(call, &selector, err) < 0)
		return -1;
	api_init(&api_schedule_kind, &schedule);
	schedule.metadata.name = str_of(call->words[0]);
	schedule.metadata.namespace = namespace;
	schedule.spec.schedule = str_of(call->words[1]);
	schedule.spec.selector = &selector;
	schedule.spec.time_zone = str_of(call->flags.time_zone);
	schedule.spec.containers = api_split_names(call->arena, str_of(call->flags.container));
	api_encode(writer, &api_schedule_kind, &schedule);
	return 0;
}

/* ---- What is said of it ---- */

static void schedule_print_runs(const struct cli_call *call, const struct schedule_cron *cron)
{
	struct wall_time time = clock_wall();
	char text[TIME_TEXT_SIZE];

	if (call->flags.remove || call->flags.time_zone != NULL)
		return; /* in other zones the controller says when: describe schedule/NAME */
	for (int i = 0; i < SCHEDULE_RUNS_SHOWN; i++) {
		if (!schedule_cron_next(cron, &schedule_zone_utc, time, &time))
			return;
		wall_time_format(time, text);
		printf("%s%s", i == 0 ? "next runs: " : ", ", text);
	}
	printf("\n");
}

static void schedule_print(const struct cli_call *call, const struct cli_kind *kind,
	struct str name, const struct schedule_cron *cron)
{
	const char *deed = kind == &cli_schedule_kind ? "created"
		: call->flags.remove                  ? "is no longer scheduled"
						      : "scheduled";
	autobuf line = BUF_INIT(KUBE_KEY_SIZE * 2);

	cli_write_name(&line, kind, name);
	printf("%.*s %s%s\n", (int)line.size - 1, line.data, deed,
		schedule_is_dry(call, "none")             ? ""
			: schedule_is_dry(call, "server") ? " (server dry run)"
							  : " (dry run)");
	schedule_print_runs(call, cron);
}

static int schedule_send(struct cli_session *session, struct kube_request *request,
	const struct buf *body, struct error *err)
{
	autofetch fetch = {.request = *request};

	fetch.request.namespace = session->namespace;
	fetch.request.body = buf_str(body);
	fetch.request.field_manager = STR("kubectl-kcr");
	fetch.request.is_dry_run = schedule_is_dry(session->call, "server");
	if (schedule_is_dry(session->call, "client"))
		return 0;
	return cli_fetch_all(session, &fetch, 1, err);
}

static int schedule_annotate(struct cli_session *session, const struct cli_target *target,
	const struct schedule_cron *cron, struct error *err)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);
	struct kube_request request = {
		.verb = KUBE_MERGE,
		.resource = &target->kind->resource,
		.name = target->name,
	};

	schedule_write_annotations(&writer, session->call);
	if (schedule_send(session, &request, &body, err) < 0)
		return -1;
	schedule_print(session->call, target->kind, target->name, cron);
	return 0;
}

static int schedule_create(
	struct cli_session *session, const struct schedule_cron *cron, struct error *err)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);
	struct kube_request request = {
		.verb = KUBE_CREATE, .resource = &cli_schedule_kind.resource};

	if (schedule_write_object(&writer, session->call, session->namespace, err) < 0 ||
		schedule_send(session, &request, &body, err) < 0)
		return -1;
	schedule_print(session->call, &cli_schedule_kind, str_of(session->call->words[0]), cron);
	return 0;
}

static int schedule_check(
	const struct cli_call *call, struct schedule_cron *cron, struct error *err)
{
	if (call->flags.remove != (call->word_count == 1))
		return error_set(err, ERROR_INVALID,
			"give a cron expression, in quotes such as '*/10 * * * *', or --remove");
	if (call->flags.remove)
		return 0;
	if (schedule_cron_parse(str_of(call->words[1]), cron, err) < 0)
		return error_wrap(err, "'%s' is not a schedule", call->words[1]);
	return call->flags.time_zone != NULL
		? schedule_zone_check_name(str_of(call->flags.time_zone), err)
		: 0;
}

static int schedule_run(struct cli_call *call, struct error *err)
{
	autosession *session = NULL;
	struct cli_target target;
	struct schedule_cron cron;
	bool is_by_selector = call->flags.selector != NULL && !call->flags.remove;

	if (schedule_check(call, &cron, err) < 0)
		return -1;
	if (!is_by_selector && cli_target_parse(call->words[0], NULL, &target, err) < 0)
		return -1;
	if (!is_by_selector && !target.kind->is_workload)
		return error_set(err, ERROR_INVALID,
			"'%s' cannot be annotated: name deploy/NAME, sts/NAME or ds/NAME, or a new "
			"CheckpointSchedule with -l for the Pods it is for",
			call->words[0]);
	if (cli_session_open(call, &session, err) < 0)
		return -1;
	return is_by_selector ? schedule_create(session, &cron, err)
			      : schedule_annotate(session, &target, &cron, err);
}

static const char *const schedule_dry_runs[] = {"none", "client", "server", NULL};

static const struct option_row schedule_flags[] = {
	CLI_FLAG_CONTAINER,
	{.name = "time-zone",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, time_zone),
		.argument = "ZONE",
		.help = "The time zone of the expression, such as Europe/Berlin. Left out: UTC, or "
			"what the workload says already."},
	CLI_FLAG_SELECTOR("Pods"),
	{.name = "remove",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, remove),
		.help = "Takes the annotations away; the schedule goes, its checkpoints stay."},
	{.name = "dry-run",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, dry_run),
		.argument = "HOW",
		.help = "client: only checks the expression and prints what would be. server: the "
			"API server checks it, too, and keeps nothing.",
		.choices = schedule_dry_runs},
};

const struct cli_command cli_schedule_command = {
	.name = "schedule",
	.arguments = "WORKLOAD|NAME \"CRON\"",
	.summary = "Has a workload checkpointed at the times of a cron expression",
	.description =
		"Annotates a Deployment, StatefulSet or DaemonSet, of which KCR makes a "
		"CheckpointSchedule. With -l it creates a CheckpointSchedule of that name for the "
		"Pods with these labels instead, which needs no right on workloads.\n"
		"The expression has five fields (minute, hour, day of month, month, day of week), "
		"or is @hourly, @daily, @weekly, @monthly, @yearly, or an interval such as '@every "
		"90m'.",
	.examples = "# every ten minutes\n"
		    "kubectl kcr schedule deploy/web '*/10 * * * *'\n"
		    "# one container, at night in Berlin; only checked\n"
		    "kubectl kcr schedule sts/db '0 3 * * *' -c db --time-zone=Europe/Berlin "
		    "--dry-run=server\n"
		    "# Pods with a label\n"
		    "kubectl kcr schedule nightly @daily -l app=batch\n"
		    "# no longer\n"
		    "kubectl kcr schedule deploy/web --remove",
	.flags = schedule_flags,
	.flag_count = array_size(schedule_flags),
	.words = CLI_WORDS_WORKLOADS,
	.least_words = 1,
	.most_words = 2,
	.run = schedule_run,
};
