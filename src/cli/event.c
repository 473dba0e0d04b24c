/* Events that came by core/v1 have their times in other members. */
#include "cli/event.h"

#include <inttypes.h>

#include "cli/kinds.h"

static const struct json_field event_series_fields[] = {
	{.name = "count",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct cli_event_series, count)},
	{.name = "lastObservedTime",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct cli_event_series, last)},
};

static const struct json_object event_series_object =
	JSON_OBJECT_OF("series", struct cli_event_series, event_series_fields);

static const struct json_field event_fields[] = {
	{.name = "metadata",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_event, metadata),
		.object = &api_metadata_object},
	{.name = "eventTime", .type = JSON_FIELD_TIME, .offset = offsetof(struct cli_event, time)},
	{.name = "series",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_event, series),
		.object = &event_series_object},
	{.name = "reportingController",
		.type = JSON_FIELD_STRING,
		.offset = offsetof(struct cli_event, controller)},
	{.name = "regarding",
		.type = JSON_FIELD_OBJECT,
		.offset = offsetof(struct cli_event, regarding),
		.object = &api_reference_object},
	{.name = "type", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_event, type)},
	{.name = "reason", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_event, reason)},
	{.name = "note", .type = JSON_FIELD_STRING, .offset = offsetof(struct cli_event, note)},
	{.name = "deprecatedLastTimestamp",
		.type = JSON_FIELD_TIME,
		.offset = offsetof(struct cli_event, old_last)},
	{.name = "deprecatedCount",
		.type = JSON_FIELD_I64,
		.offset = offsetof(struct cli_event, old_count)},
};

const struct json_object cli_event_object = JSON_OBJECT_OF("Event", struct cli_event, event_fields);

const struct cli_column cli_event_columns[CLI_EVENT_COLUMNS] = {
	[CLI_EVENT_NAMESPACE] = {"NAMESPACE", false, "Its namespace; only with `-A`"},
	[CLI_EVENT_AGE] = {"LAST SEEN", false, "Time since it was said last"},
	[CLI_EVENT_TYPE] = {"TYPE", false, "Normal, or Warning"},
	[CLI_EVENT_REASON] = {"REASON", false, "What happened, in a word"},
	[CLI_EVENT_OBJECT] = {"OBJECT", false, "To which object"},
	[CLI_EVENT_NOTE] = {"MESSAGE", false, "The same for people, and how often it was said"},
};

struct wall_time cli_event_time(const struct cli_event *event)
{
	if (wall_time_is_set(event->series.last))
		return event->series.last;
	if (wall_time_is_set(event->old_last))
		return event->old_last;
	return wall_time_is_set(event->time) ? event->time : event->metadata.created;
}

bool cli_event_is_ours(const struct cli_event *event)
{
	return str_starts_with(event->controller, STR("kcr.io/")) ||
		str_starts_with(event->regarding.api_version, STR(API_GROUP "/"));
}

void cli_event_cells(const struct cli_event *event, struct wall_time now, struct arena *arena,
	struct cli_cell cells[static CLI_EVENT_COLUMNS])
{
	int64_t count = event->series.count > 0 ? event->series.count : event->old_count;
	struct str note = event->note;

	if (count > 1)
		note = arena_printf(arena, "%.*s (%" PRIi64 " times)", STR_ARG(note), count);
	cells[CLI_EVENT_NAMESPACE] = cli_cell_text(event->metadata.namespace);
	cells[CLI_EVENT_AGE] = cli_cell_age(arena, cli_event_time(event), now);
	cells[CLI_EVENT_TYPE] = (struct cli_cell){
		.text = event->type,
		.style = str_is(event->type, "Warning") ? CLI_WARNING : CLI_PLAIN,
	};
	cells[CLI_EVENT_REASON] = cli_cell_text(event->reason);
	cells[CLI_EVENT_OBJECT] = cli_cell_text(cli_owner_text(arena,
		(struct cli_owner){event->regarding.kind, event->regarding.name},
		event->regarding.name));
	cells[CLI_EVENT_NOTE] = cli_cell_text(note);
}
