/* Several objects tell of one crash or restore: what lies within two seconds is the same, and a
 * restore from the same checkpoint within some more. */
#include "cli/moments.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
	MOMENTS_SAME_US = 2 * TIME_SECOND_US,
	MOMENTS_LATE_US = 15 * TIME_SECOND_US, /* when it names the same checkpoint */
};

struct moments_making {
	const struct cli_gathered *gathered;
	const struct cli_target *target;
	struct wall_time since;
	struct arena *arena;
	struct cli_moments made;
};

static void moments_add(struct moments_making *making, struct str pod, struct str container,
	struct wall_time time, enum cli_moment_kind kind, struct str text)
{
	if (!wall_time_is_set(time) || time.us < making->since.us)
		return;
	making->made.items[making->made.count++] = (struct cli_moment){
		.lane = arena_printf(making->arena, "%.*s/%.*s", STR_ARG(pod), STR_ARG(container)),
		.time = time,
		.kind = kind,
		.text = text,
	};
}

static struct str moments_exit_text(
	struct arena *arena, struct str reason, int64_t exit_code, int64_t signal)
{
	if (signal > 0)
		return arena_printf(arena, "%.*s, signal %" PRIi64, STR_ARG(reason), signal);
	return arena_printf(arena, "%.*s, exit code %" PRIi64, STR_ARG(reason), exit_code);
}

static void moments_add_checkpoints(struct moments_making *making)
{
	size_t count;
	const struct api_checkpoint *checkpoints = cli_checkpoints(making->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint *checkpoint = &checkpoints[i];
		const struct api_container_exit *exit = checkpoint->status.container_exit;
		struct str container = checkpoint->spec.container_name;
		struct str pod;
		if (checkpoint->spec.pod == NULL ||
			!cli_checkpoint_is_of(checkpoint, making->target))
			continue;
		pod = checkpoint->spec.pod->name;
		moments_add(making, pod, container, checkpoint->spec.timestamp,
			CLI_MOMENT_CHECKPOINT, checkpoint->metadata.name);
		moments_add(making, pod, container, checkpoint->status.last_restore,
			CLI_MOMENT_RESTORE,
			arena_printf(
				making->arena, "from %.*s", STR_ARG(checkpoint->metadata.name)));
		if (exit != NULL && (exit->exit_code != 0 || exit->signal != 0))
			moments_add(making, pod, container, exit->finished, CLI_MOMENT_CRASH,
				moments_exit_text(making->arena, exit->reason, exit->exit_code,
					exit->signal));
	}
}

static bool moments_is_target(const struct moments_making *making, const struct api_pod *pod)
{
	struct cli_owner owner = cli_pod_owner(pod);

	if (making->target->kind == &cli_pod_kind)
		return str_equal(pod->metadata.name, making->target->name);
	return str_is(owner.kind, making->target->kind->resource.kind) &&
		str_equal(owner.name, making->target->name);
}

static void moments_add_pods(struct moments_making *making)
{
	size_t count;
	const struct api_pod *pods = cli_pods(making->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_container_status *statuses =
			pods[i].status.container_statuses.items;
		if (!moments_is_target(making, &pods[i]))
			continue;
		for (size_t j = 0; j < pods[i].status.container_statuses.count; j++) {
			const struct api_container_terminated *ended =
				statuses[j].last_state.terminated;
			if (ended != NULL && ended->exit_code != 0)
				moments_add(making, pods[i].metadata.name, statuses[j].name,
					ended->finished, CLI_MOMENT_CRASH,
					moments_exit_text(making->arena, ended->reason,
						ended->exit_code, ended->signal));
		}
	}
}

/* "Container redis was restored ..." names its container. */
static struct str moments_event_container(struct str note)
{
	struct str word;
	struct str rest;

	if (!str_starts_with(note, STR("Container ")))
		return (struct str){0};
	(void)str_cut(str_from(note, sizeof("Container ") - 1), ' ', &word, &rest);
	return word;
}

static void moments_add_events(struct moments_making *making)
{
	size_t count;
	const struct cli_event *events = cli_events(making->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		struct str pod = events[i].regarding.name;
		struct str container = moments_event_container(events[i].note);
		const struct api_pod *known =
			cli_gathered_pod(making->gathered, events[i].regarding.namespace, pod);
		bool is_restore = str_is(events[i].reason, "Restored");
		bool is_cold = str_is(events[i].reason, "ColdStart") ||
			str_is(events[i].reason, "RestoreFailed") ||
			str_is(events[i].reason, "CheckpointDamaged");
		if ((is_restore || is_cold) && container.size > 0 && known != NULL &&
			cli_event_is_ours(&events[i]) && moments_is_target(making, known))
			moments_add(making, pod, container, cli_event_time(&events[i]),
				is_restore ? CLI_MOMENT_RESTORE : CLI_MOMENT_COLD, events[i].note);
	}
}

static int moments_compare(const void *left, const void *right)
{
	const struct cli_moment *a = left;
	const struct cli_moment *b = right;
	int order = str_compare(a->lane, b->lane);

	if (order != 0)
		return order;
	if (a->time.us != b->time.us)
		return a->time.us < b->time.us ? -1 : 1;
	return (int)a->kind - (int)b->kind;
}

/* The same restore, told by its Checkpoint and, later on a busy node, by an event. */
static bool moments_is_one_restore(const struct cli_moment *before, const struct cli_moment *moment)
{
	return moment->kind == CLI_MOMENT_RESTORE && str_starts_with(before->text, STR("from ")) &&
		str_contains(moment->text, str_from(before->text, sizeof("from ") - 1));
}

/* Whether an earlier one of the lane tells the same; of a restore the event's words are kept. */
static bool moments_is_told(struct cli_moments *moments, const struct cli_moment *moment)
{
	for (size_t i = moments->count; i > 0; i--) {
		struct cli_moment *before = &moments->items[i - 1];
		int64_t between_us = moment->time.us - before->time.us;
		if (!str_equal(before->lane, moment->lane) || between_us > MOMENTS_LATE_US)
			return false;
		if (before->kind == moment->kind && moment->kind != CLI_MOMENT_CHECKPOINT &&
			(between_us <= MOMENTS_SAME_US || moments_is_one_restore(before, moment))) {
			if (str_starts_with(before->text, STR("from ")))
				before->text = moment->text;
			return true;
		}
	}
	return false;
}

static void moments_settle(struct cli_moments *moments)
{
	size_t count = moments->count;

	if (count > 1)
		qsort(moments->items, count, sizeof(*moments->items), moments_compare);
	moments->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct cli_moment moment = moments->items[i];
		if (moments_is_told(moments, &moment))
			continue;
		moments->items[moments->count++] = moment;
		if (moments->count == 1 || moment.time.us < moments->first.us)
			moments->first = moment.time;
		if (moments->count == 1 || moment.time.us > moments->last.us)
			moments->last = moment.time;
	}
}

struct cli_moments cli_moments_collect(const struct cli_gathered *gathered,
	const struct cli_target *target, struct wall_time since, struct arena *arena)
{
	struct moments_making making = {
		.gathered = gathered, .target = target, .since = since, .arena = arena};
	size_t pod_count;
	const struct api_pod *pods = cli_pods(gathered, &pod_count);
	size_t most = gathered->parts[CLI_GATHER_CHECKPOINTS].count * 3 +
		gathered->parts[CLI_GATHER_EVENTS].count;

	for (size_t i = 0; i < pod_count; i++)
		most += pods[i].status.container_statuses.count;
	making.made.items = arena_zeroed(arena, most + 1, sizeof(*making.made.items));
	moments_add_checkpoints(&making);
	moments_add_pods(&making);
	moments_add_events(&making);
	moments_settle(&making.made);
	return making.made;
}
