/*
 * `restore`: containers that run go back to a checkpoint, in place. A RestoreRequest is made for
 * each; with --wait their way is followed until all are finished. What is made is not taken back:
 * Ctrl-C and a time-out end the waiting only, and say what goes on.
 */
#include "api/names.h"
#include "cli/create.h"
#include "cli/restores.h"
#include "cli/rows.h"
#include "sys/clock.h"

enum { RESTORE_TIMEOUT_MAX_S = 3600 };

struct restore {
	struct cli_call *call;
	struct cli_session *session;
	struct cli_target target;
	struct wall_time at;
	struct cli_restore *items;
	size_t count;
};

/* ---- Which containers ---- */

static void restore_add(struct restore *run, struct str pod, struct str container)
{
	run->items[run->count++] = (struct cli_restore){.pod = pod, .container = container};
}

/* The Checkpoint says which; no Pod has to be read. */
static int restore_find_by_checkpoint(struct restore *run, struct error *err)
{
	const struct cli_flags *flags = &run->call->flags;
	autofetch fetch = cli_fetch_get(run->session, &cli_checkpoint_kind, str_of(flags->from));
	const struct api_checkpoint *checkpoint;
	struct cli_objects objects;

	if (cli_fetch_all(run->session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_checkpoint_kind, run->call->arena, &objects, err) < 0)
		return -1;
	checkpoint = objects.items;
	if (checkpoint->spec.pod == NULL || !cli_checkpoint_is_of(checkpoint, &run->target))
		return error_set(err, ERROR_INVALID,
			"checkpoint '%s' is not of %s; 'kubectl kcr list %s' shows those that are",
			flags->from, run->call->words[0], run->call->words[0]);
	if (flags->container != NULL && !str_is(checkpoint->spec.container_name, flags->container))
		return error_set(err, ERROR_INVALID,
			"checkpoint '%s' is of container '%.*s', not of '%s'", flags->from,
			STR_ARG(checkpoint->spec.container_name), flags->container);
	run->items = arena_zeroed(run->call->arena, 1, sizeof(*run->items));
	restore_add(run, checkpoint->spec.pod->name, checkpoint->spec.container_name);
	return 0;
}

static bool restore_wants(const struct restore *run, const struct api_pod *pod)
{
	struct cli_owner owner = cli_pod_owner(pod);

	if (wall_time_is_set(pod->metadata.deleted))
		return false;
	return run->target.kind == &cli_pod_kind
		? str_equal(pod->metadata.name, run->target.name)
		: str_is(owner.kind, run->target.kind->resource.kind) &&
			str_equal(owner.name, run->target.name);
}

/* What a container has in memory is lost: which one is meant has to be said where it can differ. */
static int restore_add_pod(struct restore *run, const struct api_pod *pod, struct error *err)
{
	const struct api_container *containers = pod->spec.containers.items;
	const char *wanted = run->call->flags.container;

	if (wanted == NULL && pod->spec.containers.count != 1)
		return error_set(err, ERROR_INVALID,
			"pod '%.*s' has %zu containers; say by -c which one goes back",
			STR_ARG(pod->metadata.name), pod->spec.containers.count);
	if (wanted != NULL && api_pod_container(pod, str_of(wanted)) == NULL)
		return error_set(err, ERROR_ABSENT, "pod '%.*s' has no container '%s'",
			STR_ARG(pod->metadata.name), wanted);
	restore_add(run, pod->metadata.name, wanted != NULL ? str_of(wanted) : containers[0].name);
	return 0;
}

static int restore_find_pods(struct restore *run, struct error *err)
{
	autofetch fetch = cli_fetch_list(run->session, &cli_pod_kind);
	const struct api_pod *pods;
	struct cli_objects objects;

	if (cli_fetch_all(run->session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_pod_kind, run->call->arena, &objects, err) < 0)
		return -1;
	pods = objects.items;
	run->items = arena_zeroed(run->call->arena, objects.count + 1, sizeof(*run->items));
	for (size_t i = 0; i < objects.count; i++)
		if (restore_wants(run, &pods[i]) && restore_add_pod(run, &pods[i], err) < 0)
			return -1;
	if (run->count > 0)
		return 0;
	return error_set(err, ERROR_ABSENT,
		"there is no Pod of %s in namespace '%.*s'; 'kubectl get pods -n %.*s' shows what "
		"there is",
		run->call->words[0], STR_ARG(run->session->namespace),
		STR_ARG(run->session->namespace));
}

/* ---- Requests ---- */

static struct str restore_body(struct restore *run, struct cli_restore *item, int64_t now)
{
	const struct cli_flags *flags = &run->call->flags;
	struct arena *arena = run->call->arena;
	struct api_restore_request request;

	item->request = api_request_name(arena, STR("restore"), item->pod, item->container, now);
	api_init(&api_restore_request_kind, &request);
	request.metadata.name = item->request;
	request.metadata.namespace = run->session->namespace;
	request.spec.pod.name = item->pod;
	request.spec.container_name = item->container;
	request.spec.checkpoint_name = str_of(flags->from);
	request.spec.at = run->at;
	request.spec.timeout_seconds = flags->timeout_ms / 1000;
	return cli_encode(arena, &api_restore_request_kind, &request);
}

static int restore_ask(struct restore *run, struct error *err)
{
	struct cli_creation *objects = arena_zeroed(run->call->arena, run->count, sizeof(*objects));
	int64_t now = cli_name_time();

	for (size_t i = 0; i < run->count; i++) {
		objects[i].body = restore_body(run, &run->items[i], now);
		objects[i].name = run->items[i].request;
	}
	return cli_create_all(
		run->session, &cli_restore_request_kind, objects, run->count, true, err);
}

/* ---- The command line ---- */

/* RFC 3339, or how long ago. */
static int restore_read_time(struct restore *run, struct error *err)
{
	const char *text = run->call->flags.at;
	int64_t ago_us;

	if (text == NULL || wall_time_parse(str_of(text), &run->at))
		return 0;
	if (!time_parse_duration(str_of(text), &ago_us) || ago_us < 0)
		return error_set(err, ERROR_INVALID,
			"--at '%s' is no time: write 2026-11-21T22:00:00Z, or 10m for ten minutes "
			"ago",
			text);
	run->at.us = clock_wall().us - ago_us;
	return 0;
}

static int restore_read(struct restore *run, struct error *err)
{
	const struct cli_call *call = run->call;

	if (cli_target_parse(call->words[0], &cli_pod_kind, &run->target, err) < 0)
		return -1;
	if (!run->target.kind->is_workload && run->target.kind != &cli_pod_kind)
		return error_set(err, ERROR_INVALID,
			"'%s' has no containers: name deploy/NAME, sts/NAME, ds/NAME or pod/NAME",
			call->words[0]);
	if (call->flags.from != NULL && call->flags.at != NULL)
		return error_set(err, ERROR_INVALID, "give --from or --at, not both");
	return restore_read_time(run, err);
}

static int restore_run(struct cli_call *call, struct error *err)
{
	struct restore run = {.call = call};
	autosession *session = NULL;
	autofollow follow = {0};
	int found;

	if (restore_read(&run, err) < 0 || cli_session_open(call, &session, err) < 0)
		return -1;
	run.session = session;
	found = call->flags.from != NULL ? restore_find_by_checkpoint(&run, err)
					 : restore_find_pods(&run, err);
	/* From the first request on Ctrl-C must tell what was asked for; before it may just end us.
	 */
	if (found < 0 || cli_follow_start(&follow, session, err) < 0 || restore_ask(&run, err) < 0)
		return -1;
	return call->flags.wait ? cli_restores_wait(&follow, run.items, run.count, err) : CLI_DONE;
}

static const struct option_row restore_flags[] = {
	{.name = "container",
		.letter = 'c',
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, container),
		.argument = "NAME",
		.help = "The container that goes back. Left out: that of --from, or the Pod's "
			"only one."},
	{.name = "from",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, from),
		.argument = "CHECKPOINT",
		.help = "From this checkpoint, in the Pod that it was taken of. Left out: each "
			"Pod from its newest one that may be used."},
	{.name = "at",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, at),
		.argument = "TIME",
		.help = "As it was then: from the newest checkpoint that was taken no later. "
			"2026-11-21T22:00:00Z, or 10m for ten minutes ago."},
	{.name = "wait",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, wait),
		.help = "Shows how far it is, until all containers are back."},
	{.name = "timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, timeout_ms),
		.argument = "DURATION",
		.help = "How long a restore may take, and how long --wait waits.",
		.minimum = 1000,
		.maximum = RESTORE_TIMEOUT_MAX_S * 1000},
};

const struct cli_command cli_restore_command = {
	.name = "restore",
	.arguments = "WORKLOAD",
	.summary = "Puts running containers back to a checkpoint, in place",
	.description =
		"Ends the container of each Pod of the workload and has it come back, in the same "
		"Pod, with its memory as it was. What it did since the checkpoint is lost.\n"
		"The request (a RestoreRequest) is carried out by the agent of the Pod's node, "
		"which ends nothing if the checkpoint cannot be restored, and says why. It stays "
		"as the record of what was done: 'kubectl get ckrr'.",
	.examples = "# the only container of a Pod, from its newest checkpoint\n"
		    "kubectl kcr restore pod/web-0 --wait\n"
		    "# from one that 'kubectl kcr list deploy/web' shows\n"
		    "kubectl kcr restore deploy/web --from web-5c7d-x2x9-1795334400 --wait\n"
		    "# as all were ten minutes ago\n"
		    "kubectl kcr restore deploy/web -c app --at 10m",
	.flags = restore_flags,
	.flag_count = array_size(restore_flags),
	.words = CLI_WORDS_WORKLOADS,
	.least_words = 1,
	.most_words = 1,
	.run = restore_run,
};
