/*
 * `tree`. Every object becomes a leaf: the workload and schedule it belongs to, and itself. Sorted
 * leaves become branches where the workload, then the schedule, changes.
 */
#include "cli/tree.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "cli/output.h"
#include "cli/rows.h"
#include "cli/words.h"
#include "sys/clock.h"

struct tree_leaf {
	struct str namespace;
	struct str root; /* "deployment/web" */
	struct str schedule; /* name; empty: by hand */
	const struct api_schedule *itself; /* the schedule's own leaf */
	const struct api_request *request;
	const struct api_checkpoint *checkpoint;
	const struct api_restore_request *restore; /* whose Checkpoint is no leaf */
	struct wall_time time;
};

struct tree {
	const struct cli_gathered *gathered;
	const struct cli_target *targets;
	size_t target_count;
	bool has_namespaces;
	struct wall_time now;
	struct arena *arena;
	const struct api_restore_request **restores; /* the newest first */
	size_t restore_count;
	struct tree_leaf *leaves;
	size_t count;
};

static bool tree_wants(const struct tree *tree, struct cli_owner owner, struct str pod)
{
	for (size_t i = 0; i < tree->target_count; i++) {
		const struct cli_target *target = &tree->targets[i];
		if (target->kind == &cli_pod_kind
				? str_equal(target->name, pod)
				: str_is(owner.kind, target->kind->resource.kind) &&
					str_equal(owner.name, target->name))
			return true;
	}
	return tree->target_count == 0;
}

static const struct api_request *tree_request_of(
	const struct tree *tree, const struct api_checkpoint *checkpoint)
{
	size_t count;
	const struct api_request *requests = cli_requests(tree->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint_reference *made = requests[i].status.checkpoint;
		if (made != NULL && str_equal(made->name, checkpoint->metadata.name) &&
			str_equal(requests[i].metadata.namespace, checkpoint->metadata.namespace))
			return &requests[i];
	}
	return NULL;
}

static bool tree_has_request(const struct tree *tree, const struct api_request *request)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->leaves[i].request == request)
			return true;
	return false;
}

static void tree_add_checkpoints(struct tree *tree)
{
	size_t count;
	const struct api_checkpoint *checkpoints = cli_checkpoints(tree->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint *checkpoint = &checkpoints[i];
		const struct api_reference *schedule = checkpoint->spec.schedule_ref;
		struct cli_owner owner = cli_checkpoint_owner(checkpoint);
		struct str pod =
			checkpoint->spec.pod != NULL ? checkpoint->spec.pod->name : (struct str){0};
		if (!tree_wants(tree, owner, pod))
			continue;
		tree->leaves[tree->count++] = (struct tree_leaf){
			.namespace = checkpoint->metadata.namespace,
			.root = cli_owner_text(tree->arena, owner, pod),
			.schedule = schedule != NULL ? schedule->name : STR(""),
			.request = tree_request_of(tree, checkpoint),
			.checkpoint = checkpoint,
			.time = checkpoint->spec.timestamp,
		};
	}
}

static void tree_add_requests(struct tree *tree)
{
	size_t count;
	const struct api_request *requests = cli_requests(tree->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_request *request = &requests[i];
		struct cli_owner owner = cli_request_owner(tree->gathered, request);
		if (tree_has_request(tree, request) ||
			!tree_wants(tree, owner, request->spec.pod.name))
			continue;
		tree->leaves[tree->count++] = (struct tree_leaf){
			.namespace = request->metadata.namespace,
			.root = cli_owner_text(tree->arena, owner, request->spec.pod.name),
			.schedule = request->spec.schedule != NULL ? request->spec.schedule->name
								   : STR(""),
			.request = request,
			.time = request->metadata.created,
		};
	}
}

static struct str tree_checkpoint_name(const struct api_restore_request *restore)
{
	return restore->status.checkpoint != NULL ? restore->status.checkpoint->name
						  : restore->spec.checkpoint_name;
}

static bool tree_is_from(
	const struct api_restore_request *restore, const struct api_checkpoint *checkpoint)
{
	return str_equal(tree_checkpoint_name(restore), checkpoint->metadata.name) &&
		str_equal(restore->metadata.namespace, checkpoint->metadata.namespace);
}

static bool tree_has_checkpoint_of(
	const struct tree *tree, const struct api_restore_request *restore)
{
	for (size_t i = 0; i < tree->count; i++)
		if (tree->leaves[i].checkpoint != NULL &&
			tree_is_from(restore, tree->leaves[i].checkpoint))
			return true;
	return false;
}

static int tree_compare_restores(const void *left, const void *right)
{
	const struct api_restore_request *const *a = left;
	const struct api_restore_request *const *b = right;
	int64_t a_us = (*a)->metadata.created.us;
	int64_t b_us = (*b)->metadata.created.us;

	return (a_us < b_us) - (a_us > b_us);
}

static void tree_add_restores(struct tree *tree)
{
	const struct api_restore_request *restores =
		cli_restores(tree->gathered, &tree->restore_count);

	for (size_t i = 0; i < tree->restore_count; i++) {
		const struct api_restore_request *restore = &restores[i];
		struct str namespace = restore->metadata.namespace;
		struct str pod = restore->spec.pod.name;
		struct cli_owner owner = cli_pod_name_owner(tree->gathered, namespace, pod);
		tree->restores[i] = restore;
		if (tree_has_checkpoint_of(tree, restore) || !tree_wants(tree, owner, pod))
			continue;
		tree->leaves[tree->count++] = (struct tree_leaf){
			.namespace = namespace,
			.root = cli_owner_text(tree->arena, owner, pod),
			.restore = restore,
			.time = restore->metadata.created,
		};
	}
	if (tree->restore_count > 1)
		qsort(tree->restores, tree->restore_count, sizeof(*tree->restores),
			tree_compare_restores);
}

/* A schedule whose workload is not known has neither Pods nor Checkpoints yet. */
static void tree_add_schedules(struct tree *tree)
{
	size_t count;
	const struct api_schedule *schedules = cli_schedules(tree->gathered, &count);

	for (size_t i = 0; i < count; i++) {
		const struct api_metadata *metadata = &schedules[i].metadata;
		struct cli_owner owner = cli_schedule_owner(tree->gathered, &schedules[i]);
		struct tree_leaf leaf = {
			.namespace = metadata->namespace,
			.root = owner.name.size > 0 ? cli_owner_text(tree->arena, owner, STR(""))
						    : STR("no workload"),
			.schedule = metadata->name,
			.itself = &schedules[i],
		};
		if (tree_wants(tree, owner, STR("")))
			tree->leaves[tree->count++] = leaf;
	}
}

static int tree_compare(const void *left, const void *right)
{
	const struct tree_leaf *a = left;
	const struct tree_leaf *b = right;
	int order = str_compare(a->namespace, b->namespace);

	if (order == 0)
		order = str_compare(a->root, b->root);
	if (order == 0)
		order = str_compare(a->schedule, b->schedule);
	if (order != 0)
		return order;
	if ((a->itself != NULL) != (b->itself != NULL))
		return a->itself != NULL ? -1 : 1;
	return (a->time.us < b->time.us) - (a->time.us > b->time.us);
}

static struct str tree_name(const struct tree *tree, const char *kind, struct str name)
{
	return arena_printf(tree->arena, "%s/%.*s", kind, STR_ARG(name));
}

static void tree_grow_restore(const struct tree *tree, struct cli_branch *parent,
	const struct api_restore_request *restore)
{
	struct cli_phrase phrase = cli_restore_phrase(restore, tree->now, tree->arena);
	struct cli_branch *branch = cli_branch_add(
		tree->arena, parent, tree_name(tree, "restore", restore->metadata.name));

	branch->rest = phrase.text;
	branch->style = phrase.style;
}

static void tree_grow_restores(
	const struct tree *tree, struct cli_branch *parent, const struct api_checkpoint *checkpoint)
{
	const struct api_checkpoint_status *status = &checkpoint->status;
	struct str when = cli_when(status->last_restore, tree->now, tree->arena);
	struct cli_branch *branch;

	for (size_t i = 0; i < tree->restore_count; i++)
		if (tree_is_from(tree->restores[i], checkpoint))
			tree_grow_restore(tree, parent, tree->restores[i]);
	if (status->restore_count == 0)
		return;
	branch = cli_branch_add(tree->arena, parent, STR("restored"));
	branch->rest = arena_printf(tree->arena, "%" PRIi64 " time%s, last %.*s",
		status->restore_count, status->restore_count == 1 ? "" : "s", STR_ARG(when));
	branch->style = CLI_GOOD;
}

static void tree_grow_leaf(
	const struct tree *tree, struct cli_branch *parent, const struct tree_leaf *leaf)
{
	struct cli_phrase phrase;

	if (leaf->request != NULL) {
		phrase = cli_request_phrase(leaf->request, tree->now, tree->arena);
		parent = cli_branch_add(tree->arena, parent,
			tree_name(tree, "request", leaf->request->metadata.name));
		parent->rest = phrase.text;
		parent->style = phrase.style;
	}
	if (leaf->checkpoint != NULL) {
		phrase = cli_checkpoint_phrase(leaf->checkpoint, tree->now, tree->arena);
		parent = cli_branch_add(tree->arena, parent,
			tree_name(tree, "checkpoint", leaf->checkpoint->metadata.name));
		parent->rest = phrase.text;
		parent->style = phrase.style;
		tree_grow_restores(tree, parent, leaf->checkpoint);
	}
	if (leaf->restore != NULL)
		tree_grow_restore(tree, parent, leaf->restore);
}

/* What a schedule's objects stand below: its branch, which says that it is gone when it is. */
static struct cli_branch *tree_grow_schedule(
	const struct tree *tree, struct cli_branch *root, const struct tree_leaf *leaf)
{
	struct cli_branch *branch;
	struct cli_phrase phrase = {.text = STR("is gone"), .style = CLI_FAINT};

	if (leaf->schedule.size == 0)
		return root;
	if (leaf->itself != NULL)
		phrase = cli_schedule_phrase(leaf->itself, tree->now, tree->arena);
	branch = cli_branch_add(tree->arena, root, tree_name(tree, "schedule", leaf->schedule));
	branch->rest = phrase.text;
	branch->style = phrase.style;
	return branch;
}

static struct str tree_root_name(const struct tree *tree, const struct tree_leaf *leaf)
{
	if (!tree->has_namespaces)
		return leaf->root;
	return arena_printf(
		tree->arena, "%.*s %.*s", STR_ARG(leaf->namespace), STR_ARG(leaf->root));
}

static struct cli_branch *tree_grow(const struct tree *tree)
{
	struct cli_branch *top = arena_zeroed(tree->arena, 1, sizeof(*top));
	struct cli_branch *root = NULL;
	struct cli_branch *schedule = NULL;

	for (size_t i = 0; i < tree->count; i++) {
		const struct tree_leaf *leaf = &tree->leaves[i];
		const struct tree_leaf *before = i > 0 ? &tree->leaves[i - 1] : NULL;
		bool is_new_root = before == NULL || !str_equal(before->root, leaf->root) ||
			!str_equal(before->namespace, leaf->namespace);
		if (is_new_root)
			root = cli_branch_add(tree->arena, top, tree_root_name(tree, leaf));
		if (is_new_root || !str_equal(before->schedule, leaf->schedule))
			schedule = tree_grow_schedule(tree, root, leaf);
		tree_grow_leaf(tree, schedule, leaf);
	}
	return top;
}

struct cli_branch *cli_tree_make(const struct cli_gathered *gathered,
	const struct cli_target *targets, size_t target_count, bool has_namespaces,
	struct wall_time now, struct arena *arena)
{
	struct tree tree = {
		.gathered = gathered,
		.targets = targets,
		.target_count = target_count,
		.has_namespaces = has_namespaces,
		.now = now,
		.arena = arena,
	};
	size_t restore_count = gathered->parts[CLI_GATHER_RESTORES].count;
	size_t most = gathered->parts[CLI_GATHER_CHECKPOINTS].count +
		gathered->parts[CLI_GATHER_REQUESTS].count +
		gathered->parts[CLI_GATHER_SCHEDULES].count + restore_count;

	tree.leaves = arena_zeroed(arena, most + 1, sizeof(*tree.leaves));
	tree.restores = arena_zeroed(arena, restore_count + 1, sizeof(*tree.restores));
	tree_add_checkpoints(&tree);
	tree_add_requests(&tree);
	tree_add_restores(&tree);
	tree_add_schedules(&tree);
	if (tree.count > 1)
		qsort(tree.leaves, tree.count, sizeof(*tree.leaves), tree_compare);
	return tree_grow(&tree);
}

/* ---- The command ---- */

static int tree_run(struct cli_call *call, struct error *err)
{
	struct cli_target *targets =
		arena_zeroed(call->arena, call->word_count + 1, sizeof(*targets));
	autosession *session = NULL;
	autogathered gathered = {0};
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct cli_branch *root;

	for (size_t i = 0; i < call->word_count; i++)
		if (cli_target_parse(call->words[i], NULL, &targets[i], err) < 0)
			return -1;
	if (cli_session_open(call, &session, err) < 0 ||
		cli_gather(session,
			CLI_GATHER_OURS | 1 << CLI_GATHER_RESTORES | 1 << CLI_GATHER_PODS,
			&gathered, err) < 0)
		return -1;
	root = cli_tree_make(&gathered, targets, call->word_count, call->flags.all_namespaces,
		clock_wall(), call->arena);
	if (root->first == NULL)
		fprintf(stderr, "No checkpoints, schedules or requests found%s%.*s.\n",
			session->scope.size > 0 ? " in namespace " : "", STR_ARG(session->scope));
	cli_branch_write(&out, root, cli_has_colours(STDOUT_FILENO));
	return cli_print(&out, err);
}

static const struct option_row tree_flags[] = {CLI_FLAG_ALL_NAMESPACES};

const struct cli_command cli_tree_command = {
	.name = "tree",
	.arguments = "[WORKLOAD ...]",
	.summary = "Draws workloads with their schedules, requests, checkpoints and restores",
	.description =
		"Draws what there is about checkpoints as a tree: the workload, its schedules, the "
		"requests of these, the checkpoints that came of them, the requests to restore "
		"these, and how often a container was restored from each. Requests that were made "
		"by hand stand directly below the workload, and so do those to restore a "
		"checkpoint that is gone or not chosen yet. What is newest stands first.",
	.examples = "# all of the namespace\n"
		    "kubectl kcr tree\n"
		    "# one workload\n"
		    "kubectl kcr tree deploy/web",
	.flags = tree_flags,
	.flag_count = array_size(tree_flags),
	.words = CLI_WORDS_WORKLOADS,
	.most_words = SIZE_MAX,
	.run = tree_run,
};
