/*
 * `run`: a checkpoint as a new Pod beside the one that it was taken of, on the node that has it. By
 * strategy Runtime the Pod waits behind a scheduling gate, and a RestoreRequest has it started from
 * the checkpoint; by Image the checkpoint is the image of its container. The user makes the Pod,
 * with the rights that the user has.
 */
#include <stdio.h>

#include "api/names.h"
#include "cli/create.h"
#include "cli/origin.h"
#include "cli/output.h"
#include "cli/pod_copy.h"
#include "cli/restores.h"
#include "cli/rows.h"
#include "restore/rule.h"
#include "sys/clock.h"

enum { RUN_TIMEOUT_MAX_S = 3600, RUN_OBJECTS = 2 };

struct run {
	struct cli_call *call;
	struct cli_session *session;
	struct cli_follow follow;
	struct str name;
	struct json_string_map labels;
	const struct api_checkpoint *checkpoint;
	struct str runtime_class; /* that the Pod needs; empty: none */
	struct str pod; /* its JSON */
	struct str request; /* likewise; empty: by image there is none */
	struct str request_name;
	struct str told; /* how the Pod is, as it was told last */
	bool has_failed;
};

static bool run_is_dry(const struct run *run, const char *how)
{
	return str_is(str_of(run->call->flags.dry_run), how);
}

/* ---- The checkpoint ---- */

static int run_fetch(struct run *run, const struct cli_kind *kind, struct str name,
	bool is_optional, const void **ret_object, struct error *err)
{
	autofetch fetch = cli_fetch_get(run->session, kind, name);
	struct cli_objects objects;

	fetch.is_optional = is_optional;
	if (cli_fetch_all(run->session, &fetch, 1, err) < 0)
		return -1;
	*ret_object = NULL;
	if (fetch.error.kind != ERROR_NONE) /* it is optional */
		return 0;
	if (cli_fetch_decode(&fetch, kind, run->call->arena, &objects, err) < 0)
		return -1;
	*ret_object = objects.items;
	return 0;
}

/* What the controller would say as well, before anything is made; by image nobody else says it. */
static int run_judge(
	const struct run *run, const struct api_checkpoint_node *node, struct error *err)
{
	const struct api_checkpoint *checkpoint = run->checkpoint;
	const struct api_pod pod = {0};
	const struct api_container container = {
		.name = checkpoint->spec.container_name, .image = checkpoint->spec.image};
	const struct restore_view view = {.pod = &pod,
		.container = &container,
		.node = node,
		.made_for = checkpoint->metadata.uid};
	enum restore_verdict verdict = restore_judge(&view, checkpoint, clock_wall());
	struct str why = restore_explain(&view, api_checkpoint_strategy(checkpoint), verdict);

	if (verdict == RESTORE_OK)
		return 0;
	return error_set(err, ERROR_INVALID, "checkpoint '%.*s' cannot be run: %.*s",
		STR_ARG(checkpoint->metadata.name), STR_ARG(why));
}

/* Where kcr-runtime is not the node's default, its RuntimeClass is called as its handler. */
static struct str run_runtime_class(const struct api_checkpoint_node *node)
{
	if (node == NULL || node->status.kcr_runtime.is_default)
		return (struct str){0};
	return node->status.kcr_runtime.handler;
}

static int run_find_checkpoint(struct run *run, struct error *err)
{
	const void *node = NULL;
	const void *checkpoint = NULL;

	if (run_fetch(run, &cli_checkpoint_kind, str_of(run->call->flags.from), false, &checkpoint,
		    err) < 0)
		return err->kind == ERROR_ABSENT
			? error_wrap(err, "a Pod starts from a checkpoint of its own namespace")
			: -1;
	run->checkpoint = checkpoint;
	/* who may not see what nodes offer learns it from the request */
	if (run_fetch(run, &cli_node_kind, run->checkpoint->spec.node_name, true, &node, err) < 0)
		return -1;
	run->runtime_class = run_runtime_class(node);
	return run_judge(run, node, err);
}

/* ---- What is made ---- */

static int run_make_pod(struct run *run, struct error *err)
{
	autobuf body = BUF_INIT(LIMIT_OBJECT_BYTES);
	struct json_writer writer = json_writer(&body);
	autoorigin origin = {0};
	struct cli_pod_copy copy = {
		.name = run->name,
		.namespace = run->session->namespace,
		.labels = &run->labels,
		.checkpoint = run->checkpoint,
		.shares_volumes = run->call->flags.share_volumes,
		.runtime_class = run->runtime_class,
	};

	if (cli_origin_find(
		    run->session, run->checkpoint, run->call->flags.filename, &origin, err) < 0)
		return -1;
	copy.records = origin.records;
	if (cli_pod_copy_write(&writer, &copy, origin.spec, err) < 0 ||
		buf_check(&body, "the Pod", err) < 0)
		return -1;
	run->pod = arena_str(run->call->arena, buf_str(&body));
	return 0;
}

static void run_make_request(struct run *run)
{
	const struct api_checkpoint_spec *taken = &run->checkpoint->spec;
	struct arena *arena = run->call->arena;
	struct api_restore_request request;

	run->request_name = api_request_name(
		arena, STR("run"), run->name, taken->container_name, cli_name_time());
	api_init(&api_restore_request_kind, &request);
	request.metadata.name = run->request_name;
	request.metadata.namespace = run->session->namespace;
	request.spec.pod.name = run->name;
	request.spec.container_name = taken->container_name;
	request.spec.checkpoint_name = run->checkpoint->metadata.name;
	request.spec.timeout_seconds = run->call->flags.timeout_ms / 1000;
	run->request = cli_encode(arena, &api_restore_request_kind, &request);
}

/* As a List that kubectl can create. */
static int run_print(const struct run *run, struct error *err)
{
	const struct str texts[RUN_OBJECTS] = {run->pod, run->request};
	struct json_doc *docs[RUN_OBJECTS] = {NULL, NULL};
	const struct json *objects[RUN_OBJECTS];
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	size_t count = 0;
	int result = 0;

	for (size_t i = 0; i < RUN_OBJECTS && result == 0; i++) {
		if (texts[i].size == 0)
			continue;
		result = json_parse(texts[i], &docs[i], err);
		objects[count++] = json_doc_root(docs[i]);
	}
	if (result == 0)
		result = cli_write_yaml(&out, objects, count, true, err);
	for (size_t i = 0; i < RUN_OBJECTS; i++)
		json_doc_unref(docs[i]);
	return result < 0 ? -1 : cli_print(&out, err);
}

static int run_send(struct run *run, const struct cli_kind *kind, struct str name, struct str body,
	struct str *ret_uid, struct error *err)
{
	bool is_dry = run_is_dry(run, "server");
	autofetch fetch = {.request = {.verb = KUBE_CREATE,
				   .resource = &kind->resource,
				   .namespace = run->session->namespace,
				   .body = body,
				   .is_dry_run = is_dry}};
	autobuf line = BUF_INIT(KUBE_KEY_SIZE * 2);

	if (cli_fetch_all(run->session, &fetch, 1, err) < 0)
		return -1;
	if (fetch.doc_count > 0)
		*ret_uid = arena_str(run->call->arena,
			json_str(json_at(json_doc_root(fetch.docs[0]), "metadata", "uid", NULL)));
	cli_write_name(&line, kind, name);
	printf("%.*s created%s\n", (int)line.size - 1, line.data,
		is_dry ? " (server dry run)" : "");
	(void)fflush(stdout);
	return 0;
}

/* Nobody would ever let the Pod go. */
static void run_take_back(struct run *run, struct str uid)
{
	autofetch fetch = {.request = {.verb = KUBE_DELETE,
				   .resource = &cli_pod_kind.resource,
				   .namespace = run->session->namespace,
				   .name = run->name,
				   .uid = uid,
				   .absent_is_fine = true}};
	struct error ignored;

	if (uid.size == 0 || run_is_dry(run, "server"))
		return;
	if (cli_fetch_all(run->session, &fetch, 1, &ignored) < 0)
		fprintf(stderr,
			"Pod '%.*s' waits in vain now; 'kubectl delete pod %.*s' removes it.\n",
			STR_ARG(run->name), STR_ARG(run->name));
	else
		fprintf(stderr, "Pod '%.*s' is deleted again.\n", STR_ARG(run->name));
}

/*
 * The Pod first: a request for a Pod that was there before would put that one back in place. Ctrl-C
 * waits until both are made.
 */
static int run_create(struct run *run, struct error *err)
{
	struct str pod_uid = {0};
	struct str request_uid = {0};

	if (cli_follow_start(&run->follow, run->session, err) < 0 ||
		run_send(run, &cli_pod_kind, run->name, run->pod, &pod_uid, err) < 0)
		return -1;
	if (run->request.size == 0 ||
		run_send(run, &cli_restore_request_kind, run->request_name, run->request,
			&request_uid, err) == 0)
		return 0;
	run_take_back(run, pod_uid);
	return -1;
}

/* ---- Waiting ---- */

/* How the container is, in the kubelet's words. */
static struct str run_state(const struct run *run, const struct api_pod *pod)
{
	const struct api_container_status *status =
		api_pod_container_status(pod, run->checkpoint->spec.container_name);
	const struct api_container_waiting *waiting = status != NULL ? status->state.waiting : NULL;

	if (status != NULL && status->state.running != NULL)
		return STR("runs from the checkpoint's image");
	if (waiting == NULL)
		return pod->spec.node_name.size > 0 ? STR("is on its node")
						    : STR("waits for its node");
	return arena_printf(run->call->arena, "%.*s%s%.*s", STR_ARG(waiting->reason),
		waiting->message.size > 0 ? ": " : "", STR_ARG(waiting->message));
}

static bool run_cannot_start(const struct run *run, const struct api_pod *pod)
{
	static const char *const reasons[] = {"CreateContainerError", "RunContainerError",
		"CrashLoopBackOff", "InvalidImageName", NULL};
	const struct api_container_status *status =
		api_pod_container_status(pod, run->checkpoint->spec.container_name);

	for (const char *const *reason = reasons; *reason != NULL; reason++)
		if (status != NULL && status->state.waiting != NULL &&
			str_is(status->state.waiting->reason, *reason))
			return true;
	return str_is(pod->status.phase, "Failed") || str_is(pod->status.phase, "Succeeded");
}

static void run_pod_changed(
	void *context, const struct kube_object *old, const struct kube_object *new)
{
	struct run *run = context;
	const struct api_pod *pod = new != NULL ? new->view : NULL;
	const struct api_container_status *status;
	struct str state;

	if (!str_equal((new != NULL ? new : old)->name, run->name))
		return;
	state = pod != NULL ? run_state(run, pod) : STR("is gone");
	if (!str_equal(state, run->told))
		cli_tell("%.*s: %.*s", STR_ARG(run->name), STR_ARG(state));
	run->told = arena_str(run->call->arena, state);
	run->has_failed = pod == NULL || run_cannot_start(run, pod);
	status = pod != NULL ? api_pod_container_status(pod, run->checkpoint->spec.container_name)
			     : NULL;
	if (run->has_failed || (status != NULL && status->state.running != NULL))
		cli_follow_end(&run->follow);
}

static int run_wait_for_pod(struct run *run, struct error *err)
{
	struct cli_followed pods = {.kind = &cli_pod_kind, .changed = run_pod_changed};
	int result = cli_follow_watch(&run->follow, &pods, 1, run, err);

	if (result == CLI_DONE && run->has_failed)
		return error_set(err, ERROR_SYSTEM, "pod '%.*s' does not run: %.*s",
			STR_ARG(run->name), STR_ARG(run->told));
	if (result == CLI_INTERRUPTED || result == CLI_WAITED_IN_VAIN)
		fprintf(stderr, "%s. The Pod goes on in the cluster.\n",
			result == CLI_INTERRUPTED ? "Interrupted"
						  : "The time of --timeout is over");
	return result;
}

static int run_wait(struct run *run, struct error *err)
{
	struct cli_restore item = {.pod = run->name,
		.container = run->checkpoint->spec.container_name,
		.request = run->request_name};
	int result = run->request.size > 0 ? cli_restores_wait(&run->follow, &item, 1, err)
					   : run_wait_for_pod(run, err);

	if (result != CLI_DONE)
		fprintf(stderr,
			"'kubectl describe pod %.*s' shows how the Pod is, 'kubectl delete pod "
			"%.*s' removes it.\n",
			STR_ARG(run->name), STR_ARG(run->name));
	return result;
}

/* ---- The command line ---- */

static int run_read_labels(struct run *run, struct error *err)
{
	struct arena *arena = run->call->arena;
	struct json_strings terms = api_split_names(arena, str_of(run->call->flags.labels));

	run->labels.items = arena_zeroed(arena, terms.count + 1, sizeof(*run->labels.items));
	for (size_t i = 0; i < terms.count; i++) {
		struct json_pair *pair = &run->labels.items[run->labels.count++];

		if (!str_cut(terms.items[i], '=', &pair->key, &pair->value) || pair->key.size == 0)
			return error_set(err, ERROR_INVALID, "--labels: '%.*s' is not label=value",
				STR_ARG(terms.items[i]));
	}
	return 0;
}

static int run_read(struct run *run, struct error *err)
{
	if (!kube_name_is_valid(run->name))
		return error_set(
			err, ERROR_INVALID, "'%s' is not a name of a Pod", run->call->words[0]);
	if (run->call->flags.from == NULL)
		return error_set(err, ERROR_INVALID,
			"say by --from which checkpoint; 'kubectl kcr list' shows them");
	if (!kube_name_is_valid(str_of(run->call->flags.from)))
		return error_set(err, ERROR_INVALID,
			"--from '%s' is not a name of a checkpoint, which is one of the Pod's own "
			"namespace",
			run->call->flags.from);
	return run_read_labels(run, err);
}

static int run_go(struct run *run, struct error *err)
{
	if (run_find_checkpoint(run, err) < 0 || run_make_pod(run, err) < 0)
		return -1;
	if (api_checkpoint_strategy(run->checkpoint) == API_STRATEGY_RUNTIME)
		run_make_request(run);
	if (run_is_dry(run, "client"))
		return run_print(run, err);
	if (run_create(run, err) < 0)
		return -1;
	return run->call->flags.wait && run_is_dry(run, "none") ? run_wait(run, err) : CLI_DONE;
}

static int run_run(struct cli_call *call, struct error *err)
{
	autosession *session = NULL;
	struct run run = {.call = call, .name = str_of(call->words[0])};
	int result;

	if (run_read(&run, err) < 0 || cli_session_open(call, &session, err) < 0)
		return -1;
	run.session = session;
	result = run_go(&run, err);
	cli_follow_done(&run.follow);
	return result;
}

static const char *const run_dry_runs[] = {"none", "client", "server", NULL};

static const struct option_row run_flags[] = {
	{.name = "from",
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, from),
		.argument = "CHECKPOINT",
		.help = "The checkpoint, of this namespace. It stays as it is."},
	{.name = "labels",
		.letter = 'l',
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, labels),
		.argument = "LABELS",
		.help = "The Pod's labels, such as app=copy,tier=test. Left out: none, so that no "
			"Service and no workload takes it for one of its own."},
	{.name = "filename",
		.letter = 'f',
		.type = OPTION_TEXT,
		.offset = offsetof(struct cli_flags, filename),
		.argument = "PATH",
		.help = "A Pod's manifest whose spec is taken, YAML or JSON. Left out: the Pod "
			"that the checkpoint was taken of; when it is gone, its workload's "
			"template."},
	{.name = "share-volumes",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, share_volumes),
		.help = "Mounts claims that both Pods may write to."},
	{.name = "wait",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, wait),
		.help = "Shows how far it is, until the container runs."},
	{.name = "timeout",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, timeout_ms),
		.argument = "DURATION",
		.help = "How long the start may take, and how long --wait waits.",
		.minimum = 1000,
		.maximum = RUN_TIMEOUT_MAX_S * 1000},
	{.name = "dry-run",
		.type = OPTION_CHOICE,
		.offset = offsetof(struct cli_flags, dry_run),
		.argument = "HOW",
		.help = "client: only prints what would be made. server: the API server checks it, "
			"too, and keeps nothing.",
		.choices = run_dry_runs},
};

const struct cli_command cli_run_command = {
	.name = "run",
	.arguments = "NAME --from CHECKPOINT",
	.summary = "Starts a new Pod from a checkpoint, beside the one that it was taken of",
	.description =
		"Makes a Pod with the spec of the Pod that the checkpoint was taken of, on the "
		"node that has the checkpoint, and has the container start with its memory as it "
		"was. The other containers start as ever.\n"
		"It starts from the checkpoint or not at all: what hinders it stands in the "
		"RestoreRequest that is made with it ('kubectl get ckrr') and in the Pod's events. "
		"With a checkpoint that is an archive of the kubelet's, the Pod's image is the "
		"checkpoint, and there is no such request.\n"
		"The Pod has an address and a service account's token of its own, and its emptyDir "
		"volumes are empty.",
	.examples = "# a copy that no Service knows\n"
		    "kubectl kcr run redis-copy --from redis-0-default-1795334400 --wait\n"
		    "# behind a Service that selects app=redis-copy\n"
		    "kubectl kcr run redis-copy --from redis-0-default-1795334400 "
		    "--labels=app=redis-copy\n"
		    "# what would be made\n"
		    "kubectl kcr run redis-copy --from redis-0-default-1795334400 "
		    "--dry-run=client",
	.flags = run_flags,
	.flag_count = array_size(run_flags),
	.words = CLI_WORDS_NONE,
	.least_words = 1,
	.most_words = 1,
	.run = run_run,
};
