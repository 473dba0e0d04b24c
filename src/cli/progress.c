/* A request first, then its Checkpoint: states only go forward. */
#include "cli/progress.h"

const struct cli_column cli_progress_columns[CLI_PROGRESS_COLUMNS] = {
	[CLI_PROGRESS_CHECKPOINT] = {"CHECKPOINT", false, "Its name"},
	[CLI_PROGRESS_POD] = {"POD", false, "The Pod it was taken of"},
	[CLI_PROGRESS_CONTAINER] = {"CONTAINER", false, "The container it was taken of"},
	[CLI_PROGRESS_SIZE] = {"SIZE", false, "Size of the whole checkpoint"},
	[CLI_PROGRESS_FROZEN] = {"FROZEN", false, "How long the container stood still"},
	[CLI_PROGRESS_TOOK] = {"TOOK", false, "How long the node's agent took for it"},
};

static bool progress_fail(struct cli_progress *progress, struct str why, struct arena *arena)
{
	progress->state = CLI_PROGRESS_FAILED;
	progress->why = arena_str(arena, why);
	return true;
}

static bool progress_go(struct cli_progress *progress, enum cli_progress_state state)
{
	if (state <= progress->state)
		return false;
	progress->state = state;
	return true;
}

bool cli_progress_see_request(struct cli_progress *progress, struct str name,
	const struct api_request *request, struct arena *arena)
{
	if (!str_equal(name, progress->request) || cli_progress_is_over(progress))
		return false;
	if (request == NULL)
		return progress->state < CLI_PROGRESS_TAKEN &&
			progress_fail(progress, STR("the request was deleted"), arena);
	switch (api_request_phase(request)) {
	case API_REQUEST_PENDING:
		return false;
	case API_REQUEST_IN_PROGRESS:
		return progress_go(progress, CLI_PROGRESS_TAKEN_UP);
	case API_REQUEST_FAILED:
		return progress_fail(progress,
			request->status.message.size > 0 ? request->status.message
							 : request->status.reason,
			arena);
	case API_REQUEST_COMPLETED:
		break;
	}
	if (request->status.checkpoint != NULL)
		progress->checkpoint = arena_str(arena, request->status.checkpoint->name);
	progress->took_us = request->status.completed.us - request->status.started.us;
	return progress_go(progress, CLI_PROGRESS_TAKEN);
}

bool cli_progress_see_checkpoint(
	struct cli_progress *progress, const struct api_checkpoint *checkpoint, struct arena *arena)
{
	const struct api_checkpoint_status *status = &checkpoint->status;

	if (progress->checkpoint.size == 0 || cli_progress_is_over(progress) ||
		!str_equal(checkpoint->metadata.name, progress->checkpoint))
		return false;
	progress->size_bytes = status->size_bytes;
	progress->frozen_us = status->frozen_us;
	switch (api_checkpoint_phase(checkpoint)) {
	case API_CHECKPOINT_CREATED:
	case API_CHECKPOINT_PROCESSING:
		return false;
	case API_CHECKPOINT_IMAGE_BUILT:
		return progress_go(progress, CLI_PROGRESS_DONE);
	case API_CHECKPOINT_FAILED:
		break;
	}
	return progress_fail(progress, status->failed_reason, arena);
}

void cli_progress_write(const struct cli_progress *progress, struct buf *out)
{
	static const char *const texts[] = {
		[CLI_PROGRESS_ASKED] = "waits for the node's agent",
		[CLI_PROGRESS_TAKEN_UP] = "the agent takes it",
		[CLI_PROGRESS_TAKEN] = "taken, the node's store takes it in",
		[CLI_PROGRESS_DONE] = "complete",
		[CLI_PROGRESS_FAILED] = "failed: ",
	};

	buf_printf(out, "%.*s/%.*s: %s", STR_ARG(progress->pod), STR_ARG(progress->container),
		texts[progress->state]);
	if (progress->state == CLI_PROGRESS_FAILED)
		cli_write_styled(out, progress->why, CLI_PLAIN, false);
	buf_add_byte(out, '\n');
}

/* ---- Containers of a Pod ---- */

static bool progress_is_wanted(const struct json_strings *wanted, struct str container)
{
	for (size_t i = 0; i < wanted->count; i++)
		if (str_equal(wanted->items[i], container))
			return true;
	return wanted->count == 0;
}

static int progress_check_wanted(
	const struct api_pod *pod, const struct json_strings *wanted, struct error *err)
{
	const struct api_container *containers = pod->spec.containers.items;
	autobuf names = BUF_INIT(LIMIT_ERROR_TEXT);

	for (size_t i = 0; i < pod->spec.containers.count; i++)
		buf_printf(&names, "%s%.*s", i > 0 ? ", " : "", STR_ARG(containers[i].name));
	for (size_t i = 0; i < wanted->count; i++)
		if (api_pod_container(pod, wanted->items[i]) == NULL)
			return error_set(err, ERROR_ABSENT,
				"pod '%.*s' has no container '%.*s'; it has: %s",
				STR_ARG(pod->metadata.name), STR_ARG(wanted->items[i]), names.data);
	return 0;
}

static struct str progress_why_not(const struct api_container_status *status)
{
	if (status == NULL)
		return STR("has not started");
	if (status->state.waiting != NULL && status->state.waiting->reason.size > 0)
		return status->state.waiting->reason;
	return status->state.terminated != NULL ? STR("has ended") : STR("waits");
}

int cli_progress_add_pod(struct cli_progress *items, size_t *count, const struct api_pod *pod,
	const struct json_strings *wanted, struct buf *notes, struct error *err)
{
	const struct api_container *containers = pod->spec.containers.items;

	if (progress_check_wanted(pod, wanted, err) < 0)
		return -1;
	for (size_t i = 0; i < pod->spec.containers.count; i++) {
		struct str name = containers[i].name;
		const struct api_container_status *status = api_pod_container_status(pod, name);
		if (!progress_is_wanted(wanted, name))
			continue;
		if (status != NULL && status->state.running != NULL &&
			!wall_time_is_set(pod->metadata.deleted)) {
			items[(*count)++] =
				(struct cli_progress){.pod = pod->metadata.name, .container = name};
			continue;
		}
		buf_printf(notes, "%.*s/%.*s is left out: it does not run (%.*s)\n",
			STR_ARG(pod->metadata.name), STR_ARG(name),
			STR_ARG(wall_time_is_set(pod->metadata.deleted)
					? STR("being deleted")
					: progress_why_not(status)));
	}
	return 0;
}

void cli_progress_cells(const struct cli_progress *progress, struct arena *arena,
	struct cli_cell cells[static CLI_PROGRESS_COLUMNS])
{
	cells[CLI_PROGRESS_CHECKPOINT] = cli_cell_text(progress->checkpoint);
	cells[CLI_PROGRESS_POD] = cli_cell_text(progress->pod);
	cells[CLI_PROGRESS_CONTAINER] = cli_cell_text(progress->container);
	cells[CLI_PROGRESS_SIZE] = cli_cell_bytes(arena, progress->size_bytes);
	cells[CLI_PROGRESS_FROZEN] = cli_cell_duration(arena, progress->frozen_us);
	cells[CLI_PROGRESS_TOOK] = cli_cell_duration(arena, progress->took_us);
}
