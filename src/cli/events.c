/* `events`: what KCR has said, the newest last. */
#include <stdio.h>
#include <stdlib.h>

#include "cli/about.h"
#include "cli/event.h"
#include "cli/live.h"
#include "cli/output.h"
#include "cli/rows.h"
#include "cli/watch.h"
#include "sys/clock.h"

struct events {
	struct cli_call *call;
	struct cli_target *targets;
	struct cli_gathered gathered; /* whose the objects are; empty when all are wanted */
	struct cli_live *live; /* the same, for --watch */
};

static bool events_wants(const struct events *events, const struct cli_event *event)
{
	const struct cli_gathered *gathered =
		events->live != NULL ? cli_live_look(events->live) : &events->gathered;

	if (!cli_event_is_ours(event))
		return false;
	for (size_t i = 0; i < events->call->word_count; i++)
		if (cli_is_about(gathered, &event->regarding, event->metadata.namespace,
			    &events->targets[i]))
			return true;
	return events->call->word_count == 0;
}

static void events_write_change(
	void *context, const struct kube_object *object, struct cli_table *table, struct buf *out)
{
	const struct events *events = context;
	const struct cli_event *event = object->view;
	size_t first = CLI_EVENT_COLUMNS - table->column_count;
	struct cli_cell cells[CLI_EVENT_COLUMNS];

	(void)out;
	if (!events_wants(events, event))
		return;
	cli_event_cells(event, clock_wall(), table->arena, cells);
	cli_table_add(table, cells + first, NULL);
}

static int events_watch(struct events *events, struct cli_session *session, struct error *err)
{
	size_t first = events->call->flags.all_namespaces ? CLI_EVENT_NAMESPACE : CLI_EVENT_AGE;
	const struct cli_watch_options options = {
		.kind = &cli_event_kind,
		.columns = cli_event_columns + first,
		.column_count = CLI_EVENT_COLUMNS - first,
		.write = events_write_change,
		.context = events,
	};
	autolive *live = NULL;

	if (events->call->word_count > 0) {
		live = cli_live_new(session, CLI_ABOUT_PARTS, NULL, NULL);
		if (cli_live_wait(live, err) < 0)
			return -1;
	}
	events->live = live;
	return cli_watch(session, &options, err);
}

static int events_once(struct events *events, struct cli_session *session, struct error *err)
{
	struct cli_call *call = events->call;
	size_t first = call->flags.all_namespaces ? CLI_EVENT_NAMESPACE : CLI_EVENT_AGE;
	autofetch fetch = cli_fetch_list(session, &cli_event_kind);
	autobuf out = BUF_INIT(CLI_OUTPUT_BYTES);
	struct cli_table table =
		cli_table_make(call, cli_event_columns + first, CLI_EVENT_COLUMNS - first);
	struct cli_objects objects;
	const struct cli_event *items;

	if (call->word_count > 0 &&
		cli_gather(session, CLI_ABOUT_PARTS, &events->gathered, err) < 0)
		return -1;
	if (cli_fetch_all(session, &fetch, 1, err) < 0 ||
		cli_fetch_decode(&fetch, &cli_event_kind, call->arena, &objects, err) < 0)
		return -1;
	items = objects.items;
	for (size_t i = 0; i < objects.count; i++) {
		struct cli_cell cells[CLI_EVENT_COLUMNS];
		if (!events_wants(events, &items[i]))
			continue;
		cli_event_cells(&items[i], clock_wall(), call->arena, cells);
		cli_table_add(&table, cells + first, objects.raw[i]);
	}
	if (cli_table_sort(&table, "-LAST SEEN", err) < 0)
		return -1;
	if (table.count > 0)
		cli_table_write(&table, &out);
	else
		fprintf(stderr, "No events of KCR found.\n");
	return cli_print(&out, err);
}

static int events_run(struct cli_call *call, struct error *err)
{
	struct events events = {.call = call};
	autosession *session = NULL;
	int result;

	events.targets = arena_zeroed(call->arena, call->word_count + 1, sizeof(*events.targets));
	for (size_t i = 0; i < call->word_count; i++)
		if (cli_target_parse(
			    call->words[i], &cli_checkpoint_kind, &events.targets[i], err) < 0)
			return -1;
	if (cli_session_open(call, &session, err) < 0)
		return -1;
	result = call->flags.watch ? events_watch(&events, session, err)
				   : events_once(&events, session, err);
	cli_gathered_done(&events.gathered);
	return result;
}

static const struct option_row events_flags[] = {
	CLI_FLAG_ALL_NAMESPACES,
	CLI_FLAG_NO_HEADERS,
	CLI_FLAG_WATCH,
};

const struct cli_command cli_events_command = {
	.name = "events",
	.arguments = "[WORKLOAD|CHECKPOINT|schedule/NAME ...]",
	.summary = "Shows what KCR said: taken, restored, failed, and why",
	.description = "Shows the events that KCR's programs wrote, about checkpoints, requests, "
		       "schedules and the Pods whose containers were restored. The newest stands "
		       "last. The API server keeps events for an hour, unless it is told "
		       "otherwise. Those of a workload are about it, its schedules, and its "
		       "Pods with their requests and checkpoints; of a Pod that is gone, as long "
		       "as a checkpoint of it is kept.",
	.examples = "# of the namespace\n"
		    "kubectl kcr events\n"
		    "# of a Deployment and its Pods, as they come\n"
		    "kubectl kcr events deploy/web --watch",
	.flags = events_flags,
	.flag_count = array_size(events_flags),
	.words = CLI_WORDS_OBJECTS,
	.most_words = SIZE_MAX,
	.run = events_run,
};
