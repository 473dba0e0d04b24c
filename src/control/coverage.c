/* Plans and decisions in, sentences out. */
#include "control/coverage.h"

#include <inttypes.h>

enum { COVERAGE_SKIPS_MAX = 10 /* that are told one by one */ };

struct coverage_time {
	char text[TIME_TEXT_SIZE];
};

static struct coverage_time coverage_time(struct wall_time time)
{
	struct coverage_time formatted;

	wall_time_format(time, formatted.text);
	return formatted;
}

static struct api_condition coverage_of(const char *status, const char *reason, struct str message)
{
	return (struct api_condition){
		.status = str_of(status), .reason = str_of(reason), .message = message};
}

struct str control_skip_text(struct arena *arena, const struct checkpoint_plan_skip *skip)
{
	struct str pod = {0};

	if (skip->pod != NULL)
		pod = arena_printf(arena, "Pod %.*s%s", STR_ARG(skip->pod->metadata.name),
			skip->container.size > 0 ? ", " : "");
	return arena_printf(arena, "%.*s%s%.*s: %s", STR_ARG(pod),
		skip->container.size > 0 ? "container " : "", STR_ARG(skip->container), skip->why);
}

static struct str coverage_list_skips(struct arena *arena, const struct checkpoint_plan *planned)
{
	struct str list = {0};
	size_t told =
		planned->skip_count < COVERAGE_SKIPS_MAX ? planned->skip_count : COVERAGE_SKIPS_MAX;

	for (size_t i = 0; i < told; i++)
		list = arena_printf(arena, "%.*s%s%.*s", STR_ARG(list), i > 0 ? "; " : "",
			STR_ARG(control_skip_text(arena, &planned->skips[i])));
	if (planned->skip_count > told)
		list = arena_printf(
			arena, "%.*s; and %zu more", STR_ARG(list), planned->skip_count - told);
	return list;
}

struct api_condition control_covered(
	struct arena *arena, const struct checkpoint_plan *planned, struct wall_time due)
{
	struct coverage_time when = coverage_time(due);
	const char *plural = planned->request_count == 1 ? "" : "s";

	if (planned->skip_count > 0)
		return coverage_of("False", API_REASON_SKIPPED,
			arena_printf(arena,
				"the run of %s asked for %zu checkpoint%s and left out: %.*s",
				when.text, planned->request_count, plural,
				STR_ARG(coverage_list_skips(arena, planned))));
	if (planned->request_count == 0)
		return coverage_of("False", API_REASON_NO_PODS,
			arena_printf(arena, "the run of %s found no Pod that spec.selector matches",
				when.text));
	return coverage_of("True", API_REASON_REQUESTED,
		arena_printf(arena,
			"the run of %s asked for %zu checkpoint%s, of all that is meant", when.text,
			planned->request_count, plural));
}

struct api_condition control_missed_deadline(
	struct arena *arena, struct wall_time due, int64_t deadline_seconds)
{
	return coverage_of("False", API_REASON_MISSED_DEADLINE,
		arena_printf(arena,
			"the run of %s could not begin within spec.startingDeadlineSeconds "
			"(%" PRIi64 ") and is left out",
			coverage_time(due).text, deadline_seconds));
}

struct api_condition control_waits_for_requests(
	struct arena *arena, struct wall_time since, size_t active)
{
	return coverage_of("Unknown", API_REASON_STILL_ACTIVE,
		arena_printf(arena,
			"a run, due since %s, waits for requests of an earlier run: %zu not "
			"finished",
			coverage_time(since).text, active));
}

struct api_condition control_waits_for_turn(struct arena *arena, struct wall_time since)
{
	return coverage_of("Unknown", API_REASON_WAITS_FOR_TURN,
		arena_printf(arena,
			"a run, due since %s, waits for its turn: as many checkpoints as the "
			"cluster may take at the same time are under way",
			coverage_time(since).text));
}

struct api_condition control_waits_for_pods(void)
{
	return coverage_of("Unknown", API_REASON_WAITS_FOR_PODS,
		STR("the first run waits until a container can be checkpointed"));
}

struct api_condition control_waits_for_nothing(void)
{
	return coverage_of("Unknown", API_REASON_NO_RUN_DUE, STR("no run is due now"));
}

struct str control_missed_text(struct arena *arena, const struct schedule_due_decision *due)
{
	bool is_one = due->missed_count == 1;

	return arena_printf(arena,
		"%s%u run%s before that of %s %s missed and %s not made up for%s",
		due->is_missed_capped ? "more than " : "", due->missed_count, is_one ? "" : "s",
		coverage_time(due->due).text, is_one ? "was" : "were", is_one ? "is" : "are",
		due->is_missed_capped ? "; was the controller away for long, or is a clock wrong?"
				      : "");
}
