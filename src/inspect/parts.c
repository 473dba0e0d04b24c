/*
 * Parts of a report: which members of the JSON each of them is, and one process with those below
 * it. A table of fields that is chosen from the whole one writes less than that.
 */
#include <assert.h>

#include "base/map.h"
#include "inspect/build.h"

enum { PARTS_FIELDS = 64 }; /* more than either table has */

/* The member at `offset` is written with any of the parts. */
struct parts_member {
	size_t offset;
	unsigned parts;
};

static const struct parts_member parts_of_report[] = {
	{offsetof(struct inspect_report, container), INSPECT_PART_CONTAINER},
	{offsetof(struct inspect_report, dump), INSPECT_PART_DUMP},
	{offsetof(struct inspect_report, processes),
		INSPECT_PART_PROCESSES | INSPECT_PART_MEMORY | INSPECT_PART_FILES |
			INSPECT_PART_ENVIRONMENT},
	{offsetof(struct inspect_report, sockets), INSPECT_PART_SOCKETS},
	{offsetof(struct inspect_report, shared_memory), INSPECT_PART_MEMORY},
	{offsetof(struct inspect_report, mounts), INSPECT_PART_MOUNTS},
	{offsetof(struct inspect_report, changes), INSPECT_PART_CHANGES},
	{offsetof(struct inspect_report, annotations), INSPECT_PART_ANNOTATIONS},
	{offsetof(struct inspect_report, obstacles), INSPECT_PART_RESTORE},
};

static const struct parts_member parts_of_process[] = {
	{offsetof(struct inspect_process, pid), INSPECT_PART_ALL},
	{offsetof(struct inspect_process, name), INSPECT_PART_ALL},
	{offsetof(struct inspect_process, environment), INSPECT_PART_ENVIRONMENT},
	{offsetof(struct inspect_process, memory_bytes),
		INSPECT_PART_PROCESSES | INSPECT_PART_MEMORY},
	{offsetof(struct inspect_process, dumped_bytes),
		INSPECT_PART_PROCESSES | INSPECT_PART_MEMORY},
	{offsetof(struct inspect_process, memory), INSPECT_PART_MEMORY},
	{offsetof(struct inspect_process, mappings), INSPECT_PART_MEMORY},
	{offsetof(struct inspect_process, descriptors), INSPECT_PART_FILES},
};

/* What is not among `members` is written with any of the parts `others`. */
struct parts_table {
	const struct parts_member *members;
	size_t count;
	unsigned others;
};

static const struct parts_table parts_report_table = {
	parts_of_report, array_size(parts_of_report), INSPECT_PART_ALL};
static const struct parts_table parts_process_table = {
	parts_of_process, array_size(parts_of_process), INSPECT_PART_PROCESSES};

static unsigned parts_of(const struct parts_table *table, size_t offset)
{
	for (size_t i = 0; i < table->count; i++)
		if (table->members[i].offset == offset)
			return table->members[i].parts;
	return table->others;
}

/* The object with fewer fields, which lie in `fields`. */
static struct json_object parts_choose(const struct json_object *object,
	const struct parts_table *table, unsigned parts,
	struct json_field fields[static PARTS_FIELDS])
{
	struct json_object chosen = *object;

	assert(object->field_count <= PARTS_FIELDS);
	chosen.fields = fields;
	chosen.field_count = 0;
	for (size_t i = 0; i < object->field_count; i++)
		if ((parts_of(table, object->fields[i].offset) & parts) != 0)
			fields[chosen.field_count++] = object->fields[i];
	return chosen;
}

void inspect_write_json(const struct inspect_report *report, unsigned parts, struct buf *out)
{
	struct json_writer writer = json_writer_pretty(out);
	struct json_field fields[PARTS_FIELDS];
	struct json_field process_fields[PARTS_FIELDS];
	struct json_object process;
	struct json_object object =
		parts_choose(&inspect_report_object, &parts_report_table, parts, fields);

	for (size_t i = 0; i < object.field_count; i++) {
		if (fields[i].offset != offsetof(struct inspect_report, processes))
			continue;
		process =
			parts_choose(fields[i].object, &parts_process_table, parts, process_fields);
		fields[i].object = &process;
	}
	json_encode(&writer, &object, report);
	buf_add_byte(out, '\n');
}

/* ---- One process ---- */

static struct str parts_key(const int64_t *number)
{
	return (struct str){(const char *)number, sizeof(*number)};
}

/* Parents stand before their children, so that one pass finds all below the process. */
static void parts_keep_processes(struct json_list *list, int64_t pid)
{
	struct inspect_process *processes = list->items;
	automap kept = MAP_INIT;
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++) {
		struct inspect_process *process = &processes[i];
		if (process->pid != pid && map_get(&kept, parts_key(&process->parent_pid)) == NULL)
			continue;
		(void)map_set(&kept, parts_key(&process->pid), process);
		processes[count++] = *process;
	}
	list->count = count;
}

/* Sockets that one of the processes has open. */
static void parts_keep_sockets(struct json_list *list, const struct json_list *process_list)
{
	const struct inspect_process *processes = process_list->items;
	struct inspect_socket *sockets = list->items;
	automap open = MAP_INIT;
	size_t count = 0;

	for (size_t i = 0; i < process_list->count; i++) {
		struct inspect_descriptor *files = processes[i].descriptors.items;
		for (size_t k = 0; k < processes[i].descriptors.count; k++)
			(void)map_set(&open, parts_key(&files[k].file), &files[k]);
	}
	for (size_t i = 0; i < list->count; i++)
		if (map_get(&open, parts_key(&sockets[i].file)) != NULL)
			sockets[count++] = sockets[i];
	list->count = count;
}

int inspect_keep_process(struct inspect *inspect, int64_t pid, struct error *err)
{
	struct inspect_report *report = &inspect->report;

	parts_keep_processes(&report->processes, pid);
	if (report->processes.count == 0)
		return error_set(err, ERROR_ABSENT, "'%.*s' has no process %lld",
			STR_ARG(report->source), (long long)pid);
	parts_keep_sockets(&report->sockets, &report->processes);
	return 0;
}
