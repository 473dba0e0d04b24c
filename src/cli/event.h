/* Events (events.k8s.io/v1) as far as they are shown, and as rows. Pure. */
#ifndef CLI_EVENT_H
#define CLI_EVENT_H

#include <stdbool.h>

#include "api/meta.h"
#include "base/time.h"
#include "cli/table.h"
#include "json/json.h"

struct cli_event_series {
	int64_t count;
	struct wall_time last;
};

struct cli_event {
	struct api_metadata metadata;
	struct wall_time time;
	struct cli_event_series series;
	struct str controller;
	struct api_reference regarding;
	struct str type; /* Normal, Warning */
	struct str reason;
	struct str note;
	struct wall_time old_last; /* of those that came by the older API */
	int64_t old_count;
};

extern const struct json_object cli_event_object;

enum cli_event_column {
	CLI_EVENT_NAMESPACE,
	CLI_EVENT_AGE,
	CLI_EVENT_TYPE,
	CLI_EVENT_REASON,
	CLI_EVENT_OBJECT,
	CLI_EVENT_NOTE,
	CLI_EVENT_COLUMNS,
};

extern const struct cli_column cli_event_columns[CLI_EVENT_COLUMNS];

/* When it was last seen. */
struct wall_time cli_event_time(const struct cli_event *event);

/* Whether it is KCR's: said by one of its programs, or about one of its objects. */
bool cli_event_is_ours(const struct cli_event *event);

void cli_event_cells(const struct cli_event *event, struct wall_time now, struct arena *arena,
	struct cli_cell cells[static CLI_EVENT_COLUMNS]);

#endif
