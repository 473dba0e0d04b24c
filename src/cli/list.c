/* `list`: the checkpoints of a namespace, of a workload, or by name. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/checkpoints.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/watch.h"
#include "sys/clock.h"

/* A Checkpoint and what it was decoded from. */
struct list_item {
	const struct api_checkpoint *checkpoint;
	const struct json *raw;
};

struct list {
	struct cli_call *call;
	struct cli_target *targets; /* of the words; none: all */
	size_t target_count;
	struct list_item *items;
	size_t count;
};

static int list_read_words(struct list *list, struct error *err)
{
	const struct cli_call *call = list->call;

	list->targets = arena_zeroed(call->arena, call->word_count + 1, sizeof(*list->targets));
	for (size_t i = 0; i < call->word_count; i++)
		if (cli_target_parse(call->words[i], &cli_checkpoint_kind, &list->targets[i], err) <
			0)
			return -1;
	list->target_count = call->word_count;
	return 0;
}

static bool list_wants(const struct list *list, const struct api_checkpoint *checkpoint)
{
	for (size_t i = 0; i < list->target_count; i++)
		if (cli_checkpoint_is_of(checkpoint, &list->targets[i]))
			return true;
	return list->target_count == 0;
}

static int list_compare(const void *left, const void *right)
{
	const struct list_item *a = left;
	const struct list_item *b = right;

	return cli_checkpoint_compare(a->checkpoint, b->checkpoint);
}

static void list_take(struct list *list, const struct cli_objects *objects)
{
	const struct api_checkpoint *checkpoints = objects->items;

	list->items = arena_zeroed(list->call->arena, objects->count + 1, sizeof(*list->items));
	for (size_t i = 0; i < objects->count; i++)
		if (list_wants(list, &checkpoints[i]))
			list->items[list->count++] =
				(struct list_item){&checkpoints[i], objects->raw[i]};
	if (list->count > 1)
		qsort(list->items, list->count, sizeof(*list->items), list_compare);
}

/* A checkpoint that was asked for by its name has to be there. */
static int list_check_names(
	const struct list *list, const struct cli_session *session, struct error *err)
{
	for (size_t i = 0; i < list->target_count; i++) {
		const struct cli_target *target = &list->targets[i];
		bool is_there = target->kind != &cli_checkpoint_kind;
		for (size_t j = 0; j < list->count && !is_there; j++)
			is_there = cli_checkpoint_is_of(list->items[j].checkpoint, target);
		if (!is_there)
			return error_set(err, ERROR_ABSENT,
				"there is no checkpoint '%.*s' in namespace '%.*s'; 'kubectl kcr "
				"list' shows those there are",
				STR_ARG(target->name), STR_ARG(session->namespace));
	}
	return 0;
}

/* Whatever is printed comes from the table's rows, for these are sorted. */
static int list_fill(struct list *list, struct cli_table *table, struct error *err)
{
	struct cli_call *call = list->call;
	size_t first = CLI_CKP_COLUMNS - table->column_count;
	struct wall_time now = clock_wall();

	for (size_t i = 0; i < list->count; i++) {
		struct cli_cell cells[CLI_CKP_COLUMNS];
		cli_checkpoint_cells(list->items[i].checkpoint, now, call->arena, cells);
		cli_table_add(table, cells + first, list->items[i].raw);
	}
	return call->flags.sort_by != NULL ? cli_table_sort(table, call->flags.sort_by, err) : 0;
}

static int list_write(struct list *list, struct buf *out, struct error *err)
{
	struct cli_call *call = list->call;
	struct str format = str_of(call->flags.output);
	size_t first = call->flags.all_namespaces ? CLI_CKP_NAMESPACE : CLI_CKP_NAME;
	struct cli_table table =
		cli_table_make(call, cli_checkpoint_columns + first, CLI_CKP_COLUMNS - first);
	const struct json **raw = arena_zeroed(call->arena, list->count + 1, sizeof(*raw));
	bool is_one = list->target_count == 1 && list->targets[0].kind == &cli_checkpoint_kind;

	if (list_fill(list, &table, err) < 0)
		return -1;
	for (size_t i = 0; i < table.count; i++)
		raw[i] = table.rows[i].raw;
	if (str_is(format, "json"))
		cli_write_json(out, raw, table.count, is_one);
	else if (str_is(format, "yaml"))
		return cli_write_yaml(out, raw, table.count, is_one, err);
	else if (str_is(format, "name"))
		for (size_t i = 0; i < table.count; i++)
			cli_write_name(out, &cli_checkpoint_kind,
				json_str(json_at(raw[i], "metadata", "name", NULL)));
	else if (table.count > 0)
		cli_table_write(&table, out);
	return 0;
}

static int list_once(struct list *list, struct cli_session *session, struct error *err)
{
	autofetch fetch = cli_fetch_list(session, &cli_checkpoint_kind);
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct cli_objects objects;

	fetch.request.label_selector = str_of(list->call->flags.selector);
	if (cli_fetch_all(session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_checkpoint_kind, list->call->arena, &objects, err) <
			0)
		return -1;
	list_take(list, &objects);
	if (list_check_names(list, session, err) < 0 || list_write(list, &out, err) < 0)
		return -1;
	if (list->count == 0 && session->scope.size > 0)
		fprintf(stderr, "No checkpoints found in namespace %.*s.\n",
			STR_ARG(session->namespace));
	else if (list->count == 0)
		fprintf(stderr, "No checkpoints found.\n");
	return cli_print(&out, err);
}

/* ---- --watch ---- */

/* A line for each change; whoever reads them in a script asks for names. */
static void list_write_change(
	void *context, const struct kube_object *object, struct cli_table *table, struct buf *out)
{
	struct list *list = context;
	const struct api_checkpoint *checkpoint = object->view;
	size_t first = CLI_CKP_COLUMNS - table->column_count;
	struct cli_cell cells[CLI_CKP_COLUMNS];

	if (!list_wants(list, checkpoint))
		return;
	if (str_is(str_of(list->call->flags.output), "name")) {
		cli_write_name(out, &cli_checkpoint_kind, checkpoint->metadata.name);
		return;
	}
	cli_checkpoint_cells(checkpoint, clock_wall(), table->arena, cells);
	cli_table_add(table, cells + first, NULL);
}

static int list_watch(struct list *list, struct cli_session *session, struct error *err)
{
	const struct cli_flags *flags = &list->call->flags;
	size_t first = flags->all_namespaces ? CLI_CKP_NAMESPACE : CLI_CKP_NAME;
	const struct cli_watch_options options = {
		.kind = &cli_checkpoint_kind,
		.columns = cli_checkpoint_columns + first,
		.column_count = CLI_CKP_COLUMNS - first,
		.label_selector = str_of(flags->selector),
		.write = list_write_change,
		.context = list,
	};

	if (str_is(str_of(flags->output), "json") || str_is(str_of(flags->output), "yaml"))
		return error_set(err, ERROR_UNSUPPORTED,
			"--watch prints tables and names only; 'kubectl get ckp --watch -o %s' "
			"prints objects",
			flags->output);
	return cli_watch(session, &options, err);
}

static int list_run(struct cli_call *call, struct error *err)
{
	struct list list = {.call = call};
	autosession *session = NULL;

	if (list_read_words(&list, err) < 0 || cli_session_open(call, &session, err) < 0)
		return -1;
	if (call->flags.watch)
		return list_watch(&list, session, err);
	return list_once(&list, session, err);
}

static const struct option_row list_flags[] = {
	CLI_FLAG_ALL_NAMESPACES,
	CLI_FLAG_SELECTOR("checkpoints"),
	CLI_FLAG_OUTPUT,
	CLI_FLAG_SORT_BY,
	CLI_FLAG_NO_HEADERS,
	CLI_FLAG_WATCH,
};

const struct cli_command cli_list_command = {
	.name = "list",
	.alias = "ls",
	.arguments = "[WORKLOAD|CHECKPOINT ...]",
	.summary = "Lists checkpoints, and whether they would be restored",
	.description =
		"Lists the checkpoints of the namespace, or those of the workloads and Pods that "
		"are named; a name alone is a checkpoint's. The newest of a container comes "
		"first.\n"
		"RESTORABLE says whether a container that fails now would come back from it, "
		"REASON why, or why not.",
	.examples = "# all of the namespace\n"
		    "kubectl kcr list\n"
		    "# those of a Deployment, the largest first\n"
		    "kubectl kcr list deploy/web --sort-by=-size\n"
		    "# of all namespaces, with what has changed since\n"
		    "kubectl kcr list -A --watch",
	.flags = list_flags,
	.flag_count = array_size(list_flags),
	.words = CLI_WORDS_OBJECTS,
	.most_words = SIZE_MAX,
	.run = list_run,
};
