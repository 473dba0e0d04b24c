/*
 * `checkpoint`: Pods are found, a request is made for each container, and with --wait their way is
 * followed until all are complete. Requests are made at once and not taken back: Ctrl-C and a
 * time-out only end the waiting, and say what goes on.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "api/names.h"
#include "cli/create.h"
#include "cli/follow.h"
#include "cli/gather.h"
#include "cli/output.h"
#include "cli/progress.h"
#include "cli/rows.h"

enum { CHECKPOINT_TIMEOUT_MAX_S = 3600 };

struct checkpoint {
	struct cli_call *call;
	struct cli_session *session;
	struct cli_target *targets;
	struct json_strings containers; /* --container */
	struct cli_progress *items;
	size_t count;
	struct cli_follow follow;
	const struct cli_followed *checkpoints;
};

/* ---- Which containers ---- */

static bool checkpoint_wants(const struct checkpoint *run, const struct api_pod *pod)
{
	struct cli_owner owner = cli_pod_owner(pod);

	for (size_t i = 0; i < run->call->word_count; i++) {
		const struct cli_target *target = &run->targets[i];
		if (target->kind == &cli_pod_kind
				? str_equal(pod->metadata.name, target->name)
				: str_is(owner.kind, target->kind->resource.kind) &&
					str_equal(owner.name, target->name))
			return true;
	}
	return run->call->word_count == 0;
}

static int checkpoint_add_pods(
	struct checkpoint *run, const struct cli_objects *objects, struct error *err)
{
	const struct api_pod *pods = objects->items;
	autobuf notes = BUF_INIT(CLI_OUTPUT_BYTES);
	size_t most = 0;

	for (size_t i = 0; i < objects->count; i++)
		most += pods[i].spec.containers.count;
	run->items = arena_zeroed(run->call->arena, most + 1, sizeof(*run->items));
	for (size_t i = 0; i < objects->count; i++)
		if (checkpoint_wants(run, &pods[i]) &&
			cli_progress_add_pod(run->items, &run->count, &pods[i], &run->containers,
				&notes, err) < 0)
			return -1;
	fputs(notes.data, stderr);
	return 0;
}

/* Who may not read Pods can still name one, and its containers. */
static int checkpoint_add_named(
	struct checkpoint *run, const struct error *denial, struct error *err)
{
	size_t count = run->call->word_count * run->containers.count;

	for (size_t i = 0; i < run->call->word_count; i++)
		if (run->targets[i].kind != &cli_pod_kind)
			count = 0;
	if (count == 0) {
		*err = *denial;
		return error_wrap(
			err, "without reading Pods only pod/NAME with --container is possible");
	}
	run->items = arena_zeroed(run->call->arena, count, sizeof(*run->items));
	for (size_t i = 0; i < run->call->word_count; i++)
		for (size_t j = 0; j < run->containers.count; j++)
			run->items[run->count++] = (struct cli_progress){
				.pod = run->targets[i].name, .container = run->containers.items[j]};
	return 0;
}

/* What was named and has nothing to take: it does not exist, or nothing of it runs. */
static int checkpoint_check_found(const struct checkpoint *run, struct error *err)
{
	const struct cli_call *call = run->call;

	if (run->count > 0)
		return 0;
	return error_set(err, ERROR_ABSENT,
		"no container runs of %s in namespace '%.*s'; 'kubectl get pods -n %.*s' shows "
		"what there is",
		call->word_count > 0 ? call->words[0] : call->flags.selector,
		STR_ARG(run->session->namespace), STR_ARG(run->session->namespace));
}

static int checkpoint_find(struct checkpoint *run, struct error *err)
{
	struct cli_session *session = run->session;
	size_t count = run->call->word_count;
	struct cli_fetch *fetches =
		arena_zeroed(run->call->arena, count + 1, sizeof(struct cli_fetch));
	struct cli_objects pods;
	int result;

	fetches[count] = cli_fetch_list(session, &cli_pod_kind);
	fetches[count].request.label_selector = str_of(run->call->flags.selector);
	fetches[count].is_optional = true;
	for (size_t i = 0; i < count; i++) {
		fetches[i] = cli_fetch_get(session, run->targets[i].kind, run->targets[i].name);
		fetches[i].is_optional = true;
	}
	result = cli_fetch_all(session, fetches, count + 1, err);
	for (size_t i = 0; i < count && result == 0; i++)
		if (fetches[i].error.kind == ERROR_ABSENT) {
			*err = fetches[i].error;
			result = -1;
		}
	if (result == 0 && fetches[count].error.kind != ERROR_NONE)
		result = checkpoint_add_named(run, &fetches[count].error, err);
	else if (result == 0)
		result = cli_fetch_decode(
				 &fetches[count], &cli_pod_kind, run->call->arena, &pods, err) < 0
			? -1
			: checkpoint_add_pods(run, &pods, err);
	for (size_t i = 0; i <= count; i++)
		cli_fetch_done(&fetches[i]);
	return result < 0 ? -1 : checkpoint_check_found(run, err);
}

/* ---- Requests ---- */

static bool checkpoint_has_several(const struct checkpoint *run, size_t index)
{
	for (size_t i = 0; i < run->count; i++)
		if (i != index && str_equal(run->items[i].pod, run->items[index].pod))
			return true;
	return false;
}

static struct str checkpoint_body(struct checkpoint *run, size_t index, int64_t unix_time)
{
	struct arena *arena = run->call->arena;
	struct cli_progress *item = &run->items[index];
	int64_t timeout_s = run->call->flags.timeout_ms / 1000;
	struct api_request request;

	api_init(&api_request_kind, &request);
	item->request = api_request_name(arena, STR(""), item->pod,
		checkpoint_has_several(run, index) ? item->container : STR(""), unix_time);
	request.metadata.name = item->request;
	request.metadata.namespace = run->session->namespace;
	request.spec.pod.name = item->pod;
	request.spec.container_name = item->container;
	request.spec.timeout_seconds = timeout_s < 1   ? 1
		: timeout_s > CHECKPOINT_TIMEOUT_MAX_S ? CHECKPOINT_TIMEOUT_MAX_S
						       : timeout_s;
	return cli_encode(arena, &api_request_kind, &request);
}

static int checkpoint_ask(struct checkpoint *run, struct error *err)
{
	struct cli_creation *objects = arena_zeroed(run->call->arena, run->count, sizeof(*objects));
	int64_t now = cli_name_time();

	for (size_t i = 0; i < run->count; i++) {
		objects[i].body = checkpoint_body(run, i, now);
		objects[i].name = run->items[i].request;
	}
	return cli_create_all(
		run->session, &cli_request_kind, objects, run->count, !run->call->flags.wait, err);
}

/* ---- Waiting ---- */

static bool checkpoint_is_over(const struct checkpoint *run)
{
	for (size_t i = 0; i < run->count; i++)
		if (!cli_progress_is_over(&run->items[i]))
			return false;
	return true;
}

static void checkpoint_tell(struct checkpoint *run, const struct cli_progress *item)
{
	autobuf line = BUF_INIT(LIMIT_OBJECT_BYTES);

	cli_progress_write(item, &line);
	fputs(line.data, stderr);
	if (checkpoint_is_over(run))
		cli_follow_end(&run->follow);
}

/* The Checkpoint may have been seen before its request said its name. */
static void checkpoint_look_at_its_checkpoint(struct checkpoint *run, struct cli_progress *item)
{
	autobuf key = BUF_INIT(KUBE_KEY_SIZE);
	const struct kube_object *object;

	if (item->checkpoint.size == 0)
		return;
	kube_key_write(&key, run->session->namespace, item->checkpoint);
	object = kube_informer_get(run->checkpoints->informer, buf_str(&key));
	if (object != NULL && cli_progress_see_checkpoint(item, object->view, run->call->arena))
		checkpoint_tell(run, item);
}

static void checkpoint_request_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct checkpoint *run = context;
	struct str name = new != NULL ? new->name : old->name;

	for (size_t i = 0; i < run->count; i++) {
		struct cli_progress *item = &run->items[i];
		if (!cli_progress_see_request(
			    item, name, new != NULL ? new->view : NULL, run->call->arena))
			continue;
		checkpoint_tell(run, item);
		checkpoint_look_at_its_checkpoint(run, item);
	}
}

static void checkpoint_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct checkpoint *run = context;

	(void)old;
	for (size_t i = 0; i < run->count && new != NULL; i++)
		if (cli_progress_see_checkpoint(&run->items[i], new->view, run->call->arena))
			checkpoint_tell(run, &run->items[i]);
}

static int checkpoint_wait(struct checkpoint *run, struct error *err)
{
	struct cli_followed followed[] = {
		{.kind = &cli_checkpoint_kind, .changed = checkpoint_changed},
		{.kind = &cli_request_kind, .changed = checkpoint_request_changed},
	};

	run->checkpoints = &followed[0];
	for (size_t i = 0; i < run->count; i++)
		checkpoint_tell(run, &run->items[i]);
	return cli_follow_watch(&run->follow, followed, array_size(followed), run, err);
}

/* ---- The end ---- */

static void checkpoint_tell_unfinished(const struct checkpoint *run, bool is_interrupted)
{
	fprintf(stderr, "%s. What is not finished goes on in the cluster:\n",
		is_interrupted ? "Interrupted" : "The time of --timeout is over");
	for (size_t i = 0; i < run->count; i++)
		if (!cli_progress_is_over(&run->items[i]))
			fprintf(stderr, "  request/%.*s\n", STR_ARG(run->items[i].request));
	fprintf(stderr,
		"'kubectl kcr describe request/NAME' shows what becomes of it; 'kubectl delete "
		"ckpr NAME' calls it off while its phase is Pending.\n");
}

static int checkpoint_print(struct checkpoint *run, struct error *err)
{
	struct cli_call *call = run->call;
	struct cli_table table = cli_table_make(call, cli_progress_columns, CLI_PROGRESS_COLUMNS);
	bool is_names = str_is(str_of(call->flags.output), "name");
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);

	for (size_t i = 0; i < run->count; i++) {
		const struct cli_progress *item = &run->items[i];
		struct cli_cell cells[CLI_PROGRESS_COLUMNS];
		if (item->state != CLI_PROGRESS_DONE)
			continue;
		cli_progress_cells(item, call->arena, cells);
		cli_table_add(&table, cells, NULL);
		if (is_names)
			cli_write_name(&out, &cli_checkpoint_kind, item->checkpoint);
	}
	if (!is_names && table.count > 0)
		cli_table_write(&table, &out);
	return cli_print(&out, err);
}

/* `status`: how the waiting ended. */
static int checkpoint_end(struct checkpoint *run, int status, struct error *err)
{
	size_t failed = 0;
	const struct cli_progress *first = NULL;

	if (checkpoint_print(run, err) < 0)
		return -1;
	for (size_t i = 0; i < run->count; i++) {
		if (run->items[i].state != CLI_PROGRESS_FAILED)
			continue;
		failed++;
		first = first == NULL ? &run->items[i] : first;
	}
	if (!checkpoint_is_over(run)) {
		checkpoint_tell_unfinished(run, status == CLI_INTERRUPTED);
		return status;
	}
	if (first == NULL)
		return CLI_DONE;
	return error_set(err, ERROR_SYSTEM,
		"%zu of %zu checkpoints failed; the first, of container '%.*s' of pod '%.*s': "
		"%.*s; 'kubectl kcr describe request/%.*s' shows more",
		failed, run->count, STR_ARG(first->container), STR_ARG(first->pod),
		STR_ARG(first->why), STR_ARG(first->request));
}

static int checkpoint_read_words(struct checkpoint *run, struct error *err)
{
	const struct cli_call *call = run->call;

	if ((call->word_count == 0) == (call->flags.selector == NULL))
		return error_set(err, ERROR_INVALID,
			"name workloads or Pods (deploy/web), or select Pods by -l, one of both");
	run->targets = arena_zeroed(call->arena, call->word_count + 1, sizeof(*run->targets));
	for (size_t i = 0; i < call->word_count; i++) {
		if (cli_target_parse(call->words[i], &cli_pod_kind, &run->targets[i], err) < 0)
			return -1;
		if (!run->targets[i].kind->is_workload && run->targets[i].kind != &cli_pod_kind)
			return error_set(err, ERROR_INVALID,
				"'%s' has no containers: name deploy/NAME, sts/NAME, ds/NAME or "
				"pod/NAME",
				call->words[i]);
	}
	if (call->flags.container != NULL)
		run->containers = api_split_names(call->arena, str_of(call->flags.container));
	return 0;
}

/* From the first request on Ctrl-C must tell what was asked for; before it may just end us. */
static int checkpoint_go(struct checkpoint *run, struct error *err)
{
	int status;

	if (cli_follow_start(&run->follow, run->session, err) < 0 || checkpoint_ask(run, err) < 0)
		return -1;
	if (!run->call->flags.wait)
		return CLI_DONE;
	status = checkpoint_wait(run, err);
	return status < 0 ? -1 : checkpoint_end(run, status, err);
}

static int checkpoint_run(struct cli_call *call, struct error *err)
{
	struct checkpoint run = {.call = call};
	autosession *session = NULL;
	int result;

	if (checkpoint_read_words(&run, err) < 0 || cli_session_open(call, &session, err) < 0)
		return -1;
	run.session = session;
	if (checkpoint_find(&run, err) < 0)
		return -1;
	result = checkpoint_go(&run, err);
	cli_follow_done(&run.follow);
	return result;
}

static const char *const checkpoint_outputs[] = {"name", NULL};

static const struct option_row checkpoint_flags[] = {
	CLI_FLAG_SELECTOR("Pods"),
	CLI_FLAG_CONTAINER,
	{.name = "wait",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, wait),
		.help = "Shows how far it is, until all are complete, and then their names, sizes "
			"and how long the containers stood still."},
	{.name = "timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, timeout_ms),
		.argument = "DURATION",
		.help = "How long a checkpoint may take, and how long --wait waits.",
		.minimum = 1000,
		.maximum = CHECKPOINT_TIMEOUT_MAX_S * 1000},
	{.name = "output",
		.letter = 'o',
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, output),
		.argument = "FORMAT",
		.help = "name: with --wait, the checkpoints' names only.",
		.choices = checkpoint_outputs},
};

const struct cli_command cli_checkpoint_command = {
	.name = "checkpoint",
	.arguments = "WORKLOAD ...",
	.summary = "Takes a checkpoint now of each container of workloads or Pods",
	.description =
		"Asks for a checkpoint of each running container of the Pods that the workloads "
		"have, or that -l selects. The request (a CheckpointRequest) is carried out by the "
		"agent of the Pod's node; it needs no right on nodes or Pods but to read them.\n"
		"Ctrl-C ends the waiting only: requests that were made go on, and it says which.",
	.examples = "# all containers of a Deployment's Pods\n"
		    "kubectl kcr checkpoint deploy/web --wait\n"
		    "# one container of one Pod, its name for a script\n"
		    "kubectl kcr checkpoint pod/redis-0 -c redis --wait -o name\n"
		    "# all Pods with a label\n"
		    "kubectl kcr checkpoint -l app=web",
	.flags = checkpoint_flags,
	.flag_count = array_size(checkpoint_flags),
	.words = CLI_WORDS_WORKLOADS,
	.most_words = SIZE_MAX,
	.run = checkpoint_run,
};
