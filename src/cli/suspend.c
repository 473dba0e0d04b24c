/* `suspend` and `resume`: one field of CheckpointSchedules. */
#include <stdio.h>

#include "cli/gather.h"
#include "cli/output.h"
#include "cli/rows.h"

/* Whether the schedule is meant by one of the words. */
static bool suspend_wants(const struct cli_gathered *gathered, const struct api_schedule *schedule,
	const struct cli_target *target)
{
	struct cli_owner owner = cli_schedule_owner(gathered, schedule);

	if (target->kind == &cli_schedule_kind)
		return str_equal(schedule->metadata.name, target->name);
	return str_is(owner.kind, target->kind->resource.kind) &&
		str_equal(owner.name, target->name);
}

static int suspend_set(struct cli_session *session, const struct api_schedule *schedule,
	bool is_suspended, struct error *err)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	autobuf line = BUF_INIT(KUBE_KEY_SIZE * 2);
	struct json_writer writer = json_writer(&body);
	autofetch fetch = {.request = {
				   .verb = KUBE_MERGE,
				   .resource = &cli_schedule_kind.resource,
				   .namespace = schedule->metadata.namespace,
				   .name = schedule->metadata.name,
				   .field_manager = STR("kubectl-kcr"),
			   }};
	const char *deed = is_suspended ? "suspended" : "resumed";

	json_begin_object(&writer);
	json_set_object(&writer, "spec");
	json_set_bool(&writer, "suspend", is_suspended);
	json_end_object(&writer);
	json_end_object(&writer);
	fetch.request.body = buf_str(&body);
	if (schedule->spec.suspend != is_suspended && cli_fetch_all(session, &fetch, 1, err) < 0)
		return -1;
	cli_write_name(&line, &cli_schedule_kind, schedule->metadata.name);
	printf("%.*s %s%s\n", (int)line.size - 1, line.data, deed,
		schedule->spec.suspend == is_suspended ? " already" : "");
	return 0;
}

/* All schedules that a word means; at least one. */
static int suspend_word(struct cli_session *session, const struct cli_gathered *gathered,
	const struct cli_target *target, bool is_suspended, struct error *err)
{
	size_t count;
	const struct api_schedule *schedules = cli_schedules(gathered, &count);
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (!suspend_wants(gathered, &schedules[i], target))
			continue;
		found++;
		if (suspend_set(session, &schedules[i], is_suspended, err) < 0)
			return -1;
	}
	if (found == 0)
		return error_set(err, ERROR_ABSENT,
			"%s '%.*s' has no schedule in namespace '%.*s'; 'kubectl get ckps' shows "
			"those there are",
			target->kind->label, STR_ARG(target->name), STR_ARG(session->namespace));
	return 0;
}

static int suspend_all(struct cli_call *call, bool is_suspended, struct error *err)
{
	autosession *session = NULL;
	autogathered gathered = {0};
	struct cli_target *targets =
		arena_zeroed(call->arena, call->word_count + 1, sizeof(*targets));

	for (size_t i = 0; i < call->word_count; i++)
		if (cli_target_parse(call->words[i], &cli_schedule_kind, &targets[i], err) < 0)
			return -1;
	if (cli_session_open(call, &session, err) < 0 ||
		cli_gather(session, CLI_GATHER_OURS | 1 << CLI_GATHER_PODS, &gathered, err) < 0)
		return -1;
	for (size_t i = 0; i < call->word_count; i++)
		if (suspend_word(session, &gathered, &targets[i], is_suspended, err) < 0)
			return -1;
	return 0;
}

static int suspend_run(struct cli_call *call, struct error *err)
{
	return suspend_all(call, true, err);
}

static int resume_run(struct cli_call *call, struct error *err)
{
	return suspend_all(call, false, err);
}

const struct cli_command cli_suspend_command = {
	.name = "suspend",
	.arguments = "SCHEDULE|WORKLOAD ...",
	.summary = "Takes no further checkpoints by a schedule, for now",
	.description = "Sets spec.suspend of CheckpointSchedules: those named, or those of the "
		       "workloads named. Checkpoints that exist are kept, and restored as before.",
	.examples = "# while a migration runs\n"
		    "kubectl kcr suspend deploy/web",
	.words = CLI_WORDS_SCHEDULES,
	.least_words = 1,
	.most_words = SIZE_MAX,
	.run = suspend_run,
};

const struct cli_command cli_resume_command = {
	.name = "resume",
	.arguments = "SCHEDULE|WORKLOAD ...",
	.summary = "Lets a suspended schedule go on",
	.description = "Takes spec.suspend of CheckpointSchedules back. Of the runs that were due "
		       "meanwhile the last one is made up for, unless startingDeadlineSeconds says "
		       "otherwise.",
	.examples = "# afterwards\n"
		    "kubectl kcr resume deploy/web",
	.words = CLI_WORDS_SCHEDULES,
	.least_words = 1,
	.most_words = SIZE_MAX,
	.run = resume_run,
};
