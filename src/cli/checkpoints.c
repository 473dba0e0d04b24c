/* The columns of `list`. */
#include "cli/checkpoints.h"

#include "cli/kinds.h"

const struct cli_column cli_checkpoint_columns[CLI_CKP_COLUMNS] = {
	[CLI_CKP_NAMESPACE] = {"NAMESPACE", false, "Its namespace; only with `-A`"},
	[CLI_CKP_NAME] = {"NAME", false, "Its name"},
	[CLI_CKP_WORKLOAD] = {"WORKLOAD", false, "The workload of the Pod it was taken of"},
	[CLI_CKP_POD] = {"POD", false, "That Pod"},
	[CLI_CKP_CONTAINER] = {"CONTAINER", false, "The container it was taken of"},
	[CLI_CKP_AGE] = {"AGE", false, "Time since it was taken"},
	[CLI_CKP_SIZE] = {"SIZE", false, "Size of the whole checkpoint"},
	[CLI_CKP_FROZEN] = {"FROZEN", false, "How long the container stood still"},
	[CLI_CKP_PHASE] = {"PHASE", false, "How far it is"},
	[CLI_CKP_RESTORABLE] = {"RESTORABLE", false, "Whether it would be restored just now"},
	[CLI_CKP_REASON] = {"REASON", false, "Why, or why not"},
	[CLI_CKP_RESTORES] = {"RESTORES", true, "How often a container was restored from it"},
	[CLI_CKP_NODE] = {"NODE", true, "The node that keeps it"},
	[CLI_CKP_STRATEGY] = {"STRATEGY", true, "How it is restored"},
	[CLI_CKP_MEMORY] = {"MEMORY", true, "How much of it is memory"},
	[CLI_CKP_CRIU] = {"CRIU", true, "The version of CRIU that took it"},
	[CLI_CKP_SCHEDULE] = {"SCHEDULE", true, "The CheckpointSchedule it was taken for"},
};

struct cli_cell cli_checkpoint_restorable(const struct api_checkpoint *checkpoint)
{
	const struct api_condition *condition =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_RESTORABLE);
	struct str status = condition != NULL ? condition->status : STR("Unknown");

	return (struct cli_cell){
		.text = status,
		.style = str_is(status, "True")   ? CLI_GOOD
			: str_is(status, "False") ? CLI_WARNING
						  : CLI_FAINT,
	};
}

static struct cli_cell checkpoints_phase(const struct api_checkpoint *checkpoint)
{
	enum api_checkpoint_phase phase = api_checkpoint_phase(checkpoint);

	return (struct cli_cell){
		.text = api_checkpoint_phase_text(phase),
		.style = phase == API_CHECKPOINT_FAILED ? CLI_BAD : CLI_PLAIN,
	};
}

static struct str checkpoints_reason(const struct api_checkpoint *checkpoint)
{
	const struct api_condition *condition =
		api_condition_find(&checkpoint->status.conditions, API_CONDITION_RESTORABLE);

	return condition != NULL ? condition->reason : (struct str){0};
}

static struct str checkpoints_pod(const struct api_checkpoint *checkpoint)
{
	return checkpoint->spec.pod != NULL ? checkpoint->spec.pod->name : (struct str){0};
}

struct wall_time cli_checkpoint_time(const struct api_checkpoint *checkpoint)
{
	struct wall_time taken = checkpoint->spec.timestamp;

	return wall_time_is_set(taken) ? taken : checkpoint->metadata.created;
}

void cli_checkpoint_cells(const struct api_checkpoint *checkpoint, struct wall_time now,
	struct arena *arena, struct cli_cell cells[static CLI_CKP_COLUMNS])
{
	const struct api_checkpoint_spec *spec = &checkpoint->spec;
	const struct api_checkpoint_status *status = &checkpoint->status;
	struct str pod = checkpoints_pod(checkpoint);
	struct str schedule =
		spec->schedule_ref != NULL ? spec->schedule_ref->name : (struct str){0};

	cells[CLI_CKP_NAMESPACE] = cli_cell_text(checkpoint->metadata.namespace);
	cells[CLI_CKP_NAME] = cli_cell_text(checkpoint->metadata.name);
	cells[CLI_CKP_WORKLOAD] =
		cli_cell_text(cli_owner_text(arena, cli_checkpoint_owner(checkpoint), pod));
	cells[CLI_CKP_POD] = cli_cell_text(pod);
	cells[CLI_CKP_CONTAINER] = cli_cell_text(spec->container_name);
	cells[CLI_CKP_AGE] = cli_cell_age(arena, cli_checkpoint_time(checkpoint), now);
	cells[CLI_CKP_SIZE] = cli_cell_bytes(arena, status->size_bytes);
	cells[CLI_CKP_FROZEN] = cli_cell_duration(arena, status->frozen_us);
	cells[CLI_CKP_PHASE] = checkpoints_phase(checkpoint);
	cells[CLI_CKP_RESTORABLE] = cli_checkpoint_restorable(checkpoint);
	cells[CLI_CKP_REASON] = cli_cell_text(checkpoints_reason(checkpoint));
	cells[CLI_CKP_RESTORES] = cli_cell_count(arena, status->restore_count);
	cells[CLI_CKP_NODE] = cli_cell_text(spec->node_name);
	cells[CLI_CKP_STRATEGY] =
		cli_cell_text(api_strategy_text(api_checkpoint_strategy(checkpoint)));
	cells[CLI_CKP_MEMORY] = cli_cell_bytes(arena, status->memory_bytes);
	cells[CLI_CKP_CRIU] = cli_cell_text(status->criu_version);
	cells[CLI_CKP_SCHEDULE] = cli_cell_text(schedule);
}

int cli_checkpoint_compare(const struct api_checkpoint *a, const struct api_checkpoint *b)
{
	const struct cli_owner a_owner = cli_checkpoint_owner(a);
	const struct cli_owner b_owner = cli_checkpoint_owner(b);
	const struct {
		struct str a;
		struct str b;
	} texts[] = {
		{a->metadata.namespace, b->metadata.namespace},
		{a_owner.kind, b_owner.kind},
		{a_owner.name, b_owner.name},
		{checkpoints_pod(a), checkpoints_pod(b)},
		{a->spec.container_name, b->spec.container_name},
	};
	int64_t a_us = cli_checkpoint_time(a).us;
	int64_t b_us = cli_checkpoint_time(b).us;

	for (size_t i = 0; i < array_size(texts); i++) {
		int order = str_compare(texts[i].a, texts[i].b);
		if (order != 0)
			return order;
	}
	if (a_us != b_us)
		return a_us < b_us ? 1 : -1;
	return str_compare(a->metadata.name, b->metadata.name);
}
