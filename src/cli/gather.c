/* What is fetched together, and how one finds from one to the other. */
#include "cli/gather.h"

const struct cli_kind *const cli_gather_kinds[CLI_GATHER_PARTS] = {
	[CLI_GATHER_CHECKPOINTS] = &cli_checkpoint_kind,
	[CLI_GATHER_SCHEDULES] = &cli_schedule_kind,
	[CLI_GATHER_REQUESTS] = &cli_request_kind,
	[CLI_GATHER_RESTORES] = &cli_restore_request_kind,
	[CLI_GATHER_PODS] = &cli_pod_kind,
	[CLI_GATHER_EVENTS] = &cli_event_kind,
};

bool cli_gather_is_optional(enum cli_gather_part part)
{
	return part == CLI_GATHER_RESTORES || part == CLI_GATHER_PODS || part == CLI_GATHER_EVENTS;
}

int cli_gather(struct cli_session *session, unsigned parts, struct cli_gathered *ret_gathered,
	struct error *err)
{
	struct cli_gathered *gathered = ret_gathered;
	size_t asked[CLI_GATHER_PARTS];
	size_t count = 0;

	*gathered = (struct cli_gathered){0};
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++) {
		if ((parts & 1u << i) == 0)
			continue;
		gathered->fetches[count] = cli_fetch_list(session, cli_gather_kinds[i]);
		gathered->fetches[count].is_optional = cli_gather_is_optional(i);
		asked[count++] = i;
	}
	if (cli_fetch_all(session, gathered->fetches, count, err) < 0)
		return -1;
	for (size_t i = 0; i < count; i++)
		if (cli_fetch_decode(&gathered->fetches[i], cli_gather_kinds[asked[i]],
			    session->call->arena, &gathered->parts[asked[i]], err) < 0)
			return -1;
	return 0;
}

void cli_gathered_done(struct cli_gathered *gathered)
{
	for (size_t i = 0; i < CLI_GATHER_PARTS; i++)
		cli_fetch_done(&gathered->fetches[i]);
}

const struct api_pod *cli_gathered_pod(
	const struct cli_gathered *gathered, struct str namespace, struct str name)
{
	size_t count;
	const struct api_pod *pods = cli_pods(gathered, &count);

	for (size_t i = 0; i < count; i++)
		if (str_equal(pods[i].metadata.name, name) &&
			str_equal(pods[i].metadata.namespace, namespace))
			return &pods[i];
	return NULL;
}

struct cli_owner cli_pod_name_owner(
	const struct cli_gathered *gathered, struct str namespace, struct str name)
{
	const struct api_pod *pod = cli_gathered_pod(gathered, namespace, name);
	size_t count;
	const struct api_checkpoint *checkpoints = cli_checkpoints(gathered, &count);

	if (pod != NULL && api_metadata_controller(&pod->metadata) != NULL)
		return cli_pod_owner(pod);
	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint_pod *reference = checkpoints[i].spec.pod;
		if (reference != NULL && str_equal(reference->name, name) &&
			str_equal(checkpoints[i].metadata.namespace, namespace))
			return cli_checkpoint_owner(&checkpoints[i]);
	}
	return (struct cli_owner){0};
}

struct cli_owner cli_schedule_owner(
	const struct cli_gathered *gathered, const struct api_schedule *schedule)
{
	const struct api_owner *owner = api_metadata_controller(&schedule->metadata);
	size_t count;
	const struct api_pod *pods = cli_pods(gathered, &count);
	size_t checkpoint_count;
	const struct api_checkpoint *checkpoints = cli_checkpoints(gathered, &checkpoint_count);

	if (owner != NULL)
		return (struct cli_owner){owner->kind, owner->name};
	for (size_t i = 0; i < count; i++)
		if (str_equal(pods[i].metadata.namespace, schedule->metadata.namespace) &&
			api_selector_matches(schedule->spec.selector, &pods[i].metadata.labels))
			return cli_pod_owner(&pods[i]);
	for (size_t i = 0; i < checkpoint_count; i++) {
		const struct api_reference *reference = checkpoints[i].spec.schedule_ref;
		if (reference != NULL && str_equal(reference->name, schedule->metadata.name) &&
			str_equal(checkpoints[i].metadata.namespace, schedule->metadata.namespace))
			return cli_checkpoint_owner(&checkpoints[i]);
	}
	return (struct cli_owner){0};
}
