/*
 * Whether a container may be restored from a Checkpoint, and why not: the guards in the order in
 * which their reasons help most. What the node does not offer comes last: the rest can still mend.
 */
#include "restore/rule.h"

static const struct {
	const char *reason;
	const char *message;
} restore_verdicts[RESTORE_VERDICT_COUNT] = {
	[RESTORE_OK] = {"Restorable", "the container can be restored from it"},
	[RESTORE_NOT_BUILT] = {"NotBuilt", "its image is not built yet"},
	[RESTORE_BUILD_FAILED] = {"BuildFailed", "its image could not be built"},
	[RESTORE_OTHER_POD] = {"PodGone", "the Pod that it was taken of is gone"},
	[RESTORE_OTHER_NODE] = {"OtherNode",
		"another node says that it is of the Pod, and was never asked for it"},
	[RESTORE_OTHER_CONTAINER] = {"OtherContainer", "it was taken of another container"},
	[RESTORE_IMAGE_CHANGED] = {"ImageChanged", "the container's image has changed since"},
	[RESTORE_TEMPLATE_CHANGED] = {"TemplateChanged", "the Pod's template has changed since"},
	[RESTORE_WAS_NOT_READY] = {"WasNotReady", "the container was not Ready when it was taken"},
	[RESTORE_NOT_STABLE] = {"NotStable",
		"the container has not stayed Ready long enough after it was taken"},
	[RESTORE_TOO_OLD] = {"TooOld", "it is older than spec.retention.maxAge allows"},
	[RESTORE_FAILED_BEFORE] = {API_REASON_RESTORE_FAILED, "a restore from it did not hold"},
	[RESTORE_DAMAGED] = {API_REASON_CHECKPOINT_DAMAGED, "its files are not what they were"},
	[RESTORE_NOT_OFFERED] = {"StrategyNotOffered", "the node does not restore it"},
};

const char *restore_verdict_reason(enum restore_verdict verdict)
{
	return restore_verdicts[verdict].reason;
}

const char *restore_verdict_message(enum restore_verdict verdict)
{
	return restore_verdicts[verdict].message;
}

struct str restore_explain(
	const struct restore_view *view, enum api_strategy strategy, enum restore_verdict verdict)
{
	const struct api_offer *offer = api_checkpoint_node_offer(view->node, strategy);

	return verdict == RESTORE_NOT_OFFERED && offer != NULL && offer->message.size > 0
		? offer->message
		: str_of(restore_verdict_message(verdict));
}

/* A Pod of a StatefulSet keeps its identity when it is replaced; any other Pod is its uid. */
static bool restore_is_same_pod(const struct api_pod *pod,
	const struct api_checkpoint_pod *taken_of, const struct api_workload_reference *workload)
{
	const struct api_owner *owner = api_metadata_controller(&pod->metadata);

	if (taken_of == NULL || taken_of->uid.size == 0)
		return false;
	if (str_equal(taken_of->uid, pod->metadata.uid))
		return true;
	return workload != NULL && owner != NULL && str_is(owner->kind, "StatefulSet") &&
		str_equal(owner->uid, workload->uid) &&
		str_equal(taken_of->name, pod->metadata.name);
}

bool restore_is_believed(const struct api_pod *pod, const struct api_checkpoint *checkpoint,
	const struct api_request *request)
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;

	return spec->node_name.size == 0 || str_equal(spec->node_name, pod->spec.node_name) ||
		(request != NULL && str_equal(request->spec.node_name, spec->node_name) &&
			str_equal(request->spec.pod.name, pod->metadata.name) &&
			str_equal(request->spec.container_name, spec->container_name));
}

/* Whether the Checkpoint is all there. */
static enum restore_verdict restore_judge_files(const struct api_checkpoint *checkpoint)
{
	const struct api_condition *usable =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_USABLE);

	if (api_checkpoint_phase(checkpoint) == API_CHECKPOINT_FAILED)
		return RESTORE_BUILD_FAILED;
	if (api_checkpoint_phase(checkpoint) != API_CHECKPOINT_IMAGE_BUILT ||
		checkpoint->status.runtime_image.size == 0 || checkpoint->status.digest.size == 0 ||
		wall_time_is_set(checkpoint->metadata.deleted))
		return RESTORE_NOT_BUILT;
	if (usable != NULL && str_is(usable->status, "False") &&
		str_is(usable->reason, API_REASON_CHECKPOINT_DAMAGED))
		return RESTORE_DAMAGED;
	return RESTORE_OK;
}

/* Whether the Checkpoint is good in itself. */
static enum restore_verdict restore_judge_quality(const struct restore_view *view,
	const struct api_checkpoint *checkpoint, struct wall_time now)
{
	enum restore_verdict files = restore_judge_files(checkpoint);
	const struct api_condition *usable =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_USABLE);
	int64_t age_us = now.us - checkpoint->spec.timestamp.us;

	if (files != RESTORE_OK)
		return files;
	if (usable != NULL && str_is(usable->status, "False"))
		return RESTORE_FAILED_BEFORE;
	if (!checkpoint->spec.was_ready)
		return RESTORE_WAS_NOT_READY;
	if (!wall_time_is_set(checkpoint->status.stable))
		return RESTORE_NOT_STABLE;
	if (view->terms.max_age_seconds > 0 &&
		age_us > view->terms.max_age_seconds * TIME_SECOND_US)
		return RESTORE_TOO_OLD;
	return RESTORE_OK;
}

static bool restore_is_made_for(
	const struct restore_view *view, const struct api_checkpoint *checkpoint)
{
	return view->made_for.size > 0 && str_equal(view->made_for, checkpoint->metadata.uid);
}

/* Whether it is of this Pod, as it is. */
static enum restore_verdict restore_judge_origin(
	const struct restore_view *view, const struct api_checkpoint *checkpoint)
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;
	bool is_made_for = restore_is_made_for(view, checkpoint);

	if (!is_made_for && !restore_is_same_pod(view->pod, spec->pod, spec->workload))
		return RESTORE_OTHER_POD;
	if (!str_equal(spec->container_name, view->container->name))
		return RESTORE_OTHER_CONTAINER;
	if (!str_equal(spec->image, restore_original_image(view->record, view->container->image)))
		return RESTORE_IMAGE_CHANGED;
	if (!is_made_for && !str_equal(spec->template_hash, api_pod_template_hash(view->pod)))
		return RESTORE_TEMPLATE_CHANGED;
	return RESTORE_OK;
}

enum restore_verdict restore_judge(const struct restore_view *view,
	const struct api_checkpoint *checkpoint, struct wall_time now)
{
	enum restore_verdict verdict = restore_judge_origin(view, checkpoint);

	if (verdict != RESTORE_OK)
		return verdict;
	if (view->record != NULL &&
		restore_list_has(&view->record->failed, checkpoint->metadata.uid))
		return RESTORE_FAILED_BEFORE;
	verdict = restore_is_made_for(view, checkpoint)
		? restore_judge_files(checkpoint)
		: restore_judge_quality(view, checkpoint, now);
	if (verdict == RESTORE_OK &&
		api_checkpoint_node_refuses(view->node, api_checkpoint_strategy(checkpoint)))
		return RESTORE_NOT_OFFERED;
	return verdict;
}

/* How much speaks for a Checkpoint before its age does. */
enum restore_hope { RESTORE_HOPELESS, RESTORE_OFFERED, RESTORE_GOOD };

static enum restore_hope restore_hope_of(const struct restore_view *view,
	const struct api_checkpoint *checkpoint, struct wall_time now)
{
	if (restore_judge(view, checkpoint, now) == RESTORE_OK)
		return RESTORE_GOOD;
	return api_checkpoint_node_refuses(view->node, api_checkpoint_strategy(checkpoint))
		? RESTORE_HOPELESS
		: RESTORE_OFFERED;
}

enum api_strategy restore_strategy(const struct restore_view *view, struct wall_time now)
{
	const struct api_checkpoint *best = view->checkpoints[0];
	enum restore_hope best_hope = restore_hope_of(view, best, now);

	for (size_t i = 1; i < view->checkpoint_count; i++) {
		const struct api_checkpoint *one = view->checkpoints[i];
		enum restore_hope hope = restore_hope_of(view, one, now);
		bool is_newer = one->spec.timestamp.us > best->spec.timestamp.us;

		if (hope != best_hope ? hope > best_hope : is_newer) {
			best = one;
			best_hope = hope;
		}
	}
	return api_checkpoint_strategy(best);
}
