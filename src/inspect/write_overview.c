/* Several checkpoints, a row each; what is wrong with one stands in the last column. */
#include "inspect/report.h"
#include "inspect/text.h"

/* "default/web/main", as much of it as is known. */
static void overview_add_container(
	struct inspect_columns *columns, const struct inspect_container *container)
{
	const struct str parts[] = {container->pod_namespace, container->pod_name, container->name};
	size_t size = columns->cells.size;

	for (size_t i = 0; i < array_size(parts); i++) {
		if (parts[i].size == 0)
			continue;
		buf_add_text(&columns->cells, columns->cells.size > size ? "/" : "");
		inspect_add_escaped(&columns->cells, parts[i]);
	}
	inspect__cell_text(columns, columns->cells.size > size ? "" : "-");
}

static void overview_add_time(struct inspect_columns *columns, struct wall_time time)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_time_is_set(time)) {
		inspect__cell(columns, STR(""));
		return;
	}
	wall_time_format(time, text);
	inspect__cell_text(columns, text);
}

static void overview_add_report(
	struct inspect_columns *columns, const struct inspect_report *report)
{
	enum { ID_CHARACTERS = 12 }; /* as engines show it */
	const struct inspect_container *container = &report->container;
	struct str id = container->id;

	id.size = id.size > ID_CHARACTERS ? ID_CHARACTERS : id.size;
	overview_add_container(columns, container);
	inspect__cell(columns, container->image);
	inspect__cell(columns, id);
	inspect__cell(columns, container->engine);
	inspect__cell(columns, container->runtime);
	overview_add_time(columns, container->created);
	overview_add_time(columns, container->checkpointed);
	inspect__cell_size(columns, report->dump.size_bytes);
	inspect__cell_size(columns, report->dump.pages_bytes);
	inspect__cell_size(columns, report->dump.changes_bytes);
}

static struct str overview_wrong(const struct inspect_overview *item)
{
	if (item->report == NULL)
		return item->failure;
	return item->report->problems.count > 0 ? item->report->problems.items[0] : STR("");
}

static bool overview_has_wrong(const struct inspect_overview *items, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (overview_wrong(&items[i]).size > 0)
			return true;
	return false;
}

void inspect_write_overview(const struct inspect_overview *items, size_t count, struct buf *out)
{
	static const char *const head[] = {"SOURCE", "CONTAINER", "IMAGE", "ID", "ENGINE",
		"RUNTIME", "CREATED", "CHECKPOINTED", "SIZE", "MEMORY", "CHANGES"};
	bool has_wrong = overview_has_wrong(items, count);
	autocolumns columns = INSPECT_COLUMNS_INIT;

	for (size_t i = 0; i < array_size(head); i++)
		inspect__cell_text(&columns, head[i]);
	if (has_wrong)
		inspect__cell_text(&columns, "WRONG");
	inspect__row(&columns);
	for (size_t i = 0; i < count; i++) {
		inspect__cell(&columns, items[i].source);
		if (items[i].report != NULL)
			overview_add_report(&columns, items[i].report);
		for (size_t k = 1; items[i].report == NULL && k < array_size(head); k++)
			inspect__cell(&columns, STR(""));
		if (has_wrong)
			inspect__cell(&columns, overview_wrong(&items[i]));
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "", out);
}
