/* What a workload needs: Pods, a schedule that runs, and terms that let it come back. */
#include "cli/doctor.h"

static bool workload_is_scheduled_by(
	const struct cli_doctor_view *view, const struct api_schedule *schedule)
{
	struct cli_owner owner;

	if (!str_equal(schedule->metadata.namespace, view->namespace))
		return false;
	if (view->owner.kind.size == 0)
		return view->pod != NULL &&
			api_selector_matches(
				schedule->spec.selector, &view->pod->pod.metadata.labels);
	owner = cli_schedule_owner(&view->facts->gathered, schedule);
	return str_equal(owner.kind, view->owner.kind) && str_equal(owner.name, view->owner.name);
}

/* The workload's schedule, one that is not suspended before others; NULL: none. */
static const struct api_schedule *workload_schedule(const struct cli_doctor_view *view)
{
	size_t count;
	const struct api_schedule *all = cli_schedules(&view->facts->gathered, &count);
	const struct api_schedule *found = NULL;

	for (size_t i = 0; i < count; i++)
		if (workload_is_scheduled_by(view, &all[i]) &&
			(found == NULL || found->spec.suspend))
			found = &all[i];
	return found;
}

bool cli_doctor_is_scheduled(const struct cli_doctor_view *view)
{
	return workload_schedule(view) != NULL ||
		(view->annotations != NULL && view->annotations->schedule.size > 0);
}

static struct cli_doctor_finding workload_pods(const struct cli_doctor_view *view)
{
	if (view->facts->lists[CLI_DOCTOR_PODS].is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list Pods here; the ClusterRole view lets you"), STR(""));
	if (view->pod_count == 0)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			STR("it has no Pods, so there is nothing to checkpoint"),
			arena_printf(view->facts->arena, "kubectl -n %.*s describe %.*s",
				STR_ARG(view->namespace), STR_ARG(view->workload)));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(view->facts->arena, "Pods: %zu", view->pod_count), STR(""));
}

/*
 * A command that makes a schedule; for Pods that are of none of these kinds by one of their labels,
 * empty without any.
 */
static struct str workload_make_schedule(const struct cli_doctor_view *view)
{
	struct arena *arena = view->facts->arena;
	const struct api_metadata *pod = view->pod != NULL ? &view->pod->pod.metadata : NULL;
	struct str owner = cli_owner_text(arena, view->owner, STR(""));

	if (pod == NULL || str_starts_with(owner, STR("deployment/")) ||
		str_starts_with(owner, STR("statefulset/")) ||
		str_starts_with(owner, STR("daemonset/")))
		return arena_printf(arena, "kubectl kcr schedule %.*s '*/10 * * * *' -n %.*s",
			STR_ARG(owner), STR_ARG(view->namespace));
	if (pod->labels.count == 0)
		return (struct str){0};
	return arena_printf(arena,
		"kubectl kcr schedule %.*s '*/10 * * * *' -n %.*s -l '%.*s=%.*s'",
		STR_ARG(pod->name), STR_ARG(view->namespace), STR_ARG(pod->labels.items[0].key),
		STR_ARG(pod->labels.items[0].value));
}

static struct cli_doctor_finding workload_without_schedule(const struct cli_doctor_view *view)
{
	struct arena *arena = view->facts->arena;

	if (view->annotations != NULL && view->annotations->schedule.size > 0)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			STR("it has the annotation, but no CheckpointSchedule was made of it: the "
			    "controller does not run, or the name is taken"),
			arena_printf(arena,
				"kubectl -n %.*s get events --field-selector "
				"involvedObject.kind=%.*s\nkubectl kcr doctor --nodes",
				STR_ARG(view->namespace), STR_ARG(view->owner.kind)));
	return cli_doctor_say(CLI_DOCTOR_NOTE,
		STR("no schedule: it is checkpointed only when somebody asks for it"),
		workload_make_schedule(view));
}

static struct cli_doctor_finding workload_schedules(const struct cli_doctor_view *view)
{
	const struct api_schedule *schedule = workload_schedule(view);
	const struct api_condition *ready;
	const struct api_condition *covered;
	struct arena *arena = view->facts->arena;

	if (view->facts->lists[CLI_DOCTOR_SCHEDULES].is_denied)
		return cli_doctor_say(CLI_DOCTOR_UNKNOWN,
			STR("you may not list CheckpointSchedules here; the ClusterRole view lets "
			    "you"),
			STR(""));
	if (schedule == NULL)
		return workload_without_schedule(view);
	if (schedule->spec.suspend)
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(arena, "schedule %.*s is suspended",
				STR_ARG(schedule->metadata.name)),
			arena_printf(arena, "kubectl kcr resume %.*s -n %.*s",
				STR_ARG(schedule->metadata.name), STR_ARG(view->namespace)));
	ready = api_condition_find(&schedule->status.conditions, API_CONDITION_READY);
	covered = api_condition_find(&schedule->status.conditions, API_CONDITION_COVERED);
	if (ready == NULL)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena,
				"schedule %.*s was not looked at yet: does the controller run?",
				STR_ARG(schedule->metadata.name)),
			STR("kubectl -n kcr-system get pods"));
	if (!str_is(ready->status, "True"))
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(arena, "schedule %.*s does not run: %.*s",
				STR_ARG(schedule->metadata.name), STR_ARG(ready->message)),
			arena_printf(arena, "kubectl -n %.*s edit checkpointschedule/%.*s",
				STR_ARG(view->namespace), STR_ARG(schedule->metadata.name)));
	if (covered != NULL && str_is(covered->status, "False"))
		return cli_doctor_say(CLI_DOCTOR_NOTE,
			arena_printf(arena, "the last run of schedule %.*s: %.*s",
				STR_ARG(schedule->metadata.name), STR_ARG(covered->message)),
			STR(""));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		arena_printf(arena, "schedule %.*s: %.*s", STR_ARG(schedule->metadata.name),
			STR_ARG(schedule->spec.schedule)),
		STR(""));
}

static struct cli_doctor_finding workload_terms(const struct cli_doctor_view *view)
{
	const struct api_schedule *schedule = workload_schedule(view);

	if (schedule == NULL)
		return (struct cli_doctor_finding){0};
	if (api_schedule_restore_policy(schedule) == API_RESTORE_NEVER)
		return cli_doctor_say(CLI_DOCTOR_CANNOT,
			arena_printf(view->facts->arena,
				"schedule %.*s says never to restore by itself",
				STR_ARG(schedule->metadata.name)),
			arena_printf(view->facts->arena,
				"kubectl -n %.*s patch checkpointschedule/%.*s --type=merge -p "
				"'{\"spec\":{\"restore\":{\"policy\":\"OnFailure\"}}}'",
				STR_ARG(view->namespace), STR_ARG(schedule->metadata.name)));
	return cli_doctor_say(CLI_DOCTOR_WELL,
		api_schedule_restore_policy(schedule) == API_RESTORE_ALWAYS
			? STR("its containers are restored whenever they end")
			: STR("its containers are restored when they fail"),
		STR(""));
}

const struct cli_doctor_check cli_doctor_workload_checks[] = {
	{"pods", CLI_DOCTOR_BOTH, workload_pods},
	{"schedule", CLI_DOCTOR_TAKES, workload_schedules},
	{"restore-policy", CLI_DOCTOR_RESTORES, workload_terms},
	{NULL, 0, NULL},
};
