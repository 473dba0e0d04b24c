/*
 * Two reports as facts, each a place ("process 1 fd 3") with what is there, sorted by place and
 * walked side by side. What changes with every dump (times, sizes of the dump) is no fact but where
 * it is what one compares: memory and files.
 */
#include <stdlib.h>
#include <string.h>

#include "inspect/report.h"
#include "inspect/text.h"

struct difference_fact {
	struct str place;
	struct str value;
};

struct difference_facts {
	struct arena *arena;
	struct difference_fact *items;
	size_t count;
	size_t capacity;
};

static void difference_add(struct difference_facts *facts, struct str place, struct str value)
{
	if (facts->count == facts->capacity) {
		size_t capacity = facts->capacity == 0 ? 256 : 2 * facts->capacity;
		struct difference_fact *items =
			arena_zeroed(facts->arena, capacity, sizeof(*items));
		if (facts->count > 0)
			memcpy(items, facts->items, facts->count * sizeof(*items));
		facts->items = items;
		facts->capacity = capacity;
	}
	facts->items[facts->count++] = (struct difference_fact){place, value};
}

static void difference_add_value(
	struct difference_facts *facts, struct str prefix, const char *name, struct str value)
{
	if (value.size > 0)
		difference_add(
			facts, arena_printf(facts->arena, "%.*s%s", STR_ARG(prefix), name), value);
}

static void difference_add_size(struct difference_facts *facts, struct str place, int64_t bytes)
{
	char text[INSPECT_SIZE_TEXT];

	inspect__format_size(bytes, text);
	difference_add(facts, place, arena_str(facts->arena, str_of(text)));
}

static void difference_add_files(
	struct difference_facts *facts, struct str prefix, const struct inspect_process *process)
{
	const struct inspect_descriptor *files = process->descriptors.items;

	for (size_t i = 0; i < process->descriptors.count; i++)
		difference_add(facts,
			arena_printf(facts->arena, "%.*sfd %lld", STR_ARG(prefix),
				(long long)files[i].number),
			arena_printf(facts->arena, "%.*s %.*s", STR_ARG(files[i].type),
				STR_ARG(files[i].name)));
}

static void difference_add_process(
	struct difference_facts *facts, const struct inspect_process *process)
{
	struct arena *arena = facts->arena;
	struct str prefix = arena_printf(arena, "process %lld ", (long long)process->pid);
	const struct inspect_memory *kinds = process->memory.items;
	const struct inspect_variable *variables = process->environment.items;
	autobuf command = BUF_INIT(4 * INSPECT_ARGUMENT_BYTES + 64);

	inspect__add_words(&command, &process->arguments);
	difference_add(facts, arena_printf(arena, "%.*scommand", STR_ARG(prefix)),
		command.size > 0 ? arena_str(arena, buf_str(&command)) : process->name);
	difference_add_value(facts, prefix, "executable", process->executable);
	difference_add_value(facts, prefix, "directory", process->working_directory);
	difference_add_value(facts, prefix, "state", process->state);
	difference_add(facts, arena_printf(arena, "%.*sthreads", STR_ARG(prefix)),
		arena_printf(arena, "%zu", process->threads.count));
	for (size_t i = 0; i < process->memory.count; i++)
		difference_add_size(facts,
			arena_printf(
				arena, "%.*smemory %.*s", STR_ARG(prefix), STR_ARG(kinds[i].kind)),
			kinds[i].dumped_bytes);
	for (size_t i = 0; i < process->environment.count; i++)
		difference_add(facts,
			arena_printf(arena, "%.*svariable %.*s", STR_ARG(prefix),
				STR_ARG(variables[i].name)),
			variables[i].value);
	difference_add_files(facts, prefix, process);
}

static void difference_add_container(
	struct difference_facts *facts, const struct inspect_report *report)
{
	const struct inspect_container *container = &report->container;

	difference_add_value(facts, STR("container "), "name", container->name);
	difference_add_value(facts, STR("container "), "id", container->id);
	difference_add_value(facts, STR("container "), "image", container->image);
	difference_add_value(facts, STR("container "), "pod", container->pod_name);
	difference_add_value(facts, STR("container "), "host name", container->host_name);
	difference_add_value(facts, STR("dump "), "CRIU", report->dump.criu_version);
	difference_add_value(facts, STR("dump "), "architecture", report->dump.architecture);
	difference_add_size(facts, STR("dump memory"), report->dump.pages_bytes);
}

/* Sockets have no name but their addresses: each is there or not. */
static void difference_add_sockets(
	struct difference_facts *facts, const struct inspect_report *report)
{
	const struct inspect_socket *sockets = report->sockets.items;

	for (size_t i = 0; i < report->sockets.count; i++)
		if (sockets[i].local.size > 0)
			difference_add(facts,
				arena_printf(facts->arena, "socket %.*s %.*s -> %.*s",
					STR_ARG(sockets[i].family), STR_ARG(sockets[i].local),
					STR_ARG(sockets[i].remote)),
				sockets[i].state);
}

static void difference_add_surroundings(
	struct difference_facts *facts, const struct inspect_report *report)
{
	struct arena *arena = facts->arena;
	const struct inspect_mount *mounts = report->mounts.items;
	const struct inspect_change *changes = report->changes.items;
	const struct inspect_obstacle *obstacles = report->obstacles.items;

	for (size_t i = 0; i < report->mounts.count; i++)
		difference_add(facts, arena_printf(arena, "mount %.*s", STR_ARG(mounts[i].target)),
			arena_printf(arena, "%.*s %s", STR_ARG(mounts[i].type),
				mounts[i].is_read_only ? "ro" : "rw"));
	for (size_t i = 0; i < report->changes.count; i++)
		difference_add(facts, arena_printf(arena, "file %.*s", STR_ARG(changes[i].path)),
			arena_printf(arena, "%.*s %.*s %lld", STR_ARG(changes[i].type),
				STR_ARG(changes[i].mode), (long long)changes[i].size_bytes));
	for (size_t i = 0; i < report->obstacles.count; i++)
		difference_add(facts,
			arena_printf(arena, "restore %.*s %.*s", STR_ARG(obstacles[i].reason),
				STR_ARG(obstacles[i].subject)),
			str_of(obstacles[i].is_fatal ? "prevents" : "loses"));
}

static int difference_compare(const void *a, const void *b)
{
	const struct difference_fact *left = a;
	const struct difference_fact *right = b;
	int order = str_compare(left->place, right->place);

	return order != 0 ? order : str_compare(left->value, right->value);
}

static struct difference_facts difference_facts_of(
	const struct inspect_report *report, struct arena *arena)
{
	struct difference_facts facts = {.arena = arena};
	const struct inspect_process *processes = report->processes.items;

	difference_add_container(&facts, report);
	for (size_t i = 0; i < report->processes.count; i++)
		difference_add_process(&facts, &processes[i]);
	difference_add_sockets(&facts, report);
	difference_add_surroundings(&facts, report);
	qsort(facts.items, facts.count, sizeof(*facts.items), difference_compare);
	return facts;
}

/* What to do with each difference; one of the values is NULL where there is none. */
typedef void (*difference_visit_fn)(
	void *context, struct str place, const struct str *before, const struct str *after);

static void difference_walk(const struct inspect_report *before, const struct inspect_report *after,
	difference_visit_fn visit, void *context)
{
	autoarena *arena = arena_new(64 * 1024);
	struct difference_facts old = difference_facts_of(before, arena);
	struct difference_facts new = difference_facts_of(after, arena);
	size_t i = 0;
	size_t k = 0;

	while (i < old.count || k < new.count) {
		const struct difference_fact *left = i < old.count ? &old.items[i] : NULL;
		const struct difference_fact *right = k < new.count ? &new.items[k] : NULL;
		int order = left == NULL ? 1
			: right == NULL  ? -1
					 : str_compare(left->place, right->place);
		if (order < 0)
			visit(context, left->place, &left->value, NULL);
		else if (order > 0)
			visit(context, right->place, NULL, &right->value);
		else if (!str_equal(left->value, right->value))
			visit(context, left->place, &left->value, &right->value);
		i += order <= 0;
		k += order >= 0;
	}
}

static void difference_write_one(
	void *context, struct str place, const struct str *before, const struct str *after)
{
	struct buf *out = context;

	buf_add_text(out, before == NULL ? "+ " : after == NULL ? "- " : "~ ");
	inspect_add_escaped(out, place);
	buf_add_text(out, ": ");
	if (before != NULL)
		inspect_add_escaped(out, *before);
	if (before != NULL && after != NULL)
		buf_add_text(out, " -> ");
	if (after != NULL)
		inspect_add_escaped(out, *after);
	buf_add_byte(out, '\n');
}

void inspect_write_difference(
	const struct inspect_report *before, const struct inspect_report *after, struct buf *out)
{
	difference_walk(before, after, difference_write_one, out);
}

static void difference_write_one_json(
	void *context, struct str place, const struct str *before, const struct str *after)
{
	struct json_writer *writer = context;

	json_begin_object(writer);
	json_set_str(writer, "place", place);
	if (before != NULL)
		json_set_str(writer, "before", *before);
	if (after != NULL)
		json_set_str(writer, "after", *after);
	json_end_object(writer);
}

void inspect_write_difference_json(
	const struct inspect_report *before, const struct inspect_report *after, struct buf *out)
{
	struct json_writer writer = json_writer_pretty(out);

	json_begin_array(&writer);
	difference_walk(before, after, difference_write_one_json, &writer);
	json_end_array(&writer);
	buf_add_byte(out, '\n');
}
