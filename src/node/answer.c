/* The order is the restore rule's: wanted at all, ended well, is there anything good. */
#include "node/answer.h"

bool node_answer_needs_end(
	const struct restore_terms *terms, const struct node_candidates *candidates)
{
	return terms->policy == API_RESTORE_ON_FAILURE && candidates->newest != NULL;
}

static struct handover_answer answer_cold(const char *reason, struct str message)
{
	return (struct handover_answer){
		.version = HANDOVER_FORMAT_VERSION,
		.action = STR(HANDOVER_ANSWER_COLD),
		.reason = str_of(reason),
		.message = message,
	};
}

struct handover_answer node_answer_decide(const struct restore_terms *terms,
	const struct node_candidates *candidates, const struct node_end *end, struct arena *arena)
{
	if (candidates->newest == NULL)
		return answer_cold("NoCheckpoint", STR("there is no checkpoint to restore from"));
	if (terms->policy == API_RESTORE_NEVER)
		return answer_cold("RestoreDisabled", STR("the schedule's policy is Never"));
	if (terms->policy == API_RESTORE_ON_FAILURE && end->is_known && end->exit_code == 0 &&
		!end->was_killed)
		return answer_cold("CleanExit", STR("it ended by itself with exit code 0"));
	if (candidates->count == 0)
		return answer_cold(restore_verdict_reason(candidates->why),
			arena_printf(arena, "no checkpoint can be used (newest: %s)",
				restore_verdict_message(candidates->why)));
	return (struct handover_answer){
		.version = HANDOVER_FORMAT_VERSION,
		.action = STR(HANDOVER_ANSWER_RESTORE),
		.checkpoint = candidates->items[0]->metadata.uid,
	};
}

struct node_end node_end_shown(const struct api_pod *pod, struct str container)
{
	const struct api_container_status *status = api_pod_container_status(pod, container);
	const struct api_container_terminated *terminated = NULL;

	if (status != NULL && status->state.running == NULL)
		terminated = status->state.terminated != NULL ? status->state.terminated
							      : status->last_state.terminated;
	if (terminated == NULL)
		return (struct node_end){0};
	return (struct node_end){.is_known = true,
		.container_id = terminated->container_id,
		.finished = terminated->finished,
		.exit_code = terminated->exit_code};
}
