/* `prune`. The rule is the user's; that the last way back stays is ours. */
#include "cli/prune.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "cli/checkpoints.h"
#include "cli/follow.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/session.h"
#include "sys/clock.h"

static int prune_compare(const void *left, const void *right)
{
	const struct cli_prune_item *a = left;
	const struct cli_prune_item *b = right;

	return cli_checkpoint_compare(a->checkpoint, b->checkpoint);
}

static bool prune_is_same_container(const struct api_checkpoint *a, const struct api_checkpoint *b)
{
	return a->spec.pod != NULL && b->spec.pod != NULL &&
		str_equal(a->metadata.namespace, b->metadata.namespace) &&
		str_equal(a->spec.pod->name, b->spec.pod->name) &&
		str_equal(a->spec.container_name, b->spec.container_name);
}

static bool prune_is_restorable(const struct api_checkpoint *checkpoint)
{
	return api_condition_is_true(&checkpoint->status.conditions, API_CONDITION_RESTORABLE);
}

static enum cli_prune_why prune_judge(const struct api_checkpoint *checkpoint, int64_t place,
	const struct cli_prune_rule *rule, struct wall_time now)
{
	int64_t age_ms = (now.us - cli_checkpoint_time(checkpoint).us) / 1000;

	if (api_checkpoint_phase(checkpoint) == API_CHECKPOINT_FAILED)
		return rule->takes_failed ? CLI_PRUNE_FAILED : CLI_PRUNE_STAYS;
	if (api_checkpoint_phase(checkpoint) != API_CHECKPOINT_IMAGE_BUILT)
		return CLI_PRUNE_STAYS;
	if (rule->keep >= 0 && place >= rule->keep)
		return CLI_PRUNE_SURPLUS;
	if (rule->older_than_ms > 0 && age_ms > rule->older_than_ms)
		return CLI_PRUNE_OLD;
	return CLI_PRUNE_STAYS;
}

void cli_prune_mark(struct cli_prune_item *items, size_t count, const struct cli_prune_rule *rule,
	struct wall_time now)
{
	int64_t place = 0; /* among the complete ones of its container, the newest is 0 */
	bool has_restorable = false;

	if (count > 1)
		qsort(items, count, sizeof(*items), prune_compare);
	for (size_t i = 0; i < count; i++) {
		const struct api_checkpoint *checkpoint = items[i].checkpoint;
		bool is_last_way_back;
		if (i == 0 || !prune_is_same_container(items[i - 1].checkpoint, checkpoint)) {
			place = 0;
			has_restorable = false;
		}
		items[i].why = CLI_PRUNE_STAYS;
		if (wall_time_is_set(checkpoint->metadata.deleted))
			continue;
		is_last_way_back = prune_is_restorable(checkpoint) && !has_restorable;
		has_restorable = has_restorable || is_last_way_back;
		if (!is_last_way_back)
			items[i].why = prune_judge(checkpoint, place, rule, now);
		place += api_checkpoint_phase(checkpoint) == API_CHECKPOINT_IMAGE_BUILT ? 1 : 0;
	}
}

/* ---- The command ---- */

enum prune_column {
	PRUNE_NAMESPACE,
	PRUNE_NAME,
	PRUNE_WORKLOAD,
	PRUNE_POD,
	PRUNE_CONTAINER,
	PRUNE_AGE,
	PRUNE_SIZE,
	PRUNE_WHY,
	PRUNE_COLUMNS,
};

static const struct cli_column prune_columns[PRUNE_COLUMNS] = {
	{"NAMESPACE", false, ""},
	{"NAME", false, ""},
	{"WORKLOAD", false, ""},
	{"POD", false, ""},
	{"CONTAINER", false, ""},
	{"AGE", false, ""},
	{"SIZE", false, ""},
	{"WHY", false, ""},
};

static void prune_add_row(
	struct cli_table *table, const struct cli_prune_item *item, struct wall_time now)
{
	static const char *const texts[] = {
		[CLI_PRUNE_STAYS] = "",
		[CLI_PRUNE_SURPLUS] = "newer ones are kept",
		[CLI_PRUNE_OLD] = "too old",
		[CLI_PRUNE_FAILED] = "failed",
	};
	size_t first = PRUNE_COLUMNS - table->column_count;
	struct cli_cell own[CLI_CKP_COLUMNS];
	struct cli_cell cells[PRUNE_COLUMNS];

	cli_checkpoint_cells(item->checkpoint, now, table->arena, own);
	for (size_t i = PRUNE_NAMESPACE; i <= PRUNE_SIZE; i++)
		cells[i] = own[CLI_CKP_NAMESPACE + i];
	cells[PRUNE_WHY] = cli_cell_text(str_of(texts[item->why]));
	cli_table_add(table, cells + first, NULL);
}

/*
 * Together, the fetches in the order of the items that go; those that are gone meanwhile count
 * as deleted. Ctrl-C comes too late then: what was deleted must be told.
 */
static int prune_delete(struct cli_session *session, const struct cli_prune_item *items,
	size_t count, struct cli_fetch *fetches, struct error *err)
{
	size_t used = 0;
	autofollow follow = {0};
	int result = cli_follow_start(&follow, session, err);

	for (size_t i = 0; i < count; i++)
		if (items[i].why != CLI_PRUNE_STAYS)
			fetches[used++].request = (struct kube_request){
				.verb = KUBE_DELETE,
				.resource = &cli_checkpoint_kind.resource,
				.namespace = items[i].checkpoint->metadata.namespace,
				.name = items[i].checkpoint->metadata.name,
				.uid = items[i].checkpoint->metadata.uid,
				.absent_is_fine = true,
			};
	if (result == 0)
		result = cli_fetch_all(session, fetches, used, err);
	for (size_t i = 0; i < used; i++)
		cli_fetch_done(&fetches[i]);
	return result;
}

struct prune_sum {
	size_t gone;
	size_t failed;
	int64_t bytes;
};

/* Rows of those that are gone, or would be. */
static struct prune_sum prune_add_rows(struct cli_table *table, const struct cli_prune_item *items,
	size_t count, const struct cli_fetch *fetches)
{
	struct prune_sum sum = {0};
	struct wall_time now = clock_wall();

	for (size_t i = 0; i < count; i++) {
		if (items[i].why == CLI_PRUNE_STAYS)
			continue;
		if (fetches++->error.kind != ERROR_NONE) {
			sum.failed++;
			continue;
		}
		prune_add_row(table, &items[i], now);
		sum.gone++;
		sum.bytes += items[i].checkpoint->status.size_bytes;
	}
	return sum;
}

static void prune_tell(const struct cli_call *call, const struct prune_sum *sum, size_t count)
{
	struct str bytes = cli_bytes_text(call->arena, sum->bytes);

	fprintf(stderr, "%zu of %zu checkpoints %s, %.*s", sum->gone, count,
		call->flags.is_dry_run ? "would be deleted (dry run)" : "deleted", STR_ARG(bytes));
	if (sum->failed > 0)
		fprintf(stderr, "; %zu could not be", sum->failed);
	fprintf(stderr, ".\n");
}

/* When some cannot be deleted, what has gone already is told nevertheless. */
static int prune_carry_out(struct cli_session *session, const struct cli_prune_item *items,
	size_t count, struct error *err)
{
	struct cli_call *call = session->call;
	size_t first = call->flags.all_namespaces ? PRUNE_NAMESPACE : PRUNE_NAME;
	struct cli_table table = cli_table_make(call, prune_columns + first, PRUNE_COLUMNS - first);
	struct cli_fetch *fetches = arena_zeroed(call->arena, count + 1, sizeof(*fetches));
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct prune_sum sum;
	struct error
		ignored; /* that some are still there matters more than that a pipe is closed */
	int result = call->flags.is_dry_run ? 0 : prune_delete(session, items, count, fetches, err);

	sum = prune_add_rows(&table, items, count, fetches);
	if (result < 0 && sum.failed == 0)
		return -1; /* the server was asked for nothing */
	if (sum.gone > 0)
		cli_table_write(&table, &out);
	if (cli_print(&out, result < 0 ? &ignored : err) < 0)
		result = -1;
	prune_tell(call, &sum, count);
	return result;
}

static int prune_select(struct cli_call *call, const struct cli_objects *objects,
	struct cli_prune_item *items, size_t *count, struct error *err)
{
	const struct api_checkpoint *checkpoints = objects->items;

	for (size_t i = 0; i < objects->count; i++) {
		bool is_wanted = call->word_count == 0;
		for (size_t j = 0; j < call->word_count && !is_wanted; j++) {
			struct cli_target target;
			if (cli_target_parse(call->words[j], NULL, &target, err) < 0)
				return -1;
			is_wanted = cli_checkpoint_is_of(&checkpoints[i], &target);
		}
		if (is_wanted)
			items[(*count)++].checkpoint = &checkpoints[i];
	}
	return 0;
}

static int prune_run(struct cli_call *call, struct error *err)
{
	const struct cli_prune_rule rule = {
		.keep = call->flags.keep,
		.older_than_ms = call->flags.older_than_ms,
		.takes_failed = call->flags.failed,
	};
	autosession *session = NULL;
	autofetch fetch = {0};
	struct cli_objects objects;
	struct cli_prune_item *items;
	size_t count = 0;

	if (rule.keep < 0 && rule.older_than_ms == 0 && !rule.takes_failed)
		return error_set(err, ERROR_INVALID,
			"say what is to go: --keep=NUMBER, --older-than=DURATION, or --failed");
	if (cli_session_open(call, &session, err) < 0)
		return -1;
	fetch = cli_fetch_list(session, &cli_checkpoint_kind);
	fetch.request.label_selector = str_of(call->flags.selector);
	if (cli_fetch_all(session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_checkpoint_kind, call->arena, &objects, err) < 0)
		return -1;
	items = arena_zeroed(call->arena, objects.count + 1, sizeof(*items));
	if (prune_select(call, &objects, items, &count, err) < 0)
		return -1;
	cli_prune_mark(items, count, &rule, clock_wall());
	return prune_carry_out(session, items, count, err);
}

static const struct option_row prune_flags[] = {
	{.name = "keep",
		.type = OPTION_NUMBER,
		.offset = offsetof(struct cli_flags, keep),
		.argument = "NUMBER",
		.help = "How many complete checkpoints stay of each container of each Pod; -1: "
			"all.",
		.minimum = -1,
		.maximum = 1000000},
	{.name = "older-than",
		.type = OPTION_DURATION,
		.offset = offsetof(struct cli_flags, older_than_ms),
		.argument = "DURATION",
		.help = "Deletes those that were taken longer ago, such as 48h."},
	{.name = "failed",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, failed),
		.help = "Deletes those that failed."},
	{.name = "dry-run",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, is_dry_run),
		.help = "Only prints what would be deleted."},
	CLI_FLAG_ALL_NAMESPACES,
	CLI_FLAG_SELECTOR("checkpoints"),
	CLI_FLAG_NO_HEADERS,
};

const struct cli_command cli_prune_command = {
	.name = "prune",
	.arguments = "[WORKLOAD ...]",
	.summary = "Deletes checkpoints that are too many, too old, or failed",
	.description =
		"Deletes checkpoints of the namespace or of the workloads that are named, and what "
		"the nodes keep of them. Of each container the newest that is restorable stays in "
		"any case, and what is not complete yet. Schedules prune what they take by "
		"themselves (spec.retention); this is for what was taken by hand, and for making "
		"room.",
	.examples = "# what would go, if two of each container stayed?\n"
		    "kubectl kcr prune --keep=2 --dry-run\n"
		    "# make room\n"
		    "kubectl kcr prune --older-than=48h --failed",
	.flags = prune_flags,
	.flag_count = array_size(prune_flags),
	.words = CLI_WORDS_WORKLOADS,
	.most_words = SIZE_MAX,
	.run = prune_run,
};
