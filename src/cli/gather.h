/* All that a namespace has about checkpoints, fetched together: for commands that put it together.
 */
#ifndef CLI_GATHER_H
#define CLI_GATHER_H

#include "api/kinds.h"
#include "api/views.h"
#include "cli/event.h"
#include "cli/session.h"

enum cli_gather_part {
	CLI_GATHER_CHECKPOINTS,
	CLI_GATHER_SCHEDULES,
	CLI_GATHER_REQUESTS,
	CLI_GATHER_RESTORES,
	CLI_GATHER_PODS,
	CLI_GATHER_EVENTS,
	CLI_GATHER_PARTS,
};

enum {
	CLI_GATHER_OURS =
		1 << CLI_GATHER_CHECKPOINTS | 1 << CLI_GATHER_SCHEDULES | 1 << CLI_GATHER_REQUESTS
};

/* The kind of each part, and whether there may be users who may not read it, or servers without. */
extern const struct cli_kind *const cli_gather_kinds[CLI_GATHER_PARTS];
bool cli_gather_is_optional(enum cli_gather_part part);

struct cli_gathered {
	struct cli_fetch fetches[CLI_GATHER_PARTS];
	struct cli_objects parts[CLI_GATHER_PARTS];
};

/*
 * Fetches the parts (a set of 1 << part) of the session's scope; those that are optional are empty
 * where the user may not read them. Release by cli_gathered_done(), also after a failure.
 */
must_check int cli_gather(struct cli_session *session, unsigned parts,
	struct cli_gathered *ret_gathered, struct error *err);
void cli_gathered_done(struct cli_gathered *gathered);
#define autogathered clean_up(cli_gathered_done) struct cli_gathered

/* The parts as their structs, and how many there are. */
static inline const struct api_checkpoint *cli_checkpoints(
	const struct cli_gathered *gathered, size_t *ret_count)
{
	*ret_count = gathered->parts[CLI_GATHER_CHECKPOINTS].count;
	return gathered->parts[CLI_GATHER_CHECKPOINTS].items;
}

static inline const struct api_schedule *cli_schedules(
	const struct cli_gathered *gathered, size_t *ret_count)
{
	*ret_count = gathered->parts[CLI_GATHER_SCHEDULES].count;
	return gathered->parts[CLI_GATHER_SCHEDULES].items;
}

static inline const struct api_request *cli_requests(
	const struct cli_gathered *gathered, size_t *ret_count)
{
	*ret_count = gathered->parts[CLI_GATHER_REQUESTS].count;
	return gathered->parts[CLI_GATHER_REQUESTS].items;
}

static inline const struct api_restore_request *cli_restores(
	const struct cli_gathered *gathered, size_t *ret_count)
{
	*ret_count = gathered->parts[CLI_GATHER_RESTORES].count;
	return gathered->parts[CLI_GATHER_RESTORES].items;
}

static inline const struct api_pod *cli_pods(const struct cli_gathered *gathered, size_t *ret_count)
{
	*ret_count = gathered->parts[CLI_GATHER_PODS].count;
	return gathered->parts[CLI_GATHER_PODS].items;
}

static inline const struct cli_event *cli_events(
	const struct cli_gathered *gathered, size_t *ret_count)
{
	*ret_count = gathered->parts[CLI_GATHER_EVENTS].count;
	return gathered->parts[CLI_GATHER_EVENTS].items;
}

/* By name in a namespace; NULL when it is not among them. */
const struct api_pod *cli_gathered_pod(
	const struct cli_gathered *gathered, struct str namespace, struct str name);

/* The workload of a Pod: by itself, else, as when it is gone, by a Checkpoint of it; none: it is
 * not known. */
struct cli_owner cli_pod_name_owner(
	const struct cli_gathered *gathered, struct str namespace, struct str name);

/* The workload of a request. */
static inline struct cli_owner cli_request_owner(
	const struct cli_gathered *gathered, const struct api_request *request)
{
	return cli_pod_name_owner(gathered, request->metadata.namespace, request->spec.pod.name);
}

/* The workload that a schedule is for: its owner, else that of the Pods it selects, else that of
 * its Checkpoints. */
struct cli_owner cli_schedule_owner(
	const struct cli_gathered *gathered, const struct api_schedule *schedule);

#endif
