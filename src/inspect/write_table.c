/* One section after the other, each a table; sections without rows are left out. */
#include "inspect/report.h"
#include "inspect/text.h"

static void table_begin(const char *title, struct buf *out)
{
	buf_printf(out, "%s%s\n", out->size > 0 ? "\n" : "", title);
}

/* "NAME  VALUE", when there is a value. */
static void table_pair(struct inspect_columns *columns, const char *name, struct str value)
{
	if (value.size == 0)
		return;
	inspect__cell_text(columns, name);
	inspect__cell(columns, value);
	inspect__row(columns);
}

static void table_time(struct inspect_columns *columns, const char *name, struct wall_time time)
{
	char text[TIME_TEXT_SIZE];

	if (!wall_time_is_set(time))
		return;
	wall_time_format(time, text);
	table_pair(columns, name, str_of(text));
}

static void table_duration(struct inspect_columns *columns, const char *name, int64_t us)
{
	char text[INSPECT_SIZE_TEXT];

	if (us == 0)
		return;
	inspect__format_duration(us, text);
	table_pair(columns, name, str_of(text));
}

static void table_number(struct inspect_columns *columns, const char *name, int64_t number)
{
	if (number == 0)
		return;
	inspect__cell_text(columns, name);
	inspect__cell_number(columns, number);
	inspect__row(columns);
}

static void table_size(struct inspect_columns *columns, const char *name, int64_t bytes)
{
	inspect__cell_text(columns, name);
	inspect__cell_size(columns, bytes);
	inspect__row(columns);
}

static void table_write_container(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_container *container = &report->container;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	table_begin("CHECKPOINT", out);
	table_pair(&columns, "Source", report->source);
	table_pair(&columns, "Namespace", container->pod_namespace);
	table_pair(&columns, "Pod", container->pod_name);
	table_pair(&columns, "Container", container->name);
	table_pair(&columns, "Container ID", container->id);
	table_pair(&columns, "Image", container->image);
	table_pair(&columns, "Engine", container->engine);
	table_pair(&columns, "Runtime", container->runtime);
	table_pair(&columns, "Host name", container->host_name);
	table_time(&columns, "Created", container->created);
	table_time(&columns, "Checkpointed", container->checkpointed);
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_dump(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_dump *dump = &report->dump;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	table_begin("DUMP", out);
	table_pair(&columns, "CRIU", dump->criu_version);
	table_number(&columns, "Image version", dump->image_version);
	table_pair(&columns, "Architecture", dump->architecture);
	table_pair(&columns, "Security module", dump->security_module);
	table_duration(&columns, "Freezing", dump->freezing_us);
	table_duration(&columns, "Frozen", dump->frozen_us);
	table_duration(&columns, "Memory dump", dump->memory_dump_us);
	table_duration(&columns, "Memory write", dump->memory_write_us);
	table_number(&columns, "Pages scanned", dump->pages_scanned);
	table_number(&columns, "Pages written", dump->pages_written);
	table_number(&columns, "Pages in parent", dump->pages_in_parent);
	table_number(&columns, "Shared pages written", dump->shared_pages_written);
	table_number(&columns, "Seccomp filters", dump->seccomp_filters);
	table_number(&columns, "Files", dump->file_count);
	table_size(&columns, "Size", dump->size_bytes);
	table_size(&columns, "Memory", dump->pages_bytes);
	table_size(&columns, "Changes", dump->changes_bytes);
	table_pair(&columns, "Error", dump->error);
	inspect__columns_write(&columns, "  ", out);
}

static void table_head(struct inspect_columns *columns, const char *const *names)
{
	for (; *names != NULL; names++)
		inspect__cell_text(columns, *names);
	inspect__row(columns);
}

static void table_write_processes(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {
		"PID", "PPID", "UID", "THREADS", "FILES", "DUMPED", "STATE", "COMMAND", NULL};
	const struct inspect_process *processes = report->processes.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->processes.count == 0)
		return;
	table_begin("PROCESSES", out);
	table_head(&columns, head);
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct inspect_process *process = &processes[i];
		autobuf command = BUF_INIT(4 * INSPECT_ARGUMENT_BYTES + 64);
		inspect__add_words(&command, &process->arguments);
		inspect__cell_number(&columns, process->pid);
		inspect__cell_number(&columns, process->parent_pid);
		inspect__cell_number(&columns, process->uid);
		inspect__cell_number(&columns, (int64_t)process->threads.count);
		inspect__cell_number(&columns, (int64_t)process->descriptors.count);
		inspect__cell_size(&columns, process->dumped_bytes);
		inspect__cell(&columns, process->state);
		if (command.size > 0)
			inspect__cell_text(&columns, command.data);
		else
			inspect__cell(&columns, process->name);
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_memory(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {
		"PID", "KIND", "MAPPINGS", "SIZE", "DUMPED", "PARENT", NULL};
	const struct inspect_process *processes = report->processes.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->processes.count == 0)
		return;
	table_begin("MEMORY", out);
	table_head(&columns, head);
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct inspect_memory *kinds = processes[i].memory.items;
		for (size_t k = 0; k < processes[i].memory.count; k++) {
			inspect__cell_number(&columns, processes[i].pid);
			inspect__cell(&columns, kinds[k].kind);
			inspect__cell_number(&columns, kinds[k].count);
			inspect__cell_size(&columns, kinds[k].bytes);
			inspect__cell_size(&columns, kinds[k].dumped_bytes);
			inspect__cell_size(&columns, kinds[k].parent_bytes);
			inspect__row(&columns);
		}
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_shared(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {"ID", "SIZE", "DUMPED", "NAME", NULL};
	const struct inspect_shared_memory *items = report->shared_memory.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->shared_memory.count == 0)
		return;
	table_begin("SHARED MEMORY", out);
	table_head(&columns, head);
	for (size_t i = 0; i < report->shared_memory.count; i++) {
		inspect__cell(&columns, items[i].id);
		inspect__cell_size(&columns, items[i].size_bytes);
		inspect__cell_size(&columns, items[i].dumped_bytes);
		inspect__cell(&columns, items[i].name);
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_process_mappings(const struct inspect_process *process, struct buf *out)
{
	static const char *const head[] = {"START", "END", "PROT", "KIND", "DUMPED", "NAME", NULL};
	const struct inspect_mapping *mappings = process->mappings.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (process->mappings.count == 0)
		return;
	buf_printf(out, "%sMAPPINGS OF %lld\n", out->size > 0 ? "\n" : "", (long long)process->pid);
	table_head(&columns, head);
	for (size_t i = 0; i < process->mappings.count; i++) {
		inspect__cell(&columns, mappings[i].start);
		inspect__cell(&columns, mappings[i].end);
		inspect__cell(&columns, mappings[i].protection);
		inspect__cell(&columns, mappings[i].kind);
		inspect__cell_size(&columns, mappings[i].dumped_bytes);
		inspect__cell(&columns, mappings[i].name);
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_mappings(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_process *processes = report->processes.items;

	for (size_t i = 0; i < report->processes.count; i++)
		table_write_process_mappings(&processes[i], out);
}

static void table_write_files(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {"PID", "FD", "TYPE", "ACCESS", "NAME", NULL};
	const struct inspect_process *processes = report->processes.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	table_head(&columns, head);
	for (size_t i = 0; i < report->processes.count; i++) {
		const struct inspect_descriptor *files = processes[i].descriptors.items;
		for (size_t k = 0; k < processes[i].descriptors.count; k++) {
			inspect__cell_number(&columns, processes[i].pid);
			inspect__cell_number(&columns, files[k].number);
			inspect__cell(&columns, files[k].type);
			inspect__cell(&columns, files[k].access);
			buf_add_text(&columns.cells, files[k].name.size == 0 ? "-" : "");
			inspect_add_escaped(&columns.cells, files[k].name);
			inspect__cell_text(&columns, files[k].is_deleted ? " (deleted)" : "");
			inspect__row(&columns);
		}
	}
	table_begin("FILES", out);
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_sockets(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {
		"FAMILY", "TYPE", "PROTOCOL", "STATE", "LOCAL", "REMOTE", NULL};
	const struct inspect_socket *sockets = report->sockets.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->sockets.count == 0)
		return;
	table_begin("SOCKETS", out);
	table_head(&columns, head);
	for (size_t i = 0; i < report->sockets.count; i++) {
		inspect__cell(&columns, sockets[i].family);
		inspect__cell(&columns, sockets[i].type);
		inspect__cell(&columns, sockets[i].protocol);
		inspect__cell(&columns, sockets[i].state);
		inspect__cell(&columns, sockets[i].local);
		inspect__cell(&columns, sockets[i].remote);
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_mounts(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {"TARGET", "TYPE", "SOURCE", "ACCESS", "MADE BY", NULL};
	const struct inspect_mount *mounts = report->mounts.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->mounts.count == 0)
		return;
	table_begin("MOUNTS", out);
	table_head(&columns, head);
	for (size_t i = 0; i < report->mounts.count; i++) {
		inspect__cell(&columns, mounts[i].target);
		inspect__cell(&columns, mounts[i].type);
		inspect__cell(&columns, mounts[i].source);
		inspect__cell_text(&columns, mounts[i].is_read_only ? "ro" : "rw");
		inspect__cell_text(&columns, mounts[i].is_external ? "engine" : "CRIU");
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_environment(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_process *processes = report->processes.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	for (size_t i = 0; i < report->processes.count; i++) {
		const struct inspect_variable *variables = processes[i].environment.items;
		for (size_t k = 0; k < processes[i].environment.count; k++) {
			inspect__cell_number(&columns, processes[i].pid);
			inspect__cell(&columns, variables[k].name);
			inspect__cell(&columns, variables[k].value);
			inspect__row(&columns);
		}
	}
	if (columns.cells.size == 0)
		return;
	table_begin("ENVIRONMENT", out);
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_changes(const struct inspect_report *report, struct buf *out)
{
	static const char *const head[] = {"TYPE", "MODE", "SIZE", "PATH", NULL};
	const struct inspect_change *changes = report->changes.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->changes.count == 0)
		return;
	table_begin("FILE SYSTEM CHANGES", out);
	table_head(&columns, head);
	for (size_t i = 0; i < report->changes.count; i++) {
		inspect__cell(&columns, changes[i].type);
		inspect__cell(&columns, changes[i].mode);
		inspect__cell_size(&columns, changes[i].size_bytes);
		inspect_add_escaped(&columns.cells, changes[i].path);
		buf_add_text(&columns.cells, changes[i].target.size > 0 ? " -> " : "");
		inspect_add_escaped(&columns.cells, changes[i].target);
		inspect__cell_text(&columns, "");
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_annotations(const struct inspect_report *report, struct buf *out)
{
	const struct json_pair *annotations = report->annotations.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	if (report->annotations.count == 0)
		return;
	table_begin("ANNOTATIONS", out);
	for (size_t i = 0; i < report->annotations.count; i++) {
		inspect__cell(&columns, annotations[i].key);
		inspect__cell(&columns, annotations[i].value);
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_obstacles(const struct inspect_report *report, struct buf *out)
{
	const struct inspect_obstacle *obstacles = report->obstacles.items;
	autocolumns columns = INSPECT_COLUMNS_INIT;

	table_begin("RESTORE", out);
	if (report->obstacles.count == 0)
		buf_add_text(out, "  Nothing in the images stands against it.\n");
	for (size_t i = 0; i < report->obstacles.count; i++) {
		inspect__cell_text(&columns, obstacles[i].is_fatal ? "prevents" : "loses");
		inspect__cell(&columns, obstacles[i].reason);
		inspect__cell(&columns, obstacles[i].subject);
		inspect__cell(&columns, obstacles[i].text);
		inspect__row(&columns);
	}
	inspect__columns_write(&columns, "  ", out);
}

static void table_write_texts(const char *title, const struct json_strings *texts, struct buf *out)
{
	if (texts->count == 0)
		return;
	table_begin(title, out);
	for (size_t i = 0; i < texts->count; i++) {
		buf_add_text(out, "  ");
		inspect_add_escaped(out, texts->items[i]);
		buf_add_byte(out, '\n');
	}
}

struct table_section {
	enum inspect_part part;
	void (*write)(const struct inspect_report *report, struct buf *out);
};

static const struct table_section table_sections[] = {
	{INSPECT_PART_CONTAINER, table_write_container},
	{INSPECT_PART_DUMP, table_write_dump},
	{INSPECT_PART_PROCESSES, table_write_processes},
	{INSPECT_PART_MEMORY, table_write_memory},
	{INSPECT_PART_MEMORY, table_write_shared},
	{INSPECT_PART_MEMORY, table_write_mappings},
	{INSPECT_PART_FILES, table_write_files},
	{INSPECT_PART_SOCKETS, table_write_sockets},
	{INSPECT_PART_MOUNTS, table_write_mounts},
	{INSPECT_PART_ENVIRONMENT, table_write_environment},
	{INSPECT_PART_CHANGES, table_write_changes},
	{INSPECT_PART_ANNOTATIONS, table_write_annotations},
	{INSPECT_PART_RESTORE, table_write_obstacles},
};

void inspect_write_table(const struct inspect_report *report, unsigned parts, struct buf *out)
{
	for (size_t i = 0; i < array_size(table_sections); i++)
		if ((table_sections[i].part & parts) != 0)
			table_sections[i].write(report, out);
	table_write_texts("COULD NOT BE READ", &report->problems, out);
	table_write_texts("UNKNOWN TO THIS VERSION", &report->unknown, out);
}
