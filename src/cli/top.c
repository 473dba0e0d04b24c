/* `top`: a line for each container of each workload; on a terminal kept up to date until Ctrl-C. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cli/checkpoints.h"
#include "cli/live.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/words.h"
#include "sys/clock.h"

enum {
	TOP_PARTS = CLI_GATHER_OURS | 1 << CLI_GATHER_PODS,
	TOP_INTERVAL_MS = 1000,
	TOP_SETTLE_MS = 100, /* what changes together is drawn once */
	TOP_ROWS = 24, /* of a terminal that does not tell */
};

enum top_column {
	TOP_NAMESPACE,
	TOP_WORKLOAD,
	TOP_CONTAINER,
	TOP_COUNT,
	TOP_RESTORABLE,
	TOP_SIZE,
	TOP_NEWEST,
	TOP_FROZEN,
	TOP_LONGEST,
	TOP_RESTORES,
	TOP_NEXT,
	TOP_COLUMNS,
};

static const struct cli_column top_columns[TOP_COLUMNS] = {
	{"NAMESPACE", false, ""},
	{"WORKLOAD", false, ""},
	{"CONTAINER", false, ""},
	{"CHECKPOINTS", false, ""},
	{"RESTORABLE", false, ""},
	{"SIZE", false, ""},
	{"NEWEST", false, ""},
	{"FROZEN", false, ""},
	{"LONGEST", false, ""},
	{"RESTORES", false, ""},
	{"NEXT RUN", false, ""},
};

/* What the checkpoints of one container of a workload come to. */
struct top_sum {
	int64_t count;
	int64_t restorable;
	int64_t bytes;
	int64_t longest_us;
	int64_t restores;
	const struct api_checkpoint *newest;
};

static int top_compare(const void *left, const void *right)
{
	const struct api_checkpoint *a = *(const struct api_checkpoint *const *)left;
	const struct api_checkpoint *b = *(const struct api_checkpoint *const *)right;
	const struct cli_owner a_owner = cli_checkpoint_owner(a);
	const struct cli_owner b_owner = cli_checkpoint_owner(b);
	int order = str_compare(a->metadata.namespace, b->metadata.namespace);

	if (order == 0)
		order = str_compare(a_owner.kind, b_owner.kind);
	if (order == 0)
		order = str_compare(a_owner.name, b_owner.name);
	if (order == 0)
		order = str_compare(a->spec.container_name, b->spec.container_name);
	return order;
}

static void top_count(struct top_sum *sum, const struct api_checkpoint *checkpoint)
{
	const struct api_checkpoint_status *status = &checkpoint->status;

	sum->count++;
	sum->restorable +=
		api_condition_is_true(&status->conditions, API_CONDITION_RESTORABLE) ? 1 : 0;
	sum->bytes += status->size_bytes;
	sum->restores += status->restore_count;
	if (status->frozen_us > sum->longest_us)
		sum->longest_us = status->frozen_us;
	if (sum->newest == NULL || checkpoint->spec.timestamp.us > sum->newest->spec.timestamp.us)
		sum->newest = checkpoint;
}

/* The first run that any schedule of the workload has. */
static struct str top_next_run(const struct cli_gathered *gathered,
	const struct api_checkpoint *checkpoint, struct wall_time now, struct arena *arena)
{
	struct cli_owner wanted = cli_checkpoint_owner(checkpoint);
	size_t count;
	const struct api_schedule *schedules = cli_schedules(gathered, &count);
	struct wall_time first = {0};

	for (size_t i = 0; i < count; i++) {
		struct cli_owner owner = cli_schedule_owner(gathered, &schedules[i]);
		struct wall_time next = schedules[i].status.next_run;
		if (str_equal(owner.kind, wanted.kind) && str_equal(owner.name, wanted.name) &&
			str_equal(
				schedules[i].metadata.namespace, checkpoint->metadata.namespace) &&
			wall_time_is_set(next) && (!wall_time_is_set(first) || next.us < first.us))
			first = next;
	}
	return wall_time_is_set(first) ? cli_when(first, now, arena) : (struct str){0};
}

static void top_add_row(struct cli_table *table, const struct cli_gathered *gathered,
	const struct top_sum *sum, struct wall_time now)
{
	struct arena *arena = table->arena;
	struct cli_cell own[CLI_CKP_COLUMNS];
	struct cli_cell cells[TOP_COLUMNS];

	cli_checkpoint_cells(sum->newest, now, arena, own);
	cells[TOP_NAMESPACE] = own[CLI_CKP_NAMESPACE];
	cells[TOP_WORKLOAD] = own[CLI_CKP_WORKLOAD];
	cells[TOP_CONTAINER] = own[CLI_CKP_CONTAINER];
	cells[TOP_COUNT] = cli_cell_count(arena, sum->count);
	cells[TOP_RESTORABLE] = cli_cell_count(arena, sum->restorable);
	cells[TOP_RESTORABLE].style = sum->restorable > 0 ? CLI_GOOD : CLI_WARNING;
	cells[TOP_SIZE] = cli_cell_bytes(arena, sum->bytes);
	cells[TOP_NEWEST] = own[CLI_CKP_AGE];
	cells[TOP_FROZEN] = own[CLI_CKP_FROZEN];
	cells[TOP_LONGEST] = cli_cell_duration(arena, sum->longest_us);
	cells[TOP_RESTORES] = cli_cell_count(arena, sum->restores);
	cells[TOP_NEXT] = cli_cell_text(top_next_run(gathered, sum->newest, now, arena));
	cli_table_add(table, cells + TOP_COLUMNS - table->column_count, NULL);
}

static void top_fill(
	struct cli_table *table, const struct cli_gathered *gathered, struct wall_time now)
{
	size_t count;
	const struct api_checkpoint *all = cli_checkpoints(gathered, &count);
	const struct api_checkpoint **sorted =
		arena_zeroed(table->arena, count + 1, sizeof(*sorted));
	struct top_sum sum = {0};

	for (size_t i = 0; i < count; i++)
		sorted[i] = &all[i];
	if (count > 1)
		qsort(sorted, count, sizeof(*sorted), top_compare);
	for (size_t i = 0; i < count; i++) {
		top_count(&sum, sorted[i]);
		if (i + 1 < count && top_compare(&sorted[i], &sorted[i + 1]) == 0)
			continue;
		top_add_row(table, gathered, &sum, now);
		sum = (struct top_sum){0};
	}
}

static int top_write(struct cli_session *session, const struct cli_gathered *gathered,
	struct arena *arena, struct buf *out, struct error *err)
{
	struct cli_call *call = session->call;
	size_t first = call->flags.all_namespaces ? TOP_NAMESPACE : TOP_WORKLOAD;
	struct cli_table table = cli_table_make(call, top_columns + first, TOP_COLUMNS - first);

	table.arena = arena;
	top_fill(&table, gathered, clock_wall());
	if (call->flags.sort_by != NULL && cli_table_sort(&table, call->flags.sort_by, err) < 0)
		return -1;
	if (table.count > 0)
		cli_table_write(&table, out);
	return 0;
}

static int top_once(struct cli_session *session, struct error *err)
{
	autogathered gathered = {0};
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);

	if (cli_gather(session, TOP_PARTS, &gathered, err) < 0 ||
		top_write(session, &gathered, session->call->arena, &out, err) < 0)
		return -1;
	if (out.size == 0)
		fprintf(stderr, "No checkpoints found.\n");
	return cli_print(&out, err);
}

/* ---- On a terminal ---- */

struct top_live {
	struct cli_session *session;
	struct cli_live *live;
	struct loop_source *timer; /* of the next drawing */
	bool is_soon; /* it is near, because something has changed */
	struct error error;
};

/* Over what stands there, line by line, so that nothing flickers; what does not fit is cut off. */
static void top_frame(struct buf *out, struct str text, size_t rows)
{
	struct str line;

	buf_add_text(out, "\033[H\033[?7l"); /* home; no wrapping */
	for (size_t i = 0; i + 1 < rows && text.size > 0; i++) {
		(void)str_cut(text, '\n', &line, &text);
		buf_printf(out, "%.*s\033[K\n", STR_ARG(line));
	}
	buf_add_text(out, "\033[J\033[?7h");
}

static size_t top_rows(void)
{
	struct winsize size;
	bool is_known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0;

	return is_known ? size.ws_row : TOP_ROWS;
}

/* Each drawing has an arena of its own: it may go on for days. */
static int top_draw(struct top_live *top, struct error *err)
{
	autoarena *arena = arena_new(4096);
	autobuf text = BUF_INIT(CLI_OUTPUT_BYTES);
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct str trouble = cli_live_trouble(top->live);

	if (trouble.size > 0)
		buf_printf(&text, "Not up to date: %.*s\n", STR_ARG(trouble));
	if (top_write(top->session, cli_live_look(top->live), arena, &text, err) < 0)
		return -1;
	if (text.size == 0)
		buf_add_text(&text, "No checkpoints yet.\n");
	top_frame(&out, buf_str(&text), top_rows());
	return cli_print(&out, err);
}

/* Ages grow without anything changing. */
static void top_is_due(void *context)
{
	struct top_live *top = context;

	top->is_soon = false;
	loop_timer_set(top->timer, TOP_INTERVAL_MS);
	if (top_draw(top, &top->error) < 0)
		loop_stop(top->session->loop);
}

static void top_changed(void *context)
{
	struct top_live *top = context;

	if (!top->is_soon)
		loop_timer_set(top->timer, TOP_SETTLE_MS);
	top->is_soon = true;
}

static int top_run_live(struct cli_session *session, struct error *err)
{
	struct top_live top = {.session = session};
	int result;

	top.timer = loop_timer_new(session->loop, top_is_due, &top);
	top.live = cli_live_new(session, TOP_PARTS, top_changed, &top);
	result = cli_live_wait(top.live, err);
	if (result == 0) {
		loop_timer_set(top.timer, 0);
		result = loop_run(session->loop, err);
	}
	if (result == 0 && top.error.kind != ERROR_NONE) {
		*err = top.error;
		result = -1;
	}
	loop_source_free(top.timer);
	cli_live_free(top.live);
	return result;
}

static int top_run(struct cli_call *call, struct error *err)
{
	autosession *session = NULL;

	if (cli_session_open(call, &session, err) < 0)
		return -1;
	if (!call->flags.once && isatty(STDOUT_FILENO) == 1)
		return top_run_live(session, err);
	return top_once(session, err);
}

static const struct option_row top_flags[] = {
	CLI_FLAG_ALL_NAMESPACES,
	CLI_FLAG_SORT_BY,
	CLI_FLAG_NO_HEADERS,
	{.name = "once",
		.type = OPTION_FLAG,
		.offset = offsetof(struct cli_flags, once),
		.help = "Prints it once, on a terminal, too."},
};

const struct cli_command cli_top_command = {
	.name = "top",
	.arguments = "",
	.summary = "Shows sizes, ages, frozen times and next runs per workload, live",
	.description =
		"Shows for each container of each workload how many checkpoints it has, how many "
		"of them would be restored, what they take together, how old the newest is, how "
		"long the container stood still for it and at most, and when the next is due. On "
		"a terminal it is kept up to date, until Ctrl-C.",
	.examples = "# what takes the most room?\n"
		    "kubectl kcr top --sort-by=-size",
	.flags = top_flags,
	.flag_count = array_size(top_flags),
	.words = CLI_WORDS_NONE,
	.run = top_run,
};
